//! [`Groups`]: the consumer groups of a broker at work. It gives the state machines of [`group`](super::group) what they
//! lack: time, a log to keep their records in (`__consumer_offsets`), and a thread for what is due.
//!
//! Any thread may ask. Answers that have to wait for other members or for the disk come through a callback, on the
//! thread of the groups; it must not block. Shards never run any of this: they only say that an append has ended.

mod hosted;
#[cfg(test)]
mod simulation;
#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;

use self::hosted::{Hosted, Reply};
use super::coordinators::Coordinators;
use super::group::{
    CommitRequest, ConsumerGroupDescription, ConsumerHeartbeat, ConsumerHeartbeatResponse, FetchOffset,
    FetchedOffset, GroupDescription, GroupKind, JoinRequest, JoinResponse, LeavingMember, LeftMember,
    ListedGroup, MemberIdentity, OffsetsResponse, RandomMemberIds, Response, Stability, SyncRequest,
    SyncResponse, Topics, TransactionalCommit,
};
use super::topic_index::TopicIndex;
use super::{Broker, BrokerError};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::shard::{Notify, Partition, ShardStopped};
use crate::types::{PartitionIndex, ProducerId, TopicPartition};

/// Where groups keep their records.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The groups of one broker.
pub struct Groups(Coordinators<Hosted>);

