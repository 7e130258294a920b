//! Values of a group of the consumer protocol (KIP-848), one kind of record each (Kafka: `ConsumerGroupMetadataValue`,
//! `ConsumerGroupMemberMetadataValue` and so on). Version 0 of each is the only one, and flexible.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::{millis, whole_millis};
use crate::broker::record_fields::{Reader, SchemaError, Versions, Writer};
use crate::types::{PartitionIndex, Timestamp, TopicId};

const VALUES: Versions = Versions { newest: 0, flexible_since: 0 };
const VERSION: i16 = 0;

/// No tagged field of the structure is known.
const TAG_NONE: u32 = u32::MAX;
/// [`ConsumerGroupEpoch::metadata_hash`].
const TAG_METADATA_HASH: u32 = 0;
/// [`ConsumerMemberMetadata::classic`].
const TAG_CLASSIC_MEMBER: u32 = 0;
/// Stands in front of a structure that might be null.
const PRESENT: i8 = 1;

/// Partitions, by topic.
pub type AssignedPartitions = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

/// How often a group's members or their topics have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerGroupEpoch {
    /// The count.
    pub epoch: i32,
    /// Stands for the topics as they were then (KIP-1101); 0 for none, and in what Kafka before 4.1 wrote.
    pub metadata_hash: i64,
}

/// What a member says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerMemberMetadata {
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `client.rack`
    pub rack_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it comes from.
    pub client_host: String,
    /// Names of topics that it reads.
    pub topics: BTreeSet<String>,
    /// Regular expression whose topics it reads.
    pub expression: Option<String>,
    /// How long it may take to give partitions up.
    pub rebalance_timeout: Duration,
    /// The way of assigning it likes best, if it says so.
    pub assignor: Option<String>,
    /// What a member that speaks the classic protocol has said when it joined.
    pub classic: Option<ClassicMember>,
}

/// What a member of the classic protocol has said when it joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicMember {
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// Names of the protocols that it supports, with what it says of itself in each; the one it likes best first.
    pub protocols: Vec<(String, Bytes)>,
}

/// How far a member has come with what is to be its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It has all that it is to have at its epoch.
    #[default]
    Stable,
    /// It has not given up yet what others are to have.
    UnrevokedPartitions,
    /// Others have not given up yet what it is to have.
    UnreleasedPartitions,
}

/// What a member has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentAssignment {
    /// Its epoch; -2 for a static member that has left for a while.
    pub epoch: i32,
    /// The epoch before.
    pub previous_epoch: i32,
    /// Its state.
    pub state: MemberState,
    /// What it may read.
    pub assigned: AssignedPartitions,
    /// What it is to give up.
    pub revoking: AssignedPartitions,
}

impl CurrentAssignment {
    /// What the member may be reading.
    #[must_use]
    pub fn held(&self) -> AssignedPartitions {
        let mut held = self.assigned.clone();
        for (topic, partitions) in &self.revoking {
            held.entry(*topic).or_default().extend(partitions);
        }
        held
    }
}

/// The topics that a regular expression meant when they were last looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedExpression {
    /// Their names.
    pub topics: BTreeSet<String>,
    /// When that was.
    pub resolved_at: Timestamp,
}

impl ConsumerGroupEpoch {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<ConsumerGroupEpoch, SchemaError> {
        let mut reader = Reader::of_value(bytes, VALUES)?;
        let epoch = reader.i32("epoch")?;
        let hash = reader.tagged(TAG_METADATA_HASH)?.and_then(|hash| hash.try_into().ok());
        Ok(ConsumerGroupEpoch { epoch, metadata_hash: hash.map_or(0, i64::from_be_bytes) })
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, VALUES);
        writer.i32(self.epoch);
        let hash = self.metadata_hash.to_be_bytes();
        let tagged = (self.metadata_hash != 0).then_some((TAG_METADATA_HASH as usize, hash.as_slice()));
        writer.tagged(tagged.as_slice());
        writer.finish()
    }
}

impl ConsumerMemberMetadata {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<ConsumerMemberMetadata, SchemaError> {
        let mut reader = Reader::of_value(bytes, VALUES)?;
        let mut member = ConsumerMemberMetadata {
            instance_id: reader.optional_string("instance id")?,
            rack_id: reader.optional_string("rack id")?,
            client_id: reader.string("client id")?,
            client_host: reader.string("client host")?,
            topics: names(&mut reader)?,
            expression: reader.optional_string("regular expression")?,
            rebalance_timeout: millis(reader.i32("rebalance timeout")?),
            assignor: reader.optional_string("assignor")?,
            classic: None,
        };
        if let Some(classic) = reader.tagged(TAG_CLASSIC_MEMBER)? {
            member.classic = ClassicMember::decode(&mut Reader::of_tag(classic))?;
        }
        Ok(member)
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, VALUES);
        writer.optional_string(self.instance_id.as_deref());
        writer.optional_string(self.rack_id.as_deref());
        writer.string(&self.client_id);
        writer.string(&self.client_host);
        put_names(&self.topics, &mut writer);
        writer.optional_string(self.expression.as_deref());
        writer.i32(whole_millis(self.rebalance_timeout));
        writer.optional_string(self.assignor.as_deref());
        let classic = self.classic.as_ref().map(ClassicMember::encode);
        let tagged = classic.as_deref().map(|classic| (TAG_CLASSIC_MEMBER as usize, classic));
        writer.tagged(tagged.as_slice());
        writer.finish()
    }
}

