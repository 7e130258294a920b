//! What members and administrators ask of groups, and what they are answered. One struct per Kafka API, without the
//! differences between its versions: those are decided where requests are decoded.

use std::time::Duration;

use bytes::Bytes;

use super::{GroupKind, GroupState};
use crate::broker::offsets_schema::{AssignedPartitions, ConsumerMemberMetadata};
use crate::error_code::ErrorCode;
use crate::types::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId, TopicName};

/// One way of assigning partitions that a member can take part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Name, such as `range`.
    pub name: String,
    /// What the member tells the leader, such as its subscription.
    pub metadata: Bytes,
}

/// JoinGroup (11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The group.
    pub group: String,
    /// Member id of an earlier answer; empty for a new member.
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `client.id`; new member ids start with it.
    pub client_id: String,
    /// Where the request came from.
    pub client_host: String,
    /// How long a rebalance waits for this member.
    pub rebalance_timeout: Duration,
    /// How long this member may be silent.
    pub session_timeout: Duration,
    /// `consumer` for consumers.
    pub protocol_type: String,
    /// Protocols the member supports, the one it likes best first.
    pub protocols: Vec<Protocol>,
    /// A new member first gets an id and joins again with it (KIP-394; version 4 and later).
    pub member_id_required: bool,
    /// The client knows the answer's `skip_assignment` (KIP-814; version 9 and later).
    pub skip_assignment_supported: bool,
}

/// Answer to a [`JoinRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinResponse {
    /// `None` for success.
    pub error: ErrorCode,
    /// The generation joined, or -1.
    pub generation: i32,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol chosen.
    pub protocol: Option<String>,
    /// Member id of the leader.
    pub leader: String,
    /// The leader is not to assign anew: it only replaces an earlier instance of itself.
    pub skip_assignment: bool,
    /// Id of the member that asked.
    pub member_id: String,
    /// For the leader: all members.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub instance_id: Option<String>,
    /// Its metadata of the protocol chosen.
    pub metadata: Bytes,
}

impl JoinResponse {
    /// A refusal.
    pub(super) fn refusal(member_id: &str, error: ErrorCode) -> JoinResponse {
        JoinResponse {
            error,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: Vec::new(),
        }
    }
}

/// SyncGroup (14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// The group.
    pub group: String,
    /// The member.
    pub member: MemberIdentity,
    /// The group's protocol type, if the client says it (version 5 and later).
    pub protocol_type: Option<String>,
    /// The protocol chosen, if the client says it (version 5 and later).
    pub protocol: Option<String>,
    /// From the leader: each member's id and assignment.
    pub assignments: Vec<(String, Bytes)>,
}

/// Answer to a [`SyncRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncResponse {
    /// `None` for success.
    pub error: ErrorCode,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol chosen.
    pub protocol: Option<String>,
    /// What the leader assigned to the member that asked.
    pub assignment: Bytes,
}

impl SyncResponse {
    /// A refusal.
    pub(super) fn refusal(error: ErrorCode) -> SyncResponse {
        SyncResponse { error, protocol_type: None, protocol: None, assignment: Bytes::new() }
    }
}

/// Who a member says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberIdentity {
    /// Its id; empty for a client outside the group.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub instance_id: Option<String>,
    /// The generation it knows; -1 for a client outside the group.
    pub generation: i32,
}

/// ConsumerGroupHeartbeat (68). What is `None` is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerHeartbeat {
    /// The group.
    pub group: String,
    /// The member's id, which it has chosen, or was given before version 1.
    pub member_id: String,
    /// The epoch it knows, or what it is about to do: [`ConsumerHeartbeat::JOINING`], [`ConsumerHeartbeat::LEAVING`],
    /// [`ConsumerHeartbeat::LEAVING_FOR_A_WHILE`].
    pub epoch: i32,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `client.rack`
    pub rack_id: Option<String>,
    /// `client.id`
    pub client_id: String,
    /// Where the request came from.
    pub client_host: String,
    /// How long the member may take to give partitions up.
    pub rebalance_timeout: Option<Duration>,
    /// Names of topics that it reads.
    pub topics: Option<Vec<String>>,
    /// Regular expression of names that it reads; empty for none.
    pub expression: Option<String>,
    /// The way of assigning it likes best.
    pub assignor: Option<String>,
    /// What it has.
    pub owned: Option<AssignedPartitions>,
    /// Members choose their ids (version 1 and later).
    pub member_id_required: bool,
}

impl ConsumerHeartbeat {
    /// Epoch of a member that joins, or joins again.
    pub const JOINING: i32 = 0;
    /// Epoch of a member that leaves.
    pub const LEAVING: i32 = -1;
    /// Epoch of a static member that leaves for a while, and keeps its place.
    pub const LEAVING_FOR_A_WHILE: i32 = -2;
}

/// Answer to a [`ConsumerHeartbeat`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerHeartbeatResponse {
    /// `None` for success.
    pub error: ErrorCode,
    /// What is wrong, if something is to be said.
    pub message: Option<String>,
    /// Its id, unless it is refused.
    pub member_id: Option<String>,
    /// Its epoch.
    pub epoch: i32,
    /// When it is to send the next one.
    pub interval: Duration,
    /// What it may read, if that has changed or it has asked.
    pub assignment: Option<AssignedPartitions>,
}

impl Default for ConsumerHeartbeatResponse {
    fn default() -> ConsumerHeartbeatResponse {
        ConsumerHeartbeatResponse {
            error: ErrorCode::None,
            message: None,
            member_id: None,
            epoch: 0,
            interval: Duration::ZERO,
            assignment: None,
        }
    }
}

