//! The lock as other processes see it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::*;

const DIRECTORY: &str = "TIDELOG_TEST_LOCK_DIRECTORY";
const ROLE: &str = "TIDELOG_TEST_LOCK_ROLE";

/// What the other processes of these tests do; without its environment this one does nothing.
#[test]
fn another_process() {
    let (Ok(directory), Ok(role)) = (std::env::var(DIRECTORY), std::env::var(ROLE)) else { return };
    let lock = DirectoryLock::acquire(directory.as_ref());
    match (lock, role.as_str()) {
        (Err(error), _) => return println!("\n{error}"),
        (Ok(lock), "try") => {
            drop(lock);
            return println!("\nfree");
        }
        (Ok(lock), "hold") => {
            std::mem::forget(lock);
            println!("\nheld");
        }
        (Ok(lock), _) => {
            std::mem::forget(lock);
            // SAFETY: the child only sleeps.
            let child = unsafe { libc::fork() };
            if child > 0 {
                println!("\nforked {child}");
            }
        }
    }
    loop {
        std::thread::park();
    }
}

struct Other {
    child: Child,
    /// Open, so that it can go on printing.
    _output: BufReader<ChildStdout>,
}

impl Other {
    /// Starts another process and returns its first word on the matter.
    fn start(directory: &Path, role: &str) -> (Other, String) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "io::lock::tests::another_process", "--nocapture"]);
        command.env(DIRECTORY, directory).env(ROLE, role).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = |line: &String| ["held", "forked", "free", "/"].iter().any(|word| line.starts_with(word));
        let line = output.by_ref().lines().map(Result::unwrap).find(told).unwrap();
        (Other { child, _output: output }, line)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn kill(pid: i32) {
    // SAFETY: takes no pointers; the pid is that of a process of this test.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
}

fn holder(result: Result<DirectoryLock, LockError>) -> Option<u32> {
    match result {
        Err(LockError::Held { pid, .. }) => pid,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_owner_is_told_who_the_first_is() {
    let directory = tempfile::tempdir().unwrap();
    let lock = DirectoryLock::acquire(directory.path()).unwrap();
    let own = std::process::id();
    assert_eq!(holder(DirectoryLock::acquire(directory.path())), Some(own));
    let (_other, line) = Other::start(directory.path(), "try");
    assert_eq!(line, format!("{} is in use by process {own}", directory.path().display()));
    drop(lock);
    let (_other, line) = Other::start(directory.path(), "try");
    assert_eq!(line, "free");
    drop(DirectoryLock::acquire(directory.path()).unwrap());
}

#[test]
fn the_file_of_a_killed_owner_does_not_block() {
    let directory = tempfile::tempdir().unwrap();
    let (other, line) = Other::start(directory.path(), "hold");
    assert_eq!(line, "held");
    assert_eq!(holder(DirectoryLock::acquire(directory.path())), Some(other.child.id()));
    drop(other);
    DirectoryLock::acquire(directory.path()).unwrap();
}

#[test]
fn a_killed_owner_does_not_block_through_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let (mut other, line) = Other::start(directory.path(), "fork");
    let child: i32 = line.strip_prefix("forked ").unwrap().parse().unwrap();
    assert_eq!(holder(DirectoryLock::acquire(directory.path())), Some(other.child.id()));
    // Not waited for: it stays as a zombie until the end of this test.
    other.child.kill().unwrap();
    let lock = loop {
        match DirectoryLock::acquire(directory.path()) {
            Ok(lock) => break lock,
            Err(LockError::Held { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    let own = std::process::id();
    let (_third, line) = Other::start(directory.path(), "try");
    assert!(line.ends_with(&format!("process {own}")), "{line}");
    kill(child);
    let (_fourth, line) = Other::start(directory.path(), "try");
    assert!(line.ends_with(&format!("process {own}")), "{line}");
    drop(lock);
}

#[test]
fn a_forked_child_does_not_unlock_for_its_parent() {
    let directory = tempfile::tempdir().unwrap();
    let lock = DirectoryLock::acquire(directory.path()).unwrap();
    // SAFETY: the child only compares its pid, closes a file, frees memory and exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(lock);
        // SAFETY: takes no pointers.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: asks for no status.
    assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
    let (_other, line) = Other::start(directory.path(), "try");
    assert!(line.ends_with(&format!("process {}", std::process::id())), "{line}");
    drop(lock);
}

#[test]
fn a_pid_in_use_again_or_elsewhere_is_told_apart() {
    let living = Holder::current();
    assert!(living.may_live());
    assert!(!Holder { started: "1".to_owned(), ..Holder::current() }.may_live());
    assert!(!Holder { pid: u32::MAX, ..Holder::current() }.may_live());
    assert!(Holder { pid: u32::MAX, namespace: "pid:[1]".to_owned(), ..Holder::current() }.may_live());
    assert!(Holder { pid: u32::MAX, started: String::new(), ..Holder::current() }.may_live());
}
