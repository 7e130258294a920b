//! The machine's own file system.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};

use super::pool::ThreadPoolQueue;
use super::ring::RingQueue;
use super::{CommitQueue, Disk, DiskFile, OpenMode};

/// Permissions of files: only the owner reads what was produced.
pub(super) const FILE_MODE: u32 = 0o600;

const DIRECTORY_MODE: u32 = 0o700;

/// Distance of the bytes that are looked at to tell whether a range of a file is in the page cache.
const LOOK_DISTANCE: usize = 512 << 10;

/// How appends reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteMethod {
    /// The best that kernel and file system offer, in the order below.
    #[default]
    Auto,
    /// io_uring, past the page cache: O_DIRECT with RWF_DSYNC. An error where that is refused.
    Direct,
    /// io_uring, through the page cache: write and fdatasync. Where io_uring is refused, as the next.
    Buffered,
    /// Blocking system calls on a few threads.
    ThreadPool,
}

/// The real disk.
///
/// While a commit queue appends to a file, the file's size covers what is prepared ahead of its data: zeroes, which a
/// crash leaves behind and [`CommitQueue::close`] removes. Only the queue's owner knows how many bytes are valid.
#[derive(Debug)]
pub struct PosixDisk {
    method: WriteMethod,
}

impl PosixDisk {
    /// A disk whose commit queues write by `method`.
    #[must_use]
    pub fn new(method: WriteMethod) -> PosixDisk {
        PosixDisk { method }
    }
}

impl Disk for PosixDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::ReadWrite => options.read(true).write(true),
            OpenMode::Create => options.read(true).write(true).create(true).truncate(true).mode(FILE_MODE),
        };
        Ok(Arc::new(PosixFile { file: options.open(path)? }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let name = entry?.file_name();
            names.push(name.into_string().map_err(|_| io::ErrorKind::InvalidData)?);
        }
        names.sort_unstable();
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        sync_directory(path)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
        // SAFETY: `path` is a C string and `found` has room for one `statvfs`.
        if unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `statvfs` has filled it, as its result 0 says.
        let found = unsafe { found.assume_init() };
        if found.f_blocks == 0 {
            // A file system without a size of its own, in memory.
            return Ok(u64::MAX);
        }
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>> {
        if self.method == WriteMethod::ThreadPool {
            return Ok(Box::new(ThreadPoolQueue::new()?));
        }
        match RingQueue::new(self.method) {
            Ok(queue) => Ok(Box::new(queue)),
            Err(error) if self.method == WriteMethod::Direct => Err(error),
            Err(error) => {
                tracing::warn!(%error, "io_uring is refused here: commits go through threads, which is slower");
                Ok(Box::new(ThreadPoolQueue::new()?))
            }
        }
    }
}

/// Makes the names in a directory durable. `""` is the working directory, as a relative file's parent.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

#[derive(Debug)]
struct PosixFile {
    file: File,
}

impl DiskFile for PosixFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], position + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, position)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    fn is_cached(&self, position: u64, size: usize) -> bool {
        let mut byte = [0];
        let looks = (0..size).step_by(LOOK_DISTANCE).chain(size.checked_sub(1));
        looks.map(|at| position + at as u64).all(|at| {
            let mut place = [IoSliceMut::new(&mut byte)];
            match rustix::io::preadv2(&self.file, &mut place, at, ReadWriteFlags::NOWAIT) {
                Err(Errno::AGAIN) => false,
                // A kernel or file system that cannot tell: whoever sends will find out.
                Ok(_) | Err(_) => true,
            }
        })
    }

    fn read_ahead(&self, position: u64, size: usize) -> io::Result<()> {
        let length = NonZeroU64::new(size as u64);
        rustix::fs::fadvise(&self.file, position, length, Advice::WillNeed)?;
        let mut byte = [0];
        for at in (0..size).step_by(LOOK_DISTANCE).chain(size.checked_sub(1)) {
            self.file.read_at(&mut byte, position + at as u64)?;
        }
        Ok(())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }
}

#[cfg(test)]
mod tests;
