//! A shard on a simulated disk and clock, driven step by step by one thread: everything follows from a seed. Producers
//! send, retry and are answered; disks fail, processes and power go, the shard comes back; and what is found is held against
//! what was promised. What lives on shards can be simulated with the same [`SimulatedShard`].

mod careless;
mod model;
mod rig;
mod seeds;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use parking_lot::Mutex;

use self::model::{Model, Outcome, Sent};
use super::{Append, Partition, ProduceError, Reply};
use crate::config::topic::LogConfig;
use crate::io::Clock;
use crate::log::ReadCursor;
use crate::record::{BatchBuilder, Batches, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use crate::types::{Acks, Isolation, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

pub(crate) use self::careless::Careless;
pub(crate) use self::rig::{End, SimulatedShard};
pub(crate) use self::seeds::{Simulated, check_notices_careless_disks, check_repeatable, run_all, seeds};

const PARTITIONS: usize = 2;
const PRODUCERS: usize = 3;
/// Steps of one seed.
const STEPS: usize = 300;

/// Batches of one producer and partition that may be unanswered, as the idempotent producer has it.
const IN_FLIGHT_MAX: usize = 5;

/// Answers as they come: which batch, and what became of it.
type Answers = Arc<Mutex<Vec<(usize, Outcome)>>>;

struct Simulation {
    random: fastrand::Rng,
    shard: SimulatedShard,
    answers: Answers,
    model: Model,
}

impl Simulated for Simulation {
    fn new(seed: u64, careless: Option<Careless>) -> Simulation {
        let config = LogConfig { segment_bytes: 2000, index_interval_bytes: 100, ..LogConfig::default() };
        Simulation {
            random: fastrand::Rng::with_seed(seed),
            shard: SimulatedShard::new(seed, careless, PARTITIONS, config),
            answers: Answers::default(),
            model: Model::new(PARTITIONS),
        }
    }

    fn run(&mut self) {
        for step in 0..STEPS {
            match self.random.u32(..100) {
                0..45 => self.send(),
                45..80 => self.shard.round(),
                80..86 => self.shard.clock.advance(Duration::from_millis(self.random.u64(..20))),
                86..89 => self.shard.plan_fault(&mut self.random),
                89..92 => self.shard.disk.set_delay(self.random.u64(..5)),
                92..95 => self.read_and_check(),
                95..97 => self.restart(End::Killed),
                97..99 => self.restart(End::PowerCut),
                _ => self.restart(End::Clean),
            }
            self.take_answers();
            let line = format!("{step}: {:?}", self.shard.high_watermarks());
            self.shard.note(&line);
        }
        self.restart(End::Killed);
    }

    fn shard(&self) -> &SimulatedShard {
        &self.shard
    }
}

impl Simulation {
    fn send(&mut self) {
        let slot = self.random.usize(..PARTITIONS);
        let producer = self.random.usize(..PRODUCERS);
        // The first producers are idempotent, and idempotence wants all acknowledgements.
        let is_idempotent = producer + 1 < PRODUCERS;
        let acks = match self.random.u32(..3) {
            _ if is_idempotent => Acks::Durable,
            0 => Acks::None,
            1 => Acks::Written,
            _ => Acks::Durable,
        };
        if self.model.unanswered(producer, slot) >= IN_FLIGHT_MAX {
            return;
        }
        let number = match self.model.to_retry(producer, slot) {
            Some(number) => number,
            None => {
                let count = self.random.usize(1..4);
                self.model.new_batch(producer, slot, is_idempotent, acks, count)
            }
        };
        self.model.sent[number].outcome = None;
        let batch = seal(&self.model.sent[number]);
        let answers = Arc::clone(&self.answers);
        let reply = Reply::new(Box::new(move |result: Result<super::Appended, super::ProduceFailure>| {
            let outcome = match result {
                Ok(appended) => Outcome::Appended(appended.base_offset),
                Err(failure) => match failure.error {
                    ProduceError::Refused(error) => Outcome::Refused(error.to_string()),
                    _ => Outcome::Unknown,
                },
            };
            answers.lock().push((number, outcome));
        }));
        let since = self.shard.clock.monotonic();
        self.shard.note(&format!("send {number} of producer {producer} to {slot}, {acks:?}"));
        self.shard.partitions[slot].append(Append { batch, acks, since, reply });
    }

    fn take_answers(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock());
        for (number, outcome) in answers {
            self.shard.note(&format!("{number} {outcome:?}"));
            self.model.answer(number, outcome);
        }
    }

    fn read_and_check(&mut self) {
        // Readers are not what is tested here, and what has been answered is known before it is looked for.
        self.shard.disk.clear_faults();
        self.take_answers();
        for (slot, partition) in self.shard.partitions.iter().enumerate() {
            let found = read_all(partition);
            self.model.check(slot, &found);
        }
    }

    /// Ends the shard and starts another one on what is left.
    fn restart(&mut self, end: End) {
        self.read_and_check();
        self.shard.restart(end);
        if end == End::PowerCut {
            self.model.lose_what_was_not_durable();
        }
        // What the old one still answered when it ended counts.
        self.take_answers();
        self.read_and_check();
    }
}

fn seal(sent: &Sent) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
    for value in &sent.values {
        let value = Some(value.as_bytes());
        builder.append(&RecordData { timestamp: Timestamp(1), key: None, value, headers: &[] }).unwrap();
    }
    let stamp = match sent.sequence {
        Some(sequence) => ProducerStamp {
            producer_id: ProducerId(i64::try_from(sent.producer).unwrap()),
            epoch: ProducerEpoch(0),
            base_sequence: Sequence(sequence),
            ..ProducerStamp::NONE
        },
        None => ProducerStamp::NONE,
    };
    let batch = builder.seal(stamp, None).unwrap();
    SealedBatch::from_wire(BytesMut::from(batch.view().bytes())).unwrap()
}

/// What a consumer reads, checksums and offsets compared.
fn read_all(partition: &Partition) -> Vec<String> {
    let mut values = Vec::new();
    let mut from = ReadCursor::from(Offset(0));
    while from.offset() < partition.high_watermark() {
        let read = partition.read(from, 500, Isolation::ReadUncommitted).unwrap();
        assert!(read.next.offset() > from.offset(), "a read goes on");
        for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            for record in batch.records().unwrap() {
                let record = record.unwrap();
                if record.offset < from.offset() {
                    continue;
                }
                assert_eq!(record.offset.0, i64::try_from(values.len()).unwrap(), "a gap or a repeat");
                values.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
        }
        from = read.next;
    }
    values
}

#[test]
fn whatever_fails_and_ends_what_was_promised_is_there() {
    let mut answered = 0;
    let count = run_all(200, |simulation: &Simulation| answered += simulation.model.acknowledged());
    assert!(answered > 10 * count, "it tests something: {answered} batches in {count} seeds");
}

#[test]
fn one_seed_is_one_history() {
    check_repeatable::<Simulation>();
}

#[test]
fn every_careless_disk_is_noticed() {
    check_notices_careless_disks::<Simulation>();
}
