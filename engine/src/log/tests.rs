//! Properties of a whole log on a simulated disk.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::config::topic::LogConfig;
use crate::io::{CommitQueue, Completion, Disk, Durability, SimDisk, Token};
use crate::record::{BatchBuilder, Batches, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use crate::types::{Offset, Timestamp, TopicId};

const DIRECTORY: &str = "data/orders-0";
const TOPIC: TopicId = TopicId(*b"topic-id-orders!");

/// A log and the queue that writes it, as a shard would hold them.
struct Rig {
    disk: Arc<SimDisk>,
    queue: Box<dyn CommitQueue>,
    log: Log,
}

fn batch(values: &[&str], timestamp: i64) -> SealedBatch {
    stamped(values, timestamp, ProducerStamp::NONE)
}

fn stamped(values: &[&str], timestamp: i64, stamp: ProducerStamp) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
    for value in values {
        let timestamp = Timestamp(timestamp);
        builder
            .append(&RecordData { timestamp, key: None, value: Some(value.as_bytes()), headers: &[] })
            .unwrap();
    }
    builder.seal(stamp, None).unwrap()
}

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 1000, index_interval_bytes: 100, ..LogConfig::default() }
}

impl Rig {
    fn create(config: LogConfig) -> Rig {
        let disk = Arc::new(SimDisk::new(1));
        disk.create_dir(Path::new("data")).unwrap();
        let log = Log::create(Arc::clone(&disk) as _, Path::new(DIRECTORY), TOPIC, Arc::new(config)).unwrap();
        Rig::started(disk, log)
    }

    fn started(disk: Arc<SimDisk>, mut log: Log) -> Rig {
        let mut queue = disk.commit_queue().unwrap();
        log.start(&mut *queue).unwrap();
        Rig { disk, queue, log }
    }

    fn append(&mut self, batch: SealedBatch) -> Prepared {
        let now = Timestamp(1_000);
        if self.log.needs_roll(batch.header(), now) {
            self.log.roll(&mut *self.queue).unwrap();
        }
        let prepared = self.log.prepare(batch, now).unwrap();
        if let Prepared::Write { bytes, last_offset, .. } = &prepared {
            self.write(vec![bytes.clone()], Durability::Durable);
            self.log.mark_durable(last_offset.plus(1));
            self.log.set_high_watermark(last_offset.plus(1));
        }
        prepared
    }

    fn write(&mut self, pieces: Vec<Bytes>, durability: Durability) {
        self.queue.append(Token(0), self.log.handle(), pieces, durability);
        let mut completions: Vec<Completion> = Vec::new();
        while completions.is_empty() {
            self.queue.wait(None, &mut completions).unwrap();
        }
        completions.remove(0).result.unwrap();
    }

    fn values(&self) -> Vec<String> {
        read_all(&self.log.view())
    }

    fn close(mut self) -> Arc<SimDisk> {
        self.log.close(&mut *self.queue).unwrap();
        self.disk
    }
}

fn read_all(view: &LogView) -> Vec<String> {
    let mut values = Vec::new();
    let mut from: ReadCursor = view.log_start().into();
    while from.offset() < view.high_watermark() {
        let read = view.read(from, 200, Offset(i64::MAX)).unwrap();
        assert!(!read.bytes.is_empty());
        for batch in Batches::new(&read.bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            for record in batch.records().unwrap() {
                values.push(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
            }
        }
        from = read.next;
    }
    values
}

#[test]
fn what_was_appended_is_read_across_segments_and_after_a_clean_reopen() {
    let mut rig = Rig::create(small_segments());
    let mut expected = Vec::new();
    for number in 0..100 {
        let (a, b) = (format!("a{number}"), format!("b{number}"));
        rig.append(batch(&[&a, &b], number));
        expected.extend([a, b]);
    }
    assert!(rig.log.view().segment_bases().len() > 5);
    assert_eq!(rig.values(), expected);
    let end = rig.log.end();
    let disk = rig.close();
    let from = OpenFrom { clean: true, recovery_point: end, ..OpenFrom::default() };
    let (log, report) =
        Log::open(Arc::clone(&disk) as _, Path::new(DIRECTORY), Arc::new(small_segments()), from).unwrap();
    assert_eq!(report, RecoveryReport::default());
    assert_eq!(read_all(&log.view()), expected);
    let mut rig = Rig::started(disk, log);
    rig.append(batch(&["more"], 200));
    expected.push("more".to_owned());
    assert_eq!(rig.values(), expected);
}
