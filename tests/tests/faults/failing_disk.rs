//! Writes, flushes and everything else that a disk may refuse.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tidelog::error_code::ErrorCode;
use tidelog::io::{Failure, Fault, Lasting, Operation, SimDisk};
use tidelog::types::Offset;

use crate::engines::{
    Outcome, commit, committed, create, next_report, open, produce, producer, record, records, soon, try_open,
};

const FAILED: Outcome = Err(ErrorCode::KafkaStorageError);

fn fault(operation: Option<Operation>, path_suffix: &str, nth: u64, lasting: Lasting) -> Fault {
    let failure = Failure::Errno(5);
    Fault { operation, path_suffix: path_suffix.to_owned(), nth, lasting, failure }
}

#[test]
fn a_failed_write_or_flush_fails_the_whole_group_at_once_and_is_never_retried() {
    for operation in [Operation::Write, Operation::Sync] {
        let disk = SimDisk::new(1);
        let broker = open(&disk);
        create(&broker, "a", 2, &[]).unwrap();
        let many_batches = producer(&broker, &[("batch.num.messages", "1")]);
        for n in 0..10_i64 {
            assert_eq!(produce(&many_batches, "a", 0, &n.to_be_bytes()), Ok(Offset(n)));
        }
        // Slow enough that what comes during one write joins the next one.
        disk.set_latency(Duration::from_millis(20));
        // A retry would succeed.
        disk.inject(fault(Some(operation), "a-0/00000000000000000000.log", 2, Lasting::Once));
        let start = Instant::now();
        for n in 0..50_i64 {
            if n == 1 {
                // The first is on its way to the disk: the others are the next group.
                std::thread::sleep(Duration::from_millis(5));
            }
            many_batches.produce("a", record(0, &(1000 + n).to_be_bytes())).unwrap();
        }
        let reports: Vec<Outcome> = (0..50).map(|_| next_report(&many_batches).2).collect();
        assert!(start.elapsed() < Duration::from_secs(1), "told at once");
        let kept = reports.iter().take_while(|outcome| outcome.is_ok()).count();
        assert!(kept < 50, "the second group fails");
        assert!(reports[kept..].iter().all(|outcome| *outcome == FAILED), "{reports:?}");
        let broken = broker.served_partition("a", tidelog::types::PartitionIndex(0)).unwrap();
        assert!(broken.unavailable().is_some());

        let before = disk.operation_count();
        assert_eq!(produce(&many_batches, "a", 0, b"more"), FAILED);
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(disk.operation_count(), before, "an offline partition does not touch the disk");

        let readable = records(&broker, "a", 0);
        assert_eq!(readable.len(), 10 + kept, "what was acknowledged stays readable, and nothing else");
        assert_eq!(produce(&many_batches, "a", 1, b"elsewhere"), Ok(Offset(0)), "other partitions serve on");

        drop(many_batches);
        soon("close", move || broker.close());
        let broker = open(&disk);
        let recovered = records(&broker, "a", 0);
        assert_eq!(recovered[..readable.len()], readable);
        assert!(recovered.len() <= 60, "nothing is there twice");
        let end = i64::try_from(recovered.len()).unwrap();
        assert_eq!(produce(&producer(&broker, &[]), "a", 0, b"on"), Ok(Offset(end)), "reopening recovers");
    }
}

/// What an application was promised while it used an engine on a disk that fails.
#[derive(Default)]
struct Promised {
    /// Values by topic, partition and offset.
    records: BTreeMap<(&'static str, i32, i64), Vec<u8>>,
    topics: Vec<&'static str>,
    /// Topics whose deletion was confirmed.
    deleted: Vec<&'static str>,
    committed: i64,
    /// Steps that were refused.
    refused: usize,
}

/// Large enough that the second one rolls a segment of the least size.
const LARGE: usize = 600 << 10;

impl Promised {
    fn note<T, E>(&mut self, result: Result<T, E>) -> Option<T> {
        self.refused += usize::from(result.is_err());
        result.ok()
    }

    fn produce(&mut self, producer: &tidelog::client::Producer, topic: &'static str, partition: i32) {
        let mut value = vec![0; if (topic, partition) == ("a", 0) { LARGE } else { 100 }];
        let number = self.records.len() as u64;
        value[..8].copy_from_slice(&number.to_be_bytes());
        let outcome = produce(producer, topic, partition, &value);
        if let Some(offset) = self.note(outcome) {
            let before = self.records.insert((topic, partition, offset.0), value);
            assert!(before.is_none(), "offset {offset} is given twice");
        }
    }

    /// Opens, creates, produces over a roll, commits, deletes and closes; whatever is refused is passed over.
    fn session(&mut self, disk: &SimDisk) {
        let opened = try_open(disk, &[]);
        let Some(broker) = self.note(opened) else { return };
        let small = [("segment.bytes", "1048576")];
        for topic in ["a", "b"] {
            if broker.topic(topic).is_none() {
                let created = create(&broker, topic, 2, &small);
                if self.note(created).is_some() {
                    self.topics.push(topic);
                    self.deleted.retain(|deleted| *deleted != topic);
                }
            }
        }
        let client = producer(&broker, &[("allow.auto.create.topics", "false")]);
        for partition in [0, 1, 0] {
            self.produce(&client, "a", partition);
        }
        self.produce(&client, "b", 0);
        let (next, answer) = (self.committed + 1, commit(&broker, "readers", self.committed + 1));
        if answer == ErrorCode::None {
            self.committed = next;
        } else {
            self.refused += 1;
        }
        if self.topics.contains(&"b") {
            // Refused, it may be there or not: no more is promised of it.
            self.topics.retain(|topic| *topic != "b");
            self.records.retain(|(topic, _, _), _| *topic != "b");
            let deleted = broker.delete_topic("b");
            if self.note(deleted).is_some() {
                self.deleted.push("b");
            }
        }
        self.produce(&client, "a", 1);
        drop(client);
        broker.close();
    }

