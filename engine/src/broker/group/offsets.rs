//! [`Offsets`]: what a group has committed, and what it is committing. Commits become visible when they are durable.

use std::collections::{BTreeMap, BTreeSet};

use super::classic_group::Group;
use super::in_transaction::TransactionalOffset;
use super::outbox::{Continuation, Outbox, Turn, refused};
use super::request::{
    CommitOffset, CommitRequest, FetchOffset, FetchedOffset, MemberIdentity, OffsetsResponse,
    PartitionOutcome, Response, Stability,
};
use super::state::ClassicState;
use crate::broker::coordination::{CoordinatorRecord, append_error};
use crate::broker::offsets_schema::{OffsetCommit, RecordKey};
use crate::error_code::ErrorCode;
use crate::types::{Offset, ProducerId, Timestamp, TopicPartition};

/// Longest text of an offset whatever the settings say: one form of the record has no room for more.
const METADATA_SIZE_MAX: usize = i16::MAX as usize;

/// Offsets of one group.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    pub(super) committed: BTreeMap<TopicPartition, OffsetCommit>,
    /// Count of appends under way that change a partition's offset.
    in_flight: BTreeMap<TopicPartition, u32>,
    /// What becomes visible when a transaction is committed.
    pub(super) in_transactions: BTreeMap<ProducerId, BTreeMap<TopicPartition, TransactionalOffset>>,
    /// Count of offsets that were ever kept for transactions.
    pub(super) transactional_count: u64,
}

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.in_flight.is_empty() && self.in_transactions.is_empty()
    }

    /// Whether a partition's offset is being changed, or waits for the end of a transaction.
    pub(super) fn is_in_flight(&self, partition: &TopicPartition) -> bool {
        self.in_flight.contains_key(partition)
            || self.in_transactions.values().any(|offsets| offsets.contains_key(partition))
    }

    /// Every partition with an offset, or with one on the way.
    pub(super) fn partitions(&self) -> Vec<TopicPartition> {
        let in_transactions = self.in_transactions.values().flat_map(BTreeMap::keys);
        let all = self.committed.keys().chain(self.in_flight.keys()).chain(in_transactions);
        all.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// An offset is there; those that transactions have kept before it will not count.
    pub(super) fn put(&mut self, partition: TopicPartition, commit: OffsetCommit) {
        self.supersede(&partition, u64::MAX);
        self.committed.insert(partition, commit);
    }

    /// An offset is gone, with those that transactions have kept before.
    pub(super) fn remove(&mut self, partition: &TopicPartition) {
        self.forget_in_transactions(partition);
        self.committed.remove(partition);
    }

    pub(super) fn take_off(&mut self, partition: &TopicPartition) {
        *self.in_flight.entry(partition.clone()).or_default() += 1;
    }

    pub(super) fn land(&mut self, partition: &TopicPartition) {
        if let Some(count) = self.in_flight.get_mut(partition) {
            *count -= 1;
            if *count == 0 {
                self.in_flight.remove(partition);
            }
        }
    }

    /// The answer for one partition.
    pub(super) fn fetch(&self, wanted: &FetchOffset, stable: Stability) -> FetchedOffset {
        let FetchOffset { topic, topic_id, partition } = wanted;
        let key = TopicPartition { topic: topic.clone(), partition: *partition };
        let none = FetchedOffset {
            topic: topic.clone(),
            partition: *partition,
            offset: Offset(-1),
            leader_epoch: None,
            metadata: String::new(),
            error: ErrorCode::None,
        };
        if stable == Stability::Required && self.is_in_flight(&key) {
            return FetchedOffset { error: ErrorCode::UnstableOffsetCommit, ..none };
        }
        match self.committed.get(&key) {
            Some(commit)
                if topic_id.is_none() || commit.topic_id.is_none() || *topic_id == commit.topic_id =>
            {
                FetchedOffset {
                    offset: commit.offset,
                    leader_epoch: commit.leader_epoch,
                    metadata: commit.metadata.clone(),
                    ..none
                }
            }
            _ => none,
        }
    }
}