impl Groups {
    /// Reads what the log has of groups and starts their thread.
    ///
    /// # Errors
    /// When a partition cannot be read, or the thread not be started.
    pub(super) fn start(
        partitions: Vec<Arc<Partition>>,
        config: &Arc<EngineConfig>,
        topics: &Arc<dyn Topics>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Groups, BrokerError> {
        let started = Coordinators::start("tidelog-groups", clock, partitions, |partition, teller| {
            Hosted::load(partition, config, Box::new(RandomMemberIds), Arc::clone(topics), clock, teller)
        });
        started.map(Groups)
    }

    fn of(&self, group: &str) -> &Hosted {
        self.0.of(group)
    }

    /// Lets a member join its group; `answer` may come only when all others have.
    pub fn join(&self, request: &JoinRequest, answer: impl FnOnce(JoinResponse) + Send + 'static) {
        let to: Reply = Box::new(|response| {
            if let Response::Join(response) = response {
                answer(response);
            }
        });
        self.of(&request.group).with(|coordinator, now| coordinator.join(now, request, to));
    }

    /// Asks for a member's assignment; `answer` may come only when the leader has sent it.
    pub fn sync(&self, request: SyncRequest, answer: impl FnOnce(SyncResponse) + Send + 'static) {
        let to: Reply = Box::new(|response| {
            if let Response::Sync(response) = response {
                answer(response);
            }
        });
        self.of(&request.group.clone()).with(|coordinator, now| coordinator.sync(now, request, to));
    }

    /// Takes the heartbeat of a member of the consumer protocol; `answer` comes when what it changes is durable.
    pub fn consumer_heartbeat(
        &self,
        request: ConsumerHeartbeat,
        answer: impl FnOnce(ConsumerHeartbeatResponse) + Send + 'static,
    ) {
        let to: Reply = Box::new(|response| {
            if let Response::ConsumerHeartbeat(response) = response {
                answer(response);
            }
        });
        self.of(&request.group.clone())
            .with(|coordinator, now| coordinator.consumer_heartbeat(now, request, to));
    }

    /// Registers `waiter` to be told once when the group, or one beside it, has changed, so that a heartbeat may find
    /// something new. Send one after this call.
    pub fn notify_on_change(&self, group: &str, waiter: Arc<dyn Notify>) {
        self.of(group).waiters.register(waiter);
    }

    /// Takes [`Groups::notify_on_change`] back.
    pub fn forget_waiter(&self, group: &str, waiter: &Arc<dyn Notify>) {
        self.of(group).waiters.unregister(waiter);
    }

    /// Notes that a member is there; returns what it is told.
    #[must_use]
    pub fn heartbeat(&self, group: &str, member: &MemberIdentity) -> ErrorCode {
        self.of(group).with(|coordinator, now| coordinator.heartbeat(now, group, member))
    }

    /// Takes members out of a group; `answer` comes when that is durable. It is an error when the request as a whole is
    /// refused, and has one for each member else.
    pub fn leave(
        &self,
        group: &str,
        members: Vec<LeavingMember>,
        answer: impl FnOnce(Result<Vec<LeftMember>, ErrorCode>) + Send + 'static,
    ) {
        let to: Reply = Box::new(|response| {
            if let Response::Left(left) = response {
                answer(left);
            }
        });
        self.of(group).with(|coordinator, now| coordinator.leave(now, group, members, to));
    }

    /// Commits offsets; `answer` comes when they are durable.
    pub fn commit(&self, request: CommitRequest, answer: impl FnOnce(OffsetsResponse) + Send + 'static) {
        let to = offsets_reply(answer);
        self.of(&request.group.clone()).with(|coordinator, now| coordinator.commit(now, request, to));
    }

    /// Keeps offsets that become visible when the transaction they belong to is committed; `answer` comes when they are
    /// durable.
    pub fn commit_in_transaction(
        &self,
        request: TransactionalCommit,
        answer: impl FnOnce(OffsetsResponse) + Send + 'static,
    ) {
        let to = offsets_reply(answer);
        self.of(&request.group.clone())
            .with(|coordinator, now| coordinator.commit_in_transaction(now, request, to));
    }

    /// A producer's transaction has ended in a partition of [`OFFSETS_TOPIC`]: what it has kept there becomes visible, or
    /// is forgotten.
    pub(super) fn end_transaction(&self, partition: PartitionIndex, producer: ProducerId, committed: bool) {
        if let Some(hosted) = self.0.at(partition) {
            hosted.with(|coordinator, _| coordinator.end_transaction(producer, committed));
        }
    }

    /// The partition of [`OFFSETS_TOPIC`] that has a group's records.
    #[must_use]
    pub fn partition_of(&self, group: &str) -> TopicPartition {
        self.of(group).partition_id().clone()
    }

    /// The offsets that a group has committed, in the order asked for; -1 where there is none.
    #[must_use]
    pub fn fetch_offsets(
        &self,
        group: &str,
        wanted: &[FetchOffset],
        stability: Stability,
    ) -> Vec<FetchedOffset> {
        self.of(group).with(|coordinator, _| coordinator.fetch_offsets(group, wanted, stability))
    }

    /// All offsets that a group has committed.
    #[must_use]
    pub fn fetch_all_offsets(&self, group: &str, stability: Stability) -> Vec<FetchedOffset> {
        self.of(group).with(|coordinator, _| coordinator.fetch_all_offsets(group, stability))
    }

    /// Deletes offsets of a group; `answer` comes when that is durable.
    pub fn delete_offsets(
        &self,
        group: &str,
        partitions: Vec<TopicPartition>,
        answer: impl FnOnce(OffsetsResponse) + Send + 'static,
    ) {
        let to = offsets_reply(answer);
        self.of(group).with(|coordinator, now| coordinator.delete_offsets(now, group, partitions, to));
    }

    /// Deletes a group that has no members; `answer` comes when that is durable.
    pub fn delete(&self, group: &str, answer: impl FnOnce(ErrorCode) + Send + 'static) {
        let to: Reply = Box::new(|response| {
            if let Response::Deleted(error) = response {
                answer(error);
            }
        });
        self.of(group).with(|coordinator, now| coordinator.delete_group(now, group, to));
    }

    /// All groups, by name.
    #[must_use]
    pub fn list(&self) -> Vec<ListedGroup> {
        let mut groups: Vec<ListedGroup> =
            self.0.iter().flat_map(|hosted| hosted.with(|coordinator, _| coordinator.list(&[]))).collect();
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        groups
    }

    /// A group of the consumer protocol in detail; `None` when there is none of that name.
    #[must_use]
    pub fn describe_consumers(&self, group: &str) -> Option<ConsumerGroupDescription> {
        self.of(group).with(|coordinator, _| coordinator.describe_consumers(group))
    }

    /// The protocol of a group; `None` when there is none of that name.
    #[must_use]
    pub fn kind_of(&self, group: &str) -> Option<GroupKind> {
        self.of(group).with(|coordinator, _| coordinator.kind_of(group))
    }

    /// Whether who asks for a group's offsets as a member of the consumer protocol is one, of that epoch.
    ///
    /// # Errors
    /// [`ErrorCode::UnknownMemberId`], [`ErrorCode::StaleMemberEpoch`].
    pub fn check_reader(&self, group: &str, member_id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        self.of(group).with(|coordinator, _| coordinator.check_reader(group, member_id, epoch))
    }

    /// A group of the classic protocol in detail; `None` when there is none of that name.
    #[must_use]
    pub fn describe(&self, group: &str) -> Option<GroupDescription> {
        self.of(group).with(|coordinator, _| coordinator.describe(group))
    }

    /// Deletes all groups' offsets of a topic that is gone.
    pub(super) fn topic_deleted(&self, topic: &str) {
        for hosted in self.0.iter() {
            hosted.with(|coordinator, now| coordinator.topic_deleted(now, topic));
        }
    }
}

fn offsets_reply(answer: impl FnOnce(OffsetsResponse) + Send + 'static) -> Reply {
    Box::new(|response| {
        if let Response::Offsets(response) = response {
            answer(response);
        }
    })
}

impl Broker {
    /// The consumer groups. The first call makes [`OFFSETS_TOPIC`] if there is none.
    ///
    /// # Errors
    /// When the topic cannot be made or read, or the broker has closed.
    pub fn groups(&self) -> Result<Arc<Groups>, BrokerError> {
        if self.ownership.lock().closed {
            return Err(ShardStopped.into());
        }
        let mut started = self.reach.groups.lock();
        if let Some(groups) = &*started {
            return Ok(Arc::clone(groups));
        }
        if self.topic(OFFSETS_TOPIC).is_none() {
            let config = &self.config;
            let (count, size) = (config.offsets_topic_num_partitions, config.offsets_topic_segment_bytes);
            self.create_internal_topic(OFFSETS_TOPIC, count, size, "producer")?;
        }
        let partitions = self.all_partitions(OFFSETS_TOPIC)?;
        let topics: Arc<dyn Topics> = Arc::<ArcSwap<TopicIndex>>::clone(&self.reach.topics);
        let groups = Arc::new(Groups::start(partitions, &self.config, &topics, &self.clock)?);
        *started = Some(Arc::clone(&groups));
        Ok(groups)
    }

    /// The consumer groups, if there ever were any.
    ///
    /// # Errors
    /// When their topic cannot be read.
    pub fn existing_groups(&self) -> Result<Option<Arc<Groups>>, BrokerError> {
        if self.topic(OFFSETS_TOPIC).is_none() { Ok(None) } else { self.groups().map(Some) }
    }
}
