//! [`DirectoryLock`]: one process owns a data directory. An open-file-description lock on `.lock`, which the kernel
//! releases with the process however it ends, and the owner's pid inside for people.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::process::OwnerProcess;

const FILE_NAME: &str = ".lock";

/// A data directory that this process owns until the value is dropped. In a forked child dropping it does nothing.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
    owner: OwnerProcess,
}

/// Why a data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{} is in use by {}", path.display(), owner(*.pid))]
    Held {
        /// The data directory.
        path: PathBuf,
        /// The other process, if it has written who it is.
        pid: Option<u32>,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl DirectoryLock {
    /// Takes the lock of `directory`, which exists.
    ///
    /// # Errors
    /// [`LockError`]; at once, without waiting for the owner.
    pub fn acquire(directory: &Path) -> Result<DirectoryLock, LockError> {
        let path = directory.join(FILE_NAME);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        if !try_lock(&file).map_err(failed)? {
            return Err(LockError::Held { path: directory.to_owned(), pid: read_pid(&mut file) });
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(DirectoryLock { file, owner: OwnerProcess::current() })
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // The lock belongs to the open file, which a forked child shares: unlocking there would free the parent's.
        if self.owner.is_current() {
            // Closing the file would do it too, but not while a child has it open.
            drop(set_lock(&self.file, libc::F_UNLCK));
        }
    }
}

/// False when somebody else has the lock.
fn try_lock(file: &File) -> io::Result<bool> {
    match set_lock(file, libc::F_WRLCK) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn set_lock(file: &File, kind: libc::c_int) -> io::Result<()> {
    let lock = libc::flock {
        l_type: libc::c_short::try_from(kind).map_err(io::Error::other)?,
        l_whence: libc::c_short::try_from(libc::SEEK_SET).map_err(io::Error::other)?,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and the kernel only reads the struct.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_told_the_pid_of_the_first_and_gets_it_when_that_one_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::acquire(directory.path()).unwrap();
        let error = DirectoryLock::acquire(directory.path()).unwrap_err();
        let expected = format!("{} is in use by process {}", directory.path().display(), std::process::id());
        assert_eq!(error.to_string(), expected);
        drop(first);
        DirectoryLock::acquire(directory.path()).unwrap();
    }

    #[test]
    fn a_lock_file_that_nobody_holds_does_not_block() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE_NAME), "12345 and nonsense").unwrap();
        let lock = DirectoryLock::acquire(directory.path()).unwrap();
        let text = std::fs::read_to_string(directory.path().join(FILE_NAME)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        drop(lock);
    }
}
