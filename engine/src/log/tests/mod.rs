//! Properties of a whole log, and the rig that holds one as a shard would.

mod compacted_transactions;
mod compaction;
mod corruption;
mod damaged_transactions;
mod model;
mod opening;
mod power_cut;
mod producers;
mod racing;
mod reading;
mod retention;
mod rolling;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::*;
use crate::config::topic::LogConfig;
use crate::io::{AppendHandle, CommitQueue, Completion, Disk, Durability, SimDisk, Token};
use crate::record::{BatchBuilder, Batches, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use crate::types::{Offset, Timestamp, TopicId};

const TOPIC: TopicId = TopicId(*b"topic-id-orders!");
const NOW: Timestamp = Timestamp(1_000_000);

/// A small generator: what happens follows from the seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn directory() -> PathBuf {
    PathBuf::from("data/orders-0")
}

/// A log, its disk, and the queue that writes it.
struct Rig {
    disk: Arc<SimDisk>,
    queue: Box<dyn CommitQueue>,
    log: Log,
}

/// A batch of records with these values, all of one timestamp.
fn batch(values: &[&str], timestamp: i64) -> SealedBatch {
    stamped(values, timestamp, ProducerStamp::NONE)
}

fn stamped(values: &[&str], timestamp: i64, stamp: ProducerStamp) -> SealedBatch {
    let records: Vec<_> = values.iter().map(|value| (timestamp, *value)).collect();
    timed(&records, Compression::None, stamp)
}

fn timed(records: &[(i64, &str)], compression: Compression, stamp: ProducerStamp) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), compression);
    for (timestamp, value) in records {
        let timestamp = Timestamp(*timestamp);
        let value = Some(value.as_bytes());
        builder.append(&RecordData { timestamp, key: None, value, headers: &[] }).unwrap();
    }
    let batch = builder.seal(stamp, None).unwrap();
    // A client's: the sequences of our own batches are given by the log.
    SealedBatch::from_wire(BytesMut::from(batch.view().bytes())).unwrap()
}

/// Some ten batches in a segment, an index entry for every second or third.
fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 1000, index_interval_bytes: 100, ..LogConfig::default() }
}

fn one_segment() -> LogConfig {
    LogConfig { index_interval_bytes: 100, ..LogConfig::default() }
}

fn open(disk: &Arc<SimDisk>, config: LogConfig, from: OpenFrom) -> Result<(Log, RecoveryReport), LogError> {
    Log::open(Arc::clone(disk) as _, &directory(), Arc::new(config), from)
}

impl Rig {
    fn create(config: LogConfig) -> Rig {
        Rig::create_on(Arc::new(SimDisk::new(1)), config)
    }

    fn create_on(disk: Arc<SimDisk>, config: LogConfig) -> Rig {
        disk.create_dir(Path::new("data")).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        let log = Log::create(Arc::clone(&disk) as _, &directory(), TOPIC, Arc::new(config)).unwrap();
        Rig::started(disk, log)
    }

    fn started(disk: Arc<SimDisk>, mut log: Log) -> Rig {
        let mut queue = disk.commit_queue().unwrap();
        log.start(&mut *queue).unwrap();
        Rig { disk, queue, log }
    }

    /// Opens and starts the log after a crash of which this much is known.
    fn recover(disk: &Arc<SimDisk>, config: LogConfig, from: OpenFrom) -> (Rig, RecoveryReport) {
        let (log, report) = open(disk, config, from).unwrap();
        (Rig::started(Arc::clone(disk), log), report)
    }

    /// Appends durably, after a roll when one is due.
    fn append(&mut self, batch: SealedBatch) -> Prepared {
        self.append_at(batch, NOW)
    }

    fn append_at(&mut self, batch: SealedBatch, now: Timestamp) -> Prepared {
        self.try_append(batch, now).unwrap()
    }

    fn try_append(&mut self, batch: SealedBatch, now: Timestamp) -> Result<Prepared, Refused> {
        if self.log.needs_roll(batch.header(), now) {
            self.roll();
        }
        let prepared = self.log.prepare(batch, now)?;
        if let Prepared::Write { bytes, last_offset, .. } = &prepared {
            self.write(vec![bytes.clone()], Durability::Durable);
            self.log.mark_durable(last_offset.plus(1));
            self.log.set_high_watermark(last_offset.plus(1));
        }
        Ok(prepared)
    }

    fn write(&mut self, pieces: Vec<Bytes>, durability: Durability) {
        append(&mut *self.queue, self.log.handle(), pieces, durability);
    }

    fn roll(&mut self) {
        self.log.roll(&mut *self.queue).unwrap();
    }

    fn values(&self) -> Vec<String> {
        read_all(&self.log.view())
    }

    /// Stops cleanly; returns what to open from.
    fn close(mut self) -> (Arc<SimDisk>, OpenFrom) {
        let recovery_point = self.log.close(&mut *self.queue).unwrap();
        let log_start = self.log.view().log_start();
        let durable = recovery_point;
        let LogCheckpoint { gaps_below, compacted, .. } = self.log.checkpoint();
        let accept_truncation = false;
        let from = OpenFrom {
            clean: true,
            recovery_point,
            log_start,
            durable,
            gaps_below,
            compacted,
            accept_truncation,
        };
        (self.disk, from)
    }

    fn names(&self) -> Vec<String> {
        self.disk.list(&directory()).unwrap()
    }
}

/// Appends and waits for the end of it.
fn append(queue: &mut dyn CommitQueue, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
    queue.append(Token(0), handle, pieces, durability);
    let mut completions: Vec<Completion> = Vec::new();
    while completions.is_empty() {
        queue.wait(None, &mut completions).unwrap();
    }
    completions.remove(0).result.unwrap();
}

/// All values that a consumer sees, read in small pieces; every checksum and every offset must be right.
fn read_all(view: &LogView) -> Vec<String> {
    let mut values = Vec::new();
    let mut from: ReadCursor = view.log_start().into();
    while from.offset() < view.high_watermark() {
        let read = view.read(from, 200, Offset(i64::MAX)).unwrap();
        values.extend(values_in(&read, from.offset()));
        assert!(read.next.offset() > from.offset(), "a read goes on");
        from = read.next;
    }
    values
}

/// The values from offset `from` on in what was read.
fn values_in(read: &LogRead, from: Offset) -> Vec<String> {
    let mut values = Vec::new();
    let mut expected = None;
    for batch in Batches::new(&read.bytes) {
        let batch = batch.unwrap();
        batch.verify().unwrap();
        for record in batch.records().unwrap() {
            let record = record.unwrap();
            assert!(expected.is_none_or(|expected| record.offset == expected));
            expected = Some(record.offset.plus(1));
            if record.offset >= from {
                values.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
        }
    }
    values
}

/// `from..to` as values of one record each.
fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("value-{number:04}")).collect()
}
