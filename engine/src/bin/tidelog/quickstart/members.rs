//! One member of the group: reads what it is given until it is told to stop, and notes what arrives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tidelog::client::config::Config;
use tidelog::client::consumer::{BatchEvent, CallError, Consumer, Event, FetchedBatch};
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Offset, PartitionIndex, TopicName};

use super::membership::Membership;
use super::proof::{Arrivals, digest};
use super::stamp::Stamp;
use super::watch::Watch;

/// How long one wait for records takes before the group is looked at again.
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
    watch: &Watch,
) -> MemberResult {
    let result =
        MemberResult { arrivals: Arrivals::default(), latency: super::new_histogram(), last_arrival: start };
    let mut reader = Reader { member, start, watch, positions: BTreeMap::new(), result };
    if let Err(error) = reader.read(config, topic) {
        watch.fail(error);
    }
    reader.result
}

struct Reader<'a> {
    member: usize,
    start: Instant,
    watch: &'a Watch,
    /// By owned partition: where to go on.
    positions: BTreeMap<PartitionIndex, Offset>,
    result: MemberResult,
}

impl Reader<'_> {
    fn read(&mut self, config: &Config, topic: &str) -> Result<(), KafkaError> {
        let consumer = Consumer::new(config)?;
        let mut membership = self.membership(&consumer, topic)?;
        let mut is_member = false;
        while !self.watch.is_stopping() {
            if !is_member || membership.is_rebalancing()? {
                self.give_up(&consumer)?;
                let partitions = membership.join()?;
                self.take(&consumer, topic, &partitions)?;
                is_member = true;
            }
            if let Some(event) = consumer.next_batch(Some(POLL_INTERVAL)).map_err(into_kafka)? {
                self.event(event)?;
            }
        }
        membership.commit(&self.positions)?;
        self.give_up(&consumer)?;
        membership.leave()?;
        consumer.close();
        Ok(())
    }

    fn membership(&self, consumer: &Consumer, topic: &str) -> Result<Membership, KafkaError> {
        let engine = consumer.engine().ok_or(ErrorCode::LocalTransport)?;
        let groups = engine.broker().groups()?;
        let name = TopicName::new(topic).map_err(|_| ErrorCode::InvalidTopicException)?;
        let partitions = u32::try_from(self.watch.trails.len()).unwrap_or(u32::MAX);
        Ok(Membership::new(groups, name, partitions, format!("member-{}", self.member + 1)))
    }

    /// Owns `partitions` from now on.
    fn take(
        &mut self,
        consumer: &Consumer,
        topic: &str,
        partitions: &[PartitionIndex],
    ) -> Result<(), KafkaError> {
        let topic: Arc<str> = topic.into();
        let mut ownership = self.watch.ownership.lock();
        let mut assigned = Vec::with_capacity(partitions.len());
        for partition in partitions {
            ownership.claim(self.member, slot(*partition));
            self.positions.insert(*partition, Offset::ZERO);
            assigned.push(TopicPartitionOffset::new(Arc::clone(&topic), *partition, OffsetSpec::Stored));
        }
        drop(ownership);
        consumer.assign(&assigned).map_err(into_kafka)
    }

    /// Owns nothing from now on.
    fn give_up(&mut self, consumer: &Consumer) -> Result<(), KafkaError> {
        consumer.unassign().map_err(into_kafka)?;
        let mut ownership = self.watch.ownership.lock();
        for partition in std::mem::take(&mut self.positions).into_keys() {
            ownership.release(self.member, slot(partition));
        }
        Ok(())
    }

    fn event(&mut self, event: BatchEvent) -> Result<(), KafkaError> {
        match event {
            Event::Message(batch) => self.batch(&batch),
            Event::Error(error) => Err(error.error),
        }
    }

    fn batch(&mut self, batch: &FetchedBatch) -> Result<(), KafkaError> {
        let corrupt = |error: tidelog::record::BatchError| {
            KafkaError::with_reason(ErrorCode::LocalBadMsg, error.to_string())
        };
        let partition = slot(batch.partition());
        self.watch.ownership.lock().read(self.member, partition);
        let Some(trail) = self.watch.trails.get(partition) else { return Ok(()) };
        let mut trail = trail.lock();
        let now = super::nanos(self.start.elapsed());
        let mut count = 0;
        for record in batch.records().map_err(corrupt)? {
            let record = record.map_err(corrupt)?;
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
        self.positions.insert(batch.partition(), batch.next_offset());
        self.result.last_arrival = Instant::now();
        self.watch.add_consumed(count);
        Ok(())
    }
}

/// A partition's place in what is kept by partition.
fn slot(partition: PartitionIndex) -> usize {
    usize::try_from(partition.0).unwrap_or(usize::MAX)
}

fn into_kafka(error: CallError) -> KafkaError {
    match error {
        CallError::Kafka(error) => error,
        CallError::Closed => KafkaError::new(ErrorCode::LocalDestroy),
    }
}
