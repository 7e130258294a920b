//! [`Reach`]: what the coordinators of transactions may touch of the broker: the partitions that take a producer's records
//! and markers, the groups that keep offsets for the end of a transaction, and the source of producer ids.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::broker::coordinator_log::append_durably;
use crate::broker::groups::{Groups, OFFSETS_TOPIC};
use crate::broker::producer_ids::{ProducerIdError, ProducerIds};
use crate::broker::topic_index::TopicIndex;
use crate::error_code::ErrorCode;
use crate::io::{Clock, ReservedDisk};
use crate::record::{ControlMarker, ControlRecord, SealedBatch};
use crate::shard::Partition;
use crate::types::{ProducerEpoch, ProducerId, TopicPartition};

/// See the module. Shared with the broker.
pub(in crate::broker) struct Reach {
    pub(in crate::broker) disk: Arc<ReservedDisk>,
    /// Shared with the groups.
    pub(in crate::broker) topics: Arc<ArcSwap<TopicIndex>>,
    pub(in crate::broker) producer_ids: Mutex<ProducerIds>,
    /// Started when somebody asks for them.
    pub(in crate::broker) groups: Mutex<Option<Arc<Groups>>>,
}

impl Reach {
    /// The partition, if it exists and is served.
    pub(super) fn partition(&self, place: &TopicPartition) -> Result<Arc<Partition>, ErrorCode> {
        let topic = self.topics.load().get(place.topic.as_str()).cloned();
        let served = topic.and_then(|topic| topic.partition(place.partition));
        match served.ok_or(ErrorCode::UnknownTopicOrPartition)? {
            Ok(partition) => Ok(partition),
            Err(_) => Err(ErrorCode::KafkaStorageError),
        }
    }

    /// Writes a marker; `answer` is called once, by any thread, when it is durable or is not to be.
    pub(super) fn mark(
        &self,
        place: &TopicPartition,
        (producer_id, epoch): (ProducerId, ProducerEpoch),
        record: ControlRecord,
        clock: &dyn Clock,
        answer: impl FnOnce(Result<(), ErrorCode>) + Send + 'static,
    ) {
        match self.partition(place) {
            Ok(partition) => {
                let batch = SealedBatch::control(record, producer_id, epoch, clock.now());
                append_durably(&partition, clock, batch, answer);
            }
            Err(error) => answer(Err(error)),
        }
    }

    /// A producer id that nobody has.
    pub(in crate::broker) fn fresh_producer_id(&self) -> Result<ProducerId, ProducerIdError> {
        self.producer_ids.lock().allocate(&*self.disk)
    }

    /// A marker is durable: offsets that were waiting for it become visible, or are forgotten. Groups that start later find
    /// the marker in their log.
    pub(super) fn ended(&self, place: &TopicPartition, producer: ProducerId, marker: ControlMarker) {
        if place.topic.as_str() != OFFSETS_TOPIC {
            return;
        }
        let groups = self.groups.lock().clone();
        if let Some(groups) = groups {
            groups.end_transaction(place.partition, producer, marker == ControlMarker::Commit);
        }
    }
}
