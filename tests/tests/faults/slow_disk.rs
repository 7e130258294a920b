//! Disks whose flushes take long, or seem never to end: queues stay bounded, timeouts hold, and what was promised is there.

use std::time::{Duration, Instant};

use tidelog::error_code::ErrorCode;
use tidelog::io::SimDisk;

use crate::engines::{create, next_report, open, produce, producer, record, records, soon};

#[test]
fn the_slower_the_flushes_the_more_they_gather() {
    let disk = SimDisk::new(1);
    let broker = open(&disk);
    create(&broker, "a", 1, &[]).unwrap();
    let client = producer(&broker, &[("batch.num.messages", "1")]);
    assert!(produce(&client, "a", 0, b"first").is_ok());
    let flush = Duration::from_millis(20);
    disk.set_latency(flush);
    let start = Instant::now();
    for number in 0..300_i32 {
        client.produce("a", record(0, &number.to_be_bytes())).unwrap();
    }
    for _ in 0..300 {
        assert!(next_report(&client).2.is_ok());
    }
    // One flush for each would take six seconds.
    assert!(start.elapsed() < 60 * flush, "{:?}", start.elapsed());
    assert_eq!(records(&broker, "a", 0).len(), 301);
    drop(client);
    soon("close", move || broker.close());
}

#[test]
fn a_flush_that_does_not_end_fills_no_queue_beyond_its_limit_and_messages_time_out() {
    let disk = SimDisk::new(2);
    let broker = open(&disk);
    create(&broker, "a", 1, &[]).unwrap();
    let limits = [("queue.buffering.max.messages", "50"), ("message.timeout.ms", "400")];
    let client = producer(&broker, &limits);
    assert!(produce(&client, "a", 0, b"first").is_ok());
    let hang = Duration::from_secs(3);
    disk.set_latency(hang);
    let start = Instant::now();
    let mut queued = 0;
    let refused = loop {
        match client.produce("a", record(0, b"x")) {
            Ok(()) => queued += 1,
            Err(error) => break error.code(),
        }
    };
    assert_eq!((queued, refused), (50, ErrorCode::LocalQueueFull));
    let outcomes: Vec<_> = (0..queued).map(|_| next_report(&client).2).collect();
    assert!(start.elapsed() < hang, "told before the flush ends: {:?}", start.elapsed());
    assert!(outcomes.iter().all(|outcome| *outcome == Err(ErrorCode::LocalMsgTimedOut)), "{outcomes:?}");
    // The disk comes back: the partition serves on, and what timed out may be there, once.
    disk.set_latency(Duration::ZERO);
    let patient = producer(&broker, &[]);
    assert!(produce(&patient, "a", 0, b"after").is_ok());
    let found = records(&broker, "a", 0);
    assert!((2..=52).contains(&found.len()), "{}", found.len());
    assert_eq!(found.iter().filter(|(_, value)| value == b"after").count(), 1);
    drop((client, patient));
    soon("close", move || broker.close());
}
