//! [`Coordinator`]: the groups of one partition of `__consumer_offsets`. Finds the group a request is about, keeps its
//! timers, and takes the acknowledgements of appends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::classic_group::Group;
use super::offsets::{Offsets, answer, refuse_commit, settled};
use super::outbox::{Continuation, Effect, Outbox, Turn};
use super::request::{
    CommitRequest, ConsumerGroupDescription, ConsumerHeartbeat, ConsumerHeartbeatResponse, FetchOffset,
    FetchedOffset, GroupDescription, JoinRequest, JoinResponse, LeavingMember, LeftMember, ListedGroup,
    MemberIdentity, OffsetsResponse, Response, Stability, SyncRequest, SyncResponse, TransactionalCommit,
};
use super::state::{GroupKind, GroupState};
use crate::broker::coordination::{AppendId, Moment, TEXT_SIZE_MAX, Topics};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::{ProducerId, Timestamp, TopicPartition};

/// Source of the part of a member's id that nobody else has.
pub trait MemberIds: Send {
    /// Text that was never returned before.
    fn next(&mut self) -> String;
}

/// Random UUIDs (version 4), as Kafka's.
#[derive(Debug, Default)]
pub struct RandomMemberIds;

impl MemberIds for RandomMemberIds {
    fn next(&mut self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

/// The groups of one partition of `__consumer_offsets`. `R` is where a waiting request is answered.
pub struct Coordinator<R> {
    pub(super) config: Arc<EngineConfig>,
    ids: Box<dyn MemberIds>,
    topics: Arc<dyn Topics>,
    pub(super) groups: BTreeMap<Arc<str>, Group<R>>,
    outbox: Outbox<R>,
    /// When to look at which group; a group may have moved its timers back since.
    deadlines: BTreeSet<(Duration, Arc<str>)>,
    /// When to look for offsets whose time is up. `None` until the replay has ended.
    pub(super) next_expiry: Option<Duration>,
}

impl<R> Coordinator<R> {
    /// A coordinator without groups. [`Coordinator::load`] gives it those of the log, and
    /// [`Coordinator::finish_loading`] must be called before anything else.
    #[must_use]
    pub fn new(
        config: Arc<EngineConfig>,
        ids: Box<dyn MemberIds>,
        topics: Arc<dyn Topics>,
    ) -> Coordinator<R> {
        let (groups, deadlines) = (BTreeMap::new(), BTreeSet::new());
        Coordinator { config, ids, topics, groups, outbox: Outbox::new(), deadlines, next_expiry: None }
    }

    /// Lets a member join its group; answered with [`Response::Join`], now or when the rebalance is done.
    pub fn join(&mut self, now: Moment, request: &JoinRequest, to: R) {
        if let Some(error) = self.refuse_join(request) {
            let response = JoinResponse::refusal(&request.member_id, error);
            return self.outbox.reply(to, Response::Join(response));
        }
        self.group_or_new(&request.group, now.wall);
        self.with_group(now, &request.group, |group, turn| match group.consumer.is_used() {
            true => group.join_consumers(request.clone(), to, turn),
            false => {
                group.forget_consumers(turn);
                group.join(request, to, turn);
            }
        });
    }

    /// Takes the heartbeat of a member of the consumer protocol; answered with [`Response::ConsumerHeartbeat`] when what it
    /// changes is durable.
    pub fn consumer_heartbeat(&mut self, now: Moment, request: ConsumerHeartbeat, to: R) {
        let id = request.group.clone();
        let is_there = self.groups.contains_key(id.as_str());
        let not_found = |what| Some((ErrorCode::GroupIdNotFound, format!("{what} {id} not found.")));
        let refusal = match request.check(&self.config) {
            Ok(()) if request.is_joining() || is_there => None,
            Ok(()) if request.is_leaving() => not_found("Group"),
            Ok(()) => not_found("Consumer group"),
            Err(refusal) => Some(refusal),
        };
        if let Some((error, text)) = refusal {
            let response = ConsumerHeartbeatResponse::refusal(error, Some(text));
            return self.outbox.reply(to, Response::ConsumerHeartbeat(response));
        }
        self.group_or_new(&id, now.wall);
        let is_used = self.with_group(now, &id, |group, turn| {
            group.hear(request, to, turn);
            group.consumer.is_used()
        });
        if !is_there && is_used == Some(false) {
            // Its first member was refused.
            self.groups.remove(id.as_str());
        }
    }

    fn refuse_join(&self, request: &JoinRequest) -> Option<ErrorCode> {
        let config = &self.config;
        let session = config.group_session_timeout_min..=config.group_session_timeout_max;
        let instance = request.instance_id.as_deref().unwrap_or_default();
        let names = [&request.member_id, instance, &request.client_id, &request.client_host]
            .into_iter()
            .chain([request.protocol_type.as_str()])
            .chain(request.protocols.iter().map(|protocol| protocol.name.as_str()));
        if let Err(error) = check_group_id(&request.group) {
            Some(error)
        } else if !session.contains(&request.session_timeout) {
            Some(ErrorCode::InvalidSessionTimeout)
        } else if names.into_iter().any(|name| name.len() > TEXT_SIZE_MAX) {
            Some(ErrorCode::InvalidRequest)
        } else if !request.member_id.is_empty() && !self.groups.contains_key(request.group.as_str()) {
            Some(ErrorCode::UnknownMemberId)
        } else {
            None
        }
    }

    /// Asks for a member's assignment; answered with [`Response::Sync`], now or when the leader has sent it.
    pub fn sync(&mut self, now: Moment, request: SyncRequest, to: R) {
        let refusal = match check_group_id(&request.group) {
            Err(error) => Some(error),
            Ok(()) if !self.groups.contains_key(request.group.as_str()) => Some(ErrorCode::UnknownMemberId),
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            return self.outbox.reply(to, Response::Sync(SyncResponse::refusal(error)));
        }
        let id = request.group.clone();
        self.with_group(now, &id, |group, turn| match group.consumer.is_used() {
            true => group.sync_consumer(request, to, turn),
            false => group.sync(request, to, turn),
        });
    }

    /// Notes that a member is there. Returns what it is told.
    pub fn heartbeat(&mut self, now: Moment, group: &str, member: &MemberIdentity) -> ErrorCode {
        if let Err(error) = check_group_id(group) {
            return error;
        }
        let told = self.with_group(now, group, |group, turn| match group.consumer.has_members() {
            true => group.hear_classic(member, turn),
            false => group.heartbeat(member, turn),
        });
        told.unwrap_or(ErrorCode::UnknownMemberId)
    }

    /// Takes members out of a group; answered with [`Response::Left`], in a group of the consumer protocol when that is
    /// durable.
    pub fn leave(&mut self, now: Moment, group: &str, members: Vec<LeavingMember>, to: R) {
        if let Err(error) = check_group_id(group) {
            return self.outbox.reply(to, Response::Left(Err(error)));
        }
        if !self.groups.contains_key(group) {
            let unknown = |member| LeftMember { member, error: ErrorCode::UnknownMemberId };
            let left = members.into_iter().map(unknown).collect();
            return self.outbox.reply(to, Response::Left(Ok(left)));
        }
        self.with_group(now, group, |group, turn| group.leave(members, to, turn));
    }

    /// Commits offsets; answered with [`Response::Offsets`] when they are durable.
    pub fn commit(&mut self, now: Moment, request: CommitRequest, to: R) {
        let refusal = if request.group.len() > TEXT_SIZE_MAX {
            Some(ErrorCode::InvalidGroupId)
        } else if !self.groups.contains_key(request.group.as_str()) && request.member.generation >= 0 {
            Some(match request.knows_consumer_protocol {
                true => ErrorCode::GroupIdNotFound,
                false => ErrorCode::IllegalGeneration,
            })
        } else {
            None
        };
        let id = request.group.clone();
        if let Some(error) = refusal {
            return refuse_commit(request.offsets, error, to, &mut self.outbox);
        }
        // A client outside any group: one that only stores offsets comes into being.
        self.group_or_new(&id, now.wall);
        self.with_group(now, &id, |group, turn| group.commit(request, to, turn));
    }

    /// Keeps offsets that become visible when the transaction they belong to is committed; answered with
    /// [`Response::Offsets`] when they are durable (KIP-98, KIP-447).
    pub fn commit_in_transaction(&mut self, now: Moment, request: TransactionalCommit, to: R) {
        let id = request.group.clone();
        let refusal = match check_group_id(&id) {
            Err(error) => Some(error),
            Ok(()) if request.member.generation >= 0 && !self.groups.contains_key(id.as_str()) => {
                Some(ErrorCode::IllegalGeneration)
            }
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            return refuse_commit(request.offsets, error, to, &mut self.outbox);
        }
        self.group_or_new(&id, now.wall);
        self.with_group(now, &id, |group, turn| group.commit_in_transaction(request, to, turn));
    }

    /// A producer's transaction has ended in this partition: its offsets become visible, or are forgotten.
    pub fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        for group in self.groups.values_mut() {
            group.offsets.end_transaction(producer, committed);
        }
        for (_, then) in self.outbox.appending.values_mut() {
            match then {
                Continuation::CommitInTransaction { producer: of, ended, .. } if *of == producer => {
                    *ended = Some(committed);
                }
                _ => {}
            }
        }
    }

    /// Deletes offsets of a group; answered with [`Response::Offsets`] when that is durable.
    pub fn delete_offsets(&mut self, now: Moment, group: &str, partitions: Vec<TopicPartition>, to: R) {
        let refusal = match check_group_id(group) {
            Err(error) => Some(error),
            Ok(()) if !self.groups.contains_key(group) => Some(ErrorCode::GroupIdNotFound),
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            let response = OffsetsResponse { error, partitions: Vec::new() };
            return self.outbox.reply(to, Response::Offsets(response));
        }
        self.with_group(now, group, |group, turn| group.delete_offsets(partitions, to, turn));
    }

    /// Deletes a group that has no members; answered with [`Response::Deleted`] when that is durable.
    pub fn delete_group(&mut self, now: Moment, group: &str, to: R) {
        if !self.groups.contains_key(group) {
            return self.outbox.reply(to, Response::Deleted(ErrorCode::GroupIdNotFound));
        }
        self.with_group_unless_gone(now, &Arc::from(group), |group, turn| group.delete(Some(to), turn));
    }

    /// Deletes all groups' offsets of a topic that is gone.
    pub fn topic_deleted(&mut self, now: Moment, topic: &str) {
        for id in self.groups.keys().cloned().collect::<Vec<_>>() {
            self.with_group(now, &id, |group, turn| group.forget_topic(topic, turn));
        }
    }

    /// The offsets that a group has committed, in the order asked for. Of an unknown group, -1 without an error. Of one that is
    /// being deleted they are there until that is durable: they might come back.
    #[must_use]
    pub fn fetch_offsets(
        &self,
        group: &str,
        wanted: &[FetchOffset],
        stability: Stability,
    ) -> Vec<FetchedOffset> {
        let nothing = Offsets::default();
        let offsets = self.groups.get(group).map_or(&nothing, |group| &group.offsets);
        wanted.iter().map(|wanted| offsets.fetch(wanted, stability)).collect()
    }

    /// All offsets that a group has committed.
    #[must_use]
    pub fn fetch_all_offsets(&self, group: &str, stability: Stability) -> Vec<FetchedOffset> {
        let Some(group) = self.groups.get(group) else { return Vec::new() };
        let wanted = |partition: &TopicPartition| FetchOffset {
            topic: partition.topic.clone(),
            topic_id: None,
            partition: partition.partition,
        };
        let offsets = &group.offsets;
        offsets.committed.keys().map(|partition| offsets.fetch(&wanted(partition), stability)).collect()
    }

    /// All groups, or those in one of `states` if there are any.
    #[must_use]
    pub fn list(&self, states: &[GroupState]) -> Vec<ListedGroup> {
        let wanted = |group: &&Group<R>| states.is_empty() || states.contains(&group.shown_state());
        self.groups.values().filter(wanted).map(Group::listed).collect()
    }

    /// A group of the classic protocol in detail; `None` when there is none of that name.
    #[must_use]
    pub fn describe(&self, group: &str) -> Option<GroupDescription> {
        self.groups.get(group).and_then(Group::described)
    }

    /// A group of the consumer protocol in detail; `None` when there is none of that name.
    #[must_use]
    pub fn describe_consumers(&self, group: &str) -> Option<ConsumerGroupDescription> {
        self.groups.get(group).and_then(|group| group.described_consumers(&*self.topics, &self.config))
    }

    /// The protocol of a group; `None` when there is none of that name.
    #[must_use]
    pub fn kind_of(&self, group: &str) -> Option<GroupKind> {
        self.groups.get(group).map(Group::kind)
    }

    /// Whether who asks for a group's offsets as a member of the consumer protocol is one, of that epoch (OffsetFetch, since
    /// version 9).
    ///
    /// # Errors
    /// [`ErrorCode::UnknownMemberId`], [`ErrorCode::StaleMemberEpoch`].
    pub fn check_reader(&self, group: &str, member_id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        match self.groups.get(group).and_then(|group| group.consumer.group.as_ref()) {
            Some(consumers) if member_id.is_some() || epoch >= 0 => {
                consumers.check_member(member_id.unwrap_or_default(), epoch)
            }
            _ => Ok(()),
        }
    }

    /// Tells how an append went. Appends must be acknowledged in the order they were asked for.
    pub fn appended(&mut self, now: Moment, id: AppendId, result: Result<(), ErrorCode>) {
        let Some((group_id, then)) = self.outbox.appending.remove(&id) else { return };
        if !self.groups.contains_key(&group_id) {
            return then.refuse(&mut self.outbox, ErrorCode::CoordinatorNotAvailable);
        }
        self.with_group_unless_gone(now, &group_id, |group, turn| group.resume(then, result, turn));
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Moment) {
        while let Some((at, _)) = self.deadlines.first()
            && *at <= now.monotonic
            && let Some((_, id)) = self.deadlines.pop_first()
        {
            if let Some(group) = self.groups.get_mut(&id) {
                group.scheduled = None;
            }
            self.with_group(now, &id, Group::tick);
        }
        if self.next_expiry.is_some_and(|at| at <= now.monotonic) {
            self.next_expiry = Some(now.monotonic + self.config.offsets_retention_check_interval);
            for id in self.groups.keys().cloned().collect::<Vec<_>>() {
                self.with_group_unless_gone(now, &id, Group::expire);
            }
        }
    }

    /// When [`Coordinator::tick`] has something to do, by the monotonic clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let group = self.deadlines.first().map(|(at, _)| *at);
        group.into_iter().chain(self.next_expiry).min()
    }

