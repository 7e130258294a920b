//! [`PartitionQueues`]: queues of single partitions of a consumer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidelog::client::KafkaError;
use tidelog::client::consumer::{Event, PartitionQueue};
use tidelog::types::PartitionIndex;

use crate::client::{Client, ClientHandle, on_consumer};
use crate::error::of_call;
use crate::event_queue::{EventQueue, Source};

/// Those of one consumer that the application has asked for.
#[derive(Default)]
pub(crate) struct PartitionQueues(Mutex<BTreeMap<(String, PartitionIndex), Arc<EventQueue>>>);

/// Where the queue of a partition gets its messages, once the partition has been taken apart from the others.
pub(crate) struct PartitionSource {
    pub(crate) client: ClientHandle,
    topic: String,
    partition: PartitionIndex,
    apart: Mutex<Option<Arc<PartitionQueue>>>,
}

impl PartitionQueues {
    /// Has whoever waits at one of them look again.
    pub(crate) fn wake(&self) {
        let queues: Vec<_> = self.0.lock().values().cloned().collect();
        queues.iter().for_each(|queue| queue.wake());
    }
}

impl Client {
    /// The queue of a partition, the same one whenever it is asked for.
    pub(crate) fn partition_queue(&self, topic: &str, partition: PartitionIndex) -> Arc<EventQueue> {
        let mut queues = self.partitions.0.lock();
        let queue = queues.entry((topic.to_owned(), partition)).or_insert_with(|| {
            let (client, topic) = (self.handle, topic.to_owned());
            let apart = Mutex::default();
            EventQueue::new(Source::Partition(PartitionSource { client, topic, partition, apart }))
        });
        Arc::clone(queue)
    }

    /// The queue of a partition, if the application has asked for it.
    pub(crate) fn known_partition_queue(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Option<Arc<EventQueue>> {
        self.partitions.0.lock().get(&(topic.to_owned(), partition)).cloned()
    }

    /// The consumer hands out the messages of a partition again.
    pub(crate) fn end_partition_queue(&self, topic: &str, partition: PartitionIndex) {
        let queue = self.partitions.0.lock().remove(&(topic.to_owned(), partition));
        if let Some(Source::Partition(source)) = queue.as_ref().map(|queue| &queue.source) {
            source.apart.lock().take();
        }
    }
}

impl PartitionSource {
    /// Takes the partition apart from the others, unless it is.
    pub(crate) fn set_apart(&self) -> Result<(), KafkaError> {
        let mut apart = self.apart.lock();
        if apart.is_none() {
            let queue = on_consumer(self.client.pointer(), |consumer| {
                consumer.partition_queue(&self.topic, self.partition)
            });
            *apart = Some(Arc::new(queue?));
        }
        Ok(())
    }

    /// The next messages of the partition, and what is told of it; none while the consumer hands them out.
    pub(crate) fn consume(&self, count: usize, timeout: Option<Duration>) -> Result<Vec<Event>, KafkaError> {
        let apart = self.apart.lock().clone();
        apart.map_or(Ok(Vec::new()), |apart| apart.consume(count, timeout).map_err(of_call))
    }

    /// Whether the consumer hands out no messages of the partition.
    pub(crate) fn is_apart(&self) -> bool {
        self.apart.lock().is_some()
    }
}
