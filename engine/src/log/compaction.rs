//! [`Compaction`]: makes a log's closed segments anew with only the newest record of each key (`cleanup.policy=compact`).
//! Reading and writing happen here, on whichever thread; the log's owner then takes the new segments in by
//! [`Log::take_in`](super::Log::take_in).
//!
//! Source: Kafka's `Cleaner`; what is kept of a batch says `record/retain.rs`, what of transactions
//! `cleaned_transactions.rs`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cleaned_transactions::CleanedTransactions;
use super::error::{Corruption, FileError, FileOperation, ReadError};
use super::file_name::{FileKind, with_suffix};
use super::layout::CLEANED;
use super::scanner::{BatchScanner, ScanEnd, Scanned};
use super::segment::Segment;
use super::transaction_index::AbortedTransaction;
use super::view::LogView;
use crate::config::topic::LogConfig;
use crate::io::{DiskFile, OpenMode};
use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::record::{
    BatchError, BatchHeader, BatchView, Record, RepackError, Retained, emptied, retain, vacated,
};
use crate::types::{Offset, ProducerEpoch, ProducerId, Timestamp};

/// Bytes that are gathered before they are written.
const WRITE_SIZE: usize = 1 << 20;

/// What an entry of the map of keys takes besides the key.
const KEY_OVERHEAD: usize = 64;

/// A log that is to be compacted, and how far.
pub struct Compaction {
    view: Arc<LogView>,
    segments: Vec<Arc<Segment>>,
    /// Records from here on have not been looked at by an earlier compaction.
    first_dirty: Offset,
    /// Behind the last record that is looked at now.
    upto: Offset,
    segment_bytes: u64,
    delete_retention: Duration,
    /// The producers that the log remembers; `None` for all.
    producers: Option<HashSet<ProducerId>>,
}

/// A new segment, written and durable, under another name than it is to have.
pub struct CompactedSegment {
    /// Base offsets of the segments in whose place it comes, ascending; it has the first.
    pub(super) replaces: Vec<Offset>,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    /// The aborted transactions whose markers were in those segments: readers may still hold records of theirs. Nothing of
    /// them is left in the log, so that no file has to say it.
    pub(super) aborted: Vec<AbortedTransaction>,
}

/// What a compaction has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Behind the last record that was looked at.
    pub upto: Offset,
    /// Bytes of the segments before.
    pub bytes_before: u64,
    /// Bytes of those that took their place.
    pub bytes_after: u64,
}

/// Why a log was not compacted, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum CompactionError {
    /// A segment cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A new segment cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The records of a batch cannot be packed again.
    #[error("a batch of {file} cannot be made anew: {source}")]
    Batch {
        /// The segment.
        file: PathBuf,
        /// Why.
        source: RepackError,
    },
    /// Its owner did not take a segment in.
    #[error("{0}")]
    NotTakenIn(String),
    /// It was asked to stop.
    #[error("the engine stops")]
    Stopped,
}

/// The newest offset of each key, within a bound of memory.
struct NewestOffsets {
    offsets: HashMap<Box<[u8]>, Offset>,
    /// The last batch of each producer's last epoch, which stays, emptied if need be, so that its sequences stay known. So
    /// does its last marker, for the epoch.
    producers: HashMap<ProducerId, (Offset, ProducerEpoch)>,
    markers: HashMap<ProducerId, Offset>,
    size: usize,
    size_max: usize,
}

