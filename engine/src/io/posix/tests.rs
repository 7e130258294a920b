//! What only a real file system shows: permissions, errors of the kernel, refusals, forks.

use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::io::{AppendHandle, Completion, Durability, Token};

const METHODS: [WriteMethod; 3] = [WriteMethod::Auto, WriteMethod::Buffered, WriteMethod::ThreadPool];

fn append(queue: &mut dyn CommitQueue, handle: AppendHandle, bytes: &'static [u8]) -> io::Result<()> {
    let mut completions: Vec<Completion> = Vec::new();
    queue.append(Token(1), handle, vec![Bytes::from_static(bytes)], Durability::Durable);
    while completions.is_empty() {
        queue.wait(Some(Duration::from_secs(20)), &mut completions).unwrap();
    }
    completions.remove(0).result
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_owner_may_read_what_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for method in METHODS {
        let disk = PosixDisk::new(method);
        disk.create_dir(&path("a/b")).unwrap();
        disk.open(&path("a/b/file"), OpenMode::Create).unwrap();
        let mut queue = disk.commit_queue().unwrap();
        queue.open(&path("log"), 0).unwrap();
        queue.open_blocks(&path("marks"), 4096).unwrap();
        assert_eq!((mode(&path("a")), mode(&path("a/b"))), (0o700, 0o700));
        assert_eq!(
            (mode(&path("a/b/file")), mode(&path("log")), mode(&path("marks"))),
            (0o600, 0o600, 0o600)
        );
        disk.remove_dir(&path("a")).unwrap();
    }
}

#[test]
fn files_and_names_behave() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let disk = PosixDisk::new(WriteMethod::Auto);
    disk.write_file(&path("b"), b"old").unwrap();
    disk.write_file(&path("b"), b"new text").unwrap();
    disk.create_dir(&path("a")).unwrap();
    disk.create_dir(&path("a")).unwrap();
    assert_eq!(disk.list(directory.path()).unwrap(), ["a", "b"]);
    assert_eq!(disk.read_file(&path("b"), 100).unwrap(), b"new text");
    assert_eq!(disk.read_file(&path("b"), 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
    let file = disk.open(&path("b"), OpenMode::ReadWrite).unwrap();
    file.set_size(4).unwrap();
    file.write_at(b"!", 6).unwrap();
    let mut bytes = [7; 9];
    assert_eq!((file.read_at(&mut bytes, 1).unwrap(), file.size().unwrap()), (6, 7));
    assert_eq!(bytes, *b"ew \0\0!\x07\x07\x07");
    disk.rename(&path("b"), &path("c")).unwrap();
    disk.sync_dir(directory.path()).unwrap();
    disk.remove_file(&path("c")).unwrap();
    assert_eq!(disk.open(&path("c"), OpenMode::Read).err().unwrap().kind(), io::ErrorKind::NotFound);
    assert!(disk.is_dir(&path("a")) && !disk.is_dir(&path("b")));
    assert!(disk.free_space(directory.path()).unwrap() > 0);
}

/// A file in memory that the kernel does not let grow.
fn sealed_file() -> File {
    // SAFETY: the name is a C string.
    let descriptor = unsafe { libc::memfd_create(c"sealed".as_ptr(), libc::MFD_ALLOW_SEALING) };
    assert!(descriptor >= 0);
    // SAFETY: the descriptor is new and owned by nothing else.
    let file = unsafe { File::from_raw_fd(descriptor) };
    // SAFETY: takes no pointers.
    assert_eq!(unsafe { libc::fcntl(descriptor, libc::F_ADD_SEALS, libc::F_SEAL_GROW) }, 0);
    file
}

#[test]
fn an_error_of_the_kernel_ends_the_append_and_poisons_the_file() {
    for method in METHODS {
        let sealed = sealed_file();
        let path = format!("/proc/self/fd/{}", sealed.as_raw_fd());
        let mut queue = PosixDisk::new(method).commit_queue().unwrap();
        let handle = queue.open(path.as_ref(), 0).unwrap();
        let first = append(&mut *queue, handle, b"more").unwrap_err();
        assert_eq!(first.raw_os_error(), Some(libc::EPERM), "{method:?}");
        assert!(append(&mut *queue, handle, b"").is_err());
        let mut completions = Vec::new();
        queue.flush(Token(2), handle);
        queue.submit(&mut completions).unwrap();
        assert!(completions.remove(0).result.is_err());
        queue.close(handle).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let handle = queue.open(&directory.path().join("other"), 0).unwrap();
        append(&mut *queue, handle, b"fine").unwrap();
    }
}

/// Lets the kernel answer EPERM to this thread's `io_uring_setup`, as container runtimes do.
fn refuse_io_uring() {
    const BPF_LOAD_WORD: u16 = 0x20;
    const BPF_JUMP_EQUAL: u16 = 0x15;
    const BPF_RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let setup = u32::try_from(libc::SYS_io_uring_setup).unwrap();
    let refusal = libc::SECCOMP_RET_ERRNO | u32::try_from(libc::EPERM).unwrap();
    let mut steps = [
        step(BPF_LOAD_WORD, 0, 0, 0),
        step(BPF_JUMP_EQUAL, 0, 1, setup),
        step(BPF_RETURN, 0, 0, refusal),
        step(BPF_RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: steps.as_mut_ptr() };
    // SAFETY: takes no pointers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the kernel copies the program, which lives during the call.
    let filtered =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(filtered, 0);
}

#[test]
fn where_io_uring_is_refused_threads_do_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let restricted = std::thread::spawn(move || {
        refuse_io_uring();
        assert!(PosixDisk::new(WriteMethod::Direct).commit_queue().is_err());
        for method in [WriteMethod::Auto, WriteMethod::Buffered] {
            let mut queue = PosixDisk::new(method).commit_queue().unwrap();
            let handle = queue.open(&path, 0).unwrap();
            append(&mut *queue, handle, b"by hand").unwrap();
            queue.close(handle).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"by hand");
        }
    });
    restricted.join().unwrap();
}

#[test]
fn a_forked_child_is_refused_and_leaves_the_queue_to_its_parent() {
    let directory = tempfile::tempdir().unwrap();
    for method in METHODS {
        let path = directory.path().join(format!("{method:?}"));
        let mut queue = PosixDisk::new(method).commit_queue().unwrap();
        let handle = queue.open(&path, 0).unwrap();
        append(&mut *queue, handle, b"before").unwrap();
        queue.append(Token(2), handle, vec![Bytes::from_static(b", during")], Durability::Durable);
        let mut completions = Vec::new();
        queue.submit(&mut completions).unwrap();
        // SAFETY: the child uses what the C library allows after a fork, makes no threads, and exits.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused = queue.submit(&mut completions).is_err() && queue.close(handle).is_err();
            drop(queue);
            // SAFETY: takes no pointers.
            unsafe { libc::_exit(if refused { 0 } else { 1 }) };
        }
        let mut status = -1;
        // SAFETY: `status` lives during the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "{method:?}");
        while completions.is_empty() {
            queue.wait(None, &mut completions).unwrap();
        }
        append(&mut *queue, handle, b" and after").unwrap();
        queue.close(handle).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before, during and after");
    }
}

#[test]
fn direct_is_direct_or_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let Ok(mut queue) = PosixDisk::new(WriteMethod::Direct).commit_queue() else { return };
    match queue.open(&directory.path().join("log"), 0) {
        Ok(handle) => append(&mut *queue, handle, b"direct").unwrap(),
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINVAL)),
    }
}
