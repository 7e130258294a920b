//! [`Bench`]: a coordinator, its clock, its log, and the answers it gave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub(super) use super::requests::*;
use crate::broker::group::{
    AppendId, CommitRequest, ConsumerHeartbeat, ConsumerHeartbeatResponse, Coordinator, CoordinatorRecord,
    Effect, FetchOffset, FetchedOffset, GroupState, JoinRequest, JoinResponse, LeavingMember, LeftMember,
    Moment, OffsetsResponse, Response, Stability, SyncRequest, SyncResponse, TransactionalCommit,
};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::{PartitionIndex, ProducerId, Timestamp};

/// Names a request; the bench collects answers by it.
pub(super) type Tag = u32;

/// What becomes of appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    Writes,
    Fails(ErrorCode),
    Hangs,
}

pub(super) struct Bench {
    pub(super) coordinator: Coordinator<Tag>,
    pub(super) now: Moment,
    pub(super) log: Log,
    pub(super) records: Vec<CoordinatorRecord>,
    /// In whose transaction each of them was written.
    transactions: Vec<Option<ProducerId>>,
    hanging: VecDeque<(AppendId, Vec<CoordinatorRecord>, Option<ProducerId>)>,
    answers: BTreeMap<Tag, Response>,
    /// How often members were to look again.
    pub(super) changes: usize,
    config: Arc<EngineConfig>,
    pub(super) topics: Arc<TestTopics>,
    next_tag: Tag,
    /// Ids of members are new ones each time.
    restarts: u32,
}

impl Bench {
    pub(super) fn new() -> Bench {
        Bench::with(&[])
    }

    /// A bench whose engine has these settings.
    pub(super) fn with(settings: &[(&str, &str)]) -> Bench {
        let config = Arc::new(EngineConfig::parse(settings.iter().copied()).unwrap());
        let now = Moment { monotonic: seconds(1000), wall: Timestamp(1_700_000_000_000) };
        let topics = Arc::new(TestTopics::default());
        let mut coordinator = Coordinator::new(Arc::clone(&config), Box::new(Counter(0)), topics.clone());
        coordinator.finish_loading(now);
        Bench {
            coordinator,
            now,
            log: Log::Writes,
            records: Vec::new(),
            transactions: Vec::new(),
            hanging: VecDeque::new(),
            answers: BTreeMap::new(),
            changes: 0,
            config,
            topics,
            next_tag: 0,
            restarts: 0,
        }
    }

    /// The coordinator that would come up with what the log holds.
    pub(super) fn restart(&mut self) {
        let (config, topics) = (Arc::clone(&self.config), self.topics.clone());
        self.restarts += 1;
        let mut coordinator = Coordinator::new(config, Box::new(Counter(500 * self.restarts)), topics);
        for (record, transaction) in self.records.iter().zip(&self.transactions) {
            coordinator.load(&record.key, record.value.as_deref(), *transaction).unwrap();
        }
        coordinator.finish_loading(self.now);
        self.coordinator = coordinator;
        self.hanging.clear();
        self.answers.clear();
        self.settle();
    }

    /// Lets time pass, timers included.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now.monotonic + duration;
        while let Some(at) = self.coordinator.next_deadline().filter(|at| *at <= end) {
            self.advance_to(at.max(self.now.monotonic));
            self.coordinator.tick(self.now);
            self.settle();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, at: Duration) {
        self.now.wall = self.now.wall.after(at - self.now.monotonic);
        self.now.monotonic = at;
    }