impl LogView {
    /// Whether the log is due to be compacted with these settings: so much of it is new (`min.cleanable.dirty.ratio`), or
    /// has waited so long (`max.compaction.lag.ms`), among what is old enough (`min.compaction.lag.ms`). The newest
    /// segment is never looked at.
    ///
    /// # Errors
    /// When sizes or times of segments cannot be read.
    pub fn compaction_due(
        self: &Arc<LogView>,
        config: &LogConfig,
        now: Timestamp,
    ) -> Result<Option<Compaction>, ReadError> {
        let all = self.segments().as_slice().to_vec();
        let Some((_, closed)) = all.split_last() else { return Ok(None) };
        let stable = self.last_stable_offset();
        let first_dirty = self.compacted().max(self.log_start());
        let (mut segments, mut upto) = (Vec::new(), Offset::ZERO);
        let (mut clean, mut dirty, mut waited) = (0_u64, 0_u64, Duration::ZERO);
        for (segment, next) in closed.iter().zip(all.iter().skip(1)) {
            let newest = segment.max_timestamp()?.timestamp;
            let age = Duration::from_millis(u64::try_from(now.0.saturating_sub(newest.0)).unwrap_or(0));
            let is_dirty = next.base() > first_dirty;
            if next.base() > stable || is_dirty && age < config.min_compaction_lag {
                break;
            }
            if is_dirty {
                dirty += segment.visible()?;
                waited = waited.max(age);
            } else {
                clean += segment.visible()?;
            }
            upto = next.base();
            segments.push(Arc::clone(segment));
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio of sizes needs no more digits")]
        let ratio = dirty as f64 / (clean + dirty).max(1) as f64;
        let is_due =
            dirty > 0 && (ratio > config.min_cleanable_dirty_ratio || waited > config.max_compaction_lag);
        Ok(is_due.then(|| Compaction {
            view: Arc::clone(self),
            segments,
            first_dirty,
            upto,
            segment_bytes: config.segment_bytes.into(),
            delete_retention: config.delete_retention,
            producers: None,
        }))
    }
}

impl std::fmt::Debug for Compaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compaction({} segments up to {})", self.segments.len(), self.upto)
    }
}

impl Compaction {
    /// Behind the last record that may be removed.
    #[must_use]
    pub fn upto(&self) -> Offset {
        self.upto
    }

    /// Says which producers the log remembers: of others nothing has to stay.
    #[must_use]
    pub fn with_producers(self, known: HashSet<ProducerId>) -> Compaction {
        Compaction { producers: Some(known), ..self }
    }

    /// Compacts. Each new segment is given to `take_in`, oldest first, before the next is begun; `memory_max` bounds what
    /// is kept of keys: when they are more, it goes only as far as they reach. It ends early once `stops` says so, which is
    /// asked for every batch.
    ///
    /// # Errors
    /// [`CompactionError`]; what has been taken in stays.
    pub fn run(
        &self,
        now: Timestamp,
        memory_max: usize,
        stops: impl Fn() -> bool,
        mut take_in: impl FnMut(CompactedSegment) -> Result<(), CompactionError>,
    ) -> Result<Compacted, CompactionError> {
        let aborted = self.view.aborted_transactions(self.view.log_start(), self.upto)?;
        let mut transactions = CleanedTransactions::new(aborted);
        let (newest, upto) = self.collect_keys(memory_max, &transactions, &stops)?;
        let mut done = Compacted { upto, ..Compacted::default() };
        let horizon = now.after(self.delete_retention);
        for group in self.groups()? {
            for segment in &group {
                done.bytes_before += segment.visible().map_err(ReadError::from)?;
            }
            let (compacted, size) =
                self.rewrite(&group, &newest, &mut transactions, (now, horizon), &stops)?;
            done.bytes_after += size;
            take_in(compacted)?;
        }
        Ok(done)
    }

    /// Reads the keys of the part that is new; returns them with the offset behind the last batch that they are from.
    fn collect_keys(
        &self,
        memory_max: usize,
        transactions: &CleanedTransactions,
        stops: &dyn Fn() -> bool,
    ) -> Result<(NewestOffsets, Offset), CompactionError> {
        let mut newest = NewestOffsets {
            offsets: HashMap::new(),
            producers: HashMap::new(),
            markers: HashMap::new(),
            size: 0,
            size_max: memory_max,
        };
        let (mut scratch, mut upto) = (Vec::new(), self.first_dirty);
        let mut is_full = false;
        for segment in &self.segments {
            each_batch(segment, stops, |batch| {
                let header = batch.header();
                let is_marker = header.attributes().is_control();
                if self.remembers(header.producer_id()) {
                    newest.note_producer(header);
                }
                if is_full || header.last_offset() < self.first_dirty {
                    return Ok(());
                }
                if is_marker || transactions.is_aborted(header) {
                    upto = header.next_offset();
                    return Ok(());
                }
                let unreadable = |error: BatchError| unreadable(segment, header.base_offset(), error);
                for record in batch.unpack(&mut scratch, DECOMPRESSED_SIZE_MAX).map_err(unreadable)? {
                    newest.add(&record.map_err(unreadable)?);
                }
                upto = header.next_offset();
                is_full = newest.size > newest.size_max;
                Ok(())
            })?;
        }
        Ok((newest, upto))
    }

