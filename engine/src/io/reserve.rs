//! [`ReservedDisk`]: a disk that keeps some space back for the day on which there is none. A file of that size lies in
//! the data directory; when the disk is full it is removed, so that topics and records can be deleted and offsets be
//! committed, and it is made again when there is space enough for everybody.
//!
//! While the disk counts as full, whoever writes what can wait (see [`ReservedDisk::is_full`]) has to refuse it: the space
//! that was kept back is not for that. Threads share one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{CommitQueue, Disk, DiskFile, OpenMode};

/// Free bytes, beside those kept back, with which the disk does not count as full any more.
const FREE_MIN: u64 = 16 << 20;

/// Time between two looks for space.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// See the module.
pub struct ReservedDisk {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Bytes kept back; 0 for none.
    size: u64,
    full: AtomicBool,
    /// When to look for space again, while the disk is full.
    next_look: Mutex<Instant>,
}

impl ReservedDisk {
    /// Keeps `size` bytes of `disk` back in the file `path`. A disk that is too full for that counts as full.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf, size: u64) -> ReservedDisk {
        let next_look = Mutex::new(Instant::now());
        let reserved = ReservedDisk { disk, path, size, full: AtomicBool::new(false), next_look };
        if let Err(error) = reserved.keep_back() {
            tracing::warn!(file = %reserved.path.display(), %error, "no space could be kept back for a full disk");
            if is_disk_full(&error) {
                reserved.ran_out();
            }
        }
        reserved
    }

    /// Notes that the disk is full and gives the space free that was kept back. The first call says so in the log.
    pub fn ran_out(&self) {
        if self.full.swap(true, Ordering::AcqRel) {
            return;
        }
        *self.next_look.lock() = Instant::now() + LOOK_INTERVAL;
        tracing::error!(
            directory = %self.path.parent().unwrap_or(&self.path).display(),
            "the disk is full: records are refused until there is space; deleting and committing offsets still work"
        );
        match self.disk.remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %self.path.display(), %error, "the space kept back could not be given free");
            }
            _ => {}
        }
    }

    /// Whether the disk is full. Looks for space now and then, and keeps some back again once there is enough.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire) && !self.look_for_space()
    }

    fn look_for_space(&self) -> bool {
        let Some(mut next_look) = self.next_look.try_lock() else { return false };
        let now = Instant::now();
        if now < *next_look {
            return false;
        }
        *next_look = now + LOOK_INTERVAL;
        let directory = self.path.parent().unwrap_or(&self.path);
        let enough = self.disk.free_space(directory).is_ok_and(|free| free >= FREE_MIN + self.size);
        if !enough || self.keep_back().is_err() {
            return false;
        }
        tracing::info!(directory = %directory.display(), "there is space again");
        self.full.store(false, Ordering::Release);
        true
    }

    fn keep_back(&self) -> io::Result<()> {
        if self.size == 0 {
            return Ok(());
        }
        match self.disk.open(&self.path, OpenMode::Read).and_then(|file| file.size()) {
            Ok(size) if size == self.size => Ok(()),
            Ok(_) => self.fill(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.fill(),
            Err(error) => Err(error),
        }
    }

    fn fill(&self) -> io::Result<()> {
        let zeroes = vec![0; usize::try_from(self.size).map_err(|_| io::ErrorKind::InvalidInput)?];
        self.disk.write_file(&self.path, &zeroes)
    }

    /// Does `write`; when the disk turns out to be full, once more with the space that was kept back.
    fn with_space<R>(&self, write: impl Fn() -> io::Result<R>) -> io::Result<R> {
        match write() {
            Err(error) if is_disk_full(&error) && self.size > 0 => {
                self.ran_out();
                write()
            }
            result => result,
        }
    }
}

/// Whether an operation may succeed when space returns.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Disk for ReservedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path, mode)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.with_space(|| self.disk.create_dir(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.disk.is_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with_space(|| self.disk.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_space(path)
    }

    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>> {
        self.disk.commit_queue()
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.with_space(|| self.disk.write_file(path, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::SimDisk;

    const SIZE: u64 = 64 << 10;

    fn kept() -> PathBuf {
        PathBuf::from("/data/reserve")
    }

    fn reserved(disk: &SimDisk) -> ReservedDisk {
        disk.create_dir(Path::new("/data")).unwrap();
        ReservedDisk::new(Arc::new(disk.clone()), kept(), SIZE)
    }

    /// Tries until the next look for space is due.
    fn is_full_for_long(disk: &ReservedDisk) -> bool {
        let end = Instant::now() + 4 * LOOK_INTERVAL;
        while Instant::now() < end {
            if !disk.is_full() {
                return false;
            }
            std::thread::sleep(LOOK_INTERVAL / 10);
        }
        true
    }

    #[test]
    fn small_files_are_written_with_the_space_kept_back() {
        let simulated = SimDisk::new(3);
        let disk = reserved(&simulated);
        assert_eq!(disk.open(&kept(), OpenMode::Read).unwrap().size().unwrap(), SIZE);
        simulated.set_quota(Some(SIZE + 100));
        assert!(!disk.is_full());
        let small = Path::new("/data/small");
        disk.write_file(small, &[1; 1000]).unwrap();
        assert!(disk.is_full());
        assert!(disk.open(&kept(), OpenMode::Read).is_err(), "it was given free");
        disk.write_file(small, &[2; 2000]).unwrap();
        assert!(disk.write_file(small, &vec![3; 1 << 20]).is_err(), "there is not more than was kept back");
        assert_eq!(disk.read_file(small, 1 << 20).unwrap(), [2; 2000]);
        assert!(is_full_for_long(&disk));
        simulated.set_quota(None);
        assert!(!is_full_for_long(&disk));
        assert_eq!(disk.open(&kept(), OpenMode::Read).unwrap().size().unwrap(), SIZE);
    }

    #[test]
    fn a_disk_that_is_full_from_the_start_says_so() {
        let simulated = SimDisk::new(3);
        simulated.set_quota(Some(SIZE / 2));
        assert!(reserved(&simulated).is_full());
    }
}