impl<R> Group<R> {
    /// Commits offsets; answered when they are durable.
    pub(super) fn commit(&mut self, request: CommitRequest, to: R, turn: &mut Turn<'_, R>) {
        if let Err(error) = self.check_commit(&request.member, request.knows_consumer_protocol) {
            return refuse_commit(request.offsets, error, to, turn.outbox);
        }
        if matches!(self.state, ClassicState::Stable | ClassicState::PreparingRebalance) {
            self.restart_session(&request.member.member_id, turn.now.monotonic);
        }
        let expiry_time = request.retention.map(|retention| turn.now.wall.after(retention));
        let (outcomes, commits) = sort_out(request.offsets, expiry_time, turn);
        if commits.is_empty() {
            return answer(outcomes, to, turn);
        }
        let records = self.take_off_all(&commits);
        turn.outbox.append(&self.id, records, Continuation::Commit { commits, outcomes, to });
    }

    /// The records of offsets that are now on the way.
    pub(super) fn take_off_all(
        &mut self,
        commits: &[(TopicPartition, OffsetCommit)],
    ) -> Vec<CoordinatorRecord> {
        for (partition, _) in commits {
            self.offsets.take_off(partition);
        }
        commits.iter().map(|(partition, commit)| self.offset_record(partition, Some(commit))).collect()
    }

