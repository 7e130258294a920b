//! Reading a log: whole batches from an offset on, and look-ups by time. Runs on the reader's own thread, with
//! `pread` into memory that is used again.

use std::sync::Arc;

use bytes::Bytes;

use super::error::{Corruption, CorruptionReason, FileError, FileOperation, ReadError};
use super::file_name::FileKind;
use super::file_slice::FileSlice;
use super::index::TimestampOffset;
use super::read_buffer::ReadBuffer;
use super::segment::Segment;
use super::transaction_index::AbortedTransaction;
use super::view::{LogView, SegmentList};
use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::record::{BatchError, BatchView, Batches, HEADER_SIZE};
use crate::types::{LeaderEpoch, Offset, Timestamp};

/// Most bytes that one read returns, unless a single batch has more.
const READ_SIZE_MAX: usize = 4 << 20;

/// Where a reader stands: an offset and, once it has read, the place of that offset in a file, which saves the search.
/// An [`Offset`] becomes one with `into()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadCursor {
    offset: Offset,
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    segment_id: u64,
    position: u64,
    /// Bytes of the batch there, as its header says, so that one read fetches it whole; 0 when it was not seen.
    next_size: usize,
}

impl ReadCursor {
    /// The next offset to be read.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.offset
    }
}

impl From<Offset> for ReadCursor {
    fn from(offset: Offset) -> ReadCursor {
        ReadCursor { offset, place: None }
    }
}

