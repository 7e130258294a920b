//! Stored and committed offsets, as applications use them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commits::CommitAnswer;
use super::partition::Position;
use super::shared::Shared;
use super::state::State;
use super::{CallError, Consumer};
use crate::broker::Broker;
use crate::broker::group::{FetchOffset, FetchedOffset, Stability};
use crate::client::{KafkaError, Message, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::{Isolation, Offset, TopicName};

/// How long to wait before asking again for an offset that is being committed.
const UNSTABLE_BACKOFF: Duration = Duration::from_millis(2);

impl Consumer {
    /// Stores the offset behind `message`, to be committed later.
    ///
    /// # Errors
    /// `_INVALID_ARG`, while `enable.auto.offset.store` is on; `_STATE`, when its partition is not assigned.
    pub fn store_message(&self, message: &Message) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        self.refuse_stores()?;
        let place = state.fetcher.assignment.find(message.topic(), message.partition());
        let place = place.ok_or_else(|| not_assigned("Partition is not assigned"))?;
        let element = behind(message).ok_or(ErrorCode::LocalInvalidArg)?;
        store(&mut state, place, &element);
        Ok(())
    }

    /// Stores offsets, to be committed later: the next to be read, of each partition. Each element's error says
    /// whether it could be done: `_STATE` for one that is not assigned, `_UNKNOWN_PARTITION` when none of its topic
    /// ever was.
    ///
    /// # Errors
    /// `_INVALID_ARG`, while `enable.auto.offset.store` is on; the last element's error, when all have one.
    pub fn store_offsets(&self, partitions: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        self.refuse_stores()?;
        for element in partitions.iter_mut() {
            element.error = store_or_say_why(&mut state, element).err().map(KafkaError::from);
        }
        Ok(unless_all_failed(partitions)?)
    }

    /// Stores the offset of one partition, even while `enable.auto.offset.store` is on, as librdkafka's consumers of
    /// single partitions do (`rd_kafka_offset_store`).
    ///
    /// # Errors
    /// `_STATE`, when it is not assigned, `_UNKNOWN_PARTITION` when none of its topic ever was.
    pub fn store_offset(&self, of: &TopicPartitionOffset) -> Result<(), CallError> {
        Ok(store_or_say_why(&mut *self.shared.lock()?, of)?)
    }

    fn refuse_stores(&self) -> Result<(), KafkaError> {
        if self.shared.config.auto_offset_store { Err(ErrorCode::LocalInvalidArg.into()) } else { Ok(()) }
    }

    /// Commits `partitions`, or what is stored (`None`), and waits for it. Elements without an offset are left out.
    /// Returns the list with an error for each partition that could not be committed.
    ///
    /// # Errors
    /// `_NO_OFFSET`, when there is nothing to commit; `_UNKNOWN_GROUP` without `group.id`; `_WAIT_COORD` when there
    /// is no engine; the last partition's error, when all have one, such as `UNKNOWN_MEMBER_ID` or
    /// `ILLEGAL_GENERATION` after the group has gone on without this consumer.
    pub fn commit(
        &self,
        partitions: Option<&[TopicPartitionOffset]>,
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        Ok(self.commit_each(partitions)?.into_result()?)
    }

    /// As [`Consumer::commit`], but every partition has its own outcome, also when none could be committed.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn commit_each(
        &self,
        partitions: Option<&[TopicPartitionOffset]>,
    ) -> Result<CommitAnswer, CallError> {
        Ok(self.shared.commit_and_wait(self.to_commit(partitions)?))
    }

    /// As [`Consumer::commit`], without waiting: `on_commit` is called with the outcome, whatever it is.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn commit_async(&self, partitions: Option<&[TopicPartitionOffset]>) -> Result<(), CallError> {
        self.shared.commit_and_tell(self.to_commit(partitions)?);
        Ok(())
    }

    /// `partitions`, or what is stored.
    fn to_commit(
        &self,
        partitions: Option<&[TopicPartitionOffset]>,
    ) -> Result<Vec<TopicPartitionOffset>, CallError> {
        drop(self.shared.lock()?);
        Ok(partitions.map_or_else(|| self.shared.stored(), <[_]>::to_vec))
    }

    /// Commits the offset behind `message` and waits for it.
    ///
    /// # Errors
    /// As [`Consumer::commit`].
    pub fn commit_message(&self, message: &Message) -> Result<Vec<TopicPartitionOffset>, CallError> {
        self.commit(Some(&[behind(message).ok_or(ErrorCode::LocalInvalidArg)?]))
    }

    /// As [`Consumer::commit_message`], without waiting: `on_commit` is called with the outcome.
    ///
    /// # Errors
    /// [`CallError::Closed`]; `_INVALID_ARG` for a message that has no offset.
    pub fn commit_message_async(&self, message: &Message) -> Result<(), CallError> {
        self.commit_async(Some(&[behind(message).ok_or(ErrorCode::LocalInvalidArg)?]))
    }

    /// Fills each element with what the group has committed: offset (`Invalid` for nothing), metadata and leader
    /// epoch. Nothing is committed of a partition that does not exist; that is no error, as with Kafka's brokers.
    ///
    /// # Errors
    /// `_UNKNOWN_GROUP` without `group.id`; `_TIMED_OUT` after `timeout`, when there is no engine, or when commits
    /// that are under way do not end.
    pub fn committed(
        &self,
        partitions: &mut [TopicPartitionOffset],
        timeout: Option<Duration>,
    ) -> Result<(), CallError> {
        let group = self.shared.config.group_id.as_deref().ok_or(ErrorCode::LocalUnknownGroup)?;
        let engine = self.engine_or(ErrorCode::LocalTimedOut, timeout)?;
        let deadline = super::deadline_of(timeout);
        while !committed(engine.broker(), group, self.shared.stability(), partitions)? {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(ErrorCode::LocalTimedOut.into());
            }
            std::thread::sleep(UNSTABLE_BACKOFF);
        }
        Ok(())
    }
}

