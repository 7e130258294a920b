//! [`OffsetCommit`]: value of a committed offset (Kafka: `OffsetCommitValue`).

use crate::broker::record_fields::{Reader, SchemaError, Writer};
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicId};

/// What Kafka 4.2 writes.
const VERSION: i16 = 4;

/// The only version with an expiry time; written for clients before KIP-211 that still ask for one.
const VERSION_WITH_EXPIRY: i16 = 1;

const TAG_TOPIC_ID: u32 = 0;

/// An offset as a group committed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The next offset to read.
    pub offset: Offset,
    /// Leader epoch of the last record read (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's own text.
    pub metadata: String,
    /// When it was committed.
    pub commit_time: Timestamp,
    /// When it goes, if the client said so (OffsetCommit requests before version 5).
    pub expiry_time: Option<Timestamp>,
    /// Which topic of that name it is about.
    pub topic_id: Option<TopicId>,
}

impl OffsetCommit {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<OffsetCommit, SchemaError> {
        let mut reader = Reader::of_value(bytes, super::VALUES)?;
        let version = reader.version();
        let offset = Offset(reader.i64("offset")?);
        let leader_epoch = if version >= 3 { reader.i32("leader epoch")? } else { -1 };
        let metadata = reader.string("metadata")?;
        let commit_time = Timestamp(reader.i64("commit time")?);
        let expiry = if version == VERSION_WITH_EXPIRY { reader.i64("expiry time")? } else { -1 };
        let topic_id = reader.tagged(TAG_TOPIC_ID)?;
        Ok(OffsetCommit {
            offset,
            leader_epoch: (leader_epoch >= 0).then_some(LeaderEpoch(leader_epoch)),
            metadata,
            commit_time,
            expiry_time: (expiry != -1).then_some(Timestamp(expiry)),
            topic_id: topic_id.and_then(|id| id.try_into().ok()).map(TopicId),
        })
    }

    /// Writes a value. An expiry time leaves no room for leader epoch and topic id.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let version = if self.expiry_time.is_some() { VERSION_WITH_EXPIRY } else { VERSION };
        let mut writer = Writer::of_value(version, super::VALUES);
        writer.i64(self.offset.0);
        if version >= 3 {
            writer.i32(self.leader_epoch.map_or(-1, |epoch| epoch.0));
        }
        writer.string(&self.metadata);
        writer.i64(self.commit_time.0);
        if let Some(expiry) = self.expiry_time {
            writer.i64(expiry.0);
        }
        let topic_id = self.topic_id.as_ref();
        let tagged = topic_id.map(|id| (TAG_TOPIC_ID as usize, id.0.as_slice()));
        writer.tagged(tagged.as_slice());
        writer.finish()
    }
}