    fn remembers(&self, producer: ProducerId) -> bool {
        let is_known = |known: &HashSet<ProducerId>| known.contains(&producer);
        producer != ProducerId::NONE && self.producers.as_ref().is_none_or(is_known)
    }

    /// Neighbours that together are not larger than one segment may be become one.
    fn groups(&self) -> Result<Vec<Vec<Arc<Segment>>>, CompactionError> {
        let mut groups: Vec<Vec<Arc<Segment>>> = Vec::new();
        let mut size = 0;
        for segment in &self.segments {
            let bytes = segment.visible().map_err(ReadError::from)?;
            let spans = |group: &Vec<Arc<Segment>>| {
                group.first().is_some_and(|first| self.upto.0 - first.base().0 > i64::from(i32::MAX))
            };
            match groups.last_mut().filter(|group| size + bytes <= self.segment_bytes && !spans(group)) {
                Some(group) => {
                    group.push(Arc::clone(segment));
                    size += bytes;
                }
                None => {
                    groups.push(vec![Arc::clone(segment)]);
                    size = bytes;
                }
            }
        }
        Ok(groups)
    }

    /// Writes the segment that takes the place of `group`; returns it with its size.
    fn rewrite(
        &self,
        group: &[Arc<Segment>],
        newest: &NewestOffsets,
        transactions: &mut CleanedTransactions,
        (now, horizon): (Timestamp, Timestamp),
        stops: &dyn Fn() -> bool,
    ) -> Result<(CompactedSegment, u64), CompactionError> {
        let replaces: Vec<Offset> = group.iter().map(|segment| segment.base()).collect();
        let home = self.view.home.clone();
        let base = replaces.first().copied().unwrap_or_default();
        let path = with_suffix(&FileKind::Log.path(&home.directory, base), CLEANED);
        let mut output = Output::create(&*home.disk, &path)?;
        let (mut scratch, mut last, mut aborted) = (Vec::new(), None, Vec::new());
        for segment in group {
            segment.with_aborted(|all| aborted.extend_from_slice(all))?;
            each_batch(segment, stops, |batch| {
                let header = batch.header();
                let expires = header.attributes().is_control() && transactions.ends_nothing(header);
                let is_aborted = transactions.is_aborted(header);
                let is_over = expires && newest.may_forget_marker(batch, now);
                let keep = |record: &Record<'_>| match header.attributes().is_control() {
                    true => !is_over,
                    false => !is_aborted && newest.keeps(record, batch, now),
                };
                let retained = retain(batch, horizon, expires, &mut scratch, DECOMPRESSED_SIZE_MAX, keep);
                let retained = retained
                    .map_err(|source| CompactionError::Batch { file: segment.path(FileKind::Log), source })?;
                last = None;
                let kept = match retained {
                    Retained::Everything if header.records_count.get() > 0 => Cow::Borrowed(batch.bytes()),
                    Retained::Some(bytes) => bytes.into(),
                    // Of a producer's last batch its sequence is kept.
                    _ if newest.is_last_of_producer(batch) => emptied(batch).into(),
                    _ => {
                        last = Some(vacated(batch));
                        return Ok(());
                    }
                };
                transactions.keep(header);
                output.put(&kept)
            })?;
        }
        // The segment's last offset stays, so that it is known how far it reaches.
        if let Some(last) = last {
            output.put(&last)?;
        }
        let size = output.finish()?;
        let file =
            home.disk.open(&path, OpenMode::Read).map_err(FileError::of(FileOperation::Open, &path))?;
        Ok((CompactedSegment { replaces, path, file, aborted }, size))
    }
}

impl NewestOffsets {
    fn note_producer(&mut self, header: &BatchHeader) {
        let (producer_id, epoch) = (header.producer_id(), header.producer_epoch());
        if !header.attributes().is_control() {
            self.producers.insert(producer_id, (header.last_offset(), epoch));
            return;
        }
        self.markers.insert(producer_id, header.last_offset());
        // A new epoch begins anew: with each transaction (KIP-890), or because the producer was fenced.
        if self.producers.get(&producer_id).is_some_and(|(_, of_batch)| *of_batch < epoch) {
            self.producers.remove(&producer_id);
        }
    }