impl ConsumerHeartbeatResponse {
    /// A refusal.
    pub(super) fn refusal(error: ErrorCode, message: Option<String>) -> ConsumerHeartbeatResponse {
        ConsumerHeartbeatResponse { error, message, ..ConsumerHeartbeatResponse::default() }
    }
}

/// A member that leaves, or is made to: LeaveGroup (13) names several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingMember {
    /// Its id; empty when an administrator names the instance.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub instance_id: Option<String>,
}

/// What became of a [`LeavingMember`], with the names as they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftMember {
    /// The member.
    pub member: LeavingMember,
    /// `None` when it is out.
    pub error: ErrorCode,
}

/// OffsetCommit (8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRequest {
    /// The group.
    pub group: String,
    /// Who commits.
    pub member: MemberIdentity,
    /// How long the offsets are to be kept, if the client says it (before version 5).
    pub retention: Option<Duration>,
    /// The client knows of the consumer protocol (version 9 and later). Only such a one can be a member of its groups, and
    /// is told `GROUP_ID_NOT_FOUND` of a group that does not exist, the others `ILLEGAL_GENERATION`.
    pub knows_consumer_protocol: bool,
    /// The offsets.
    pub offsets: Vec<CommitOffset>,
}

/// TxnOffsetCommit (28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionalCommit {
    /// The group.
    pub group: String,
    /// Who reads what was transformed; of no generation and without an id from clients before version 3.
    pub member: MemberIdentity,
    /// Whose transaction it is.
    pub producer: (ProducerId, ProducerEpoch),
    /// The offsets.
    pub offsets: Vec<CommitOffset>,
}

/// One offset of a [`CommitRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOffset {
    /// The topic.
    pub topic: TopicName,
    /// Which topic of that name.
    pub topic_id: Option<TopicId>,
    /// The partition.
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub offset: Offset,
    /// Leader epoch of the last record read.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's own text.
    pub metadata: String,
}

/// What became of the request for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionOutcome {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// `None` for success.
    pub error: ErrorCode,
}

/// Answer to a [`CommitRequest`] or to OffsetDelete (47).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetsResponse {
    /// An error of the whole request; always `None` for commits, which repeat it for each partition.
    pub error: ErrorCode,
    /// One for each partition asked for, in that order.
    pub partitions: Vec<PartitionOutcome>,
}

/// A partition whose offset is asked for (OffsetFetch, 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOffset {
    /// The topic.
    pub topic: TopicName,
    /// Which topic of that name; an offset of another one is not answered.
    pub topic_id: Option<TopicId>,
    /// The partition.
    pub partition: PartitionIndex,
}

/// Whether an offset may be answered while another commit of it is under way (KIP-447, `require_stable`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// The last durable one is answered.
    Ignored,
    /// Then `UNSTABLE_OFFSET_COMMIT` is answered.
    Required,
}

/// An offset as it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// The offset committed, or -1.
    pub offset: Offset,
    /// The leader epoch committed with it.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The text committed with it.
    pub metadata: String,
    /// `UNSTABLE_OFFSET_COMMIT` when a stable offset was asked for and a commit is under way; ask again.
    pub error: ErrorCode,
}

/// A group in a list (ListGroups, 16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its name.
    pub group: String,
    /// Its protocol type; empty for a group that only stores offsets.
    pub protocol_type: String,
    /// Its state.
    pub state: GroupState,
    /// The protocol of its members.
    pub kind: GroupKind,
}

/// A group of the classic protocol in detail (DescribeGroups, 15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Its state.
    pub state: GroupState,
    /// Its protocol type; empty for a group that only stores offsets.
    pub protocol_type: String,
    /// The protocol chosen; empty unless the group is stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<DescribedMember>,
}

/// A member in a [`GroupDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub instance_id: Option<String>,
    /// Its `client.id`.
    pub client_id: String,
    /// Where it comes from.
    pub client_host: String,
    /// Its metadata of the protocol chosen; empty unless the group is stable.
    pub metadata: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

/// A group of the consumer protocol in detail (ConsumerGroupDescribe, 69).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupDescription {
    /// Its name.
    pub group: String,
    /// Its state.
    pub state: GroupState,
    /// Its epoch, which grows with each change of members or topics.
    pub epoch: i32,
    /// The epoch for which its members were assigned to.
    pub assignment_epoch: i32,
    /// How they were.
    pub assignor: String,
    /// Its members.
    pub members: Vec<DescribedConsumer>,
}

/// A member in a [`ConsumerGroupDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumer {
    /// Its id.
    pub member_id: String,
    /// Its epoch.
    pub epoch: i32,
    /// What it says of itself.
    pub metadata: ConsumerMemberMetadata,
    /// What it may read, by topic. Topics that do not exist any more are left out.
    pub assigned: Vec<TopicPartitions>,
    /// What it is to have.
    pub target: Vec<TopicPartitions>,
}

/// Partitions of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPartitions {
    /// Identity of the topic.
    pub topic_id: TopicId,
    /// Its name.
    pub topic: String,
    /// The partitions, in order.
    pub partitions: Vec<PartitionIndex>,
}

/// An answer that had to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To a [`JoinRequest`].
    Join(JoinResponse),
    /// To a [`SyncRequest`].
    Sync(SyncResponse),
    /// To a [`CommitRequest`] or a deletion of offsets.
    Offsets(OffsetsResponse),
    /// To the deletion of a group.
    Deleted(ErrorCode),
    /// To a [`ConsumerHeartbeat`].
    ConsumerHeartbeat(ConsumerHeartbeatResponse),
    /// To members that leave: what became of each, or why the request is refused as a whole.
    Left(Result<Vec<LeftMember>, ErrorCode>),
}
