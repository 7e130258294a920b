//! What a log demands of a batch before it is appended: the records are decoded once, here, so that nobody who reads
//! them later meets a surprise.
//!
//! Source: Kafka's `org.apache.kafka.storage.internals.log.LogValidator`. Two leniencies of it are not taken over: it
//! re-writes compressed batches with wrong inner offsets and lets uncompressed ones pass, here both are refused; and an append
//! time set by a producer is always refused.

use std::time::Duration;

use super::{BatchError, BatchHeader, BatchView, Record, TimestampType};
use crate::limits::HEADERS_COUNT_MAX;
use crate::types::{ProducerId, Timestamp};

/// Rules of one log, and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidationRules {
    /// The time to compare timestamps with.
    pub now: Timestamp,
    /// `message.timestamp.type`: with append time the producer's timestamps do not matter.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub timestamp_before_max: Duration,
    /// `message.timestamp.after.max.ms`
    pub timestamp_after_max: Duration,
    /// Whether every record must have a key: a compacted topic finds the newest by it.
    pub key_required: bool,
    /// Most bytes that the records may unpack to.
    pub unpacked_size_max: usize,
}

/// Why a log refuses a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidationError {
    /// The records cannot be unpacked or decoded (Kafka: `INVALID_RECORD`).
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Markers are the log's own (Kafka: `INVALID_RECORD`).
    #[error("clients are not allowed to write control records")]
    Control,
    /// No records, or a count that contradicts the offsets (Kafka: `INVALID_RECORD`).
    #[error(
        "batch says it has {records_count} records and that the last offset delta is {last_offset_delta}"
    )]
    Count {
        /// From the header.
        records_count: i32,
        /// From the header.
        last_offset_delta: i32,
    },
    /// A producer id without a sequence (Kafka: `INVALID_RECORD`).
    #[error("base sequence {0} of an idempotent producer is negative")]
    Sequence(i32),
    /// Records are to be numbered one by one (Kafka: `INVALID_RECORD`).
    #[error("record {index} has offset delta {found}")]
    OffsetDelta {
        /// Place of the record in the batch, from 0, which is also the delta it should have.
        index: usize,
        /// What it has.
        found: i64,
    },
    /// A compacted topic needs keys (Kafka: `INVALID_RECORD`).
    #[error("record {index} has no key, which a compacted topic needs")]
    KeyMissing {
        /// Place of the record in the batch, from 0.
        index: usize,
    },
    /// More headers than [`HEADERS_COUNT_MAX`] (`INVALID_RECORD`; Kafka has no such bound).
    #[error("record {index} has {count} headers, at most {HEADERS_COUNT_MAX} are allowed")]
    HeadersCount {
        /// Place of the record in the batch, from 0.
        index: usize,
        /// Headers it has.
        count: usize,
    },
    /// Too far from the log's time (Kafka: `INVALID_TIMESTAMP`).
    #[error("timestamp {timestamp} of record {index} is not within {earliest} and {latest}")]
    Timestamp {
        /// Place of the record in the batch, from 0.
        index: usize,
        /// What it has.
        timestamp: Timestamp,
        /// The earliest that is allowed.
        earliest: Timestamp,
        /// The latest that is allowed.
        latest: Timestamp,
    },
    /// The batch's largest timestamp is too far ahead of the log's time (Kafka: `INVALID_TIMESTAMP`).
    #[error("timestamp {timestamp} is later than {latest}, the latest that is allowed")]
    TooLate {
        /// Largest of the batch.
        timestamp: Timestamp,
        /// The latest that is allowed: now and `message.timestamp.after.max.ms`.
        latest: Timestamp,
    },
    /// Only a log may set the append time (Kafka: `INVALID_TIMESTAMP`).
    #[error("producers are not allowed to set the timestamp type to LogAppendTime")]
    AppendTime,
}

impl BatchView<'_> {
    /// Holds a batch that came from a client against `rules`, record by record. `scratch` is used as by
    /// [`BatchView::unpack`]. The checksum is not looked at.
    ///
    /// Returns the largest timestamp of the records, [`Timestamp::NONE`] when all are smaller: what the header says
    /// is only a claim ([`super::SealedBatch::set_max_timestamp`] corrects it).
    ///
    /// # Errors
    /// [`ValidationError`] for the first rule that is broken.
    pub fn validate(
        &self,
        rules: &ValidationRules,
        scratch: &mut Vec<u8>,
    ) -> Result<Timestamp, ValidationError> {
        validate_header(self.header())?;
        let timestamps = rules.timestamp_bounds();
        let base_offset = self.header().base_offset();
        let mut max_timestamp = Timestamp::NONE;
        for (index, record) in self.unpack(scratch, rules.unpacked_size_max)?.enumerate() {
            let record = record?;
            let found = record.offset.0.wrapping_sub(base_offset.0);
            if usize::try_from(found) != Ok(index) {
                return Err(ValidationError::OffsetDelta { index, found });
            }
            if rules.key_required && record.key.is_none() {
                return Err(ValidationError::KeyMissing { index });
            }
            if record.headers.len() > HEADERS_COUNT_MAX {
                return Err(ValidationError::HeadersCount { index, count: record.headers.len() });
            }
            timestamps.check(index, &record)?;
            max_timestamp = max_timestamp.max(record.timestamp);
        }
        Ok(max_timestamp)
    }
}

fn validate_header(header: &BatchHeader) -> Result<(), ValidationError> {
    let attributes = header.attributes();
    if attributes.is_control() {
        return Err(ValidationError::Control);
    }
    if attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(ValidationError::AppendTime);
    }
    let (records_count, last_offset_delta) = (header.records_count.get(), header.last_offset_delta.get());
    if records_count <= 0 || records_count - 1 != last_offset_delta {
        return Err(ValidationError::Count { records_count, last_offset_delta });
    }
    if header.producer_id() > ProducerId::NONE && header.base_sequence().0 < 0 {
        return Err(ValidationError::Sequence(header.base_sequence().0));
    }
    Ok(())
}

/// What timestamps are allowed.
struct TimestampBounds {
    earliest: Timestamp,
    latest: Timestamp,
}

impl ValidationRules {
    fn timestamp_bounds(&self) -> TimestampBounds {
        match self.timestamp_type {
            TimestampType::CreateTime => TimestampBounds {
                earliest: before(self.now, self.timestamp_before_max),
                latest: self.now.after(self.timestamp_after_max),
            },
            TimestampType::LogAppendTime => {
                TimestampBounds { earliest: Timestamp(i64::MIN), latest: Timestamp(i64::MAX) }
            }
        }
    }
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
}

impl TimestampBounds {
    fn check(&self, index: usize, record: &Record<'_>) -> Result<(), ValidationError> {
        let TimestampBounds { earliest, latest } = *self;
        let timestamp = record.timestamp;
        if timestamp == Timestamp::NONE || (earliest..=latest).contains(&timestamp) {
            return Ok(());
        }
        Err(ValidationError::Timestamp { index, timestamp, earliest, latest })
    }
}

#[cfg(test)]
mod tests;
