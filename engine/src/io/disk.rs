//! Blocking file operations with explicit durability, as a trait. Nothing is durable until the file, and for names
//! its directory, has been synced.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommitQueue;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Must exist; reading only.
    Read,
    /// Must exist; reading and writing.
    ReadWrite,
    /// Created, or emptied if it exists; reading and writing; permissions 0600.
    Create,
}

/// A tree of files. The real one, or a simulation with faults.
pub trait Disk: Send + Sync + 'static {
    /// Opens a file.
    ///
    /// # Errors
    /// The operating system's, `NotFound` among them.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes a directory and its parents, permissions 0700. Fine if it exists.
    ///
    /// # Errors
    /// The operating system's.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Names in a directory, files and directories alike, sorted.
    ///
    /// # Errors
    /// The operating system's.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Whether `path` names a directory. False when there is nothing.
    fn is_dir(&self, path: &Path) -> bool;

    /// Renames a file or directory, replacing a file at `to`. Durable after [`Disk::sync_dir`] of the parents.
    ///
    /// # Errors
    /// The operating system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The operating system's, `NotFound` among them.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory with all that is in it.
    ///
    /// # Errors
    /// The operating system's.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// The operating system's. Never retry: after an error nothing is known about the names.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Bytes that can still be written where `path` lies.
    ///
    /// # Errors
    /// The operating system's.
    fn free_space(&self, path: &Path) -> io::Result<u64>;

    /// A queue of appends for one shard. Called on the thread that will use it.
    ///
    /// # Errors
    /// When no way of writing is available at all; where io_uring is refused the queue falls back and logs why.
    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>>;

    /// Reads a whole small file.
    ///
    /// # Errors
    /// The operating system's; `InvalidData` when it is larger than `size_max`.
    fn read_file(&self, path: &Path, size_max: usize) -> io::Result<Vec<u8>> {
        let file = self.open(path, OpenMode::Read)?;
        let size = usize::try_from(file.size()?).unwrap_or(usize::MAX);
        if size > size_max {
            let text = format!("{} has {size} bytes, at most {size_max} are expected", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let mut bytes = vec![0; size];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Makes a directory and those above it that are missing; the names of all of them are durable on return.
    ///
    /// # Errors
    /// The operating system's.
    fn create_dir_durably(&self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !self.is_dir(path)).collect();
        self.create_dir(path)?;
        for parent in missing.iter().filter_map(|path| path.parent()) {
            let here = parent.as_os_str().is_empty();
            self.sync_dir(if here { Path::new(".") } else { parent })?;
        }
        Ok(())
    }

    /// Replaces a small file as one durable step: temporary file, sync, rename, sync of the directory.
    ///
    /// # Errors
    /// The operating system's; the old content is then still there.
    fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        let temporary = PathBuf::from(name);
        let file = self.open(&temporary, OpenMode::Create)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        self.rename(&temporary, path)?;
        match path.parent() {
            Some(parent) => self.sync_dir(parent),
            None => Ok(()),
        }
    }
}

/// One open file. All operations take a position; there is no cursor.
pub trait DiskFile: Send + Sync {
    /// Reads at `position` until `buffer` is full or the file ends; returns the bytes read.
    ///
    /// # Errors
    /// The operating system's.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `position`; not durable until [`DiskFile::sync`].
    ///
    /// # Errors
    /// The operating system's; how much was written is then unknown.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;

    /// Makes data and size durable.
    ///
    /// # Errors
    /// The operating system's. Never retry: after an error nothing is known about unsynced data.
    fn sync(&self) -> io::Result<()>;

    /// Size in bytes.
    ///
    /// # Errors
    /// The operating system's.
    fn size(&self) -> io::Result<u64>;

    /// The kernel's descriptor, if it knows the file: what is in memory has none.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Whether `size` bytes from `position` on can be sent without waiting for the disk, as far as a few looks tell.
    fn is_cached(&self, position: u64, size: usize) -> bool {
        let _ = (position, size);
        true
    }

    /// Lets the operating system read `size` bytes from `position` on into its cache, and waits for that.
    ///
    /// # Errors
    /// The operating system's.
    fn read_ahead(&self, position: u64, size: usize) -> io::Result<()> {
        let _ = (position, size);
        Ok(())
    }

    /// Cuts or extends (with zeroes) to `size` bytes.
    ///
    /// # Errors
    /// The operating system's.
    fn set_size(&self, size: u64) -> io::Result<()>;
}
