//! Consumer groups (Kafka: `GroupMetadataManager`, `OffsetMetadataManager`, `ClassicGroup`, `ConsumerGroup`), as one state
//! machine per partition of `__consumer_offsets`: a [`Coordinator`]. Of the consumer protocol (KIP-848) tells `consumer`; this
//! is the classic one:
//!
//! ```text
//!            first join                 all joined, or time is up          leader's assignment is durable
//!  Empty ----------------> Preparing ----------------------------> Completing ----------------------> Stable
//!    ^                     Rebalance <---------------------------- Rebalance                            |
//!    |    nobody joined     |     ^      join, leave, lost member                                       |
//!    +----------------------+     +---------------------------------------------------------------------+
//! ```
//!
//! It does no I/O and reads no clock: the caller gives the time with every call, appends the records it asks for
//! ([`Effect::Append`]) and says when they are durable ([`Coordinator::appended`]), hands its answers on
//! ([`Effect::Reply`]), lets members near by look again ([`Effect::Changed`]), and calls [`Coordinator::tick`] when
//! [`Coordinator::next_deadline`] has come. Ids of members come from [`MemberIds`]. So one seed replays a run.
//!
//! Runs recorded from Kafka 4.2's own coordinator are repeated in the tests, step by step. Where this differs, on purpose:
//! - A group that was only asked for is not written until it has something to keep.
//! - An offset being committed is answered as unstable to who asks for stable offsets; Kafka holds the answer back.
//! - Every request is answered: also a sync of a member that is removed or that asks again, which Kafka forgets.
//! - The successor of a static member may fetch the assignment that its predecessor never fetched; Kafka goes on waiting
//!   for the predecessor and rebalances in the end.
//! - What a classic member may be reading goes to nobody else while its group migrates, until the member says that it has given
//!   it up. Kafka goes by what the member was, or is to be, assigned.
//! - Regular expressions are resolved with the heartbeat that brings them, by the rules of the crate `regex`, which has RE2's
//!   syntax; Kafka does it in the background and tells with a later heartbeat.
//! - A static member whose new id was being written when a rebalance began is answered by the rebalance, not with the
//!   generation that has ended; and its session is watched again once it is answered.

mod classic_group;
mod consumer;
mod coordinator;
mod describe;
mod expiry;
mod in_transaction;
mod join;
mod leave;
mod load;
mod member;
mod offsets;
mod outbox;
mod rebalance;
mod request;
mod state;
mod sync;
#[cfg(test)]
pub(in crate::broker) mod tests;

pub use super::coordination::{AppendId, CoordinatorRecord, Moment, Topics};
pub use super::offsets_schema::{AssignedPartitions, ConsumerMemberMetadata};
pub use coordinator::{Coordinator, MemberIds, RandomMemberIds};
pub use outbox::Effect;
pub use request::{
    CommitOffset, CommitRequest, ConsumerGroupDescription, ConsumerHeartbeat, ConsumerHeartbeatResponse,
    DescribedConsumer, DescribedMember, FetchOffset, FetchedOffset, GroupDescription, JoinRequest,
    JoinResponse, JoinedMember, LeavingMember, LeftMember, ListedGroup, MemberIdentity, OffsetsResponse,
    PartitionOutcome, Protocol, Response, Stability, SyncRequest, SyncResponse, TopicPartitions,
    TransactionalCommit,
};
pub use state::{GroupKind, GroupState};