/// What a read returns: whole batches, back to back, as they lie on disk. Lengths and offsets have been checked,
/// checksums have not.
#[derive(Clone, Debug)]
pub struct LogRead {
    /// The batches; empty when there is nothing to read yet. The first one may start before the asked offset.
    pub bytes: Bytes,
    /// Where to go on.
    pub next: ReadCursor,
}

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedRecord {
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// Its offset.
    pub offset: Offset,
    /// Leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

impl LogView {
    /// Batches from the one with `from` on: at least one, even if it is larger than `max_bytes`, and none that
    /// reaches to `upto` or to the high watermark. Empty when `from` is at or behind that end. All batches are from one
    /// segment, so that a read may return less than there is.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] when `from` is before the log's start or behind its end.
    pub fn read(
        &self,
        from: impl Into<ReadCursor>,
        max_bytes: usize,
        upto: Offset,
    ) -> Result<LogRead, ReadError> {
        let from = from.into();
        let bound = Bound::new(upto, self.high_watermark());
        self.in_range(from.offset, |segments| match locate(segments, from, bound.upto)? {
            Some(Start { segment, position, first_size }) => {
                read_batches(segment, (from.offset, position), first_size, (max_bytes, bound))
            }
            None => Ok(LogRead { bytes: Bytes::new(), next: from }),
        })
    }

    /// Where the batches from the one with `from` on lie: at most `size_max` bytes but the first batch whole, all below
    /// `upto` and the high watermark, all in one segment. `None` when there is nothing to read yet, or when the disk is
    /// one whose files only this process knows.
    ///
    /// # Errors
    /// As [`LogView::read`].
    pub fn slice(&self, from: Offset, size_max: usize, upto: Offset) -> Result<Option<FileSlice>, ReadError> {
        let upto = upto.min(self.high_watermark());
        self.in_range(from, |segments| match locate(segments, from.into(), upto)? {
            Some(Start { segment, position, .. }) => FileSlice::of(segment, position, size_max, upto),
            None => Ok(None),
        })
    }

    /// Offset behind all batches that start in `slice`.
    ///
    /// # Errors
    /// When its segment cannot be read any more.
    pub fn end_of(&self, slice: &FileSlice) -> Result<Offset, ReadError> {
        if let Some(end) = slice.end()? {
            return Ok(end);
        }
        let (segments, base) = (self.segments(), slice.segment().base());
        let behind = segments.as_slice().partition_point(|segment| segment.base() <= base);
        let next = segments.as_slice().get(behind);
        Ok(next.map_or_else(|| self.high_watermark(), |next| next.base()))
    }

    /// Looks at the segments that hold `offset` and those behind it.
    fn in_range<R>(
        &self,
        offset: Offset,
        look: impl Fn(&[Arc<Segment>]) -> Result<R, ReadError>,
    ) -> Result<R, ReadError> {
        self.with_segments(|segments| {
            // Looked at here: retention may move the start at any time.
            let (log_start, end) = (self.log_start(), self.end());
            if offset < log_start || offset > end {
                return Err(ReadError::OutOfRange { offset, log_start, end });
            }
            look(segments.holding(offset))
        })
    }

    /// The first record whose timestamp is `timestamp` or later (Kafka: ListOffsets by timestamp).
    ///
    /// # Errors
    /// When the disk refuses or a segment is corrupt.
    pub fn offset_for_timestamp(&self, timestamp: Timestamp) -> Result<Option<TimedRecord>, ReadError> {
        let (start, upto) = (self.log_start(), self.high_watermark());
        self.with_segments(|segments| {
            for segment in segments.holding(start) {
                if segment.max_timestamp()?.timestamp < timestamp {
                    continue;
                }
                let from = segment.offset_before_timestamp(timestamp)?.max(start);
                if let Some(found) = find_record(segment, from, start, upto, timestamp)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
    }

    /// The first record with the largest timestamp (Kafka: ListOffsets -3, KIP-734); `None` when no record has one.
    ///
    /// # Errors
    /// When the disk refuses or a segment is corrupt.
    pub fn max_timestamp(&self) -> Result<Option<TimedRecord>, ReadError> {
        let (start, upto) = (self.log_start(), self.high_watermark());
        self.with_segments(|segments| {
            let mut largest: Option<(&Arc<Segment>, TimestampOffset)> = None;
            for segment in segments.holding(start) {
                let found = segment.max_timestamp()?;
                if found.timestamp > largest.map_or(Timestamp::NONE, |(_, largest)| largest.timestamp) {
                    largest = Some((segment, found));
                }
            }
            let Some((segment, TimestampOffset { timestamp, offset })) = largest else { return Ok(None) };
            find_record(segment, offset.max(start), start, upto, timestamp)
        })
    }

    /// Aborted transactions that concern a reader of the offsets from `from` up to `upto`, by the offset of their
    /// markers (KIP-98).
    ///
    /// # Errors
    /// When the disk refuses or a segment's list is damaged.
    pub fn aborted_transactions(
        &self,
        from: Offset,
        upto: Offset,
    ) -> Result<Vec<AbortedTransaction>, ReadError> {
        self.with_segments(|segments| {
            let mut found = Vec::new();
            for segment in segments.holding(from) {
                let is_complete = segment.with_aborted(|all| {
                    all.iter().any(|aborted| {
                        if aborted.last_offset >= from && aborted.first_offset < upto {
                            found.push(*aborted);
                        }
                        aborted.last_stable_offset >= upto
                    })
                })?;
                if is_complete {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// Whether there is an aborted transaction whose marker lies in the segment of `from` or behind it: mostly there is none.
    ///
    /// # Errors
    /// As [`LogView::aborted_transactions`].
    pub fn has_aborted_transactions(&self, from: Offset) -> Result<bool, ReadError> {
        self.with_segments(|segments| {
            for segment in segments.holding(from) {
                if !segment.with_aborted(<[_]>::is_empty)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Looks at the segments, again when one of them was deleted between the look at the list and the opening
    /// of its file.
    fn with_segments<R>(&self, look: impl Fn(&SegmentList) -> Result<R, ReadError>) -> Result<R, ReadError> {
        loop {
            let segments = self.segments();
            match look(&segments) {
                Err(ReadError::File(error))
                    if is_missing(&error) && !Arc::ptr_eq(&segments, &self.segments()) => {}
                result => return result,
            }
        }
    }
}

fn is_missing(error: &FileError) -> bool {
    error.source.kind() == std::io::ErrorKind::NotFound
}

/// Where a read ends.
#[derive(Clone, Copy)]
struct Bound {
    /// No batch that reaches to this offset is read.
    upto: Offset,
    /// The high watermark, at which a batch ends.
    high_watermark: Offset,
}

impl Bound {
    fn new(upto: Offset, high_watermark: Offset) -> Bound {
        Bound { upto: upto.min(high_watermark), high_watermark }
    }
}

/// Where a read starts.
struct Start<'a> {
    segment: &'a Arc<Segment>,
    position: u64,
    /// Bytes of the batch there if they are known, else 0.
    first_size: usize,
}

/// Where the batch with the cursor's offset starts, or the next one behind it; `None` when there is none below `upto`.
/// `segments` starts with the one that would hold the offset.
fn locate(segments: &[Arc<Segment>], from: ReadCursor, upto: Offset) -> Result<Option<Start<'_>>, ReadError> {
    if from.offset >= upto {
        return Ok(None);
    }
    for segment in segments {
        if segment.base() >= upto {
            break;
        }
        let place = from.place.filter(|place| place.segment_id == segment.id());
        let position = match place {
            Some(place) => Some(place.position),
            None => segment.seek(from.offset)?,
        };
        if let Some(position) = position.filter(|position| segment.visible().is_ok_and(|end| *position < end))
        {
            let first_size = place.map_or(0, |place| place.next_size);
            return Ok(Some(Start { segment, position, first_size }));
        }
        // Past the end of a segment the search goes on only where compaction may have removed records.
        if from.offset >= segment.home().gaps_below() {
            let next = segments.iter().map(|next| next.base()).find(|next| *next > segment.base());
            let next = next.map_or(upto, |next| next.min(upto));
            if next > from.offset {
                return Err(ends_early(segment, from.offset, next)?.into());
            }
        }
    }
    Ok(None)
}

fn ends_early(segment: &Segment, offset: Offset, promised: Offset) -> Result<Corruption, FileError> {
    let position = segment.visible()?;
    let reason = CorruptionReason::EndsEarly(promised);
    Ok(Corruption { file: segment.path(FileKind::Log), position, offset, reason })
}

/// The batches from `position` on, where the one with `offset`, or the next one behind it, starts. It is known to have
/// `first_size` bytes, or nothing is known (0).
fn read_batches(
    segment: &Segment,
    (offset, position): (Offset, u64),
    first_size: usize,
    (max_bytes, bound): (usize, Bound),
) -> Result<LogRead, ReadError> {
    let available = usize::try_from(segment.visible()? - position).unwrap_or(usize::MAX);
    let mut size = max_bytes.clamp(HEADER_SIZE, READ_SIZE_MAX).max(first_size + HEADER_SIZE).min(available);
    let mut buffer = ReadBuffer::new(size);
    let mut filled = 0;
    loop {
        read_exactly(segment, &mut buffer.as_mut()[filled..], position + filled as u64, offset)?;
        let fitting = fitting_batches(segment, buffer.as_ref(), (offset, position), bound)?;
        if let Some(first_size) = fitting.first_size.filter(|_| fitting.size == 0) {
            if first_size > available {
                let reason = BatchError::Truncated { needed: first_size, available }.into();
                let file = segment.path(FileKind::Log);
                return Err(Corruption { file, position, offset, reason }.into());
            }
            // The first batch goes out whole, however small the limit.
            (filled, size) = (size, first_size);
            buffer.grow(size);
            continue;
        }
        let bytes = Bytes::from_owner(buffer).slice(..fitting.size);
        let next_size = fitting.first_size.unwrap_or(0);
        let place = Place { segment_id: segment.id(), position: position + fitting.size as u64, next_size };
        return Ok(LogRead { bytes, next: ReadCursor { offset: fitting.next_offset, place: Some(place) } });
    }
}

/// How much of a buffer can be handed out.
struct Fitting {
    /// Bytes of the batches that are whole and below the end.
    size: usize,
    /// Offset behind them.
    next_offset: Offset,
    /// Bytes of the first batch, unless it is not to be read.
    first_size: Option<usize>,
}

fn fitting_batches(
    segment: &Segment,
    bytes: &[u8],
    (offset, position): (Offset, u64),
    Bound { upto, high_watermark }: Bound,
) -> Result<Fitting, ReadError> {
    let mut fitting = Fitting { size: 0, next_offset: offset, first_size: None };
    let strict = segment.home().gaps_below();
    let corrupt = |at: usize, expected: Offset, reason: CorruptionReason| {
        let file = segment.path(FileKind::Log);
        Corruption { file, position: position + at as u64, offset: expected, reason }
    };
    let mut batches = Batches::new(bytes);
    while let Some(next) = batches.next() {
        let expected = fitting.next_offset;
        let batch = match next {
            Ok(batch) => batch,
            Err(BatchError::Truncated { needed, .. }) => {
                fitting.first_size = Some(needed);
                break;
            }
            Err(error) => return Err(corrupt(fitting.size, expected, error.into()).into()),
        };
        let header = batch.header();
        let (first, last) = (header.base_offset(), header.last_offset());
        // The first batch may start before the asked offset; from there on they follow each other.
        let follows = if fitting.size == 0 { last >= expected } else { first >= expected };
        if !follows || last < first || (first > expected && expected >= strict) {
            return Err(corrupt(fitting.size, expected, CorruptionReason::Offset(first)).into());
        }
        if first < high_watermark && last >= high_watermark {
            // It would never be read, and nobody would know why.
            return Err(corrupt(fitting.size, expected, CorruptionReason::LastOffset(last)).into());
        }
        if last >= upto {
            return Ok(fitting);
        }
        fitting.size = batches.position();
        fitting.next_offset = header.next_offset();
    }
    if fitting.size == 0 && fitting.first_size.is_none() {
        let reason = CorruptionReason::EndsEarly(upto);
        return Err(corrupt(0, offset, reason).into());
    }
    Ok(fitting)
}

fn read_exactly(
    segment: &Segment,
    buffer: &mut [u8],
    position: u64,
    offset: Offset,
) -> Result<(), ReadError> {
    let wanted = buffer.len();
    let read = segment.log_file()?.read_at(buffer, position);
    let read =
        read.map_err(|error| FileError::of(FileOperation::Read, &segment.path(FileKind::Log))(error))?;
    if read == wanted {
        return Ok(());
    }
    Err(ReadError::Corrupt(Corruption {
        file: segment.path(FileKind::Log),
        position,
        offset,
        reason: BatchError::Truncated { needed: wanted, available: read }.into(),
    }))
}

/// The first record from `start` on, below `upto`, that is not earlier than `timestamp`, in the batches from the one with
/// `from` on.
fn find_record(
    segment: &Segment,
    from: Offset,
    start: Offset,
    upto: Offset,
    timestamp: Timestamp,
) -> Result<Option<TimedRecord>, ReadError> {
    const READ_SIZE: usize = 64 << 10;
    let Some(mut position) = segment.seek(from)? else { return Ok(None) };
    let mut offset = from;
    let mut scratch = Vec::new();
    while position < segment.visible()? {
        let read = read_batches(segment, (offset, position), 0, (READ_SIZE, Bound::new(upto, upto)))?;
        if read.bytes.is_empty() {
            return Ok(None);
        }
        for batch in Batches::new(&read.bytes).flatten() {
            if batch.header().max_timestamp() >= timestamp {
                let found = find_in_batch(&batch, &mut scratch, start, timestamp).map_err(|error| {
                    let file = segment.path(FileKind::Log);
                    Corruption { file, position, offset: batch.header().base_offset(), reason: error.into() }
                })?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            position += batch.size() as u64;
        }
        offset = read.next.offset;
    }
    Ok(None)
}

fn find_in_batch(
    batch: &BatchView<'_>,
    scratch: &mut Vec<u8>,
    start: Offset,
    timestamp: Timestamp,
) -> Result<Option<TimedRecord>, BatchError> {
    for record in batch.unpack(scratch, DECOMPRESSED_SIZE_MAX)? {
        let record = record?;
        if record.timestamp >= timestamp && record.offset >= start {
            let leader_epoch = batch.header().leader_epoch();
            return Ok(Some(TimedRecord {
                timestamp: record.timestamp,
                offset: record.offset,
                leader_epoch,
            }));
        }
    }
    Ok(None)
}
