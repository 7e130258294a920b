//! What applications ask about topics and partitions, assigned or not.

use std::time::{Duration, Instant};

use super::offsets::unless_all_failed;
use super::{CallError, Consumer};
use crate::broker::{self, Broker, BrokerError, FoundOffset};
use crate::client::engine::Engine;
use crate::client::{ClusterMetadata, KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::{Isolation, Offset, PartitionIndex, Timestamp};

/// The ends of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that can be read.
    pub low: Offset,
    /// Behind the last one; with `read_committed`, of those that are committed.
    pub high: Offset,
}

impl Watermarks {
    /// The ends of a partition as `broker` knows them.
    ///
    /// # Errors
    /// `_UNKNOWN_PARTITION`; others when the partition cannot be served.
    pub fn of(
        broker: &Broker,
        topic: &str,
        partition: PartitionIndex,
        isolation: Isolation,
    ) -> Result<Watermarks, KafkaError> {
        let end = |spec| -> Result<Offset, KafkaError> {
            let found = broker.list_offset(topic, partition, spec, isolation).map_err(told)?;
            Ok(found.map_or(Offset::ZERO, |found| found.offset))
        };
        Ok(Watermarks { low: end(broker::OffsetSpec::Earliest)?, high: end(broker::OffsetSpec::Latest)? })
    }
}

impl Consumer {
    /// The ends of a partition.
    ///
    /// # Errors
    /// `_UNKNOWN_PARTITION`; `_ALL_BROKERS_DOWN` after `timeout` when there is no engine.
    pub fn watermark_offsets(
        &self,
        topic: &str,
        partition: PartitionIndex,
        timeout: Option<Duration>,
    ) -> Result<Watermarks, CallError> {
        let engine = self.engine_or(ErrorCode::LocalAllBrokersDown, timeout)?;
        Ok(Watermarks::of(engine.broker(), topic, partition, self.shared.config.isolation)?)
    }

    /// The ends of a partition without asking anybody: `None` unless it is assigned and exists.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn cached_watermark_offsets(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Result<Option<Watermarks>, CallError> {
        let state = self.shared.lock()?;
        let assignment = &state.fetcher.assignment;
        let assigned = assignment.find(topic, partition).and_then(|place| assignment.get(place));
        Ok(assigned.and_then(|assigned| assigned.reader.as_ref()).map(|reader| {
            let view = reader.log().view();
            Watermarks { low: view.log_start(), high: view.end_for(self.shared.config.isolation) }
        }))
    }

    /// Replaces each element's offset, which is a time in milliseconds, by the offset of the first record of that
    /// time or later, with its leader epoch; `End` when there is none. An element's error says why it could not be found out:
    /// `_UNKNOWN_PARTITION` for one that does not exist.
    ///
    /// # Errors
    /// `_INVALID_ARG` for no elements; the last element's error, when all have one; `_ALL_BROKERS_DOWN` after `timeout`
    /// when there is no engine.
    pub fn offsets_for_times(
        &self,
        partitions: &mut [TopicPartitionOffset],
        timeout: Option<Duration>,
    ) -> Result<(), CallError> {
        drop(self.shared.lock()?);
        if partitions.is_empty() {
            return Err(ErrorCode::LocalInvalidArg.into());
        }
        let engine = self.engine_or(ErrorCode::LocalAllBrokersDown, timeout)?;
        for element in partitions.iter_mut() {
            match offset_for_time(engine.broker(), element, self.shared.config.isolation) {
                Ok(found) => {
                    element.offset = found.map_or(OffsetSpec::End, |found| found.offset.into());
                    element.leader_epoch = found.map(|found| found.leader_epoch);
                    element.error = None;
                }
                Err(error) => element.error = Some(told(error)),
            }
        }
        Ok(unless_all_failed(partitions)?)
    }

    /// Brokers and topics, or one topic, which says so if it does not exist.
    ///
    /// # Errors
    /// `_TRANSPORT` after `timeout` when there is no engine.
    pub fn metadata(
        &self,
        topic: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<ClusterMetadata, CallError> {
        let engine = self.engine_or(ErrorCode::LocalTransport, timeout)?;
        let mut metadata = ClusterMetadata::of(&engine, topic);
        metadata.topics.retain(|topic| !self.shared.config.topic_blacklist.matches(&topic.name));
        Ok(metadata)
    }

    /// The engine; without one, `error` after `timeout`, as for a cluster that cannot be reached.
    pub(super) fn engine_or(&self, error: ErrorCode, timeout: Option<Duration>) -> Result<Engine, CallError> {
        if let Some(engine) = self.shared.lock()?.engine.clone() {
            return Ok(engine);
        }
        let deadline = super::deadline_of(Some(timeout.unwrap_or(self.shared.config.client.request_timeout)));
        while deadline.is_none_or(|deadline| Instant::now() < deadline) {
            let seen = self.shared.signal.seen();
            drop(self.shared.lock()?);
            self.shared.sleep(seen, deadline, None);
        }
        Err(error.into())
    }
}

/// An error as librdkafka tells it, which looks for the partition's leader before it asks it.
fn told(error: BrokerError) -> KafkaError {
    match error.code() {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::InvalidTopicException => {
            ErrorCode::LocalUnknownPartition.into()
        }
        _ => error.into(),
    }
}

fn offset_for_time(
    broker: &Broker,
    element: &TopicPartitionOffset,
    isolation: Isolation,
) -> Result<Option<FoundOffset>, BrokerError> {
    let spec = match element.offset {
        OffsetSpec::End => broker::OffsetSpec::Latest,
        OffsetSpec::Beginning => broker::OffsetSpec::Earliest,
        time => broker::OffsetSpec::At(Timestamp(time.number())),
    };
    broker.list_offset(&element.topic, element.partition, spec, isolation)
}
