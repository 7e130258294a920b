//! Entries of a segment's two indexes, as structs that *are* the format, and [`IndexBuilder`], which decides which
//! batches get one. Pure values: the appender, recovery and the rebuilding of a lost index all feed the same builder.
//!
//! ```text
//!  .index                                .timeindex
//!  0                 4          8        0            8                 12
//! +-----------------+----------+        +-----------+-----------------+
//! | last offset of  | position |        | largest   | last offset of  |
//! | a batch - base  | of it    |        | timestamp | its batch - base|
//! | i32             | i32      |        | so far i64| i32             |
//! +-----------------+----------+        +-----------+-----------------+
//! ```
//! Big-endian, ascending. Source: Kafka's `OffsetIndex`, `TimeIndex`, `LogSegment.append`.

use zerocopy::byteorder::big_endian::{I32, I64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::record::BatchHeader;
use crate::types::{Offset, Timestamp};

/// Entry of `.index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct OffsetEntry {
    relative_offset: I32,
    position: I32,
}

const _: () = assert!(size_of::<OffsetEntry>() == 8);

impl OffsetEntry {
    /// Last offset of the batch, in a segment that starts at `base`.
    pub(super) fn last_offset(&self, base: Offset) -> Offset {
        base.plus(i64::from(self.relative_offset.get()))
    }

    /// Where the batch starts. A negative one, which only a damaged entry has, lies behind every segment.
    pub(super) fn position(&self) -> u64 {
        u64::try_from(self.position.get()).unwrap_or(u64::MAX)
    }
}

/// Entry of `.timeindex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct TimeEntry {
    timestamp: I64,
    relative_offset: I32,
}

const _: () = assert!(size_of::<TimeEntry>() == 12);

impl TimeEntry {
    /// Largest timestamp of the segment up to the batch.
    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp(self.timestamp.get())
    }

    /// Last offset of the batch that has it, in a segment that starts at `base`.
    pub(super) fn last_offset(&self, base: Offset) -> Offset {
        base.plus(i64::from(self.relative_offset.get()))
    }
}

/// A timestamp and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimestampOffset {
    /// The timestamp.
    pub(super) timestamp: Timestamp,
    /// Offset of a record that has it; within an index, last offset of its batch.
    pub(super) offset: Offset,
}

/// Entries of both indexes, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexEntries {
    /// What `.index` holds.
    pub(super) offsets: Vec<OffsetEntry>,
    /// What `.timeindex` holds.
    pub(super) times: Vec<TimeEntry>,
}

/// What one batch adds to the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewEntries {
    /// Always, when there is anything.
    pub(super) offset: OffsetEntry,
    /// When the largest timestamp has grown since the last entry.
    pub(super) time: Option<TimeEntry>,
}

/// Follows a segment batch by batch.
#[derive(Clone, Debug)]
pub(super) struct IndexBuilder {
    base: Offset,
    interval: u64,
    bytes_since_entry: u64,
    max_timestamp: TimestampOffset,
    last_indexed: Timestamp,
}

impl IndexBuilder {
    /// For an empty segment; `interval` is `index.interval.bytes`.
    pub(super) fn new(base: Offset, interval: u32) -> IndexBuilder {
        IndexBuilder {
            base,
            interval: u64::from(interval),
            bytes_since_entry: 0,
            max_timestamp: TimestampOffset { timestamp: Timestamp::NONE, offset: base },
            last_indexed: Timestamp::NONE,
        }
    }

    /// For a segment of `size` bytes whose indexes hold `entries` and whose largest timestamp is `max_timestamp`.
    pub(super) fn resume(
        base: Offset,
        interval: u32,
        size: u64,
        entries: &IndexEntries,
        max_timestamp: TimestampOffset,
    ) -> IndexBuilder {
        let last_position = entries.offsets.last().map_or(0, OffsetEntry::position);
        IndexBuilder {
            base,
            interval: u64::from(interval),
            bytes_since_entry: size.saturating_sub(last_position),
            max_timestamp,
            last_indexed: entries.times.last().map_or(Timestamp::NONE, TimeEntry::timestamp),
        }
    }

    /// Largest timestamp so far; [`Timestamp::NONE`] when no batch had one.
    pub(super) fn max_timestamp(&self) -> TimestampOffset {
        self.max_timestamp
    }

    /// Whether a batch that ends at `last_offset` can be named in the segment's indexes.
    pub(super) fn reaches(&self, last_offset: Offset) -> bool {
        relative(last_offset, self.base).is_some()
    }

