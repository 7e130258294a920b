//! Commits on their way: from a list of offsets to the group's coordinator and back. Any thread may start one.

use std::sync::Arc;

use crossbeam::channel::SendError;

use super::membership::Command;
use super::partition::AssignedPartition;
use super::shared::Shared;
use crate::broker::group::{CommitOffset, CommitRequest, OffsetsResponse};
use crate::broker::{Broker, Groups};
use crate::client::config::{AutoCommit, GroupProtocol};
use crate::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::TopicName;

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitAnswer {
    /// Why nothing at all was committed.
    pub error: Option<KafkaError>,
    /// What was to be committed, each with its own error; those without an offset were left out.
    pub partitions: Vec<TopicPartitionOffset>,
}

impl CommitAnswer {
    /// A commit that was not tried.
    fn refused(error: ErrorCode, partitions: Vec<TopicPartitionOffset>) -> CommitAnswer {
        CommitAnswer { error: Some(error.into()), partitions }
    }

    /// # Errors
    /// When nothing was committed.
    pub(super) fn into_result(self) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.partitions),
        }
    }
}

impl Shared {
    /// What is stored and not committed, of all assigned partitions: those that have nothing are in the list too.
    pub(super) fn stored(&self) -> Vec<TopicPartitionOffset> {
        let mut state = self.state.lock();
        self.take_answers(&mut state);
        state.fetcher.assignment.iter().map(AssignedPartition::to_commit).collect()
    }

    /// Starts a commit; `then` is called with its outcome, here or on the coordinator's thread, where it must not
    /// wait.
    pub(super) fn commit(
        &self,
        partitions: Vec<TopicPartitionOffset>,
        then: impl FnOnce(CommitAnswer) + Send + 'static,
    ) {
        let Some(group) = &self.config.group_id else {
            return then(CommitAnswer::refused(ErrorCode::LocalUnknownGroup, partitions));
        };
        if self.state.lock().fatal.is_some() {
            return then(CommitAnswer::refused(ErrorCode::LocalFatal, partitions));
        }
        if !has_offsets(&partitions) {
            return then(CommitAnswer::refused(ErrorCode::LocalNoOffset, partitions));
        }
        let engine = self.engine();
        let groups = engine.as_ref().and_then(|engine| engine.broker().groups().ok());
        let (Some(engine), Some(groups)) = (engine, groups) else {
            return then(CommitAnswer::refused(ErrorCode::LocalWaitCoord, partitions));
        };
        let mut commit = Commit::new(partitions, engine.broker());
        let offsets = std::mem::take(&mut commit.request);
        if offsets.is_empty() {
            return then(commit.answer());
        }
        let request = CommitRequest {
            group: group.clone(),
            member: self.identity(),
            retention: None,
            knows_consumer_protocol: true,
            offsets,
        };
        self.send(&groups, request, commit, Box::new(then));
    }

    /// Asks the coordinator. What it refuses because the member has another epoch by now goes to the thread that knows more of
    /// that.
    fn send(&self, groups: &Groups, request: CommitRequest, commit: Commit, then: Then) {
        let membership =
            self.membership.get().filter(|_| self.config.group_protocol == GroupProtocol::Consumer);
        let kept = membership.map(|membership| (membership.clone(), request.clone()));
        groups.commit(request, move |response| match kept {
            Some((membership, request)) if is_stale(&response) => {
                let refused = Box::new(RefusedCommit { request, response, commit, then });
                // When that thread has ended, it stays refused.
                if let Err(SendError(Command::CommitRefused(refused))) =
                    membership.send(Command::CommitRefused(refused))
                {
                    refused.give_up();
                }
            }
            _ => then(commit.answered(&response)),
        });
    }

    /// Tries once more, as whoever this consumer is by now.
    pub(super) fn commit_again(&self, refused: RefusedCommit) {
        let groups = self.engine().and_then(|engine| engine.broker().groups().ok());
        let Some(groups) = groups else { return refused.give_up() };
        let RefusedCommit { request, commit, then, .. } = refused;
        self.send(&groups, CommitRequest { member: self.identity(), ..request }, commit, then);
    }

