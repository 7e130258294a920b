//! Consumers that share partitions: who gets what, when it changes, and what they go on from.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::broker::NewTopic;
use crate::client::config::Config;
use crate::client::config::{ConsumerConfig, ProducerConfig};
use crate::client::consumer::{Consumer, Event, Rebalance};
use crate::client::{Engine, OffsetSpec, Producer, ProducerRecord, TopicPartitionOffset};
use crate::types::{Offset, PartitionIndex};

const PATIENCE: Duration = Duration::from_secs(20);

fn config(settings: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set("bootstrap.servers", Some("tidelog::memory:")).unwrap();
    for (name, value) in settings {
        config.set(name, Some(value)).unwrap();
    }
    config
}

fn engine(partitions: i32) -> Engine {
    let client = ProducerConfig::new(&config(&[])).unwrap().client;
    let engine = Engine::open(&client).unwrap().unwrap();
    let topic = NewTopic { name: "t".to_owned(), partitions: Some(partitions), ..NewTopic::default() };
    engine.broker().create_topic(&topic).unwrap();
    engine
}

fn fill(engine: &Engine, partitions: i32, each: usize) {
    let producer = ProducerConfig::new(&config(&[("linger.ms", "0")])).unwrap();
    let producer = Producer::on_engine(producer, Some(engine.clone()), None).unwrap();
    for n in 0..each {
        for partition in 0..partitions {
            let value = n.to_string();
            let record = ProducerRecord {
                value: Some(value.as_bytes()),
                partition: Some(PartitionIndex(partition)),
                ..ProducerRecord::default()
            };
            producer.produce("t", record).unwrap();
        }
    }
    assert_eq!(producer.flush(Some(PATIENCE)), 0);
}

fn member(engine: &Engine, settings: &[(&str, &str)]) -> Consumer {
    let mut all = vec![
        ("group.id", "g"),
        ("auto.offset.reset", "earliest"),
        ("heartbeat.interval.ms", "20"),
        ("session.timeout.ms", "6000"),
    ];
    all.extend_from_slice(settings);
    let consumer = Consumer::on_engine(ConsumerConfig::new(&config(&all)).unwrap(), Some(engine.clone()));
    consumer.subscribe(&["t"]).unwrap();
    consumer
}

/// Polls all consumers until `enough` says so.
fn poll_until(consumers: &[&Consumer], mut seen: impl FnMut(usize, Event), enough: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !enough() {
        assert!(Instant::now() < deadline, "it did not come about in time");
        for (index, consumer) in consumers.iter().enumerate() {
            if let Some(event) = consumer.poll(Some(Duration::from_millis(5))).unwrap() {
                seen(index, event);
            }
        }
    }
}

fn assigned(consumer: &Consumer) -> Vec<i32> {
    let mut numbers: Vec<i32> =
        consumer.assignment().unwrap().iter().map(|element| element.partition.0).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn two_members_share_the_partitions_and_each_record_comes_once_in_order() {
    for strategy in ["range", "roundrobin", "cooperative-sticky"] {
        let engine = engine(4);
        let settings = [("partition.assignment.strategy", strategy)];
        let (one, two) = (member(&engine, &settings), member(&engine, &settings));
        let split = || assigned(&one).len() == 2 && assigned(&two).len() == 2;
        poll_until(&[&one, &two], |_, event| panic!("{event:?}"), split);
        let mut all = [assigned(&one), assigned(&two)].concat();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3], "{strategy}");

        fill(&engine, 4, 50);
        let seen = Mutex::new(BTreeMap::<i32, Vec<String>>::new());
        let count = || seen.lock().values().map(Vec::len).sum::<usize>() >= 200;
        let note = |_, event: Event| match event {
            Event::Message(message) => {
                let value = String::from_utf8_lossy(message.value().unwrap()).into_owned();
                seen.lock().entry(message.partition().0).or_default().push(value);
            }
            Event::Error(error) => panic!("{error}"),
        };
        poll_until(&[&one, &two], note, count);
        let expected: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        for (partition, values) in seen.lock().iter() {
            assert_eq!(*values, expected, "{strategy}, partition {partition}");
        }
        one.close();
        poll_until(&[&two], |_, event| panic!("{event:?}"), || assigned(&two) == [0, 1, 2, 3]);
        two.close();
    }
}

