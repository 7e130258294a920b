//! [`OpenFiles`]: the files of segments that readers have opened, indexes too. Those of so many segments stay open; then those are
//! closed that nobody has read for longest, and opened again by the next who reads them: a history may have more segments than a
//! process has descriptors.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use super::closed_index::LoadedIndex;
use crate::io::{DiskFile, descriptors_max};

/// Segments whose files may stay open whatever the process is allowed.
const COUNT_MIN: u64 = 16;

/// Segments whose files stay open at most.
const COUNT_MAX: u64 = 16 << 10;

/// A twelfth of the process's descriptors: segments have three files, and the application wants some, too.
const SHARE: u64 = 12;

/// The files of one segment that are open.
#[derive(Default)]
pub(super) struct SegmentFiles {
    log: Mutex<Option<Arc<dyn DiskFile>>>,
    index: ArcSwapOption<LoadedIndex>,
    /// It stands in the line of those that may be closed.
    in_line: AtomicBool,
    /// Something has been read since it came to the front of the line last.
    used: AtomicBool,
}

impl SegmentFiles {
    /// Those of a segment whose log is open for good: there may be another file of its name.
    pub(super) fn pinned(log: Arc<dyn DiskFile>) -> SegmentFiles {
        SegmentFiles { log: Mutex::new(Some(log)), in_line: AtomicBool::new(true), ..SegmentFiles::default() }
    }

    /// The log, opened by `open` if it is not. It stays open for who has it, whatever is closed here.
    pub(super) fn log<E>(
        self: &Arc<Self>,
        among: &OpenFiles,
        open: impl FnOnce() -> Result<Arc<dyn DiskFile>, E>,
    ) -> Result<Arc<dyn DiskFile>, E> {
        let mut log = self.log.lock();
        let file = match &*log {
            Some(file) => Arc::clone(file),
            None => Arc::clone(log.insert(open()?)),
        };
        drop(log);
        self.note_use(among);
        Ok(file)
    }

    /// The indexes, if they are open.
    pub(super) fn index(self: &Arc<Self>, among: &OpenFiles) -> Option<Arc<LoadedIndex>> {
        let index = self.index.load_full()?;
        self.note_use(among);
        Some(index)
    }

    /// Notes indexes that have been opened.
    pub(super) fn set_index(self: &Arc<Self>, among: &OpenFiles, index: Arc<LoadedIndex>) {
        self.index.store(Some(index));
        self.note_use(among);
    }

    fn note_use(self: &Arc<Self>, among: &OpenFiles) {
        self.used.store(true, Ordering::Relaxed);
        if !self.in_line.swap(true, Ordering::AcqRel) {
            among.add(self);
        }
    }

    /// Whoever still reads the files keeps them open until then.
    fn close(&self) {
        self.in_line.store(false, Ordering::Release);
        drop(self.log.lock().take());
        self.index.store(None);
    }
}

/// See the module.
pub(super) struct OpenFiles {
    count_max: usize,
    /// In the order in which they were opened, or looked at last. Those of segments that are gone too.
    line: Mutex<VecDeque<Weak<SegmentFiles>>>,
}

impl OpenFiles {
    pub(super) fn new(count_max: usize) -> OpenFiles {
        OpenFiles { count_max, line: Mutex::default() }
    }

    /// Those of this process.
    pub(super) fn of_process() -> &'static OpenFiles {
        static FILES: LazyLock<OpenFiles> = LazyLock::new(|| {
            let count = descriptors_max().map_or(COUNT_MAX, |max| max / SHARE);
            OpenFiles::new(usize::try_from(count.clamp(COUNT_MIN, COUNT_MAX)).unwrap_or(usize::MAX))
        });
        &FILES
    }

    /// Puts a segment's files at the end of the line, and closes what is too much at its front.
    fn add(&self, files: &Arc<SegmentFiles>) {
        let mut line = self.line.lock();
        line.push_back(Arc::downgrade(files));
        while line.len() > self.count_max
            && let Some(oldest) = line.pop_front()
        {
            let Some(files) = oldest.upgrade() else { continue };
            // What has been read meanwhile stands in line once more.
            if files.used.swap(false, Ordering::Relaxed) {
                line.push_back(oldest);
            } else {
                files.close();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::{Disk, OpenMode, SimDisk};

    #[test]
    fn what_was_not_read_for_longest_is_closed_and_opened_again() {
        let disk = SimDisk::new(1);
        let path = Path::new("file");
        disk.open(path, OpenMode::Create).unwrap();
        let (files, mut opened) = (OpenFiles::new(3), Vec::new());
        let segments: Vec<Arc<SegmentFiles>> = (0..5).map(|_| Arc::default()).collect();
        let mut read = |number: usize| {
            let open = || {
                opened.push(number);
                disk.open(path, OpenMode::Read)
            };
            segments[number].log(&files, open).map(drop).unwrap();
        };
        // The first round takes the marks away that reading has made; then 0 is read again, and 1 is the oldest.
        [0, 1, 2, 3].into_iter().for_each(&mut read);
        [1, 4, 1, 0].into_iter().for_each(&mut read);
        assert_eq!(opened, [0, 1, 2, 3, 4, 0]);
        let is_open = |segment: &Arc<SegmentFiles>| segment.log.lock().is_some();
        assert!(is_open(&segments[1]) && segments.iter().filter(|segment| is_open(segment)).count() == 3);
    }
}
