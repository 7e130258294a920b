//! `transactions`.

use std::time::Duration;

use tidelog::client::config::Config;
use tidelog::client::{Producer, ProducerRecord};

use crate::bench::Bench;

/// A transaction that has been committed, and one that its producer has left open.
fn filled() -> Bench {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t"]);
    let wait = Some(Duration::from_secs(20));
    for (id, commits) in [("billing", true), ("shipping", false)] {
        let mut config = Config::new();
        let engine = format!("tidelog:{}", bench.data().display());
        for (name, value) in [("bootstrap.servers", engine.as_str()), ("transactional.id", id)] {
            config.set(name, Some(value)).unwrap();
        }
        let producer = Producer::new(&config).unwrap();
        producer.init_transactions(wait).unwrap();
        producer.begin_transaction().unwrap();
        producer.produce("t", ProducerRecord { value: Some(b"v"), ..ProducerRecord::default() }).unwrap();
        assert_eq!(producer.flush(wait), 0);
        if commits {
            producer.commit_transaction(wait).unwrap();
        }
    }
    bench
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
    let isolated = ["consume", "--topic", "t", "--from-beginning", "--consumer-property"];
    let read = |level: &str| {
        let property = format!("isolation.level={level}");
        let all: Vec<&str> = isolated.iter().chain([&property.as_str()]).copied().collect();
        bench.ok(&all).lines().count()
    };
    assert_eq!((read("read_uncommitted"), read("read_committed")), (2, 1));
}
