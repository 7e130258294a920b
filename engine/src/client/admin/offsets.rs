//! ListOffsets and DeleteRecords (KIP-107).

use super::{Admin, KafkaError};
use crate::broker::{FoundOffset, OffsetSpec};
use crate::types::{Isolation, Offset, PartitionIndex};

/// An offset that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetQuery {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// Which of its offsets.
    pub spec: OffsetSpec,
}

/// Records to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDeletion {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// First offset to be kept; `None` keeps nothing of what consumers can see.
    pub before: Option<Offset>,
}

impl Admin {
    /// Looks up offsets, each on its own. `None` when no record fits.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `KAFKA_STORAGE_ERROR`.
    #[must_use]
    pub fn list_offsets(
        &self,
        queries: &[OffsetQuery],
        isolation: Isolation,
    ) -> Vec<Result<Option<FoundOffset>, KafkaError>> {
        self.each(queries, |broker, query| {
            Ok(broker.list_offset(&query.topic, query.partition, query.spec, isolation)?)
        })
    }

    /// Deletes the oldest records of partitions, each on its own. Returns the first offset that is left.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `OFFSET_OUT_OF_RANGE` behind the high watermark, `POLICY_VIOLATION`
    /// for topics that are compacted only, `INVALID_TOPIC_EXCEPTION` for the engine's own.
    #[must_use]
    pub fn delete_records(&self, deletions: &[RecordDeletion]) -> Vec<Result<Offset, KafkaError>> {
        self.each(deletions, |broker, deletion| {
            Ok(broker.delete_records(&deletion.topic, deletion.partition, deletion.before)?)
        })
    }
}
