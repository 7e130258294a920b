//! [`IndexCheck`]: holds both index files of a segment against its batches, one batch after the other.

use std::io;
use std::path::Path;

use super::file::{InspectError, load};
use crate::io::Disk;
use crate::log::file_name::FileKind;
use crate::log::index::{OffsetEntry, TimeEntry, TimestampOffset};
use crate::record::BatchHeader;
use crate::types::{Offset, Timestamp};

/// Bytes without an entry that make an offset index incomplete, in multiples of `index.interval.bytes`. More than one,
/// because the setting may have been larger when the index was written.
const SPARSE_INTERVALS_MAX: u64 = 16;

/// What is wrong with an index. Opening the log, or the first look-up, makes it anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// There is no such file.
    #[error("is missing")]
    Missing,
    /// Its size is no whole number of entries, or it cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// An entry names no batch.
    #[error("entry {entry} (offset {offset}) names no batch of the segment")]
    WrongEntry {
        /// Its place, from 0.
        entry: usize,
        /// The offset in it.
        offset: Offset,
    },
    /// Entries are missing: look-ups would be slow, or wrong.
    #[error("has no entry for what is behind byte {0} of the segment")]
    Incomplete(u64),
    /// The segment has a larger timestamp than the index says.
    #[error("does not know timestamp {0}, the largest of the segment")]
    MaxTimestamp(Timestamp),
}

/// See the module.
pub(super) struct IndexCheck {
    base: Offset,
    offsets: Entered<OffsetEntry>,
    times: Entered<TimeEntry>,
    max_timestamp: TimestampOffset,
    /// Bytes that may be without an entry.
    sparse_max: u64,
    last_indexed: u64,
    end: u64,
}

/// The entries of one file, and how many of them have met their batch.
struct Entered<E> {
    entries: Vec<E>,
    met: usize,
    fault: Option<IndexFault>,
}

impl<E: crate::log::index_file::IndexEntry> Entered<E> {
    fn read(disk: &dyn Disk, path: &Path) -> Entered<E> {
        let (entries, fault) = match load(disk, path) {
            Ok(entries) => (entries, None),
            Err(InspectError::File(error)) if error.source.kind() == io::ErrorKind::NotFound => {
                (Vec::new(), Some(IndexFault::Missing))
            }
            Err(InspectError::File(error)) => {
                (Vec::new(), Some(IndexFault::Unreadable(error.source.to_string())))
            }
            Err(InspectError::Malformed { reason, .. }) => (Vec::new(), Some(IndexFault::Unreadable(reason))),
            Err(error @ InspectError::Name(_)) => {
                (Vec::new(), Some(IndexFault::Unreadable(error.to_string())))
            }
        };
        Entered { entries, met: 0, fault }
    }

    /// The next entry that waits for its batch.
    fn next(&self) -> Option<E> {
        if self.fault.is_some() { None } else { self.entries.get(self.met).copied() }
    }

    fn refuse(&mut self, offset: Offset) {
        self.fault.get_or_insert(IndexFault::WrongEntry { entry: self.met, offset });
    }
}

impl IndexCheck {
    /// Reads the files of the segment at `base`. `interval` is `index.interval.bytes`.
    pub(super) fn new(disk: &dyn Disk, directory: &Path, base: Offset, interval: u32) -> IndexCheck {
        IndexCheck {
            base,
            offsets: Entered::read(disk, &FileKind::OffsetIndex.path(directory, base)),
            times: Entered::read(disk, &FileKind::TimeIndex.path(directory, base)),
            max_timestamp: TimestampOffset { timestamp: Timestamp::NONE, offset: base },
            sparse_max: SPARSE_INTERVALS_MAX * u64::from(interval.max(4096)),
            last_indexed: 0,
            end: 0,
        }
    }

    /// Goes past the batch of `header` at `position`.
    pub(super) fn add(&mut self, header: &BatchHeader, position: u64, size: u64) {
        let last = header.last_offset();
        if let Some(entry) = self.offsets.next() {
            let offset = entry.last_offset(self.base);
            if offset == last && entry.position() == position {
                self.offsets.met += 1;
                self.last_indexed = position;
            } else if offset <= last || entry.position() <= position {
                self.offsets.refuse(offset);
            }
        }
        if let Some(entry) = self.times.next() {
            let offset = entry.last_offset(self.base);
            if offset == last && entry.timestamp() == header.max_timestamp() {
                self.times.met += 1;
            } else if offset <= last {
                self.times.refuse(offset);
            }
        }
        if self.offsets.fault.is_none() && position.saturating_sub(self.last_indexed) > self.sparse_max {
            self.offsets.fault = Some(IndexFault::Incomplete(self.last_indexed));
        }
        if header.max_timestamp() > self.max_timestamp.timestamp {
            self.max_timestamp = TimestampOffset { timestamp: header.max_timestamp(), offset: last };
        }
        self.end = position + size;
    }

    /// What is wrong, by file.
    pub(super) fn finish(mut self) -> Vec<(FileKind, IndexFault)> {
        if let Some(entry) = self.offsets.next() {
            self.offsets.refuse(entry.last_offset(self.base));
        }
        if let Some(entry) = self.times.next() {
            self.times.refuse(entry.last_offset(self.base));
        }
        let known = self.times.entries.last().map_or(Timestamp::NONE, TimeEntry::timestamp);
        let largest = self.max_timestamp.timestamp;
        if self.times.fault.is_none() && known < largest {
            self.times.fault = Some(IndexFault::MaxTimestamp(largest));
        }
        let faults = [(FileKind::OffsetIndex, self.offsets.fault), (FileKind::TimeIndex, self.times.fault)];
        faults.into_iter().filter_map(|(kind, fault)| Some((kind, fault?))).collect()
    }
}
