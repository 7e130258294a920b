//! [`Producer::produce_batch`]: many messages in one call. What a call costs (a look at the clock, a lock) is paid once
//! for a run of messages to one partition.

use std::time::Duration;

use super::partition_batches::{Held, PartitionBatches};
use super::{Producer, ProducerRecord, ProducerTopic};
use crate::client::KafkaError;
use crate::error_code::ErrorCode;
use crate::types::Timestamp;

/// Messages added while a partition's batches are held: its shard may be waiting for them.
const HELD_COUNT: usize = 64;

/// A message of a batch that was not queued.
#[derive(Debug)]
pub struct NotQueued {
    /// Its place in the slice.
    pub index: usize,
    /// Why: as [`Producer::produce`] says.
    pub error: KafkaError,
}

impl Producer {
    /// Queues messages in order, as [`Producer::produce_to`] does one (librdkafka: `rd_kafka_produce_batch`). Each
    /// message may name its partition or leave it to the partitioner. Those without a timestamp get the time of the
    /// call, read anew for every 64 messages. Returns those that were not queued; empty when all were. Once one finds
    /// the queue full, so do all behind it: trying these again keeps the order. The `delivery` of each queued message
    /// has been taken out of the slice, the others keep theirs.
    pub fn produce_batch(&self, topic: &ProducerTopic, records: &mut [ProducerRecord<'_>]) -> Vec<NotQueued> {
        let mut refused = Vec::new();
        let mut run = Run::default();
        let count = records.len();
        for (index, record) in records.iter_mut().enumerate() {
            if index % HELD_COUNT == 0 {
                run.release();
                run.now = Moment { coarse: self.shared.clock.coarse(), exact: self.shared.clock.now() };
            }
            let Err(error) = self.add_to_run(&mut run, topic, record) else { continue };
            let full = error.code() == ErrorCode::LocalQueueFull;
            refused.push(NotQueued { index, error: error.clone() });
            if full {
                refused.extend((index + 1..count).map(|index| NotQueued { index, error: error.clone() }));
                break;
            }
        }
        run.release();
        refused
    }

    #[inline]
    fn add_to_run<'t>(
        &self,
        run: &mut Run<'t>,
        topic: &'t ProducerTopic,
        record: &mut ProducerRecord<'_>,
    ) -> Result<(), KafkaError> {
        let data = record.data(record.timestamp.unwrap_or(run.now.exact));
        let size = self.admissible_size(&data)?;
        let batches = topic.batches_of(record.key, record.partition, run.now.coarse)?;
        run.hold(batches).add(&data, size, &mut record.delivery)
    }
}

/// The time of a run of messages.
#[derive(Default)]
struct Moment {
    coarse: Duration,
    exact: Timestamp,
}

/// Messages that are added one behind the other.
#[derive(Default)]
struct Run<'t> {
    now: Moment,
    /// The batches that took the last one.
    held: Option<(&'t PartitionBatches, Held<'t>)>,
}

impl<'t> Run<'t> {
    /// Goes on with these batches; others are let go.
    #[inline]
    fn hold(&mut self, batches: &'t PartitionBatches) -> &mut Held<'t> {
        if self.held.as_ref().is_some_and(|(held, _)| !std::ptr::eq(*held, batches)) {
            self.release();
        }
        &mut self.held.get_or_insert_with(|| (batches, batches.hold())).1
    }

    fn release(&mut self) {
        if let Some((_, held)) = self.held.take() {
            held.release();
        }
    }
}
