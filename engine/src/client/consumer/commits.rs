//! Offsets: what is stored for committing, committing it, and what the group has committed.

use std::sync::Arc;
use std::time::Instant;

use super::Consumer;
use super::events::CallError;
use super::partition::Position;
use super::state::State;
use crate::broker::group::{
    CommitOffset, CommitRequest, FetchOffset, MemberIdentity, OffsetsResponse, Stability,
};
use crate::broker::{Broker, BrokerError, Groups};
use crate::client::config::{AutoCommit, ConsumerConfig};
use crate::client::membership::Membership;
use crate::client::{KafkaError, Message, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::{LeaderEpoch, Offset, TopicName};

/// Offsets on their way to the group's coordinator.
pub(super) struct Commit {
    broker: Arc<Broker>,
    member: MemberIdentity,
    offsets: Vec<TopicPartitionOffset>,
}

impl Commit {
    /// Commits; `done` gets the offsets with what became of each, when they are durable. It must not block.
    pub(super) fn send(
        self,
        config: &ConsumerConfig,
        done: impl FnOnce(Result<Vec<TopicPartitionOffset>, KafkaError>) + Send + 'static,
    ) {
        let Commit { broker, member, mut offsets } = self;
        let groups = match broker.groups() {
            Ok(groups) => groups,
            Err(error) => return done(Err(error.into())),
        };
        let request = CommitRequest {
            group: config.group_id.clone().unwrap_or_default(),
            member,
            retention: None,
            unknown_group_error: ErrorCode::IllegalGeneration,
            offsets: offsets.iter_mut().filter_map(commit_offset).collect(),
        };
        groups.commit(request, move |response| done(Ok(outcomes(offsets, &response))));
    }
}

/// `None`, and an error in the element, for what cannot be a topic.
fn commit_offset(element: &mut TopicPartitionOffset) -> Option<CommitOffset> {
    let Ok(topic) = TopicName::new(&element.topic) else {
        element.error = Some(ErrorCode::UnknownTopicOrPartition.into());
        return None;
    };
    Some(CommitOffset {
        topic,
        topic_id: None,
        partition: element.partition,
        offset: element.offset.offset()?,
        leader_epoch: element.leader_epoch,
        metadata: element.metadata.as_deref().unwrap_or_default().to_owned(),
    })
}

fn outcomes(mut offsets: Vec<TopicPartitionOffset>, response: &OffsetsResponse) -> Vec<TopicPartitionOffset> {
    for outcome in response.partitions.iter().filter(|outcome| outcome.error != ErrorCode::None) {
        let key = (outcome.topic.as_str(), outcome.partition);
        if let Some(element) = offsets.iter_mut().find(|element| element.key() == key) {
            element.error = Some(outcome.error.into());
        }
    }
    offsets
}

impl State {
    /// What is stored and not committed yet; counts as committed from now on.
    fn take_stored(&mut self) -> Vec<TopicPartitionOffset> {
        let mut offsets = Vec::new();
        let places = self.fetcher.assignment.places().to_vec();
        for place in places {
            let Some(partition) = self.fetcher.assignment.get_mut(place) else { continue };
            if let Some(Position { offset, leader_epoch }) = partition.stored
                && partition.committed != Some(offset)
            {
                partition.committed = Some(offset);
                let mut element = partition.element(OffsetSpec::At(offset));
                element.leader_epoch = leader_epoch;
                offsets.push(element);
            }
        }
        offsets
    }

    fn commit_of(&self, offsets: Vec<TopicPartitionOffset>) -> Result<Commit, KafkaError> {
        let engine = self.engine.as_ref().ok_or(ErrorCode::LocalWaitCoord)?;
        let outside = || MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 };
        let member = self.group.membership.as_ref().map_or_else(outside, Membership::identity);
        Ok(Commit { broker: Arc::clone(engine.broker()), member, offsets })
    }

    /// A commit of all that is stored, if the consumer commits by itself.
    pub(super) fn take_auto_commit(&mut self) -> Option<Commit> {
        if self.group.auto_commit == AutoCommit::Off || self.engine.is_none() {
            return None;
        }
        let offsets = self.take_stored();
        if offsets.is_empty() { None } else { self.commit_of(offsets).ok() }
    }

    /// The same, if `auto.commit.interval.ms` has passed.
    pub(super) fn take_due_commit(&mut self) -> Option<Commit> {
        let AutoCommit::Every(interval) = self.group.auto_commit else { return None };
        let now = Instant::now();
        let due = *self.group.next_auto_commit.get_or_insert(now + interval);
        if now < due {
            return None;
        }
        self.group.next_auto_commit = Some(now + interval);
        self.take_auto_commit()
    }
}

