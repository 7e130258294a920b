//! What the records of `__consumer_offsets` mean, byte for byte as Kafka 4.2 writes them, so that Kafka's tools read
//! them and a directory can be carried to a broker. Bytes in and out; no I/O.
//!
//! All integers are big-endian. `string` is an i16 size and UTF-8, `bytes` an i32 size and bytes, -1 for null; from
//! version 4 of a value on ("flexible", KIP-482) sizes are unsigned varints of size + 1, 0 for null, and tagged
//! fields follow each structure.
//! ```text
//! key of an offset     i16 version 0 or 1, string group, string topic, i32 partition
//! value of an offset   i16 version, i64 offset, (3+) i32 leader epoch, string metadata, i64 commit time,
//!                      (1 only) i64 expiry time, (4+) tag 0: 16 bytes topic id
//! key of a group       i16 version 2, string group
//! value of a group     i16 version, string protocol type, i32 generation, string? protocol, string? leader,
//!                      (2+) i64 time of the state, i32 count of members, each: string member id,
//!                      (3+) string? instance id, string client id, string client host,
//!                      (1+) i32 rebalance timeout, i32 session timeout, bytes subscription, bytes assignment
//! ```
//! A record without a value is a tombstone. Keys of other versions belong to other group protocols (KIP-848, ...).

mod group_metadata;
mod offset_commit;
mod subscription;
#[cfg(test)]
mod tests;

pub use group_metadata::{GroupMetadata, MemberMetadata};
pub use offset_commit::OffsetCommit;
pub use subscription::subscribed_topics;

pub use super::record_fields::SchemaError;
use super::record_fields::{Reader, Versions, Writer};
use crate::types::PartitionIndex;

/// Versions of both values.
const VALUES: Versions = Versions { newest: 4, flexible_since: 4 };

/// Key of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// An offset that a group committed; the value is an [`OffsetCommit`].
    Offset {
        /// The group.
        group: String,
        /// The topic, which need not exist any more.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
    },
    /// State of a group; the value is a [`GroupMetadata`].
    Group(String),
    /// Something of another group protocol, by its version number.
    Other(i16),
}

const KEY_OFFSET: i16 = 1;
const KEY_GROUP: i16 = 2;

impl RecordKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<RecordKey, SchemaError> {
        let mut reader = Reader::new(bytes)?;
        match reader.version() {
            0 | KEY_OFFSET => Ok(RecordKey::Offset {
                group: reader.string("group")?,
                topic: reader.string("topic")?,
                partition: PartitionIndex(reader.i32("partition")?),
            }),
            KEY_GROUP => Ok(RecordKey::Group(reader.string("group")?)),
            other => Ok(RecordKey::Other(other)),
        }
    }

    /// Writes a key.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            RecordKey::Offset { group, topic, partition } => {
                let mut writer = Writer::new(KEY_OFFSET);
                writer.string(group);
                writer.string(topic);
                writer.i32(partition.0);
                writer.finish()
            }
            RecordKey::Group(group) => {
                let mut writer = Writer::new(KEY_GROUP);
                writer.string(group);
                writer.finish()
            }
            RecordKey::Other(version) => Writer::new(*version).finish(),
        }
    }
}

/// The partition of `__consumer_offsets` that has a group's records: Java's `String.hashCode`, its absolute value,
/// modulo the count of partitions (Kafka: `GroupCoordinatorService.partitionFor`).
#[must_use]
pub fn partition_for(group: &str, partition_count: i32) -> PartitionIndex {
    let hash =
        group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's Utils.abs: the one number without a positive counterpart becomes 0.
    let positive = hash.checked_abs().unwrap_or(0);
    PartitionIndex(positive.checked_rem(partition_count).unwrap_or(0))
}