impl Shared {
    /// Who reads what is committed also waits for offsets that are about to be (KIP-447).
    fn stability(&self) -> Stability {
        match self.config.isolation {
            Isolation::ReadCommitted => Stability::Required,
            Isolation::ReadUncommitted => Stability::Ignored,
        }
    }

    /// Starts those partitions that are to start where the group has committed.
    pub(super) fn fetch_committed(&self) {
        let mut state = self.state.lock();
        state.fetcher.wants_committed = false;
        let mut wanted = state.fetcher.waiting_for_committed();
        let (Some(engine), Some(group)) = (state.engine.clone(), &self.config.group_id) else { return };
        if wanted.is_empty() {
            return;
        }
        drop(state);
        let known = committed(engine.broker(), group, self.stability(), &mut wanted);
        let mut state = self.state.lock();
        state.committed_retry_at = None;
        match known {
            Ok(all) => {
                if !all {
                    wanted.retain(|element| element.error.is_none());
                    state.committed_retry_at = Some(Instant::now() + UNSTABLE_BACKOFF);
                }
                state.fetcher.start_at_committed(&wanted);
            }
            // The engine stops, or cannot read its groups.
            Err(_) => state.committed_retry_at = Some(Instant::now() + self.config.fetch.error_backoff),
        }
    }
}

/// Fills `partitions` with what `group` has committed. False when some are being committed right now: those have an
/// error.
fn committed(
    broker: &Broker,
    group: &str,
    stability: Stability,
    partitions: &mut [TopicPartitionOffset],
) -> Result<bool, KafkaError> {
    let groups = broker.existing_groups()?;
    let (mut wanted, mut asked) = (Vec::new(), Vec::new());
    for element in partitions.iter_mut() {
        element.offset = OffsetSpec::Invalid;
        element.metadata = None;
        element.leader_epoch = None;
        element.error = None;
        let topic = broker.topic(&element.topic);
        let topic = topic.filter(|topic| topic.partition(element.partition).is_some());
        let (Some(topic), Ok(name)) = (topic, TopicName::new(&element.topic)) else {
            continue;
        };
        wanted.push(FetchOffset { topic: name, topic_id: Some(topic.id()), partition: element.partition });
        asked.push(element);
    }
    let found = groups.map_or_else(Vec::new, |groups| groups.fetch_offsets(group, &wanted, stability));
    let mut all = true;
    for (element, FetchedOffset { offset, leader_epoch, metadata, error, .. }) in asked.into_iter().zip(found)
    {
        all &= error != ErrorCode::UnstableOffsetCommit;
        element.error = (error != ErrorCode::None).then(|| error.into());
        if offset >= Offset::ZERO {
            element.offset = offset.into();
            element.leader_epoch = leader_epoch;
            element.metadata = Some(metadata).filter(|text| !text.is_empty()).map(Arc::from);
        }
    }
    Ok(all)
}

/// The last element's error, when all have one.
pub(super) fn unless_all_failed(partitions: &[TopicPartitionOffset]) -> Result<(), KafkaError> {
    match partitions.last().and_then(|last| last.error.clone()) {
        Some(error) if partitions.iter().all(|element| element.error.is_some()) => Err(error),
        _ => Ok(()),
    }
}

fn store_or_say_why(state: &mut State, element: &TopicPartitionOffset) -> Result<(), ErrorCode> {
    let assignment = &state.fetcher.assignment;
    match assignment.find(&element.topic, element.partition) {
        Some(place) => {
            store(state, place, element);
            Ok(())
        }
        None if assignment.knows_topic(&element.topic) => Err(ErrorCode::LocalState),
        None => Err(ErrorCode::LocalUnknownPartition),
    }
}

fn store(state: &mut State, place: usize, element: &TopicPartitionOffset) {
    if let Some(partition) = state.fetcher.assignment.get_mut(place) {
        let leader_epoch = element.leader_epoch;
        partition.stored = element.offset.offset().map(|offset| Position { offset, leader_epoch });
        partition.stored_metadata.clone_from(&element.metadata);
    }
}

/// The offset behind a message.
fn behind(message: &Message) -> Option<TopicPartitionOffset> {
    let offset = message.offset()?.plus(1);
    let mut element = TopicPartitionOffset::new(message.topic().into(), message.partition(), offset.into());
    element.leader_epoch = Some(message.leader_epoch());
    Some(element)
}

fn not_assigned(reason: &'static str) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalState, reason)
}
