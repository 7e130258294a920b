//! `transactions`.

use std::time::Duration;

use tidelog::client::config::Config;
use tidelog::client::{Producer, ProducerRecord};

use crate::bench::Bench;

const WAIT: Option<Duration> = Some(Duration::from_secs(20));

/// A producer that has taken over this transactional id.
fn transactional(bench: &Bench, id: &str) -> Producer {
    let mut config = Config::new();
    let engine = format!("tidelog:{}", bench.data().display());
    for (name, value) in [("bootstrap.servers", engine.as_str()), ("transactional.id", id)] {
        config.set(name, Some(value)).unwrap();
    }
    let producer = Producer::new(&config).unwrap();
    producer.init_transactions(WAIT).unwrap();
    producer
}

/// A transaction that has been committed, and one that its producer has left open.
fn filled() -> Bench {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t"]);
    for (id, commits) in [("billing", true), ("shipping", false)] {
        let producer = transactional(&bench, id);
        producer.begin_transaction().unwrap();
        producer.produce("t", ProducerRecord { value: Some(b"v"), ..ProducerRecord::default() }).unwrap();
        assert_eq!(producer.flush(WAIT), 0);
        if commits {
            producer.commit_transaction(WAIT).unwrap();
        }
    }
    bench
}

/// How many records readers of this isolation level see.
fn count(bench: &Bench, level: &str) -> usize {
    let property = format!("isolation.level={level}");
    bench
        .ok(&["consume", "--topic", "t", "--from-beginning", "--consumer-property", &property])
        .lines()
        .count()
}

#[test]
fn transactions_are_listed_and_described() {
    let bench = filled();
    let listed = bench.json(&["transactions", "list"]);
    let of = |at: usize| (listed[at]["transactional_id"].as_str(), listed[at]["state"].as_str());
    assert_eq!(of(0), (Some("billing"), Some("CompleteCommit")));
    assert_eq!(of(1), (Some("shipping"), Some("Ongoing")));
    let described = bench.json(&["transactions", "describe", "--transactional-id", "shipping"]);
    assert_eq!(described[0]["partitions"], serde_json::json!(["t-0"]));
    assert_eq!((&described[0]["producer_epoch"], &described[0]["timeout_ms"]), (&0.into(), &60_000.into()));
    let shown = bench.run(&["transactions", "describe"]);
    assert!(shown.out.contains("billing  CompleteCommit") && shown.out.contains("t-0"), "{shown:?}");
    bench
        .run(&["transactions", "describe", "--transactional-id", "nobody"])
        .fails(1, &["transactional id nobody"]);
}

#[test]
fn readers_of_committed_records_wait_for_what_is_open() {
    let bench = filled();
    assert_eq!((count(&bench, "read_uncommitted"), count(&bench, "read_committed")), (2, 1));
}

#[test]
fn a_list_of_aborted_transactions_that_is_gone_is_named_and_made_anew() {
    let bench = filled();
    // Its successor aborts what is open.
    drop(transactional(&bench, "shipping"));
    let (list, checksum) =
        (bench.partition_file("t-0", ".txnindex"), bench.partition_file("t-0", ".txnindex.crc"));
    bench.ok(&["check"]);
    for file in [&list, &checksum] {
        std::fs::remove_file(file).unwrap();
    }
    let found = bench.run(&["check"]);
    assert_eq!(found.code, 2, "{found:?}");
    assert!(
        found.out.contains(&*list.to_string_lossy()) && found.out.contains("tidelog repair"),
        "{found:?}"
    );
    let repaired = bench.json(&["repair", "t-0"]);
    assert_eq!(repaired[0]["copies"].as_array().map(Vec::len), Some(0), "nothing is cut");
    bench.ok(&["check"]);
    assert_eq!((count(&bench, "read_uncommitted"), count(&bench, "read_committed")), (2, 1));
}
