//! Engines that come and go, more shards than cores, a shard that panics, a clock that goes backwards.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidelog::broker::{Broker, BrokerOptions};
use tidelog::error_code::ErrorCode;
use tidelog::io::{SimClock, SimDisk};
use tidelog::record::{BatchBuilder, BufferPool, Compression, ProducerStamp, RecordData};
use tidelog::shard::{Append, Reply, Unavailable};
use tidelog::types::{Acks, Offset, PartitionIndex, Timestamp};

use crate::child::{Child, say};
use crate::engines::{
    create, eventually, on_directory, open, options, produce, producer, records, soon, try_open,
};

/// The child: says what it holds after each of several rounds of engines, one after the other and side by side.
pub(crate) fn start_and_stop_many(directory: &Path) {
    for _ in 0..4 {
        std::thread::scope(|scope| {
            for number in 0..8 {
                let directory = directory.join(number.to_string());
                scope.spawn(move || (0..4).for_each(|_| start_and_stop(&directory)));
            }
        });
        (0..10).for_each(|_| start_and_stop(&directory.join("0")));
        let count = |path| std::fs::read_dir(path).unwrap().count();
        say(&format!("{} threads, {} files", count("/proc/self/task"), count("/proc/self/fd")));
    }
}

fn start_and_stop(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let broker = on_directory(directory).unwrap();
    if broker.topic("a").is_none() {
        create(&broker, "a", 2, &[]).unwrap();
    }
    let end = records(&broker, "a", 1).len();
    let producer = producer(&broker, &[]);
    assert_eq!(produce(&producer, "a", 1, b"x"), Ok(Offset(i64::try_from(end).unwrap())));
}

#[test]
fn engines_can_be_started_and_stopped_any_number_of_times() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Child::start("many engines", directory.path());
    let held: Vec<String> = (0..4).map(|_| child.hear().unwrap()).collect();
    // 168 engines have come and gone, eight at a time: whatever each of them left behind would show.
    let counts: Vec<usize> = held[3].split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(counts[0] < 50 && counts[1] < 80, "{held:?}");
}

#[test]
fn more_shards_than_cores_serve_all_partitions() {
    let disk = SimDisk::new(5);
    let broker = try_open(&disk, &[("tidelog.shards", "9")]).unwrap();
    create(&broker, "a", 20, &[]).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let broker = &broker;
            scope.spawn(move || {
                let producer = producer(broker, &[]);
                for n in 0..10 {
                    for partition in (0..20).filter(|partition| partition % 4 == thread) {
                        assert_eq!(produce(&producer, "a", partition, b"x"), Ok(Offset(n)));
                    }
                }
            });
        }
    });
    soon("close", move || broker.close());
    // With another count of shards each partition is somebody else's.
    let broker = try_open(&disk, &[("tidelog.shards", "2")]).unwrap();
    assert!((0..20).all(|partition| records(&broker, "a", partition).len() == 10));
}

/// Makes the shard of a partition panic, by an answer that does.
fn panic_in_shard(broker: &Broker, partition: PartitionIndex) {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(0), Compression::None);
    let data = RecordData { timestamp: Timestamp(0), key: None, value: Some(b"last"), headers: &[] };
    builder.append(&data).unwrap();
    let batch = builder.seal(ProducerStamp::NONE, None).unwrap();
    let reply = Reply::new(Box::new(|_| panic!("this panic is part of a test")));
    let since = broker.clock().monotonic();
    let partition = broker.served_partition("a", partition).unwrap();
    partition.append(Append { batch, acks: Acks::Durable, since, reply });
}