    fn add(&mut self, record: &Record<'_>) {
        let Some(key) = record.key else { return };
        match self.offsets.get_mut(key) {
            Some(offset) => *offset = record.offset,
            None => {
                self.size += key.len() + KEY_OVERHEAD;
                self.offsets.insert(key.into(), record.offset);
            }
        }
    }

    /// A record stays unless a newer one has its key, or it is a tombstone whose time is over. One without a key, which no
    /// compacted log should have, goes.
    fn keeps(&self, record: &Record<'_>, batch: &BatchView<'_>, now: Timestamp) -> bool {
        let Some(key) = record.key else { return false };
        if self.offsets.get(key).is_some_and(|newest| *newest > record.offset) {
            return false;
        }
        record.value.is_some() || !is_over(batch, now)
    }

    /// Whether a marker that ends nothing may go: its time is over, and it is not what tells a producer's epoch.
    fn may_forget_marker(&self, batch: &BatchView<'_>, now: Timestamp) -> bool {
        let header = batch.header();
        is_over(batch, now) && self.markers.get(&header.producer_id()) != Some(&header.last_offset())
    }

    fn is_last_of_producer(&self, batch: &BatchView<'_>) -> bool {
        let header = batch.header();
        let last = self.producers.get(&header.producer_id());
        last.is_some_and(|(offset, _)| *offset == header.last_offset())
    }
}

/// Whether the time is over that tombstones and markers of a batch are kept for readers that are behind.
fn is_over(batch: &BatchView<'_>, now: Timestamp) -> bool {
    let header = batch.header();
    header.attributes().has_delete_horizon() && header.base_timestamp.get() <= now.0
}

/// Calls `look` with every batch of a closed segment, whose checksum has been compared, until `stops` says so.
fn each_batch(
    segment: &Segment,
    stops: &dyn Fn() -> bool,
    mut look: impl FnMut(&BatchView<'_>) -> Result<(), CompactionError>,
) -> Result<(), CompactionError> {
    let file = segment.log_file().map_err(ReadError::from)?;
    let size = segment.visible().map_err(ReadError::from)?;
    let path = segment.path(FileKind::Log);
    let mut scanner = BatchScanner::new(file, 0, size);
    let mut offset = segment.base();
    loop {
        match scanner.next().map_err(FileError::of(FileOperation::Read, &path))? {
            Scanned::Batch(_, batch) => {
                if stops() {
                    return Err(CompactionError::Stopped);
                }
                batch.verify().map_err(|error| unreadable(segment, offset, error))?;
                offset = batch.header().next_offset();
                look(&batch)?;
            }
            Scanned::End(ScanEnd::File) => return Ok(()),
            Scanned::End(ScanEnd::Zeroes) => return Err(unreadable(segment, offset, BatchError::Length(0))),
            Scanned::End(ScanEnd::Bad(error)) => return Err(unreadable(segment, offset, error)),
        }
    }
}

fn unreadable(segment: &Segment, offset: Offset, error: BatchError) -> CompactionError {
    let file = segment.path(FileKind::Log);
    ReadError::from(Corruption { file, position: 0, offset, reason: error.into() }).into()
}

/// A file that is being written.
struct Output<'a> {
    path: &'a Path,
    file: Arc<dyn DiskFile>,
    position: u64,
    gathered: Vec<u8>,
}

impl<'a> Output<'a> {
    fn create(disk: &dyn crate::io::Disk, path: &'a Path) -> Result<Output<'a>, FileError> {
        let file = disk.open(path, OpenMode::Create).map_err(FileError::of(FileOperation::Create, path))?;
        Ok(Output { path, file, position: 0, gathered: Vec::new() })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), CompactionError> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= WRITE_SIZE {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), FileError> {
        let written = self.file.write_at(&self.gathered, self.position);
        written.map_err(FileError::of(FileOperation::Write, self.path))?;
        self.position += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<u64, FileError> {
        self.write()?;
        self.file.sync().map_err(FileError::of(FileOperation::Sync, self.path))?;
        Ok(self.position)
    }
}