    /// Commits and waits for the outcome.
    pub(super) fn commit_and_wait(&self, partitions: Vec<TopicPartitionOffset>) -> CommitAnswer {
        let (sender, answer) = crossbeam::channel::bounded(1);
        let asked = partitions.clone();
        self.commit(partitions, move |answer| drop(sender.send(answer)));
        let answer = answer.recv_timeout(self.config.client.request_timeout);
        let answer = answer.unwrap_or_else(|_| CommitAnswer::refused(ErrorCode::LocalTimedOut, asked));
        self.state.lock().note_committed(&answer.partitions);
        answer
    }

    /// Commits; the application is told by a later poll.
    pub(super) fn commit_and_tell(self: &Arc<Self>, partitions: Vec<TopicPartitionOffset>) {
        let shared = Arc::clone(self);
        self.commit(partitions, move |answer| shared.push_answer(answer));
    }

    /// Commits what is stored, if there is anything.
    pub(super) fn auto_commit(self: &Arc<Self>) {
        let stored = self.stored();
        if has_offsets(&stored) {
            self.commit_and_tell(stored);
        }
    }

    /// Commits what was stored of partitions that have been given up, and waits for that: who gets them next goes on
    /// from there.
    pub(super) fn commit_removed(&self, removed: &[AssignedPartition]) {
        let stored: Vec<_> = removed.iter().map(AssignedPartition::to_commit_at_last).collect();
        if self.config.auto_commit == AutoCommit::Off || !has_offsets(&stored) || self.state.lock().lost {
            return;
        }
        let answer = self.commit_and_wait(stored);
        self.push_answer(answer);
    }
}

/// Who is told what became of a commit.
type Then = Box<dyn FnOnce(CommitAnswer) + Send>;

/// A commit that was refused because the member has another epoch by now.
pub(super) struct RefusedCommit {
    request: CommitRequest,
    response: OffsetsResponse,
    commit: Commit,
    then: Then,
}

impl RefusedCommit {
    /// The epoch it was sent with.
    pub(super) fn epoch(&self) -> i32 {
        self.request.member.generation
    }

    /// It stays refused.
    pub(super) fn give_up(self) {
        (self.then)(self.commit.answered(&self.response));
    }
}

fn is_stale(response: &OffsetsResponse) -> bool {
    response.partitions.iter().any(|outcome| outcome.error == ErrorCode::StaleMemberEpoch)
}

fn has_offsets(partitions: &[TopicPartitionOffset]) -> bool {
    partitions.iter().any(|element| matches!(element.offset, OffsetSpec::At(_)))
}

/// A commit while it is on its way.
struct Commit {
    partitions: Vec<TopicPartitionOffset>,
    request: Vec<CommitOffset>,
    /// Which elements of `partitions` are in the request, in its order.
    sent: Vec<usize>,
}

impl Commit {
    /// Leaves out what has no offset, and what does not exist, which gets an error.
    fn new(mut partitions: Vec<TopicPartitionOffset>, broker: &Broker) -> Commit {
        let (mut request, mut sent) = (Vec::new(), Vec::new());
        for (index, element) in partitions.iter_mut().enumerate() {
            element.error = None;
            let OffsetSpec::At(offset) = element.offset else { continue };
            let topic = broker.topic(&element.topic);
            let topic = topic.filter(|topic| topic.partition(element.partition).is_some());
            let (Some(topic), Ok(name)) = (topic, TopicName::new(&element.topic)) else {
                element.error = Some(ErrorCode::UnknownTopicOrPartition.into());
                continue;
            };
            sent.push(index);
            request.push(CommitOffset {
                topic: name,
                topic_id: Some(topic.id()),
                partition: element.partition,
                offset,
                leader_epoch: element.leader_epoch,
                metadata: element.metadata.as_deref().unwrap_or_default().to_owned(),
            });
        }
        Commit { partitions, request, sent }
    }

    fn answered(mut self, response: &OffsetsResponse) -> CommitAnswer {
        for (index, outcome) in self.sent.iter().zip(&response.partitions) {
            if outcome.error != ErrorCode::None
                && let Some(element) = self.partitions.get_mut(*index)
            {
                element.error = Some(outcome.error.into());
            }
        }
        self.answer()
    }

    /// The answer: an error as a whole only when no partition was committed.
    fn answer(self) -> CommitAnswer {
        let with_offset = self.partitions.iter().filter(|e| matches!(e.offset, OffsetSpec::At(_)));
        let mut errors: Vec<_> = with_offset.map(|element| element.error.clone()).collect();
        let error = if errors.iter().all(Option::is_some) { errors.pop().flatten() } else { None };
        CommitAnswer { error, partitions: self.partitions }
    }
}