    /// Takes what is to be done outside, in order. To be called after every other call.
    pub fn effects(&mut self) -> std::vec::Drain<'_, Effect<R>> {
        self.outbox.effects.drain(..)
    }

    /// Answers everybody who waits with `error`, because the partition is closed or cannot be written any more.
    pub fn stop(&mut self, error: ErrorCode) {
        for (_, (_, then)) in std::mem::take(&mut self.outbox.appending) {
            then.refuse(&mut self.outbox, error);
        }
        for (_, group) in std::mem::take(&mut self.groups) {
            for (id, member) in group.members {
                if let Some(to) = member.joining {
                    self.outbox.reply(to, Response::Join(JoinResponse::refusal(&id, error)));
                }
                if let Some(to) = member.syncing {
                    self.outbox.reply(to, Response::Sync(SyncResponse::refusal(error)));
                }
            }
            group.consumer.refuse_all(&mut self.outbox, error);
        }
        self.deadlines.clear();
        self.next_expiry = None;
    }

    /// The group of that name, which comes into being if there is none.
    pub(super) fn group_or_new(&mut self, id: &str, now: Timestamp) -> &mut Group<R> {
        self.groups.entry(id.into()).or_insert_with(|| Group::new(id, now))
    }

    /// As [`Coordinator::with_group`]; drops the group when `act` says that it is gone.
    fn with_group_unless_gone(
        &mut self,
        now: Moment,
        id: &Arc<str>,
        act: impl FnOnce(&mut Group<R>, &mut Turn<'_, R>) -> bool,
    ) {
        if self.with_group(now, id, act) != Some(true) {
            return;
        }
        if let Some(at) = self.groups.remove(id).and_then(|group| group.scheduled) {
            self.deadlines.remove(&(at, Arc::clone(id)));
        }
    }

    /// Lets `act` work on a group, does what is due in it right away, and notes its next timer.
    pub(super) fn with_group<T>(
        &mut self,
        now: Moment,
        id: &str,
        act: impl FnOnce(&mut Group<R>, &mut Turn<'_, R>) -> T,
    ) -> Option<T> {
        let group = self.groups.get_mut(id)?;
        let mut turn = Turn {
            now,
            config: &self.config,
            ids: &mut *self.ids,
            topics: &*self.topics,
            outbox: &mut self.outbox,
        };
        let result = act(group, &mut turn);
        while group.next_wake.is_some_and(|at| at <= now.monotonic) {
            group.tick(&mut turn);
        }
        if let Some(at) = group.next_wake
            && group.scheduled.is_none_or(|noted| at < noted)
        {
            if let Some(noted) = group.scheduled.replace(at) {
                self.deadlines.remove(&(noted, Arc::clone(&group.id)));
            }
            self.deadlines.insert((at, Arc::clone(&group.id)));
        }
        Some(result)
    }
}

impl<R> Group<R> {
    /// Goes on after an append. Whether the group can be dropped.
    fn resume(
        &mut self,
        then: Continuation<R>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) -> bool {
        match then {
            Continuation::Nothing => {
                if let Err(error) = result {
                    tracing::warn!(group = %self.id, %error, "cannot keep the state of an empty group");
                }
            }
            Continuation::Assign { generation, assignments } => {
                self.assigned(generation, assignments, result, turn);
            }
            Continuation::ReplaceStatic(replacement) => self.static_replaced(&replacement, result, turn),
            Continuation::Commit { commits, outcomes, to } => {
                self.committed(commits, outcomes, to, result, turn)
            }
            Continuation::CommitInTransaction { producer, ended, commits, outcomes, to } => {
                self.kept(producer, ended, commits, result);
                answer(settled(outcomes, result), to, turn);
            }
            Continuation::Forget { partitions, reply } => self.forgotten(partitions, reply, result, turn),
            Continuation::Delete { to } => return self.deleted(to, result, turn),
            Continuation::Change(change) => self.changed(*change, result, turn),
        }
        false
    }
}

/// Whether members can have a group of this name.
fn check_group_id(group: &str) -> Result<(), ErrorCode> {
    if group.is_empty() || group.len() > TEXT_SIZE_MAX { Err(ErrorCode::InvalidGroupId) } else { Ok(()) }
}
