//! [`Groups`]: the consumer groups of a broker at work. It gives the state machines of [`group`](super::group) what they
//! lack: time, a log to keep their records in (`__consumer_offsets`), and a thread for what is due.
//!
//! Any thread may ask. Answers that have to wait for other members or for the disk come through a callback, on the
//! thread of the groups; it must not block. Shards never run any of this: they only say that an append has ended.

mod hosted;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use self::hosted::{Hosted, Reply};
use super::group::{
    AppendId, CommitRequest, FetchOffset, FetchedOffset, GroupDescription, JoinRequest, JoinResponse,
    LeavingMember, LeftMember, ListedGroup, MemberIdentity, OffsetsResponse, RandomMemberIds, Response,
    Stability, SyncRequest, SyncResponse, TransactionalCommit,
};
use super::offsets_schema::partition_for;
use super::{Broker, BrokerError, NewTopic};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::{Clock, OwnerProcess};
use crate::shard::{Notify, Partition, ShardStopped};
use crate::types::{PartitionIndex, ProducerId, TopicName, TopicPartition};

/// Where groups keep their records.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The groups of one broker.
pub struct Groups {
    /// By partition of [`OFFSETS_TOPIC`].
    hosted: Vec<Arc<Hosted>>,
    events: Sender<Event>,
    thread: Option<JoinHandle<()>>,
    owner: OwnerProcess,
}

/// What the thread of the groups is told.
enum Event {
    /// An append of a partition's coordinator has ended.
    Appended {
        partition: usize,
        id: AppendId,
        result: Result<(), ErrorCode>,
    },
    /// Something is due earlier than it was.
    Rescheduled,
    Stop,
}

impl Groups {
    /// Reads what the log has of groups and starts their thread.
    ///
    /// # Errors
    /// When a partition cannot be read, or the thread not be started.
    pub(super) fn start(
        partitions: Vec<Arc<Partition>>,
        config: &Arc<EngineConfig>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Groups, BrokerError> {
        let (events, inbox) = unbounded();
        let mut hosted = Vec::with_capacity(partitions.len());
        for (index, partition) in partitions.into_iter().enumerate() {
            hosted.push(Arc::new(Hosted::load(
                index,
                partition,
                config,
                Box::new(RandomMemberIds),
                clock,
                &events,
            )?));
        }
        let (all, clock) = (hosted.clone(), Arc::clone(clock));
        let thread = std::thread::Builder::new()
            .name("tidelog-groups".to_owned())
            .spawn(move || run(&all, &inbox, &*clock))
            .map_err(BrokerError::Thread)?;
        Ok(Groups { hosted, events, thread: Some(thread), owner: OwnerProcess::current() })
    }

    fn of(&self, group: &str) -> &Hosted {
        let count = i32::try_from(self.hosted.len()).unwrap_or(i32::MAX);
        let index = usize::try_from(partition_for(group, count).0).unwrap_or(0);
        &self.hosted[index]
    }

    /// Lets a member join its group; `answer` may come only when all others have.
    pub fn join(&self, request: &JoinRequest, answer: impl FnOnce(JoinResponse) + Send + 'static) {
        let to: Reply = Box::new(|response| {
            if let Response::Join(response) = response {
                answer(response);
            }
        });
        let hosted = self.of(&request.group);
        hosted.with(|coordinator, now| coordinator.join(now, request, to));
        hosted.waiters.wake_all();
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

    /// Registers `waiter` to be told once when members of the group may have come or gone, so that a heartbeat finds
    /// a rebalance. Send one after this call.
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

    /// Takes members out of a group.
    ///
    /// # Errors
    /// When the request as a whole is refused; errors of single members are in the answer.
    pub fn leave(&self, group: &str, members: Vec<LeavingMember>) -> Result<Vec<LeftMember>, ErrorCode> {
        let hosted = self.of(group);
        let left = hosted.with(|coordinator, now| coordinator.leave(now, group, members));
        hosted.waiters.wake_all();
        left
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
        if let Some(hosted) = usize::try_from(partition.0).ok().and_then(|index| self.hosted.get(index)) {
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
        let mut groups: Vec<ListedGroup> = self
            .hosted
            .iter()
            .flat_map(|hosted| hosted.with(|coordinator, _| coordinator.list(&[])))
            .collect();
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        groups
    }

    /// A group in detail; `None` when there is none of that name.
    #[must_use]
    pub fn describe(&self, group: &str) -> Option<GroupDescription> {
        self.of(group).with(|coordinator, _| coordinator.describe(group))
    }

    /// Deletes all groups' offsets of a topic that is gone.
    pub(super) fn topic_deleted(&self, topic: &str) {
        for hosted in &self.hosted {
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

/// Whoever still waits is told that the coordinator is gone.
impl Drop for Groups {
    fn drop(&mut self) {
        if !self.owner.is_current() {
            // A forked child has no such thread, and perhaps locks that nobody holds.
            return std::mem::forget(self.thread.take());
        }
        drop(self.events.send(Event::Stop));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        for hosted in &self.hosted {
            hosted.with(|coordinator, _| coordinator.stop(ErrorCode::NotCoordinator));
        }
    }
}

/// The thread: acknowledges appends and does what is due.
fn run(hosted: &[Arc<Hosted>], inbox: &Receiver<Event>, clock: &dyn Clock) {
    loop {
        let due = hosted.iter().filter_map(|hosted| hosted.next_deadline()).min();
        let wait = due.map_or(Duration::MAX, |due| due.saturating_sub(clock.monotonic()));
        match inbox.recv_timeout(wait) {
            Ok(Event::Appended { partition, id, result }) => hosted[partition].appended(id, result),
            Ok(Event::Rescheduled) => {}
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => hosted.iter().for_each(|hosted| hosted.tick()),
        }
    }
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
            self.create_offsets_topic()?;
        }
        let groups = Arc::new(self.start_groups()?);
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

    fn start_groups(&self) -> Result<Groups, BrokerError> {
        Groups::start(self.all_partitions(OFFSETS_TOPIC)?, &self.config, &self.clock)
    }

    fn create_offsets_topic(&self) -> Result<(), BrokerError> {
        let overrides = HashMap::from([
            ("cleanup.policy", "compact".to_owned()),
            ("compression.type", "producer".to_owned()),
            ("segment.bytes", self.config.offsets_topic_segment_bytes.to_string()),
        ]);
        let new = NewTopic {
            name: OFFSETS_TOPIC.to_owned(),
            partitions: Some(self.config.offsets_topic_num_partitions),
            overrides: overrides.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        self.create(TopicName::new(OFFSETS_TOPIC)?, &new).map(drop)
    }
}