impl Consumer {
    /// Commits `offsets`, or what is stored for `None`, and waits until that is durable. Returns them with what became
    /// of each.
    ///
    /// # Errors
    /// `_NO_OFFSET` when nothing is stored; `_UNKNOWN_GROUP` without `group.id`; `_WAIT_COORD` offline.
    pub fn commit(
        &self,
        offsets: Option<Vec<TopicPartitionOffset>>,
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let (sender, answer) = crossbeam::channel::bounded(1);
        self.commit_then(offsets, move |result| drop(sender.send(result)))?;
        match answer.recv_timeout(self.config.client.request_timeout) {
            Ok(result) => Ok(result?),
            Err(_) => Err(ErrorCode::LocalTimedOut.into()),
        }
    }

    /// As [`Consumer::commit`], without waiting: `done` is called with the result, on another thread; it must not
    /// block.
    ///
    /// # Errors
    /// As [`Consumer::commit`].
    pub fn commit_then(
        &self,
        offsets: Option<Vec<TopicPartitionOffset>>,
        done: impl FnOnce(Result<Vec<TopicPartitionOffset>, KafkaError>) + Send + 'static,
    ) -> Result<(), CallError> {
        let mut state = self.lock()?;
        if self.config.group_id.is_none() {
            return Err(ErrorCode::LocalUnknownGroup.into());
        }
        let offsets = offsets.unwrap_or_else(|| state.take_stored());
        if offsets.is_empty() {
            return Err(ErrorCode::LocalNoOffset.into());
        }
        let commit = state.commit_of(offsets)?;
        drop(state);
        commit.send(&self.config, done);
        Ok(())
    }

    /// Commits the offset behind `message`, and waits until that is durable.
    ///
    /// # Errors
    /// As [`Consumer::commit`].
    pub fn commit_message(&self, message: &Message) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let offset = message.offset().ok_or(ErrorCode::LocalInvalidArg)?.plus(1);
        let mut element =
            TopicPartitionOffset::new(message.topic().into(), message.partition(), OffsetSpec::At(offset));
        element.leader_epoch = Some(message.leader_epoch());
        self.commit(Some(vec![element]))
    }

    /// Stores offsets for the next commit. Each element's error says whether it could be done.
    ///
    /// # Errors
    /// `_INVALID_ARG` with `enable.auto.offset.store`; `_UNKNOWN_PARTITION` when none of them is assigned.
    pub fn store_offsets(&self, offsets: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.lock()?;
        if self.config.auto_offset_store {
            return Err(ErrorCode::LocalInvalidArg.into());
        }
        let mut stored = 0;
        for element in &mut *offsets {
            let place = state.fetcher.assignment.find(&element.topic, element.partition);
            let partition = place.and_then(|place| state.fetcher.assignment.get_mut(place));
            element.error = None;
            match (partition, element.offset.offset()) {
                (Some(partition), Some(offset)) => {
                    partition.stored = Some(Position { offset, leader_epoch: element.leader_epoch });
                    stored += 1;
                }
                (Some(_), None) => element.error = Some(ErrorCode::LocalInvalidArg.into()),
                (None, _) => element.error = Some(ErrorCode::LocalUnknownPartition.into()),
            }
        }
        if stored == 0 && !offsets.is_empty() {
            return Err(ErrorCode::LocalUnknownPartition.into());
        }
        Ok(())
    }

    /// Sets each element's offset to what the group has committed; `Invalid` where it has not.
    ///
    /// # Errors
    /// `_UNKNOWN_GROUP` without `group.id`; `_WAIT_COORD` offline.
    pub fn committed(&self, partitions: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let state = self.lock()?;
        let Some(group) = &self.config.group_id else { return Err(ErrorCode::LocalUnknownGroup.into()) };
        let engine = state.engine.clone().ok_or(ErrorCode::LocalWaitCoord)?;
        drop(state);
        let groups =
            engine.broker().existing_groups().map_err(|error: BrokerError| KafkaError::from(error))?;
        for element in partitions {
            let found = groups.as_deref().and_then(|groups| fetch(groups, group, element));
            (element.offset, element.leader_epoch, element.metadata) = found.unwrap_or_default();
        }
        Ok(())
    }
}

type Committed = (OffsetSpec, Option<LeaderEpoch>, Option<Arc<str>>);

fn fetch(groups: &Groups, group: &str, element: &TopicPartitionOffset) -> Option<Committed> {
    let topic = TopicName::new(&element.topic).ok()?;
    let wanted = FetchOffset { topic, topic_id: None, partition: element.partition };
    let fetched = groups.fetch_offsets(group, &[wanted], Stability::Ignored).pop()?;
    let metadata = Some(fetched.metadata).filter(|text| !text.is_empty()).map(Arc::from);
    (fetched.offset >= Offset::ZERO).then_some((
        OffsetSpec::At(fetched.offset),
        fetched.leader_epoch,
        metadata,
    ))
}
