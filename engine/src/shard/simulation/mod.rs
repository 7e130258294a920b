//! A shard on a simulated disk and clock, driven step by step by one thread: everything follows from a seed. Producers
//! send, retry and are answered; disks fail, processes and power go, the shard comes back; and what is found is held against
//! what was promised.
//!
//! `TIDELOG_SEEDS=100000` asks for more seeds than the short form has, `TIDELOG_SEED=7` for one alone.

mod careless;
mod model;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use parking_lot::Mutex;

use self::careless::{Careless, CarelessDisk};
use self::model::{Model, Outcome, Sent};
use super::mailbox::Mailbox;
use super::{Append, Partition, PartitionSpec, ProduceError, Reply, ShardOptions, Worker};
use crate::config::topic::LogConfig;
use crate::io::{Clock, Disk, Failure, Fault, Lasting, Operation, ReservedDisk, SimClock, SimDisk};
use crate::log::{KnownWatermarks, OpenFrom, ReadCursor};
use crate::metrics::ShardMetrics;
use crate::record::{BatchBuilder, Batches, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use crate::types::{
    Acks, Isolation, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId,
    TopicName, TopicPartition,
};

const ROOT: &str = "/data";
const MARKS: &str = "/data/durable-watermark-0";
const TOPIC: TopicId = TopicId(*b"topic-id-orders!");
const PARTITIONS: i32 = 2;
const PRODUCERS: usize = 3;
/// Steps of one seed.
const STEPS: usize = 300;

/// Batches of one producer and partition that may be unanswered, as the idempotent producer has it.
const IN_FLIGHT_MAX: usize = 5;

/// Answers as they come: which batch, and what became of it.
type Answers = Arc<Mutex<Vec<(usize, Outcome)>>>;

struct Simulation {
    random: fastrand::Rng,
    careless: Option<Careless>,
    disk: SimDisk,
    clock: SimClock,
    worker: Worker,
    partitions: Vec<Arc<Partition>>,
    answers: Answers,
    model: Model,
    /// What happened, to compare two runs of one seed.
    transcript: String,
}

/// How the shard ended, and what may be trusted afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Clean,
    Killed,
    PowerCut,
}

impl Simulation {
    fn new(seed: u64, careless: Option<Careless>) -> Simulation {
        let disk = SimDisk::new(seed);
        disk.create_dir_durably(Path::new(ROOT)).unwrap();
        let clock = SimClock::new(Timestamp(1_000_000));
        let worker = start(&disk, &clock, careless);
        let mut simulation = Simulation {
            random: fastrand::Rng::with_seed(seed),
            careless,
            disk,
            clock,
            worker,
            partitions: Vec::new(),
            answers: Answers::default(),
            model: Model::new(PARTITIONS),
            transcript: String::new(),
        };
        simulation.attach(&BTreeMap::new(), true);
        simulation
    }

    fn run(&mut self) {
        for step in 0..STEPS {
            match self.random.u32(..100) {
                0..45 => self.send(),
                45..80 => self.round(),
                80..86 => self.clock.advance(Duration::from_millis(self.random.u64(..20))),
                86..89 => self.plan_fault(),
                89..92 => self.disk.set_delay(self.random.u64(..5)),
                92..95 => self.read_and_check(),
                95..97 => self.restart(End::Killed),
                97..99 => self.restart(End::PowerCut),
                _ => self.restart(End::Clean),
            }
            self.take_answers();
            self.note(&format!("{step}: {:?}", self.high_watermarks()));
        }
        self.restart(End::Killed);
    }

    fn note(&mut self, text: &str) {
        self.transcript.push_str(text);
        self.transcript.push('\n');
    }

    fn send(&mut self) {
        let partition = self.random.i32(0..PARTITIONS);
        let slot = usize::try_from(partition).unwrap();
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
        let since = self.clock.monotonic();
        self.note(&format!("send {number} of producer {producer} to {partition}, {acks:?}"));
        self.partitions[slot].append(Append { batch, acks, since, reply });
    }

    fn round(&mut self) {
        self.worker.round().unwrap();
    }

    fn plan_fault(&mut self) {
        let operation = self.random.choice([Operation::Write, Operation::Sync, Operation::Open]);
        let failure = match self.random.u32(..3) {
            0 => Failure::Errno(libc::EIO),
            1 => Failure::Errno(libc::ENOSPC),
            _ => Failure::Short,
        };
        let fault = Fault {
            operation,
            path_suffix: self.random.choice([".log", ""]).unwrap_or_default().to_owned(),
            nth: self.random.u64(1..8),
            lasting: Lasting::Once,
            failure,
        };
        self.note(&format!("{fault:?}"));
        self.disk.inject(fault);
    }