    /// Does what the coordinator asks for until it asks for nothing.
    pub(super) fn settle(&mut self) {
        loop {
            let effects: Vec<_> = self.coordinator.effects().collect();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Reply { to, response } => {
                        assert!(self.answers.insert(to, response).is_none(), "request {to} answered twice");
                    }
                    Effect::Changed => self.changes += 1,
                    Effect::Append { id, records, producer } => {
                        assert!(!records.is_empty());
                        self.hanging.push_back((id, records, producer.map(|(id, _)| id)));
                        if self.log != Log::Hangs {
                            self.release();
                        }
                    }
                }
            }
        }
    }

    /// Acknowledges the appends that hang, as `self.log` says (hanging counts as written here).
    fn release(&mut self) {
        while let Some((id, records, transaction)) = self.hanging.pop_front() {
            let result = match self.log {
                Log::Fails(error) => Err(error),
                Log::Writes | Log::Hangs => {
                    self.transactions.extend(records.iter().map(|_| transaction));
                    self.records.extend(records);
                    Ok(())
                }
            };
            self.coordinator.appended(self.now, id, result);
        }
    }

    /// Lets the log go on, this way.
    pub(super) fn resume_log(&mut self, log: Log) {
        self.log = log;
        self.release();
        self.settle();
    }

    pub(super) fn tag(&mut self) -> Tag {
        self.next_tag += 1;
        self.next_tag
    }

    pub(super) fn join(&mut self, request: &JoinRequest) -> Tag {
        let tag = self.tag();
        self.coordinator.join(self.now, request, tag);
        self.settle();
        tag
    }

    pub(super) fn sync(&mut self, request: SyncRequest) -> Tag {
        let tag = self.tag();
        self.coordinator.sync(self.now, request, tag);
        self.settle();
        tag
    }

    pub(super) fn commit(&mut self, request: CommitRequest) -> Tag {
        let tag = self.tag();
        self.coordinator.commit(self.now, request, tag);
        self.settle();
        tag
    }

    pub(super) fn keep(&mut self, request: TransactionalCommit) -> Tag {
        let tag = self.tag();
        self.coordinator.commit_in_transaction(self.now, request, tag);
        self.settle();
        tag
    }

    /// The errors of a commit in a transaction, partition by partition.
    pub(super) fn keep_errors(&mut self, request: TransactionalCommit) -> Vec<ErrorCode> {
        let tag = self.keep(request);
        self.offsets_answer(tag).partitions.iter().map(|partition| partition.error).collect()
    }

    pub(super) fn delete_group(&mut self) -> Tag {
        let tag = self.tag();
        self.coordinator.delete_group(self.now, GROUP, tag);
        self.settle();
        tag
    }

    pub(super) fn heartbeat(&mut self, member_id: &str, generation: i32) -> ErrorCode {
        let told = self.coordinator.heartbeat(self.now, GROUP, &identity(member_id, generation));
        self.settle();
        told
    }

    /// Sends a heartbeat of the consumer protocol.
    pub(super) fn beat(&mut self, request: ConsumerHeartbeat) -> Tag {
        let tag = self.tag();
        self.coordinator.consumer_heartbeat(self.now, request, tag);
        self.settle();
        tag
    }

    pub(super) fn beaten(&mut self, tag: Tag) -> ConsumerHeartbeatResponse {
        match self.answer(tag) {
            Response::ConsumerHeartbeat(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn leave(&mut self, members: Vec<LeavingMember>) -> Result<Vec<LeftMember>, ErrorCode> {
        let tag = self.ask_to_leave(members);
        self.left(tag)
    }

    pub(super) fn ask_to_leave(&mut self, members: Vec<LeavingMember>) -> Tag {
        let tag = self.tag();
        self.coordinator.leave(self.now, GROUP, members, tag);
        self.settle();
        tag
    }

    pub(super) fn left(&mut self, tag: Tag) -> Result<Vec<LeftMember>, ErrorCode> {
        match self.answer(tag) {
            Response::Left(left) => left,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn is_waiting(&self, tag: Tag) -> bool {
        !self.answers.contains_key(&tag)
    }

    pub(super) fn answer(&mut self, tag: Tag) -> Response {
        self.answers.remove(&tag).unwrap_or_else(|| panic!("request {tag} has no answer"))
    }

    pub(super) fn joined(&mut self, tag: Tag) -> JoinResponse {
        match self.answer(tag) {
            Response::Join(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn synced(&mut self, tag: Tag) -> SyncResponse {
        match self.answer(tag) {
            Response::Sync(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn offsets_answer(&mut self, tag: Tag) -> OffsetsResponse {
        match self.answer(tag) {
            Response::Offsets(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn deleted(&mut self, tag: Tag) -> ErrorCode {
        match self.answer(tag) {
            Response::Deleted(error) => error,
            other => panic!("{other:?}"),
        }
    }

    /// The errors of a commit, partition by partition.
    pub(super) fn commit_errors(&mut self, request: CommitRequest) -> Vec<ErrorCode> {
        let tag = self.commit(request);
        self.offsets_answer(tag).partitions.iter().map(|partition| partition.error).collect()
    }

    pub(super) fn fetch(&self, name: &str, partition: i32, stability: Stability) -> FetchedOffset {
        let wanted = FetchOffset { topic: topic(name), topic_id: None, partition: PartitionIndex(partition) };
        self.coordinator.fetch_offsets(GROUP, &[wanted], stability).remove(0)
    }

    pub(super) fn offset(&self, name: &str, partition: i32) -> i64 {
        self.fetch(name, partition, Stability::Ignored).offset.0
    }

    pub(super) fn state(&self) -> Option<GroupState> {
        self.coordinator.describe(GROUP).map(|group| group.state)
    }

    /// One member, alone in a stable group; its id.
    pub(super) fn stable_alone(&mut self) -> String {
        let tag = self.join(&joining("a"));
        let joined = self.joined(tag);
        let id = joined.member_id;
        let member = identity(&id, joined.generation);
        let tag = self.sync(sync_request(member, &[(&id, "all")]));
        assert_eq!(self.synced(tag).error, ErrorCode::None);
        id
    }

    /// Two members in a stable group of generation 2; their ids, the leader's first.
    pub(super) fn stable_pair(&mut self) -> (String, String) {
        let first = self.stable_alone();
        let second = self.join(&joining("b"));
        let again = self.join(&JoinRequest { member_id: first.clone(), ..joining("a") });
        let joined = self.joined(second);
        assert_eq!((joined.error, joined.generation), (ErrorCode::None, 2));
        assert_eq!(self.joined(again).leader, first);
        let second = joined.member_id;
        let waiting = self.sync(sync_request(identity(&second, 2), &[]));
        let leading = self.sync(sync_request(identity(&first, 2), &[(&first, "left"), (&second, "right")]));
        assert_eq!(self.synced(waiting).assignment, "right");
        assert_eq!(self.synced(leading).assignment, "left");
        (first, second)
    }
}
