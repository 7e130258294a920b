//! [`ClosedIndex`]: what is known of a closed segment besides its bytes. Files are opened on first use and searched on
//! disk; a file that is missing or says something wrong is rebuilt from the log, once, by the reader that noticed.
//!
//! An index has no checksum, so nothing it says is believed: every entry that a search ends at is compared with the
//! batch that it names.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use zerocopy::IntoBytes;

use super::aborted_transactions;
use super::error::{Corruption, FileError, FileOperation, ReadError};
use super::file_name::FileKind;
use super::header_walk::HeaderWalk;
use super::index::{IndexBuilder, IndexEntries, OffsetEntry, TimeEntry, TimestampOffset};
use super::index_file::{Entries, IndexEntry};
use super::open_files::OpenFiles;
use super::scanner::{BatchScanner, ScanEnd, Scanned};
use super::segment::Segment;
use super::transaction_index::AbortedTransaction;
use crate::io::OpenMode;
use crate::types::{Offset, Timestamp};

/// Indexes and size of a closed segment, as far as they have been asked for.
#[derive(Default)]
pub(super) struct ClosedIndex {
    size: OnceLock<u64>,
    max_timestamp: OnceLock<TimestampOffset>,
    aborted: OnceLock<Vec<AbortedTransaction>>,
    /// Held while files are opened or rebuilt, so that one reader does it for all.
    loading: Mutex<()>,
}

/// Both indexes, ready to be searched.
pub(super) struct LoadedIndex {
    /// Offset to position.
    pub(super) offsets: Entries<OffsetEntry>,
    times: Entries<TimeEntry>,
    /// Made from the log by this process: it cannot be wrong.
    pub(super) rebuilt: bool,
}

/// An entry of the time index that names no batch of the segment.
struct WrongEntry;

impl ClosedIndex {
    /// For a segment that has just been closed.
    pub(super) fn known(size: u64, max_timestamp: TimestampOffset) -> ClosedIndex {
        let index = ClosedIndex::default();
        index.size.get_or_init(|| size);
        index.max_timestamp.get_or_init(|| max_timestamp);
        index
    }

    /// For a segment that takes the place of others, whose aborted transactions are known.
    pub(super) fn with_aborted(aborted: Vec<AbortedTransaction>) -> ClosedIndex {
        let index = ClosedIndex::default();
        index.aborted.get_or_init(|| aborted);
        index
    }

    /// Bytes of the segment.
    pub(super) fn size(&self, segment: &Segment) -> Result<u64, FileError> {
        if let Some(size) = self.size.get() {
            return Ok(*size);
        }
        let path = segment.path(FileKind::Log);
        let size = segment.log_file()?.size().map_err(FileError::of(FileOperation::Read, &path))?;
        Ok(*self.size.get_or_init(|| size))
    }

    /// The indexes, opened or rebuilt when this is their first use.
    pub(super) fn loaded(&self, segment: &Segment) -> Result<Arc<LoadedIndex>, ReadError> {
        let (files, among) = (segment.files(), OpenFiles::of_process());
        if let Some(index) = files.index(among) {
            return Ok(index);
        }
        let _loading = self.loading.lock();
        if let Some(index) = files.index(among) {
            return Ok(index);
        }
        let offsets = open_entries(segment, FileKind::OffsetIndex)?;
        let times = open_entries(segment, FileKind::TimeIndex)?;
        let index = match (offsets, times) {
            (Some(offsets), Some(times)) => Arc::new(LoadedIndex { offsets, times, rebuilt: false }),
            _ => self.rebuild_from_log(segment)?,
        };
        files.set_index(among, Arc::clone(&index));
        Ok(index)
    }

    /// Replaces `wrong`, unless somebody has done so.
    pub(super) fn rebuild(&self, segment: &Segment, wrong: &Arc<LoadedIndex>) -> Result<(), ReadError> {
        let _loading = self.loading.lock();
        let (files, among) = (segment.files(), OpenFiles::of_process());
        if files.index(among).is_some_and(|current| Arc::ptr_eq(&current, wrong)) {
            files.set_index(among, self.rebuild_from_log(segment)?);
        }
        Ok(())
    }

