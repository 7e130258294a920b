//! Where a partition is read from: special offsets, what was committed, `auto.offset.reset`; and what happens when its
//! topic is not there. Lives under the consumer's lock; no I/O.

use std::sync::Arc;

use super::events::ConsumerError;
use super::fetcher::Fetcher;
use super::partition::{AssignedPartition, Start};
use super::reader::PartitionReader;
use crate::client::config::OffsetReset;
use crate::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::log::LogView;
use crate::shard::Notify;
use crate::types::{Isolation, Offset};

/// Why `auto.offset.reset` has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// Nothing has been committed.
    NoOffset,
    /// The log does not have this offset.
    OutOfRange(Offset),
}

impl Fetcher {
    /// Adds partitions and starts to read those whose start is known.
    ///
    /// # Errors
    /// `_INVALID_ARG` for one that is listed twice, `_CONFLICT` for one that is assigned already; nothing is added
    /// then.
    pub(super) fn assign(&mut self, partitions: &[TopicPartitionOffset]) -> Result<(), KafkaError> {
        let queue = Arc::clone(&self.queue);
        for place in self.assignment.add(partitions, &queue)? {
            if let Some(partition) = self.assignment.get_mut(place) {
                partition.line = self.lines.of(&partition.topic, partition.partition);
            }
            self.start(place);
        }
        Ok(())
    }

    /// Takes partitions out of the assignment.
    pub(super) fn unassign(&mut self, places: &[usize]) -> Vec<AssignedPartition> {
        let mut removed = Vec::with_capacity(places.len());
        for place in places {
            self.leave(*place);
            let Some(partition) = self.assignment.remove(*place) else { continue };
            if let Some(reader) = &partition.reader {
                let waker: Arc<dyn Notify> = partition.waker.clone();
                reader.log().forget(&waker);
            }
            removed.push(partition);
        }
        removed
    }

    /// Goes on at another place of a partition.
    pub(super) fn seek(&mut self, place: usize, spec: OffsetSpec) {
        self.leave(place);
        if let Some(partition) = self.assignment.get_mut(place) {
            partition.restart(spec);
            self.start(place);
        }
    }

    /// Stops handing out messages of a partition; what was read ahead stays.
    pub(super) fn pause(&mut self, place: usize) {
        self.leave_line(place);
        if let Some(partition) = self.assignment.get_mut(place) {
            partition.paused = true;
        }
    }

    /// Takes [`Fetcher::pause`] back.
    pub(super) fn resume(&mut self, place: usize) {
        if let Some(partition) = self.assignment.get_mut(place) {
            partition.paused = false;
            self.enter_line(place);
        }
    }

    /// Finds a partition and where to start in it, if that can be known now.
    pub(super) fn start(&mut self, place: usize) {
        if !self.locate(place) {
            return;
        }
        let Some(partition) = self.assignment.get_mut(place) else { return };
        let Start::Wanted(spec) = partition.start else { return self.enter_line(place) };
        let Some(view) = partition.reader.as_ref().map(|reader| reader.log().view()) else { return };
        match find_start(spec, &view, self.settings.isolation) {
            Found::At(offset) => self.start_at(place, offset),
            Found::NeedsReset => self.reset_offset(place, Reset::NoOffset),
            Found::NeedsCommitted if self.has_group => self.wants_committed = true,
            Found::NeedsCommitted => self.reset_offset(place, Reset::NoOffset),
        }
    }