    fn check_commit(&self, member: &MemberIdentity, knows_consumer_protocol: bool) -> Result<(), ErrorCode> {
        let is_outside = member.generation < 0;
        match self.state {
            ClassicState::Dead => return Err(ErrorCode::CoordinatorNotAvailable),
            ClassicState::Empty if let Some(consumers) = &self.consumer.group => {
                return consumers.check_commit(member, knows_consumer_protocol);
            }
            ClassicState::Empty if is_outside => return Ok(()),
            _ => {}
        }
        if is_outside && member.member_id.is_empty() && member.instance_id.is_none() {
            // An administrator, or a consumer that is no member, while there are members.
            return Err(ErrorCode::UnknownMemberId);
        }
        self.check_identity(member)?;
        // It knows of the new generation but has no assignment of it yet.
        match self.state {
            ClassicState::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// A commit is durable, or is not.
    pub(super) fn committed(
        &mut self,
        commits: Vec<(TopicPartition, OffsetCommit)>,
        outcomes: Vec<PartitionOutcome>,
        to: R,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        for (partition, commit) in commits {
            self.offsets.land(&partition);
            if result.is_ok() {
                self.offsets.put(partition, commit);
            }
        }
        answer(settled(outcomes, result), to, turn);
    }

    /// Deletes offsets of topics that no member reads; answered when that is durable.
    pub(super) fn delete_offsets(&mut self, partitions: Vec<TopicPartition>, to: R, turn: &mut Turn<'_, R>) {
        let refusal = match self.state {
            ClassicState::Dead => Some(ErrorCode::GroupIdNotFound),
            ClassicState::Empty => None,
            ClassicState::PreparingRebalance | ClassicState::CompletingRebalance | ClassicState::Stable => {
                (!self.is_consumer()).then_some(ErrorCode::NonEmptyGroup)
            }
        };
        if let Some(error) = refusal {
            let response = OffsetsResponse { error, partitions: Vec::new() };
            return turn.outbox.reply(to, Response::Offsets(response));
        }
        let mut outcomes = Vec::with_capacity(partitions.len());
        let mut gone = Vec::new();
        for TopicPartition { topic, partition } in partitions {
            let error = match self.is_subscribed(topic.as_str()) {
                true => ErrorCode::GroupSubscribedToTopic,
                false => ErrorCode::None,
            };
            outcomes.push(PartitionOutcome { topic: topic.clone(), partition, error });
            let key = TopicPartition { topic, partition };
            let is_there = self.offsets.committed.contains_key(&key) || self.offsets.is_in_flight(&key);
            if error == ErrorCode::None && is_there {
                gone.push(key);
            }
        }
        let response = OffsetsResponse { error: ErrorCode::None, partitions: outcomes };
        if gone.is_empty() {
            return turn.outbox.reply(to, Response::Offsets(response));
        }
        self.forget(gone, Some((to, response)), turn);
    }

    /// Writes tombstones for offsets.
    pub(super) fn forget(
        &mut self,
        partitions: Vec<TopicPartition>,
        reply: Option<(R, OffsetsResponse)>,
        turn: &mut Turn<'_, R>,
    ) {
        let records = partitions.iter().map(|partition| self.offset_record(partition, None)).collect();
        for partition in &partitions {
            self.offsets.take_off(partition);
        }
        turn.outbox.append(&self.id, records, Continuation::Forget { partitions, reply });
    }

    /// Tombstones of offsets are durable, or are not.
    pub(super) fn forgotten(
        &mut self,
        partitions: Vec<TopicPartition>,
        reply: Option<(R, OffsetsResponse)>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        for partition in partitions {
            self.offsets.land(&partition);
            if result.is_ok() {
                self.offsets.remove(&partition);
            }
        }
        if let Some((to, response)) = reply {
            let response = match result {
                Ok(()) => response,
                Err(error) => OffsetsResponse { error: append_error(error), partitions: Vec::new() },
            };
            turn.outbox.reply(to, Response::Offsets(response));
        }
    }

    /// The record of an offset, or its tombstone.
    pub(super) fn offset_record(
        &self,
        partition: &TopicPartition,
        commit: Option<&OffsetCommit>,
    ) -> CoordinatorRecord {
        let key = RecordKey::Offset {
            group: self.id.to_string(),
            topic: partition.topic.to_string(),
            partition: partition.partition,
        };
        CoordinatorRecord { key: key.encode(), value: commit.map(OffsetCommit::encode) }
    }
}

/// What is to be written of a request's offsets, and what is said of each.
pub(super) fn sort_out<R>(
    offsets: Vec<CommitOffset>,
    expiry_time: Option<Timestamp>,
    turn: &Turn<'_, R>,
) -> (Vec<PartitionOutcome>, Vec<(TopicPartition, OffsetCommit)>) {
    let commit_time = turn.now.wall;
    let mut outcomes = Vec::with_capacity(offsets.len());
    let mut commits = Vec::with_capacity(offsets.len());
    for offset in offsets {
        let CommitOffset { topic, topic_id, partition, offset, leader_epoch, metadata } = offset;
        let fits = metadata_fits(&metadata, turn.config.offset_metadata_max_bytes);
        let error = if fits { ErrorCode::None } else { ErrorCode::OffsetMetadataTooLarge };
        outcomes.push(PartitionOutcome { topic: topic.clone(), partition, error });
        if fits {
            let commit = OffsetCommit { offset, leader_epoch, metadata, commit_time, expiry_time, topic_id };
            commits.push((TopicPartition { topic, partition }, commit));
        }
    }
    (outcomes, commits)
}

/// `outcomes` after an append has ended.
pub(super) fn settled(
    outcomes: Vec<PartitionOutcome>,
    result: Result<(), ErrorCode>,
) -> Vec<PartitionOutcome> {
    match result {
        Ok(()) => outcomes,
        Err(error) => refused(outcomes, append_error(error)),
    }
}

pub(super) fn answer<R>(partitions: Vec<PartitionOutcome>, to: R, turn: &mut Turn<'_, R>) {
    let response = OffsetsResponse { error: ErrorCode::None, partitions };
    turn.outbox.reply(to, Response::Offsets(response));
}

/// Kafka counts UTF-16 units here, although its setting says bytes.
fn metadata_fits(metadata: &str, units_max: i32) -> bool {
    let units = metadata.encode_utf16().count();
    metadata.len() <= METADATA_SIZE_MAX && i32::try_from(units).is_ok_and(|units| units <= units_max)
}

/// Answers a commit that was refused as a whole: with the same error for each partition.
pub(super) fn refuse_commit<R>(offsets: Vec<CommitOffset>, error: ErrorCode, to: R, outbox: &mut Outbox<R>) {
    let outcome =
        |offset: CommitOffset| PartitionOutcome { topic: offset.topic, partition: offset.partition, error };
    let partitions = offsets.into_iter().map(outcome).collect();
    outbox.reply(to, Response::Offsets(OffsetsResponse { error: ErrorCode::None, partitions }));
}
