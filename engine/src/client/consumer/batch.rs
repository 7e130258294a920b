//! [`FetchedBatch`]: a whole record batch as it was handed out, for applications that read faster by borrowing.

use std::sync::Arc;

use crate::client::BatchMessages;
use crate::record::{BatchError, Records, TimestampType};
use crate::types::{LeaderEpoch, Offset, PartitionIndex};

/// The records of one batch that had not been handed out before. Owns their memory, shared with the engine's cache
/// where it comes from there.
#[derive(Debug)]
pub struct FetchedBatch {
    messages: BatchMessages,
}

impl FetchedBatch {
    pub(super) fn new(messages: BatchMessages) -> FetchedBatch {
        FetchedBatch { messages }
    }

    /// Name of the topic.
    #[must_use]
    pub fn topic(&self) -> &Arc<str> {
        self.messages.topic()
    }

    /// Number of the partition.
    #[must_use]
    pub fn partition(&self) -> PartitionIndex {
        self.messages.partition_index()
    }

    /// Offset behind the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.messages.header().next_offset()
    }

    /// Epoch of the leader that appended it.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.messages.header().leader_epoch()
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        self.messages.header().attributes().timestamp_type()
    }

    /// The records, borrowed from this batch.
    ///
    /// # Errors
    /// [`BatchError`], when the batch is inconsistent.
    pub fn records(&self) -> Result<Records<'_>, BatchError> {
        self.messages.records()
    }

    /// The records as messages, which can be kept one by one.
    #[must_use]
    pub fn into_messages(self) -> BatchMessages {
        self.messages
    }
}