    /// The segment's largest timestamp, from the last entry of the time index and the batches behind it.
    pub(super) fn max_timestamp(&self, segment: &Segment) -> Result<TimestampOffset, ReadError> {
        loop {
            if let Some(known) = self.max_timestamp.get() {
                return Ok(*known);
            }
            let index = self.loaded(segment)?;
            let path = segment.path(FileKind::TimeIndex);
            let last = index.times.last().map_err(FileError::of(FileOperation::Read, &path))?;
            match check_last_entry(segment, last)? {
                Ok(max_timestamp) => return Ok(*self.max_timestamp.get_or_init(|| max_timestamp)),
                Err(WrongEntry) => self.rebuild(segment, &index)?,
            }
        }
    }

    /// All entries, which must ascend and lie in the segment.
    pub(super) fn load_all(&self, segment: &Segment) -> Result<IndexEntries, ReadError> {
        loop {
            let index = self.loaded(segment)?;
            let (offsets, times) = (index.offsets.load(), index.times.load());
            let offsets = offsets.map_err(|error| {
                FileError::of(FileOperation::Read, &segment.path(FileKind::OffsetIndex))(error)
            })?;
            let times = times.map_err(|error| {
                FileError::of(FileOperation::Read, &segment.path(FileKind::TimeIndex))(error)
            })?;
            let entries = IndexEntries { offsets, times };
            if index.rebuilt || entries.ascend_to(segment.base(), self.size(segment)?) {
                return Ok(entries);
            }
            self.rebuild(segment, &index)?;
        }
    }

    /// The transactions whose abort marker lies in the segment.
    pub(super) fn aborted(&self, segment: &Segment) -> Result<&[AbortedTransaction], ReadError> {
        if let Some(known) = self.aborted.get() {
            return Ok(known);
        }
        let _loading = self.loading.lock();
        if let Some(known) = self.aborted.get() {
            return Ok(known);
        }
        let aborted = aborted_transactions::load(segment)?;
        Ok(self.aborted.get_or_init(|| aborted))
    }

    /// See [`Segment::offset_before_timestamp`].
    pub(super) fn offset_before_timestamp(
        &self,
        segment: &Segment,
        timestamp: Timestamp,
    ) -> Result<Offset, ReadError> {
        loop {
            let index = self.loaded(segment)?;
            let path = segment.path(FileKind::TimeIndex);
            let found = index.times.last_where(|entry| entry.timestamp() <= timestamp);
            let Some(entry) = found.map_err(FileError::of(FileOperation::Read, &path))? else {
                return Ok(segment.base());
            };
            if index.rebuilt || batch_of(segment, entry)?.is_some() {
                return Ok(entry.last_offset(segment.base()));
            }
            self.rebuild(segment, &index)?;
        }
    }

    /// The files are replaced as far as the disk allows; what is used from now on is in memory.
    fn rebuild_from_log(&self, segment: &Segment) -> Result<Arc<LoadedIndex>, ReadError> {
        let (mut entries, mut builder) = index_log(segment, self.size(segment)?)?;
        entries.times.extend(builder.closing_entry());
        if let Err(error) = write_indexes(segment, &entries) {
            tracing::warn!(%error, "the rebuilt indexes stay in memory");
        }
        self.max_timestamp.get_or_init(|| builder.max_timestamp());
        let (offsets, times) = (Entries::Memory(entries.offsets), Entries::Memory(entries.times));
        Ok(Arc::new(LoadedIndex { offsets, times, rebuilt: true }))
    }
}