    fn start_at(&mut self, place: usize, offset: Offset) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        partition.start = Start::Found;
        if let Some(reader) = &mut partition.reader {
            reader.seek(offset);
        }
        self.enter_line(place);
    }

    /// Looks a partition up. False, and an error for the application, when there is none: it will be looked up again
    /// when topics change.
    fn locate(&mut self, place: usize) -> bool {
        let (Some(broker), Some(partition)) = (self.broker.clone(), self.assignment.get_mut(place)) else {
            return false;
        };
        if partition.reader.is_some() {
            return true;
        }
        let look_up = || {
            let topic = broker.topic(&partition.topic);
            let topic = topic.filter(|topic| !self.blacklist.matches(topic.name().as_str()));
            topic.map(|topic| topic.partition(partition.partition))
        };
        let served = match look_up() {
            Some(Some(served)) => Some(Some(served)),
            _ => {
                self.topics.watch(&broker);
                look_up()
            }
        };
        let error = match served {
            Some(Some(Ok(log))) => {
                let reader =
                    PartitionReader::new(Arc::clone(&partition.topic), log, self.settings, Offset::ZERO);
                partition.reader = Some(reader);
                return true;
            }
            Some(Some(Err(reason))) => {
                KafkaError::with_reason(ErrorCode::KafkaStorageError, reason.to_string())
            }
            Some(None) => {
                missing(partition, "desired partition is not available", ErrorCode::LocalUnknownPartition)
            }
            None => missing(partition, "topic does not exist", ErrorCode::UnknownTopicOrPartition),
        };
        self.report_once(place, error);
        false
    }

    /// The topic of a partition has been deleted. Should one of that name come back, its offsets mean something else.
    pub(super) fn lose(&mut self, place: usize) {
        self.leave_line(place);
        let Some(partition) = self.assignment.get_mut(place) else { return };
        partition.reader = None;
        partition.restart(OffsetSpec::Invalid);
        partition.stored = None;
        partition.committed = None;
        self.start(place);
    }

    /// Looks for partitions that were not there, after topics have changed.
    pub(super) fn look_for_missing(&mut self) {
        for place in self.assignment.places().to_vec() {
            if self.assignment.get(place).is_some_and(|partition| partition.reader.is_none()) {
                self.start(place);
            }
        }
    }

    /// Lets `auto.offset.reset` decide where to go on.
    pub(super) fn reset_offset(&mut self, place: usize, why: Reset) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        let Some(view) = partition.reader.as_ref().map(|reader| reader.log().view()) else { return };
        let offset = match self.reset {
            OffsetReset::Earliest => view.log_start(),
            OffsetReset::Latest => view.end_for(self.settings.isolation),
            OffsetReset::Error => {
                partition.start = Start::Nowhere;
                let node = self.broker.as_ref().map_or(-1, |broker| broker.config().node_id);
                let error = reset_refused(partition, why, node);
                self.lines.get_mut(partition.line).errors.push_back(error);
                return;
            }
        };
        if let Reset::OutOfRange(asked) = why {
            let (topic, partition) = (&partition.topic, partition.partition);
            tracing::warn!(%topic, %partition, %asked, %offset, "offset is out of range and was reset");
        }
        self.start_at(place, offset);
    }

    /// Partitions that start where the group has committed, as elements to ask for.
    pub(super) fn waiting_for_committed(&self) -> Vec<TopicPartitionOffset> {
        let waits = |partition: &&AssignedPartition| {
            partition.start == Start::Wanted(OffsetSpec::Stored) && partition.reader.is_some()
        };
        self.assignment.iter().filter(waits).map(|partition| partition.element(OffsetSpec::Stored)).collect()
    }

    /// Starts partitions where the group has committed, or where `auto.offset.reset` says. `found` without an offset
    /// means that nothing was committed.
    pub(super) fn start_at_committed(&mut self, found: &[TopicPartitionOffset]) {
        for element in found {
            let Some(place) = self.assignment.find(&element.topic, element.partition) else { continue };
            let Some(partition) = self.assignment.get_mut(place) else { continue };
            if partition.start != Start::Wanted(OffsetSpec::Stored) {
                continue;
            }
            match element.offset.offset() {
                Some(offset) => {
                    partition.committed = Some(offset);
                    self.start_at(place, offset);
                }
                None => self.reset_offset(place, Reset::NoOffset),
            }
        }
    }
}

/// An error of one partition.
pub(super) fn partition_error(
    partition: &AssignedPartition,
    error: KafkaError,
    offset: Option<Offset>,
) -> ConsumerError {
    ConsumerError {
        error,
        topic: Some(Arc::clone(&partition.topic)),
        partition: Some(partition.partition),
        offset,
    }
}

/// What is known of a start.
enum Found {
    At(Offset),
    NeedsReset,
    NeedsCommitted,
}

fn find_start(spec: OffsetSpec, view: &LogView, isolation: Isolation) -> Found {
    match spec {
        OffsetSpec::At(offset) => Found::At(offset),
        OffsetSpec::Beginning => Found::At(view.log_start()),
        OffsetSpec::End => Found::At(view.end_for(isolation)),
        OffsetSpec::Tail(count) => {
            let end = view.end_for(isolation);
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            Found::At(Offset(end.0.saturating_sub(count)).max(view.log_start()))
        }
        OffsetSpec::Stored => Found::NeedsCommitted,
        OffsetSpec::Invalid => Found::NeedsReset,
    }
}

fn missing(partition: &AssignedPartition, what: &str, code: ErrorCode) -> KafkaError {
    let (topic, number) = (&partition.topic, partition.partition);
    KafkaError::with_reason(code, format!("{topic} [{number}]: {what} ({})", code.description()))
}

/// `_AUTO_OFFSET_RESET` with librdkafka's texts.
fn reset_refused(partition: &AssignedPartition, why: Reset, node: i32) -> ConsumerError {
    let (reason, offset) = match why {
        Reset::NoOffset => {
            let cause = ErrorCode::LocalNoOffset.description();
            (format!("no previously committed offset available: {cause}"), None)
        }
        Reset::OutOfRange(offset) => {
            let cause = ErrorCode::OffsetOutOfRange.description();
            let reason = format!(
                "fetch failed due to requested offset not available on the broker: {cause} (broker {node})"
            );
            (reason, Some(offset))
        }
    };
    partition_error(partition, KafkaError::with_reason(ErrorCode::LocalAutoOffsetReset, reason), offset)
}