#[test]
fn a_panic_takes_one_shard_offline_and_hangs_nobody() {
    let disk = SimDisk::new(5);
    let broker = try_open(&disk, &[("tidelog.shards", "2")]).unwrap();
    create(&broker, "a", 8, &[]).unwrap();
    let producer = producer(&broker, &[]);
    for partition in 0..8 {
        assert_eq!(produce(&producer, "a", partition, b"before"), Ok(Offset(0)));
    }
    panic_in_shard(&broker, PartitionIndex(0));
    let is_offline = |partition| {
        let partition = broker.served_partition("a", PartitionIndex(partition)).unwrap();
        matches!(partition.unavailable().as_deref(), Some(Unavailable::Offline(_)))
    };
    eventually("the partition is offline", || is_offline(0));
    let (mut refused, mut served) = (0, 0);
    for partition in 0..8 {
        match produce(&producer, "a", partition, b"after") {
            Ok(offset) => {
                served += 1;
                assert_eq!(offset, Offset(1));
            }
            Err(code) => {
                refused += 1;
                assert!(is_offline(partition));
                assert!(matches!(code, ErrorCode::KafkaStorageError | ErrorCode::LocalDestroy), "{code:?}");
            }
        }
        assert_eq!(records(&broker, "a", partition)[0].1, b"before", "what was committed can be read");
    }
    assert!(refused > 0 && served > 0, "{refused} {served}");
    assert!(broker.delete_records("a", PartitionIndex(0), None).is_err());
    drop(producer);
    soon("close", move || broker.close());
    let broker = open(&disk);
    for partition in 0..8 {
        assert_eq!(records(&broker, "a", partition)[0].1, b"before");
        assert!(produce(&crate::engines::producer(&broker, &[]), "a", partition, b"on").is_ok());
    }
}

#[test]
fn a_clock_that_goes_backwards_loses_and_repeats_nothing() {
    const DAY_MS: i64 = 86_400_000;
    let disk = SimDisk::new(5);
    let clock = Arc::new(SimClock::new(Timestamp(100 * DAY_MS)));
    let start = |clock: &Arc<SimClock>| {
        Broker::open(BrokerOptions { clock: clock.clone(), ..options(Arc::new(disk.clone()), &[]) }).unwrap()
    };
    let broker = start(&clock);
    create(&broker, "a", 1, &[("segment.ms", "3600000"), ("retention.ms", "604800000")]).unwrap();
    let mut broker = Some(broker);
    let days = [100, 99, 101, 95, 95, 101, 94];
    for (n, day) in days.into_iter().enumerate() {
        clock.set_wall(Timestamp(day * DAY_MS));
        let current = broker.take().unwrap();
        let value = day.to_string();
        let offset = Offset(i64::try_from(n).unwrap());
        assert_eq!(produce(&producer(&current, &[]), "a", 0, value.as_bytes()), Ok(offset));
        current.apply_retention();
        let held: Vec<Vec<u8>> = records(&current, "a", 0).into_iter().map(|(_, value)| value).collect();
        let all: Vec<Vec<u8>> = days[..=n].iter().map(|day| day.to_string().into_bytes()).collect();
        assert_eq!(held, all, "retention is a week, and nothing is older");
        if n % 2 == 1 {
            current.close();
            drop(current);
            broker = Some(start(&clock));
        } else {
            broker = Some(current);
        }
    }
}

#[test]
fn retention_reaches_a_partition_that_is_never_idle() {
    let disk = SimDisk::new(5);
    // So slow that something is in flight whenever retention comes by.
    disk.set_latency(std::time::Duration::from_millis(3));
    let broker = open(&disk);
    create(&broker, "a", 1, &[("segment.bytes", "1048576"), ("retention.bytes", "2000000")]).unwrap();
    let partition = broker.served_partition("a", PartitionIndex(0)).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let producer = producer(&broker, &[]);
            let value = vec![b'x'; 100_000];
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for _ in 0..4 {
                    producer.produce("a", crate::engines::record(0, &value)).unwrap();
                }
                producer.poll(Some(std::time::Duration::from_millis(1)));
            }
            producer.flush(None);
        });
        eventually("old segments are deleted", || {
            broker.apply_retention();
            partition.view().log_start() > Offset(0)
        });
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let kept = records(&broker, "a", 0);
    assert_eq!(kept.first().map(|(offset, _)| *offset), Some(partition.view().log_start()));
    assert!(kept.windows(2).all(|pair| pair[1].0 == pair[0].0.plus(1)), "nothing is missing behind it");
}

/// A blocking call with a time-out is not taken up again when the kernel has something to tell its thread, and code that
/// knows of no signals takes that for an error.
#[test]
fn an_application_is_not_interrupted_by_the_engine_that_it_starts() {
    let (mut reader, _writer) = UnixStream::pair().unwrap();
    reader.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    for round in 0..40 {
        let broker = open(&SimDisk::new(round));
        let silence = reader.read(&mut [0; 1]).unwrap_err();
        assert_eq!(silence.kind(), ErrorKind::WouldBlock, "round {round}: {silence}");
        broker.close();
        let silence = reader.read(&mut [0; 1]).unwrap_err();
        assert_eq!(silence.kind(), ErrorKind::WouldBlock, "round {round}, closed: {silence}");
    }
}
