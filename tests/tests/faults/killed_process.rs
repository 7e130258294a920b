//! `kill -9` of a process that produces, on a real disk.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use tidelog::client::Producer;
use tidelog::client::config::Config;

use crate::child::{Child, say};
use crate::engines::{next_report, on_directory, record, records};

const PARTITIONS: i32 = 2;
const THREADS: u64 = 3;

fn idempotent_producer(directory: &Path) -> Producer {
    let mut config = Config::new();
    let servers = format!("tidelog:{}", directory.display());
    let settings = [
        ("bootstrap.servers", servers.as_str()),
        ("tidelog.num.partitions", "2"),
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("linger.ms", "0"),
    ];
    for (name, value) in settings {
        config.set(name, Some(value)).unwrap();
    }
    Producer::new(&config).unwrap()
}

/// The child: says each acknowledged message, as `partition offset value`.
pub(crate) fn produce_for_ever(directory: &Path) {
    let run = std::process::id();
    // Joined by the others, so that the topic is made once.
    let first = idempotent_producer(directory);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let directory = directory.to_owned();
            std::thread::spawn(move || {
                let producer = idempotent_producer(&directory);
                for number in 0_u64.. {
                    let partition = if number % 2 == 0 { 0 } else { 1 };
                    let value = format!("{run}-{thread}-{number}");
                    producer.produce("a", record(partition, value.as_bytes())).unwrap();
                    if number % 4 == 3 {
                        for _ in 0..4 {
                            let (partition, value, outcome) = next_report(&producer);
                            let (value, offset) = (String::from_utf8(value).unwrap(), outcome.unwrap());
                            say(&format!("{} {offset} {value}", partition.0));
                        }
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(first);
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_nothing_is_there_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for cycle in 0..5 {
        let mut child = Child::start("produce", directory.path());
        // Only once it is under way is there something to lose.
        acknowledged.extend(child.hear());
        std::thread::sleep(Duration::from_millis(20 + cycle * 37));
        acknowledged.extend(child.kill());

        let broker = on_directory(directory.path()).unwrap();
        let found: Vec<_> = (0..PARTITIONS).map(|partition| records(&broker, "a", partition)).collect();
        let mut seen = HashSet::new();
        for partition in &found {
            let contiguous = partition.iter().map(|(offset, _)| offset.0).eq(0..partition.len() as i64);
            assert!(contiguous, "cycle {cycle}: a gap or a repeat");
            assert!(partition.iter().all(|(_, value)| seen.insert(value)), "cycle {cycle}: there twice");
        }
        for line in &acknowledged {
            let [partition, offset, value] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let (partition, offset): (usize, usize) = (partition.parse().unwrap(), offset.parse().unwrap());
            let kept = found[partition].get(offset);
            assert!(kept.is_some_and(|(_, kept)| kept == value.as_bytes()), "cycle {cycle}: {line} is lost");
        }
        broker.close();
    }
    assert!(acknowledged.len() > 100, "it tests something: {}", acknowledged.len());
}