    fn take_answers(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock());
        for (number, outcome) in answers {
            self.note(&format!("{number} {outcome:?}"));
            self.model.answer(number, outcome);
        }
    }

    fn high_watermarks(&self) -> Vec<i64> {
        self.partitions.iter().map(|partition| partition.high_watermark().0).collect()
    }

    fn read_and_check(&mut self) {
        // Readers are not what is tested here, and what has been answered is known before it is looked for.
        self.disk.clear_faults();
        self.take_answers();
        for (slot, partition) in self.partitions.iter().enumerate() {
            let found = read_all(partition);
            self.model.check(slot, &found);
        }
    }

    /// Ends the shard and starts another one on what is left.
    fn restart(&mut self, end: End) {
        self.note(&format!("{end:?}"));
        self.read_and_check();
        let before = self.high_watermarks();
        let mut closed = BTreeMap::new();
        if end == End::Clean {
            for (partition, result) in self.worker.close_all() {
                if let Ok(checkpoint) = result {
                    closed.insert(
                        partition.id().partition.0,
                        (checkpoint.recovery_point, checkpoint.log_start),
                    );
                }
            }
            self.take_answers();
        }
        self.disk.set_delay(0);
        if end == End::PowerCut {
            self.disk = self.disk.power_cut();
            self.model.lose_what_was_not_durable();
        }
        let worker = start(&self.disk, &self.clock, self.careless);
        // What the old one still answers when it is dropped counts.
        drop(std::mem::replace(&mut self.worker, worker));
        self.take_answers();
        self.attach(&closed, false);
        for (slot, (after, before)) in self.high_watermarks().iter().zip(before).enumerate() {
            assert!(*after >= before, "partition {slot}: readers saw {before} records, {after} are left");
        }
        self.read_and_check();
    }

    fn attach(&mut self, closed: &BTreeMap<i32, (Offset, Offset)>, is_new: bool) {
        let known = known_watermarks(&self.disk);
        self.partitions.clear();
        for number in 0..PARTITIONS {
            let partition = PartitionIndex(number);
            let id = TopicPartition { topic: TopicName::new("a").unwrap(), partition };
            let (recovery_point, log_start) = closed.get(&number).copied().unwrap_or_default();
            let from = OpenFrom {
                clean: closed.contains_key(&number),
                recovery_point,
                log_start,
                durable: known.durable(TOPIC, partition).max(recovery_point),
                compacted_below: Offset(0),
                accept_truncation: false,
            };
            let config = LogConfig { segment_bytes: 2000, index_interval_bytes: 100, ..LogConfig::default() };
            let spec = PartitionSpec {
                dir: PathBuf::from(ROOT).join(id.to_string()),
                id,
                topic_id: TOPIC,
                config: Arc::new(config),
                open: (!is_new).then_some(from),
            };
            let (partition, _) = self.worker.attach(spec).unwrap_or_else(|error| panic!("refused: {error}"));
            self.partitions.push(partition);
        }
    }

    /// Everything that is on the disk, as one number.
    fn fingerprint(&self) -> u64 {
        let mut bytes = self.transcript.clone().into_bytes();
        let mut open = vec![PathBuf::from(ROOT)];
        while let Some(path) = open.pop() {
            bytes.extend_from_slice(path.to_string_lossy().as_bytes());
            if self.disk.is_dir(&path) {
                let names = self.disk.list(&path).unwrap();
                open.extend(names.into_iter().map(|name| path.join(name)));
            } else {
                bytes.extend(self.disk.read_file(&path, usize::MAX).unwrap());
            }
        }
        crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &bytes)
    }
}

fn known_watermarks(disk: &SimDisk) -> KnownWatermarks {
    let mut known = KnownWatermarks::default();
    if let Ok(bytes) = disk.read_file(Path::new(MARKS), 1 << 20) {
        known.read(&bytes);
    }
    known
}

fn start(disk: &SimDisk, clock: &SimClock, careless: Option<Careless>) -> Worker {
    let plain: Arc<dyn Disk> = Arc::new(disk.clone());
    let used: Arc<dyn Disk> = match careless {
        Some(careless) => Arc::new(CarelessDisk { disk: plain, careless }),
        None => plain,
    };
    let options = ShardOptions {
        number: 0,
        disk: Arc::new(ReservedDisk::new(used, PathBuf::from(ROOT).join("reserve"), 0)),
        clock: Arc::new(clock.clone()),
        durable_marks: PathBuf::from(MARKS),
        marks_sequence: known_watermarks(disk).next_sequence(),
        // Small, so that reads come from the disk, too.
        cache_size_max: 8 << 10,
        spin: Duration::ZERO,
        metrics: Arc::new(ShardMetrics::default()),
    };
    Worker::new(&options, Mailbox::new(1000)).unwrap()
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

/// Which seeds to run: so many, or what the environment asks for.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match (number("TIDELOG_SEED"), number("TIDELOG_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count_asked) => 1..1 + count_asked.unwrap_or(count),
    }
}

#[test]
fn whatever_fails_and_ends_what_was_promised_is_there() {
    let seeds = seeds(200);
    let (count, mut answered) = (seeds.clone().count(), 0);
    for seed in seeds {
        let mut simulation = Simulation::new(seed, None);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| simulation.run()));
        if let Err(panic) = run {
            eprintln!("seed {seed}: TIDELOG_SEED={seed} runs it alone\n{}", simulation.transcript);
            std::panic::resume_unwind(panic);
        }
        answered += simulation.model.acknowledged();
    }
    assert!(answered > 10 * count, "it tests something: {answered} batches in {count} seeds");
}

#[test]
fn one_seed_is_one_history() {
    for seed in seeds(20) {
        let histories = [0, 1].map(|_| {
            let mut simulation = Simulation::new(seed, None);
            simulation.run();
            simulation.fingerprint()
        });
        assert_eq!(histories[0], histories[1], "seed {seed}");
    }
}

#[test]
fn every_careless_disk_is_noticed() {
    // What the disks let happen is a panic here; its text is not wanted.
    for careless in Careless::ALL {
        let is_noticed = (1..400).any(|seed| {
            let run = || Simulation::new(seed, Some(careless)).run();
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
        });
        assert!(is_noticed, "{careless:?} is not noticed");
    }
}
