//! [`ActiveSegment`]: the segment that a log appends to, from the side of its owner. It knows where every byte goes and
//! which of them readers may see; the bytes themselves go through the shard's commit queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::index::{IndexBuilder, TimestampOffset};
use super::segment::Segment;
use crate::config::topic::LogConfig;
use crate::io::AppendHandle;
use crate::limits::SEGMENT_SIZE_MAX;
use crate::record::{BatchHeader, TimestampType};
use crate::types::{Offset, Timestamp};

/// The writer's state of a segment.
pub(super) struct ActiveSegment {
    /// The readers' state of it.
    pub(super) segment: Arc<Segment>,
    /// The open file in the commit queue.
    pub(super) handle: AppendHandle,
    /// Bytes handed out so far: where the next batch goes.
    pub(super) size: u64,
    /// Largest timestamp of the first batch: what the segment's age counts from.
    pub(super) first_timestamp: Option<Timestamp>,
    /// What is indexed.
    pub(super) index: IndexBuilder,
    /// How many entries the two indexes have.
    pub(super) offset_entries: usize,
    /// See `offset_entries`.
    pub(super) time_entries: usize,
    /// Part of `segment.jitter.ms` that this segment rolls earlier.
    pub(super) jitter: Duration,
    /// Ends of batches that readers may not see yet.
    pub(super) unpublished: VecDeque<BatchEnd>,
}

/// Where a batch ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchEnd {
    next_offset: Offset,
    size: u64,
    max_timestamp: TimestampOffset,
}

impl ActiveSegment {
    /// Gives the batch of `header` the next place in the file.
    pub(super) fn add(&mut self, header: &BatchHeader, size: u64, now: Timestamp) {
        if let Some(new) = self.index.add(header, self.size, size) {
            self.offset_entries += 1;
            self.time_entries += usize::from(new.time.is_some());
            self.segment.update_active_index(|index| index.entries.push(new));
        }
        // The age of a segment without timestamps counts from its first append.
        self.first_timestamp.get_or_insert(match header.max_timestamp() {
            Timestamp::NONE => now,
            timestamp => timestamp,
        });
        self.size += size;
        self.unpublished.push_back(BatchEnd {
            next_offset: header.next_offset(),
            size: self.size,
            max_timestamp: self.index.max_timestamp(),
        });
    }

    /// Lets readers see the batches below `high_watermark`.
    pub(super) fn publish(&mut self, high_watermark: Offset) {
        let mut last = None;
        while let Some(end) = self.unpublished.front().filter(|end| end.next_offset <= high_watermark) {
            last = Some(*end);
            self.unpublished.pop_front();
        }
        if let Some(end) = last {
            self.segment.publish(end.size, end.max_timestamp);
        }
    }

    /// Whether a batch of `size` bytes belongs in a new segment (Kafka: `LogSegment.shouldRoll`).
    pub(super) fn is_full_for(
        &self,
        config: &LogConfig,
        header: &BatchHeader,
        size: u64,
        last_offset: Offset,
        now: Timestamp,
    ) -> bool {
        if self.size == 0 {
            return false;
        }
        let size_max = u64::from(config.segment_bytes).min(SEGMENT_SIZE_MAX);
        let index_size_max = usize::try_from(config.segment_index_bytes).unwrap_or(usize::MAX);
        self.size.saturating_add(size) > size_max
            || self.is_too_old_for(config, header, now)
            || (self.offset_entries + 1).saturating_mul(8) > index_size_max
            // One more for the entry that closes the index.
            || (self.time_entries + 2).saturating_mul(12) > index_size_max
            || !self.index.reaches(last_offset)
    }

    /// Age is the distance between the records' own times, as Kafka has it: a clock that goes backwards makes it
    /// zero, never negative.
    fn is_too_old_for(&self, config: &LogConfig, header: &BatchHeader, now: Timestamp) -> bool {
        let newest = match config.timestamp_type {
            TimestampType::LogAppendTime => now,
            TimestampType::CreateTime if header.max_timestamp() == Timestamp::NONE => now,
            TimestampType::CreateTime => header.max_timestamp(),
        };
        let Some(oldest) = self.first_timestamp.filter(|first| *first != Timestamp::NONE) else {
            return false;
        };
        let age = u64::try_from(newest.0.saturating_sub(oldest.0)).unwrap_or(0);
        Duration::from_millis(age) > config.roll_age().saturating_sub(self.jitter)
    }
}
