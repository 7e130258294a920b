//! [`SimulatedShard`]: a shard on a simulated disk and clock, driven step by step by one thread, through faults and ends of
//! every kind. Whoever drives it checks what is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::careless::{Careless, CarelessDisk};
use crate::config::topic::LogConfig;
use crate::io::{Clock, Disk, Failure, Fault, Lasting, Operation, ReservedDisk, SimClock, SimDisk};
use crate::log::{CompactionError, KnownWatermarks, OpenFrom};
use crate::metrics::ShardMetrics;
use crate::shard::mailbox::Mailbox;
use crate::shard::{Partition, PartitionSpec, ShardOptions, Worker};
use crate::types::{Offset, PartitionIndex, Timestamp, TopicId, TopicName, TopicPartition};

const ROOT: &str = "/data";
const MARKS: &str = "/data/durable-watermark-0";
const TOPIC: TopicId = TopicId(*b"topic-id-orders!");

/// How a shard ended, and what may be trusted afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Clean,
    Killed,
    PowerCut,
}

/// See the module.
pub(crate) struct SimulatedShard {
    pub(crate) disk: SimDisk,
    pub(crate) clock: SimClock,
    worker: Worker,
    pub(crate) partitions: Vec<Arc<Partition>>,
    /// What happened, to compare two runs of one seed.
    pub(super) transcript: String,
    careless: Option<Careless>,
    config: Arc<LogConfig>,
    /// By partition: below this offset a log may have gaps, and below that it has been compacted. The broker keeps them in
    /// checkpoint files.
    gaps: Vec<(Offset, Offset)>,
}

impl SimulatedShard {
    /// A new disk, and on it `partitions` empty logs with this configuration.
    pub(crate) fn new(
        seed: u64,
        careless: Option<Careless>,
        partitions: usize,
        config: LogConfig,
    ) -> SimulatedShard {
        let disk = SimDisk::new(seed);
        disk.create_dir_durably(Path::new(ROOT)).unwrap();
        let clock = SimClock::new(Timestamp(1_000_000));
        let worker = start(&disk, &clock, careless);
        let gaps = vec![(Offset(0), Offset(0)); partitions];
        let config = Arc::new(config);
        let (partitions, transcript) = (Vec::new(), String::new());
        let mut shard =
            SimulatedShard { disk, clock, worker, partitions, transcript, careless, config, gaps };
        shard.attach(&BTreeMap::new(), true);
        shard
    }

    /// Writes down what happened.
    pub(crate) fn note(&mut self, text: &str) {
        self.transcript.push_str(text);
        self.transcript.push('\n');
    }

    pub(crate) fn round(&mut self) {
        self.worker.round().unwrap();
    }

    pub(crate) fn high_watermarks(&self) -> Vec<i64> {
        self.partitions.iter().map(|partition| partition.high_watermark().0).collect()
    }

    /// Lets something fail soon.
    pub(crate) fn plan_fault(&mut self, random: &mut fastrand::Rng) {
        let operation = random.choice([Operation::Write, Operation::Sync, Operation::Open]);
        let failure = match random.u32(..3) {
            0 => Failure::Errno(libc::EIO),
            1 => Failure::Errno(libc::ENOSPC),
            _ => Failure::Short,
        };
        let fault = Fault {
            operation,
            path_suffix: random.choice([".log", ""]).unwrap_or_default().to_owned(),
            nth: random.u64(1..8),
            lasting: Lasting::Once,
            failure,
        };
        self.note(&format!("{fault:?}"));
        self.disk.inject(fault);
    }

    /// Ends the shard and starts another one on what is left. What readers had seen must be there.
    pub(crate) fn restart(&mut self, end: End) {
        self.note(&format!("{end:?}"));
        let before = self.high_watermarks();
        self.disk.clear_faults();
        let mut closed = BTreeMap::new();
        if end == End::Clean {
            for (partition, result) in self.worker.close_all() {
                if let Ok(checkpoint) = result {
                    let number = partition.id().partition.0;
                    closed.insert(number, (checkpoint.recovery_point, checkpoint.log_start));
                }
            }
        }
        self.disk.set_delay(0);
        if end == End::PowerCut {
            self.disk = self.disk.power_cut();
        }
        self.worker = start(&self.disk, &self.clock, self.careless);
        self.attach(&closed, false);
        for (slot, (after, before)) in self.high_watermarks().iter().zip(before).enumerate() {
            assert!(*after >= before, "partition {slot}: readers saw {before} records, {after} are left");
        }
    }

    /// Compacts a partition if that is due. Whether it was; its own files may fail as well, then all stays as it was.
    pub(crate) fn try_to_compact(&mut self, slot: usize) -> bool {
        let compacted = self.compact(slot);
        self.note(&format!("compacted: {compacted:?}"));
        matches!(compacted, Ok(true))
    }

    /// As the broker does.
    fn compact(&mut self, slot: usize) -> Result<bool, CompactionError> {
        let (partition, now) = (&self.partitions[slot], self.clock.now());
        let Some(compaction) = partition.view().compaction_due(&self.config, now)? else { return Ok(false) };
        let log = self.worker.log(partition).unwrap();
        log.allow_gaps_below(compaction.upto());
        self.gaps[slot].0 = compaction.upto();
        let compacted = compaction.run(
            now,
            1 << 20,
            || false,
            |segment| {
                let taken = log.take_in(segment);
                partition.forget_cached_below(compaction.upto());
                let gone = taken.map_err(|error| CompactionError::NotTakenIn(error.to_string()))?;
                for path in gone.unwrap() {
                    self.disk.remove_file(&path).unwrap();
                }
                Ok(())
            },
        )?;
        log.compacted_to(compacted.upto);
        self.gaps[slot].1 = compacted.upto;
        Ok(true)
    }

    /// Everything that is on the disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
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
        bytes
    }

    fn attach(&mut self, closed: &BTreeMap<i32, (Offset, Offset)>, is_new: bool) {
        let known = known_watermarks(&self.disk);
        self.partitions.clear();
        for (number, &(gaps_below, compacted)) in (0..).zip(&self.gaps) {
            let partition = PartitionIndex(number);
            let id = TopicPartition { topic: TopicName::new("a").unwrap(), partition };
            let (recovery_point, log_start) = closed.get(&number).copied().unwrap_or_default();
            let from = OpenFrom {
                clean: closed.contains_key(&number),
                recovery_point,
                log_start,
                durable: known.durable(TOPIC, partition).max(recovery_point),
                gaps_below,
                compacted,
                accept_truncation: false,
            };
            let spec = PartitionSpec {
                dir: PathBuf::from(ROOT).join(id.to_string()),
                id,
                topic_id: TOPIC,
                config: Arc::clone(&self.config),
                open: (!is_new).then_some(from),
            };
            let (partition, _) = self.worker.attach(spec).unwrap_or_else(|error| panic!("refused: {error}"));
            self.partitions.push(partition);
        }
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
