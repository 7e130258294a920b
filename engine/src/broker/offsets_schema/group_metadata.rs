//! [`GroupMetadata`]: value of a group's state (Kafka: `GroupMetadataValue`).

use std::time::Duration;

use bytes::Bytes;

use super::{millis, whole_millis};
use crate::broker::record_fields::{Reader, SchemaError, Writer};
use crate::types::Timestamp;

/// What Kafka 4.2 writes.
const VERSION: i16 = 3;

/// No tagged field of a group is known.
const TAG_NONE: u32 = u32::MAX;

/// State of a group between two rebalances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMetadata {
    /// `consumer` for consumers; empty for a group that has never had members.
    pub protocol_type: String,
    /// Its generation.
    pub generation: i32,
    /// The protocol chosen, such as `range`.
    pub protocol: Option<String>,
    /// Member id of the leader.
    pub leader: Option<String>,
    /// When it got into its state.
    pub state_time: Option<Timestamp>,
    /// Its members.
    pub members: Vec<MemberMetadata>,
}

/// One member of a [`GroupMetadata`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata {
    /// Member id.
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where it came from.
    pub client_host: String,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Duration,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// Its metadata of the protocol chosen.
    pub subscription: Bytes,
    /// What the leader gave it.
    pub assignment: Bytes,
}

impl GroupMetadata {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<GroupMetadata, SchemaError> {
        let mut reader = Reader::of_value(bytes, super::VALUES)?;
        let protocol_type = reader.string("protocol type")?;
        let generation = reader.i32("generation")?;
        let protocol = reader.optional_string("protocol")?;
        let leader = reader.optional_string("leader")?;
        let state_time = if reader.version() >= 2 { reader.i64("time of the state")? } else { -1 };
        let mut members = Vec::new();
        for _ in 0..reader.count("members")? {
            members.push(MemberMetadata::decode(&mut reader)?);
        }
        reader.tagged(TAG_NONE)?;
        let state_time = (state_time != -1).then_some(Timestamp(state_time));
        Ok(GroupMetadata { protocol_type, generation, protocol, leader, state_time, members })
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, super::VALUES);
        writer.string(&self.protocol_type);
        writer.i32(self.generation);
        writer.optional_string(self.protocol.as_deref());
        writer.optional_string(self.leader.as_deref());
        writer.i64(self.state_time.map_or(-1, |time| time.0));
        writer.count(self.members.len());
        for member in &self.members {
            member.encode(&mut writer);
        }
        writer.finish()
    }
}

impl MemberMetadata {
    fn decode(reader: &mut Reader<'_>) -> Result<MemberMetadata, SchemaError> {
        let version = reader.version();
        let member_id = reader.string("member id")?;
        let instance_id = if version >= 3 { reader.optional_string("instance id")? } else { None };
        let client_id = reader.string("client id")?;
        let client_host = reader.string("client host")?;
        let rebalance = if version >= 1 { Some(reader.i32("rebalance timeout")?) } else { None };
        let session = reader.i32("session timeout")?;
        let member = MemberMetadata {
            member_id,
            instance_id,
            client_id,
            client_host,
            rebalance_timeout: millis(rebalance.filter(|timeout| *timeout != -1).unwrap_or(session)),
            session_timeout: millis(session),
            subscription: Bytes::copy_from_slice(reader.blob("subscription")?),
            assignment: Bytes::copy_from_slice(reader.blob("assignment")?),
        };
        reader.tagged(TAG_NONE)?;
        Ok(member)
    }

    fn encode(&self, writer: &mut Writer) {
        writer.string(&self.member_id);
        writer.optional_string(self.instance_id.as_deref());
        writer.string(&self.client_id);
        writer.string(&self.client_host);
        writer.i32(whole_millis(self.rebalance_timeout));
        writer.i32(whole_millis(self.session_timeout));
        writer.blob(&self.subscription);
        writer.blob(&self.assignment);
        writer.tagged(&[]);
    }
}