    /// Goes past the batch of `header` at `position`; its offsets must be [within reach](Self::reaches).
    pub(super) fn add(&mut self, header: &BatchHeader, position: u64, size: u64) -> Option<NewEntries> {
        if header.max_timestamp() > self.max_timestamp.timestamp {
            self.max_timestamp =
                TimestampOffset { timestamp: header.max_timestamp(), offset: header.last_offset() };
        }
        let due = self.bytes_since_entry > self.interval;
        self.bytes_since_entry = if due { size } else { self.bytes_since_entry + size };
        if !due {
            return None;
        }
        let relative_offset = I32::new(relative(header.last_offset(), self.base)?);
        let position = I32::new(i32::try_from(position).ok()?);
        Some(NewEntries { offset: OffsetEntry { relative_offset, position }, time: self.time_entry() })
    }

    /// The entry that a segment's time index ends with when the segment is closed, unless it is there.
    pub(super) fn closing_entry(&mut self) -> Option<TimeEntry> {
        self.time_entry()
    }

    fn time_entry(&mut self) -> Option<TimeEntry> {
        let TimestampOffset { timestamp, offset } = self.max_timestamp;
        if timestamp <= self.last_indexed {
            return None;
        }
        let relative_offset = I32::new(relative(offset, self.base)?);
        self.last_indexed = timestamp;
        Some(TimeEntry { timestamp: I64::new(timestamp.0), relative_offset })
    }
}

impl IndexEntries {
    /// Adds what [`IndexBuilder::add`] returned.
    pub(super) fn push(&mut self, new: NewEntries) {
        self.offsets.push(new.offset);
        self.times.extend(new.time);
    }

    /// Whether these can be the entries of a segment at `base` of `size` bytes.
    pub(super) fn ascend_to(&self, base: Offset, size: u64) -> bool {
        let offsets_ascend = self.offsets.windows(2).all(|pair| {
            pair[0].last_offset(base) < pair[1].last_offset(base) && pair[0].position() < pair[1].position()
        });
        let times_ascend = self.times.windows(2).all(|pair| {
            pair[0].timestamp() < pair[1].timestamp() && pair[0].last_offset(base) < pair[1].last_offset(base)
        });
        offsets_ascend && times_ascend && self.offsets.last().is_none_or(|last| last.position() < size)
    }
}

fn relative(offset: Offset, base: Offset) -> Option<i32> {
    i32::try_from(offset.0.checked_sub(base.0)?).ok().filter(|relative| *relative >= 0)
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros;

    use super::*;

    fn header(base_offset: i64, records: i32, max_timestamp: i64) -> BatchHeader {
        let mut header = BatchHeader::new_zeroed();
        header.base_offset.set(base_offset);
        header.last_offset_delta.set(records - 1);
        header.max_timestamp.set(max_timestamp);
        header
    }

    #[test]
    fn entries_are_as_far_apart_as_kafkas() {
        let mut builder = IndexBuilder::new(Offset(100), 250);
        let mut entries = IndexEntries::default();
        for batch in 0..10 {
            // Batch 4 has the largest timestamp; each has two records and 100 bytes.
            let timestamp = if batch == 4 { 9_000 } else { 1_000 + batch };
            let header = header(100 + 2 * batch, 2, timestamp);
            if let Some(new) = builder.add(&header, u64::try_from(100 * batch).unwrap(), 100) {
                entries.push(new);
            }
        }
        let offsets: Vec<_> = entries
            .offsets
            .iter()
            .map(|entry| (entry.last_offset(Offset(100)).0, entry.position()))
            .collect();
        // More than 250 bytes since the last entry: before the batches at 300, 600 and 900.
        assert_eq!(offsets, [(107, 300), (113, 600), (119, 900)]);
        let times: Vec<_> = entries
            .times
            .iter()
            .map(|entry| (entry.timestamp().0, entry.last_offset(Offset(100)).0))
            .collect();
        assert_eq!(times, [(1_003, 107), (9_000, 109)]);
        assert_eq!(builder.closing_entry(), None);
        let resumed = IndexBuilder::resume(Offset(100), 250, 1_000, &entries, builder.max_timestamp());
        assert_eq!(resumed.bytes_since_entry, builder.bytes_since_entry);
    }

    #[test]
    fn a_closed_segment_names_its_largest_timestamp_but_never_a_missing_one() {
        let mut builder = IndexBuilder::new(Offset(0), 4096);
        builder.add(&header(0, 1, -1), 0, 100);
        assert_eq!(builder.closing_entry(), None);
        builder.add(&header(1, 1, 7), 100, 100);
        let entry = builder.closing_entry().unwrap();
        assert_eq!((entry.timestamp(), entry.last_offset(Offset(0))), (Timestamp(7), Offset(1)));
        assert_eq!(builder.closing_entry(), None);
    }

    #[test]
    fn offsets_beyond_32_bits_are_out_of_reach() {
        let builder = IndexBuilder::new(Offset(10), 4096);
        assert!(builder.reaches(Offset(10 + i64::from(i32::MAX))));
        assert!(!builder.reaches(Offset(11 + i64::from(i32::MAX))));
        assert!(!builder.reaches(Offset(9)));
    }
}
