//! One member of the group: reads what it is given until it is told to stop, and notes what arrives.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tidelog::client::config::Config;
use tidelog::client::consumer::{BatchEvent, Consumer, Event, FetchedBatch, Rebalance, RebalanceCallback};
use tidelog::client::{KafkaError, TopicPartitionOffset};
use tidelog::types::PartitionIndex;

use super::proof::{Arrivals, digest};
use super::stamp::Stamp;
use super::watch::Watch;
use crate::error::{of_batch, of_consumer};
use crate::latency::{nanos, new_histogram};

/// How long one wait for records takes before the member looks whether it is to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What one member saw.
pub(super) struct MemberResult {
    /// Which records.
    pub(super) arrivals: Arrivals,
    /// From the call of `produce` until the record is here, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// When the last record came.
    pub(super) last_arrival: Instant,
}

/// Runs member number `member` until the watch tells it to stop, or it cannot go on.
pub(super) fn run(
    member: usize,
    config: &Config,
    topic: &str,
    start: Instant,
    watch: &Arc<Watch>,
) -> MemberResult {
    let result =
        MemberResult { arrivals: Arrivals::default(), latency: new_histogram(), last_arrival: start };
    let mut reader = Reader { member, start, watch, result };
    let consumer = Consumer::new(config).map_err(|error| watch.fail(error)).ok();
    if let Some(Err(error)) = consumer.as_ref().map(|consumer| reader.read(consumer, topic)) {
        watch.fail(error);
    }
    // One that leaves earlier would have its partitions given to the others.
    watch.rest();
    if let Some(consumer) = consumer {
        consumer.close();
    }
    reader.result
}

struct Reader<'a> {
    member: usize,
    start: Instant,
    watch: &'a Arc<Watch>,
    result: MemberResult,
}

impl Reader<'_> {
    fn read(&mut self, consumer: &Consumer, topic: &str) -> Result<(), KafkaError> {
        consumer.subscribe_with(&[topic], Some(self.note_owner())).map_err(of_consumer)?;
        while !self.watch.is_stopping() {
            if let Some(event) = consumer.next_batch(Some(POLL_INTERVAL)).map_err(of_consumer)? {
                self.event(event)?;
            }
        }
        Ok(())
    }

    /// Called whenever the group gives this member partitions, or takes them.
    fn note_owner(&self) -> RebalanceCallback {
        let (member, watch) = (self.member, Arc::clone(self.watch));
        let slots = |list: &[TopicPartitionOffset]| -> Vec<usize> {
            list.iter().map(|element| slot(element.partition)).collect()
        };
        Box::new(move |_, rebalance| {
            let mut ownership = watch.ownership.lock();
            match rebalance {
                Rebalance::Assign(given) => {
                    slots(given).into_iter().for_each(|partition| ownership.claim(member, partition));
                }
                Rebalance::Revoke(taken) | Rebalance::Lost(taken) => {
                    slots(taken).into_iter().for_each(|partition| ownership.release(member, partition));
                }
            }
            ControlFlow::Continue(())
        })
    }

    fn event(&mut self, event: BatchEvent) -> Result<(), KafkaError> {
        match event {
            Event::Message(batch) => self.batch(&batch),
            Event::Error(error) => Err(error.error),
        }
    }

    fn batch(&mut self, batch: &FetchedBatch) -> Result<(), KafkaError> {
        let partition = slot(batch.partition());
        self.watch.ownership.lock().read(self.member, partition);
        let Some(trail) = self.watch.trails.get(partition) else { return Ok(()) };
        let mut trail = trail.lock();
        let now = nanos(self.start.elapsed());
        let mut count = 0;
        for record in batch.records().map_err(of_batch)? {
            let record = record.map_err(of_batch)?;
            let stamp = record.headers.clone().find_map(|header| Stamp::of(&header));
            let Stamp { number, nanos } = stamp.unwrap_or(Stamp { number: u64::MAX, nanos: now });
            trail.add(record.offset.0, number, digest(record.key, record.value));
            if stamp.is_some() {
                self.result.arrivals.add(number);
            }
            self.result.latency.saturating_record(now.saturating_sub(nanos));
            count += 1;
        }
        drop(trail);
        self.result.last_arrival = Instant::now();
        self.watch.add_consumed(count);
        Ok(())
    }
}

/// A partition's place in what is kept by partition.
fn slot(partition: PartitionIndex) -> usize {
    usize::try_from(partition.0).unwrap_or(usize::MAX)
}
