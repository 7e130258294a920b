//! What is left when the power goes at any moment: all that was acknowledged, and nothing that was never sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tidelog::broker::Broker;
use tidelog::error_code::ErrorCode;
use tidelog::io::SimDisk;
use tidelog::types::Offset;

use crate::engines::{
    commit, committed, create, next_report, produce, producer, record, records, soon, try_open,
};
use crate::witness::sent::{origin, value};

const PARTITIONS: i32 = 4;

/// The acknowledged messages: partition, offset, value.
type Acknowledged = Arc<Mutex<Vec<(i32, Offset, Vec<u8>)>>>;

fn keep_producing(broker: &Arc<Broker>, name: u64, stop: &AtomicBool, acknowledged: &Acknowledged) {
    let client = producer(broker, &[("enable.idempotence", "true"), ("linger.ms", "1")]);
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        for _ in 0..8 {
            let partition = i32::try_from(number % PARTITIONS.unsigned_abs() as u64).unwrap();
            client.produce("a", record(partition, &value(name, number))).unwrap();
            number += 1;
        }
        for _ in 0..8 {
            let (partition, value, outcome) = next_report(&client);
            acknowledged.lock().push((partition.0, outcome.expect("this disk works"), value));
        }
    }
}

fn check(disk: &SimDisk, acknowledged: &[(i32, Offset, Vec<u8>)], offset: i64) {
    let broker = try_open(disk, &[("tidelog.shards", "2")]).expect("a power cut is no corruption");
    let mut seen = HashSet::new();
    for partition in 0..PARTITIONS {
        let found = records(&broker, "a", partition);
        let contiguous = found.iter().map(|(offset, _)| offset.0).eq(0..i64::try_from(found.len()).unwrap());
        assert!(contiguous, "a gap or a repeat");
        for (_, value) in &found {
            assert!(seen.insert(origin(value)), "a message is there twice");
        }
        for (_, offset, value) in acknowledged.iter().filter(|(of, _, _)| *of == partition) {
            let kept = usize::try_from(offset.0).ok().and_then(|at| found.get(at));
            assert!(kept.is_some_and(|(_, kept)| kept == value), "{partition}: {offset} of {}", found.len());
        }
        let end = Offset(i64::try_from(found.len()).unwrap());
        let next = value(1000 + found.len() as u64, partition.unsigned_abs().into());
        assert_eq!(produce(&producer(&broker, &[]), "a", partition, &next), Ok(end));
    }
    assert_eq!(committed(&broker, "readers"), offset);
}

fn cut_at_random_moments(seed: u64) -> usize {
    let disk = SimDisk::new(seed);
    let broker = try_open(&disk, &[("tidelog.shards", "2")]).unwrap();
    create(&broker, "a", PARTITIONS, &[("segment.bytes", "1048576")]).unwrap();
    assert_eq!(commit(&broker, "readers", 0), ErrorCode::None);
    disk.set_delay(seed % 4);
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Acknowledged::default());
    let workers: Vec<_> = (0..3)
        .map(|name| {
            let (broker, stop, known) = (Arc::clone(&broker), Arc::clone(&stop), Arc::clone(&acknowledged));
            std::thread::spawn(move || keep_producing(&broker, name, &stop, &known))
        })
        .collect();
    let mut cuts = Vec::new();
    for moment in 1..=3 {
        std::thread::sleep(Duration::from_millis(1 + (seed * 7 + moment * 13) % 20));
        let committed = i64::try_from(moment).unwrap();
        assert_eq!(commit(&broker, "readers", committed), ErrorCode::None);
        let known = acknowledged.lock().clone();
        cuts.push((disk.power_cut(), known, committed));
    }
    stop.store(true, Ordering::SeqCst);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    for (found, known, committed) in cuts {
        check(&found, &known, committed);
        // What survived one power cut has to survive the next.
        check(&found.power_cut(), &known, committed);
    }
    acknowledged.lock().len()
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_moment() {
    for seed in 1..=12 {
        let count = soon(&format!("seed {seed}"), move || cut_at_random_moments(seed));
        assert!(count > 0, "seed {seed} tests something");
    }
}

/// The other side of the promise: who asks for less can lose what was acknowledged.
#[test]
fn an_acknowledgement_before_the_flush_has_to_be_asked_for_and_can_be_lost() {
    let lost = |acks: &str, caching: &str| {
        let lost = |seed: u64| {
            let disk = SimDisk::new(seed);
            let broker = try_open(&disk, &[]).unwrap();
            create(&broker, "a", 1, &[("write.caching", caching)]).unwrap();
            let client = producer(&broker, &[("acks", acks)]);
            for number in 0..20 {
                assert!(produce(&client, "a", 0, &value(1, number)).is_ok());
            }
            let left = try_open(&disk.power_cut(), &[]).expect("a power cut is no corruption");
            20 - records(&left, "a", 0).len()
        };
        (1..=10).map(lost).sum::<usize>()
    };
    assert!(lost("1", "true") > 0, "nothing was lost, so this tests nothing");
    assert_eq!(lost("all", "true"), 0);
    assert_eq!(lost("all", "false"), 0);
}