#[test]
fn a_group_goes_on_where_it_committed() {
    let engine = engine(1);
    fill(&engine, 1, 10);
    let first = member(&engine, &[("enable.auto.commit", "false")]);
    let count = Mutex::new(0);
    let deadline = Instant::now() + PATIENCE;
    while *count.lock() < 4 && Instant::now() < deadline {
        if let Some(Event::Message(message)) = first.poll(Some(Duration::from_millis(50))).unwrap() {
            *count.lock() += 1;
            if *count.lock() == 4 {
                let committed = first.commit_message(&message).unwrap();
                assert_eq!(
                    (committed[0].offset, committed[0].error.clone()),
                    (OffsetSpec::At(Offset(4)), None)
                );
            }
        }
    }
    let mut asked = [TopicPartitionOffset::new("t".into(), PartitionIndex(0), OffsetSpec::Invalid)];
    first.committed(&mut asked, Some(PATIENCE)).unwrap();
    assert_eq!(asked[0].offset, OffsetSpec::At(Offset(4)));
    first.close();
    let second = member(&engine, &[]);
    let next = Mutex::new(None);
    let note = |_, event: Event| {
        if let Event::Message(message) = event {
            next.lock().get_or_insert(message.offset());
        }
    };
    poll_until(&[&second], note, || next.lock().is_some());
    assert_eq!(*next.lock(), Some(Some(Offset(4))));
    second.close();
}

#[test]
fn closing_commits_what_was_handed_out_and_dropping_does_not() {
    let engine = engine(1);
    fill(&engine, 1, 10);
    for (close, expected) in [(false, 0), (true, 0), (true, 10)] {
        let consumer = member(&engine, &[("session.timeout.ms", "6000")]);
        let (first, count) = (Mutex::new(None), Mutex::new(0));
        let wanted = if expected == 10 { 0 } else { 10 };
        let note = |_, event: Event| {
            if let Event::Message(message) = event {
                first.lock().get_or_insert(message.offset());
                *count.lock() += 1;
            }
        };
        let enough = || *count.lock() >= wanted && !consumer.assignment().unwrap().is_empty();
        poll_until(&[&consumer], note, enough);
        if wanted > 0 {
            assert_eq!(*first.lock(), Some(Some(Offset(expected))));
        }
        if close {
            consumer.close();
        }
    }
}

#[test]
fn callbacks_run_in_the_thread_that_polls_and_see_each_change() {
    let engine = engine(2);
    let config = ConsumerConfig::new(&config(&[("group.id", "g"), ("heartbeat.interval.ms", "20")])).unwrap();
    let consumer = Consumer::on_engine(config, Some(engine.clone()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, thread) = (Arc::clone(&seen), std::thread::current().id());
    let callback = move |_: &Consumer, rebalance: &Rebalance| {
        assert_eq!(std::thread::current().id(), thread);
        log.lock().push(match rebalance {
            Rebalance::Assign(list) => ("assign", list.len()),
            Rebalance::Revoke(list) => ("revoke", list.len()),
            Rebalance::Lost(list) => ("lost", list.len()),
        });
        ControlFlow::Continue(())
    };
    consumer.subscribe_with(&["t"], Some(Box::new(callback))).unwrap();
    poll_until(&[&consumer], |_, event| panic!("{event:?}"), || !seen.lock().is_empty());
    assert_eq!(assigned(&consumer), [0, 1]);
    consumer.close();
    assert_eq!(*seen.lock(), [("assign", 2), ("revoke", 2)]);
}