    /// Whether the engine of a sound disk keeps all of it.
    fn verify(&self, disk: &SimDisk, when: &str) {
        let broker = try_open(disk, &[]).unwrap_or_else(|error| panic!("{when}: {error}"));
        for topic in &self.deleted {
            assert!(broker.topic(topic).is_none(), "{when}: {topic} is back");
        }
        for topic in &self.topics {
            assert!(broker.topic(topic).is_some(), "{when}: {topic} is gone");
            for partition in 0..2 {
                let found = records(&broker, topic, partition);
                let offsets: Vec<i64> = found.iter().map(|(offset, _)| offset.0).collect();
                assert!(offsets.iter().copied().eq(0..offsets.len() as i64), "{when}: {offsets:?}");
                let promised = self.records.iter().filter(|((t, p, _), _)| t == topic && *p == partition);
                for ((_, _, offset), value) in promised {
                    let at = usize::try_from(*offset).unwrap();
                    let kept = found.get(at).is_some_and(|(_, found)| found == value);
                    assert!(kept, "{when}: {topic}-{partition} at {offset} is lost, has {}", found.len());
                }
                let end = i64::try_from(found.len()).unwrap();
                let next = produce(&producer(&broker, &[]), topic, partition, b"on");
                assert_eq!(next, Ok(Offset(end)), "{when}: {topic}-{partition}");
            }
        }
        if self.committed > 0 {
            assert!(committed(&broker, "readers") >= self.committed, "{when}: a committed offset is lost");
        }
    }
}

fn fail_each_operation_in_turn(lasting: Lasting) {
    let sound = SimDisk::new(2);
    let mut promised = Promised::default();
    promised.session(&sound);
    assert_eq!((promised.refused, promised.records.len(), promised.committed), (0, 4, 1));
    let count = sound.operation_count();
    let mut refused = 0;
    for nth in 1..=count {
        let when = format!("operation {nth} of {count} fails ({lasting:?})");
        let disk = SimDisk::new(nth);
        disk.inject(fault(None, "", nth, lasting));
        let (found, promised) = soon(&when, {
            let disk = disk.clone();
            move || {
                let mut promised = Promised::default();
                promised.session(&disk);
                (disk.power_cut(), promised)
            }
        });
        refused += promised.refused;
        disk.clear_faults();
        soon(&when.clone(), move || {
            promised.verify(&found, &format!("{when}, then the power"));
            promised.verify(&disk, &when);
        });
    }
    assert!(refused > usize::try_from(count / 4).unwrap(), "failures are noticed: {refused} of {count}");
}

#[test]
fn whichever_operation_fails_once_no_promise_is_broken() {
    fail_each_operation_in_turn(Lasting::Once);
}

#[test]
fn from_whichever_operation_on_all_fail_no_promise_is_broken() {
    fail_each_operation_in_turn(Lasting::ForGood);
}

#[test]
fn what_needs_no_flush_does_not_wait_for_one() {
    let disk = SimDisk::new(1);
    let broker = open(&disk);
    create(&broker, "a", 1, &[]).unwrap();
    let producer = producer(&broker, &[("acks", "1"), ("linger.ms", "0")]);
    assert_eq!(produce(&producer, "a", 0, b"warm"), Ok(Offset(0)));
    let partition = broker.served_partition("a", tidelog::types::PartitionIndex(0)).unwrap();
    while partition.high_watermark() < Offset(1) {
        std::thread::sleep(Duration::from_millis(1));
    }
    disk.set_latency(Duration::from_secs(4));
    for n in 1..=50 {
        assert_eq!(produce(&producer, "a", 0, b"x"), Ok(Offset(n)), "acknowledged once it is written");
    }
    assert_eq!(partition.high_watermark(), Offset(1), "no flush has ended yet, so nobody may read it");
    // The flush in flight covers only what had been written when it began; the next one takes the rest along.
    disk.set_latency(Duration::ZERO);
    let deadline = Instant::now() + crate::engines::SOON;
    while partition.high_watermark() < Offset(51) {
        assert!(Instant::now() < deadline, "a flush follows the last append");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_message_that_a_hanging_disk_keeps_is_reported_in_time() {
    let disk = SimDisk::new(1);
    let broker = open(&disk);
    create(&broker, "a", 1, &[]).unwrap();
    let (patient, producer) = (producer(&broker, &[]), producer(&broker, &[("message.timeout.ms", "300")]));
    assert_eq!(produce(&producer, "a", 0, b"before"), Ok(Offset(0)));
    disk.set_latency(Duration::from_secs(3));
    producer.produce("a", record(0, b"slow")).unwrap();
    let start = Instant::now();
    assert_eq!(next_report(&producer).2, Err(ErrorCode::LocalMsgTimedOut));
    assert!(start.elapsed() < Duration::from_secs(3), "before the disk was ready");
    assert!(producer.is_empty());
    disk.set_latency(Duration::ZERO);
    // It was on its way, so that it is in the log; its answer comes too late for a second report.
    assert_eq!(produce(&patient, "a", 0, b"after"), Ok(Offset(2)));
    assert!(producer.is_empty());
    assert_eq!(records(&broker, "a", 0).len(), 3);
}