impl ClassicMember {
    fn decode(reader: &mut Reader<'_>) -> Result<Option<ClassicMember>, SchemaError> {
        if reader.i8("presence")? != PRESENT {
            return Ok(None);
        }
        let session_timeout = millis(reader.i32("session timeout")?);
        let mut protocols = Vec::new();
        for _ in 0..reader.count("protocols")? {
            let name = reader.string("protocol")?;
            protocols.push((name, Bytes::copy_from_slice(reader.blob("metadata")?)));
            reader.tagged(TAG_NONE)?;
        }
        reader.tagged(TAG_NONE)?;
        Ok(Some(ClassicMember { session_timeout, protocols }))
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_tag();
        writer.i8(PRESENT);
        writer.i32(whole_millis(self.session_timeout));
        writer.count(self.protocols.len());
        for (name, metadata) in &self.protocols {
            writer.string(name);
            writer.blob(metadata);
            writer.tagged(&[]);
        }
        writer.tagged(&[]);
        writer.finish()
    }
}

impl MemberState {
    fn number(self) -> i8 {
        match self {
            MemberState::Stable => 0,
            MemberState::UnrevokedPartitions => 1,
            MemberState::UnreleasedPartitions => 2,
        }
    }

    /// A number of another version may mean anything: what the member is to give up is waited for.
    fn of(number: i8) -> MemberState {
        match number {
            0 => MemberState::Stable,
            2 => MemberState::UnreleasedPartitions,
            _ => MemberState::UnrevokedPartitions,
        }
    }
}

impl CurrentAssignment {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<CurrentAssignment, SchemaError> {
        let mut reader = Reader::of_value(bytes, VALUES)?;
        let current = CurrentAssignment {
            epoch: reader.i32("member epoch")?,
            previous_epoch: reader.i32("previous member epoch")?,
            state: MemberState::of(reader.i8("state")?),
            assigned: partitions(&mut reader)?,
            revoking: partitions(&mut reader)?,
        };
        reader.tagged(TAG_NONE)?;
        Ok(current)
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, VALUES);
        writer.i32(self.epoch);
        writer.i32(self.previous_epoch);
        writer.i8(self.state.number());
        put_partitions(&self.assigned, &mut writer);
        put_partitions(&self.revoking, &mut writer);
        writer.tagged(&[]);
        writer.finish()
    }
}

impl ResolvedExpression {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<ResolvedExpression, SchemaError> {
        let mut reader = Reader::of_value(bytes, VALUES)?;
        let topics = names(&mut reader)?;
        // The version of the cluster's metadata, which one node does not count.
        reader.i64("version")?;
        let resolved_at = Timestamp(reader.i64("timestamp")?);
        reader.tagged(TAG_NONE)?;
        Ok(ResolvedExpression { topics, resolved_at })
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, VALUES);
        put_names(&self.topics, &mut writer);
        writer.i64(0);
        writer.i64(self.resolved_at.0);
        writer.tagged(&[]);
        writer.finish()
    }
}

/// Reads the epoch of the group at which its members were last assigned to.
///
/// # Errors
/// [`SchemaError`]
pub fn decode_assignment_epoch(bytes: &[u8]) -> Result<i32, SchemaError> {
    let mut reader = Reader::of_value(bytes, VALUES)?;
    let epoch = reader.i32("assignment epoch")?;
    reader.tagged(TAG_NONE)?;
    Ok(epoch)
}

/// As [`decode_assignment_epoch`].
#[must_use]
pub fn encode_assignment_epoch(epoch: i32) -> Vec<u8> {
    let mut writer = Writer::of_value(VERSION, VALUES);
    writer.i32(epoch);
    writer.tagged(&[]);
    writer.finish()
}

/// Reads what a member is to have.
///
/// # Errors
/// [`SchemaError`]
pub fn decode_target(bytes: &[u8]) -> Result<AssignedPartitions, SchemaError> {
    let mut reader = Reader::of_value(bytes, VALUES)?;
    let target = partitions(&mut reader)?;
    reader.tagged(TAG_NONE)?;
    Ok(target)
}

/// As [`decode_target`].
#[must_use]
pub fn encode_target(target: &AssignedPartitions) -> Vec<u8> {
    let mut writer = Writer::of_value(VERSION, VALUES);
    put_partitions(target, &mut writer);
    writer.tagged(&[]);
    writer.finish()
}

fn names(reader: &mut Reader<'_>) -> Result<BTreeSet<String>, SchemaError> {
    (0..reader.count("topics")?).map(|_| reader.string("topic")).collect()
}

fn put_names(names: &BTreeSet<String>, writer: &mut Writer) {
    writer.count(names.len());
    names.iter().for_each(|name| writer.string(name));
}

fn partitions(reader: &mut Reader<'_>) -> Result<AssignedPartitions, SchemaError> {
    let mut all = AssignedPartitions::new();
    for _ in 0..reader.count("topics")? {
        let topic = TopicId(reader.uuid("topic id")?);
        let of_topic = all.entry(topic).or_default();
        for _ in 0..reader.count("partitions")? {
            of_topic.insert(PartitionIndex(reader.i32("partition")?));
        }
        reader.tagged(TAG_NONE)?;
    }
    Ok(all)
}

fn put_partitions(all: &AssignedPartitions, writer: &mut Writer) {
    writer.count(all.len());
    for (topic, partitions) in all {
        writer.uuid(topic.0);
        writer.count(partitions.len());
        partitions.iter().for_each(|partition| writer.i32(partition.0));
        writer.tagged(&[]);
    }
}
