//! ListOffsets: which offset a partition has at its ends or at a time.

use super::{Broker, BrokerError};
use crate::log::TimedRecord;
use crate::types::{Isolation, LeaderEpoch, Offset, PartitionIndex, Timestamp};

/// What is asked for (Kafka: the special timestamps of ListOffsets).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first record that can be read (-2).
    Earliest,
    /// Behind the last record that can be read (-1).
    Latest,
    /// The record with the largest timestamp (-3, KIP-734).
    MaxTimestamp,
    /// The first record with this timestamp or a later one.
    At(Timestamp),
}

impl OffsetSpec {
    /// What `number` asks for: a time, or one of the special ones. `None` for other negative numbers.
    #[must_use]
    pub fn from_number(number: i64) -> Option<OffsetSpec> {
        match number {
            -1 => Some(OffsetSpec::Latest),
            -2 => Some(OffsetSpec::Earliest),
            -3 => Some(OffsetSpec::MaxTimestamp),
            0.. => Some(OffsetSpec::At(Timestamp(number))),
            _ => None,
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The offset.
    pub offset: Offset,
    /// The record's timestamp; [`Timestamp::NONE`] for the ends.
    pub timestamp: Timestamp,
    /// Leader epoch there.
    pub leader_epoch: LeaderEpoch,
}

impl Broker {
    /// Answers `spec` for one partition. `None` when no record fits, or the one that does may not be read with this
    /// isolation yet.
    ///
    /// # Errors
    /// [`BrokerError`], when the partition is not served or cannot be read.
    pub fn list_offset(
        &self,
        topic: &str,
        partition: PartitionIndex,
        spec: OffsetSpec,
        isolation: Isolation,
    ) -> Result<Option<FoundOffset>, BrokerError> {
        let view = self.served_partition(topic, partition)?.view();
        let end = view.end_for(isolation);
        let at_end = |offset| {
            let leader_epoch = view.latest_epoch();
            Some(FoundOffset { offset, timestamp: Timestamp::NONE, leader_epoch })
        };
        let found = |record: TimedRecord| FoundOffset {
            offset: record.offset,
            timestamp: record.timestamp,
            leader_epoch: record.leader_epoch,
        };
        let at_record = |record: Option<TimedRecord>| record.map(found).filter(|found| found.offset < end);
        Ok(match spec {
            OffsetSpec::Earliest => at_end(view.log_start()),
            OffsetSpec::Latest => at_end(end),
            OffsetSpec::MaxTimestamp => at_record(view.max_timestamp()?),
            OffsetSpec::At(timestamp) => at_record(view.offset_for_timestamp(timestamp)?),
        })
    }
}
