//! [`ProducerTopic`]: chooses the partition of each message and keeps the batches of all of them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::growing_list::GrowingList;
use super::partition_batches::{Destination, PartitionBatches};
use super::shared::Shared;
use crate::broker::{BrokerError, NewTopic, Served, Topic};
use crate::client::KafkaError;
use crate::client::config::TopicProducerConfig;
use crate::client::engine::Engine;
use crate::client::partitioner::Partitioner;
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// A topic as one producer sees it.
pub struct ProducerTopic {
    name: Arc<str>,
    shared: Arc<Shared>,
    config: Arc<TopicProducerConfig>,
    /// The topic, if there is an engine that has it.
    topic: Option<Arc<Topic>>,
    /// One for each partition; a single one for messages that have nowhere to go.
    batches: GrowingList<Arc<PartitionBatches>>,
    /// Used where the key does not decide.
    partitioner: Mutex<Partitioner>,
}

impl ProducerTopic {
    /// Looks the topic up, creating it where that is allowed. Messages for one that cannot be had are taken all the
    /// same and fail in their delivery report, as librdkafka's do.
    pub(super) fn new(
        name: &str,
        shared: &Arc<Shared>,
        engine: Option<&Engine>,
        config: TopicProducerConfig,
    ) -> ProducerTopic {
        let name: Arc<str> = name.into();
        let found = engine.map(|engine| find_or_create(&name, engine, shared));
        let (topic, destination) = match found {
            None => (None, Destination::Offline),
            Some(Err(error)) => (None, Destination::Refused(error)),
            Some(Ok(topic)) => (Some(topic), Destination::Offline),
        };
        let seed = shared.clock.now().0.unsigned_abs();
        let created = ProducerTopic {
            name: Arc::clone(&name),
            shared: Arc::clone(shared),
            topic,
            batches: GrowingList::default(),
            partitioner: Mutex::new(Partitioner::new(config.partitioner, shared.config.sticky_linger, seed)),
            config: Arc::new(config),
        };
        if created.topic.is_some() {
            created.add_partitions();
        } else {
            created.batches.grow(|_| vec![created.batches_to(PartitionIndex(-1), destination)]);
        }
        created
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many partitions it has; 0 while nobody knows.
    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.topic.as_ref().map_or(0, |topic| topic.partition_count())
    }

    /// The batches that a message goes to.
    ///
    /// # Errors
    /// `_UNKNOWN_PARTITION` when the topic does not have the partition asked for.
    #[inline]
    pub(super) fn batches_of(
        &self,
        key: Option<&[u8]>,
        partition: Option<PartitionIndex>,
        coarse: Duration,
    ) -> Result<&PartitionBatches, KafkaError> {
        let Some(topic) = &self.topic else {
            let nowhere = self.batches.get(0).ok_or(ErrorCode::LocalState)?;
            return Ok(nowhere);
        };
        let count = topic.partition_count();
        if count > self.batches.len() {
            self.add_partitions();
        }
        let partition = match partition {
            Some(partition) => partition,
            None => self.choose(key, count, coarse),
        };
        let place = usize::try_from(partition.0).ok();
        let chosen =
            place.and_then(|place| self.batches.get(place)).ok_or(ErrorCode::LocalUnknownPartition)?;
        Ok(chosen)
    }

    #[inline]
    fn choose(&self, key: Option<&[u8]>, count: usize, coarse: Duration) -> PartitionIndex {
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        if count == NonZeroU32::MIN {
            return PartitionIndex(0);
        }
        match self.config.partitioner.of_key(key, count) {
            Some(partition) => partition,
            None => self.partitioner.lock().partition(key, count, coarse),
        }
    }

    /// Calls `act` with the batches of each partition.
    pub(super) fn each_batches(&self, mut act: impl FnMut(&PartitionBatches)) {
        for batches in self.batches.iter() {
            act(batches);
        }
    }

    /// Adds batches for partitions that the topic has and this has not.
    fn add_partitions(&self) {
        let Some(topic) = &self.topic else { return };
        self.batches.grow(|known| {
            let partitions = topic.partitions();
            let new = partitions.iter().enumerate().skip(known);
            new.map(|(index, served)| self.batches_for(index, served)).collect()
        });
    }

    fn batches_for(&self, index: usize, served: &Served) -> Arc<PartitionBatches> {
        let destination = match served {
            Ok(partition) => Destination::Partition(Arc::clone(partition)),
            Err(reason) => Destination::Refused(KafkaError::with_reason(
                ErrorCode::KafkaStorageError,
                reason.to_string(),
            )),
        };
        let index = PartitionIndex(i32::try_from(index).unwrap_or(i32::MAX));
        self.batches_to(index, destination)
    }

    fn batches_to(&self, partition: PartitionIndex, destination: Destination) -> Arc<PartitionBatches> {
        let (shared, config) = (Arc::clone(&self.shared), Arc::clone(&self.config));
        PartitionBatches::new(shared, config, Arc::clone(&self.name), partition, destination)
    }

    /// False once the topic has been deleted, or when the engine had none: the name may mean something else by now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        match &self.topic {
            Some(topic) => !topic.is_deleted(),
            None => !self.batches.get(0).is_some_and(|nowhere| nowhere.is_refused()),
        }
    }
}

fn find_or_create(name: &str, engine: &Engine, shared: &Shared) -> Result<Arc<Topic>, KafkaError> {
    let broker = engine.broker();
    if let Some(topic) = broker.topic(name) {
        return Ok(topic);
    }
    if !(shared.config.client.allow_auto_create_topics && broker.config().auto_create_topics) {
        return Err(KafkaError::new(ErrorCode::UnknownTopicOrPartition));
    }
    match broker.create_topic(&NewTopic { name: name.to_owned(), ..NewTopic::default() }) {
        Ok(topic) => Ok(topic),
        // Another client was quicker.
        Err(BrokerError::Topic(_)) if broker.topic(name).is_some() => {
            broker.topic(name).ok_or_else(|| KafkaError::new(ErrorCode::UnknownTopicOrPartition))
        }
        Err(error) => Err(KafkaError::from(error)),
    }
}

impl std::fmt::Debug for ProducerTopic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProducerTopic({})", self.name)
    }
}
