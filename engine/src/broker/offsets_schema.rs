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
//! A group of the consumer protocol (KIP-848) has several records, whose keys name its member or regular expression too:
//! ```text
//! 3 the group's epoch   5 what a member says of itself     7 what a member is to have   16 topics of an expression
//! 6 the epoch of what members are to have                  8 what a member has
//! ```
//! A record without a value is a tombstone. Keys of other versions belong to other group protocols (KIP-932, ...).

mod consumer_group;
mod group_metadata;
mod offset_commit;
#[cfg(test)]
mod tests;

pub use consumer_group::{
    AssignedPartitions, ClassicMember, ConsumerGroupEpoch, ConsumerMemberMetadata, CurrentAssignment,
    MemberState, ResolvedExpression, decode_assignment_epoch, decode_target, encode_assignment_epoch,
    encode_target,
};
pub use group_metadata::{GroupMetadata, MemberMetadata};
pub use offset_commit::OffsetCommit;

use std::time::Duration;

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
    /// Epoch of a group of the consumer protocol; the value is a [`ConsumerGroupEpoch`].
    ConsumerGroup(String),
    /// What a member of such a group says of itself; the value is a [`ConsumerMemberMetadata`].
    ConsumerMember(MemberKey),
    /// The epoch for which such a group's members were assigned to; see [`decode_assignment_epoch`].
    AssignmentEpoch(String),
    /// What a member of such a group is to have; see [`decode_target`].
    Target(MemberKey),
    /// What a member of such a group has; the value is a [`CurrentAssignment`].
    CurrentAssignment(MemberKey),
    /// The topics of a regular expression; the value is a [`ResolvedExpression`].
    Expression {
        /// The group.
        group: String,
        /// The expression.
        expression: String,
    },
    /// Something of another group protocol, by its version number.
    Other(i16),
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey {
    /// The group.
    pub group: String,
    /// Its member id.
    pub member: String,
}

const KEY_OFFSET: i16 = 1;
const KEY_GROUP: i16 = 2;
const KEY_CONSUMER_GROUP: i16 = 3;
const KEY_CONSUMER_MEMBER: i16 = 5;
const KEY_ASSIGNMENT_EPOCH: i16 = 6;
const KEY_TARGET: i16 = 7;
const KEY_CURRENT_ASSIGNMENT: i16 = 8;
const KEY_EXPRESSION: i16 = 16;

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
            KEY_CONSUMER_GROUP => Ok(RecordKey::ConsumerGroup(reader.string("group")?)),
            KEY_CONSUMER_MEMBER => MemberKey::decode(&mut reader).map(RecordKey::ConsumerMember),
            KEY_ASSIGNMENT_EPOCH => Ok(RecordKey::AssignmentEpoch(reader.string("group")?)),
            KEY_TARGET => MemberKey::decode(&mut reader).map(RecordKey::Target),
            KEY_CURRENT_ASSIGNMENT => MemberKey::decode(&mut reader).map(RecordKey::CurrentAssignment),
            KEY_EXPRESSION => Ok(RecordKey::Expression {
                group: reader.string("group")?,
                expression: reader.string("regular expression")?,
            }),
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
            RecordKey::Group(group) => key(KEY_GROUP, &[group]),
            RecordKey::ConsumerGroup(group) => key(KEY_CONSUMER_GROUP, &[group]),
            RecordKey::ConsumerMember(member) => member.encode(KEY_CONSUMER_MEMBER),
            RecordKey::AssignmentEpoch(group) => key(KEY_ASSIGNMENT_EPOCH, &[group]),
            RecordKey::Target(member) => member.encode(KEY_TARGET),
            RecordKey::CurrentAssignment(member) => member.encode(KEY_CURRENT_ASSIGNMENT),
            RecordKey::Expression { group, expression } => key(KEY_EXPRESSION, &[group, expression]),
            RecordKey::Other(version) => key(*version, &[]),
        }
    }
}

impl MemberKey {
    fn decode(reader: &mut Reader<'_>) -> Result<MemberKey, SchemaError> {
        Ok(MemberKey { group: reader.string("group")?, member: reader.string("member id")? })
    }

    fn encode(&self, version: i16) -> Vec<u8> {
        key(version, &[&self.group, &self.member])
    }
}

fn key(version: i16, texts: &[&str]) -> Vec<u8> {
    let mut writer = Writer::new(version);
    texts.iter().for_each(|text| writer.string(text));
    writer.finish()
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

fn millis(count: i32) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}

fn whole_millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