/// Indexes the first `size` bytes of a segment by reading them.
pub(super) fn index_log(segment: &Segment, size: u64) -> Result<(IndexEntries, IndexBuilder), ReadError> {
    let path = segment.path(FileKind::Log);
    let mut scanner = BatchScanner::new(segment.log_file()?, 0, size);
    let mut builder = IndexBuilder::new(segment.base(), segment.home().index_interval);
    let mut entries = IndexEntries::default();
    let mut next_offset = segment.base();
    loop {
        let reason = match scanner.next().map_err(FileError::of(FileOperation::Read, &path))? {
            Scanned::Batch(position, batch) => {
                next_offset = batch.header().next_offset();
                if let Some(new) = builder.add(batch.header(), position, batch.size() as u64) {
                    entries.push(new);
                }
                continue;
            }
            Scanned::End(ScanEnd::File | ScanEnd::Zeroes) => {
                tracing::info!(segment = %path.display(), "rebuilt the indexes of a segment from its log");
                return Ok((entries, builder));
            }
            Scanned::End(ScanEnd::Bad(error)) => error.into(),
        };
        let (file, position) = (path, scanner.position());
        return Err(Corruption { file, position, offset: next_offset, reason }.into());
    }
}

/// Writes both index files of a segment, without waiting for stable storage: they are only ever hints.
pub(super) fn write_indexes(segment: &Segment, entries: &IndexEntries) -> Result<(), FileError> {
    let write = |kind: FileKind, bytes: &[u8]| {
        let path = segment.path(kind);
        let created = segment.home().disk.open(&path, OpenMode::Create);
        let file = created.map_err(FileError::of(FileOperation::Create, &path))?;
        file.write_at(bytes, 0).map_err(FileError::of(FileOperation::Write, &path))
    };
    write(FileKind::OffsetIndex, entries.offsets.as_bytes())?;
    write(FileKind::TimeIndex, entries.times.as_bytes())
}

/// `None` when the file is missing or is not a whole number of entries.
fn open_entries<E: IndexEntry>(segment: &Segment, kind: FileKind) -> Result<Option<Entries<E>>, FileError> {
    let path = segment.path(kind);
    match segment.home().disk.open(&path, OpenMode::Read) {
        Ok(file) => Entries::in_file(file).map_err(FileError::of(FileOperation::Read, &path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of(FileOperation::Open, &path)(error)),
    }
}

/// Where the batch of a time index entry starts, if it is there.
pub(super) fn batch_of(segment: &Segment, entry: TimeEntry) -> Result<Option<u64>, ReadError> {
    let offset = entry.last_offset(segment.base());
    let Some(position) = segment.seek(offset)? else { return Ok(None) };
    let path = segment.path(FileKind::Log);
    let end = segment.visible()?;
    let log = segment.log_file()?;
    let mut walk = HeaderWalk::new(&*log, &path, (offset, position), end);
    let is_named = |header: &crate::record::BatchHeader| {
        header.last_offset() == offset && header.max_timestamp() == entry.timestamp()
    };
    Ok(walk.next()?.filter(|at| is_named(&at.header)).map(|at| at.position))
}

/// The last entry of a time index must name a batch, and no later batch may have a larger timestamp: a file that lost its
/// end looks whole otherwise.
fn check_last_entry(
    segment: &Segment,
    last: Option<TimeEntry>,
) -> Result<Result<TimestampOffset, WrongEntry>, ReadError> {
    let base = segment.base();
    let (max_timestamp, start) = match last {
        None => (TimestampOffset { timestamp: Timestamp::NONE, offset: base }, 0),
        Some(entry) => match batch_of(segment, entry)? {
            Some(position) => {
                let offset = entry.last_offset(base);
                (TimestampOffset { timestamp: entry.timestamp(), offset }, position)
            }
            None => return Ok(Err(WrongEntry)),
        },
    };
    let path = segment.path(FileKind::Log);
    let end = segment.visible()?;
    let log = segment.log_file()?;
    let mut walk = HeaderWalk::new(&*log, &path, (max_timestamp.offset, start), end);
    while let Some(at) = walk.next()? {
        if at.header.max_timestamp() > max_timestamp.timestamp {
            return Ok(Err(WrongEntry));
        }
    }
    Ok(Ok(max_timestamp))
}
