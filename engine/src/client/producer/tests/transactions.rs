//! Transactions as an application makes them, with consumers of committed records beside it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::*;
use crate::client::config::ConsumerConfig;
use crate::client::consumer::{Event, GroupMetadata};
use crate::client::{Consumer, OffsetSpec, TopicPartitionOffset};

const LONG: Option<Duration> = Some(Duration::from_secs(20));

fn engine() -> Engine {
    let config = ConsumerConfig::new(&Config::new()).unwrap();
    Engine::in_memory(&config.client.engine).unwrap()
}

fn transactional(engine: &Engine, settings: &[(&str, &str)]) -> Producer {
    let mut config = Config::new();
    for (name, value) in [("transactional.id", "mover")].iter().chain(settings) {
        config.set(name, Some(value)).unwrap();
    }
    Producer::on_engine(ProducerConfig::new(&config).unwrap(), Some(engine.clone()), None).unwrap()
}

fn initialized(engine: &Engine, settings: &[(&str, &str)]) -> Producer {
    let producer = transactional(engine, settings);
    producer.init_transactions(LONG).unwrap();
    producer
}

fn consumer(engine: &Engine, settings: &[(&str, &str)]) -> Consumer {
    let mut config = Config::new();
    config.set("auto.offset.reset", Some("earliest")).unwrap();
    config.set("isolation.level", Some("read_committed")).unwrap();
    config.set("enable.auto.commit", Some("false")).unwrap();
    for (name, value) in settings {
        config.set(name, Some(value)).unwrap();
    }
    let config = ConsumerConfig::new(&config).unwrap();
    Consumer::on_engine_with(config, Some(engine.clone()), Default::default())
}

fn at(partition: i32, offset: i64) -> TopicPartitionOffset {
    TopicPartitionOffset::new("t".into(), PartitionIndex(partition), OffsetSpec::At(Offset(offset)))
}

/// What a reader of committed records of partition 0 of `t` gets.
fn committed(engine: &Engine) -> Vec<String> {
    let consumer = consumer(engine, &[("enable.partition.eof", "true")]);
    consumer.assign(&[at(0, 0)]).unwrap();
    let mut values = Vec::new();
    while let Some(Event::Message(message)) = consumer.poll(LONG).unwrap() {
        values.push(String::from_utf8_lossy(message.value().unwrap()).into_owned());
    }
    values
}

fn produce(producer: &Producer, value: &str) {
    let partition = Some(PartitionIndex(0));
    producer.produce("t", ProducerRecord { partition, ..record(value.as_bytes()) }).unwrap();
}

fn reason(result: Result<(), KafkaError>) -> String {
    let error = result.unwrap_err();
    let marks = [
        (error.is_retriable(), " (retriable)"),
        (error.txn_requires_abort(), " (abort)"),
        (error.is_fatal(), " (fatal)"),
    ];
    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
    format!("{} {}{marks}", error.code().name(), error.reason())
}

#[test]
fn readers_of_committed_records_see_all_of_a_transaction_or_nothing() {
    let engine = engine();
    let producer = initialized(&engine, &[]);
    producer.begin_transaction().unwrap();
    produce(&producer, "a");
    produce(&producer, "b");
    assert_eq!(producer.flush(LONG), 0);
    assert!(committed(&engine).is_empty(), "it has not been committed");
    produce(&producer, "c");
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(committed(&engine), ["a", "b", "c"]);
    producer.begin_transaction().unwrap();
    produce(&producer, "d");
    assert_eq!(producer.flush(LONG), 0);
    producer.abort_transaction(LONG).unwrap();
    producer.begin_transaction().unwrap();
    produce(&producer, "e");
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(committed(&engine), ["a", "b", "c", "e"]);
}

#[test]
fn each_call_has_its_time() {
    let engine = engine();
    let plain = Producer::on_engine(ProducerConfig::new(&Config::new()).unwrap(), Some(engine.clone()), None)
        .unwrap();
    let not_configured = "_NOT_CONFIGURED The Transactional API requires transactional.id to be configured";
    assert_eq!(reason(plain.init_transactions(LONG)), not_configured);
    let producer = transactional(&engine, &[]);
    let in_state = |state| format!("_STATE Operation not valid in state {state}");
    assert_eq!(reason(producer.begin_transaction()), in_state("Init"));
    assert_eq!(reason(producer.commit_transaction(LONG)), in_state("Init"));
    assert_eq!(producer.produce("t", record(b"v")).unwrap_err().code(), ErrorCode::LocalState);
    producer.init_transactions(LONG).unwrap();
    assert_eq!(reason(producer.init_transactions(LONG)), in_state("Ready"));
    assert_eq!(reason(producer.abort_transaction(LONG)), in_state("Ready"));
    assert_eq!(producer.produce("t", record(b"v")).unwrap_err().code(), ErrorCode::LocalState);
    let mut batch = [record(b"v")];
    let refused = producer.produce_batch(&producer.topic("t"), &mut batch);
    assert_eq!(refused[0].error.code(), ErrorCode::LocalState);
    // With nothing in it there is nothing to be done.
    producer.begin_transaction().unwrap();
    assert_eq!(reason(producer.begin_transaction()), in_state("InTransaction"));
    producer.commit_transaction(LONG).unwrap();
    producer.begin_transaction().unwrap();
    producer.abort_transaction(LONG).unwrap();
    assert!(engine.broker().transactions().unwrap().describe("mover").unwrap().partitions.is_empty());
}

#[test]
fn an_abort_drops_what_no_shard_has_taken() {
    let engine = engine();
    let producer = initialized(&engine, &[("linger.ms", "10000")]);
    producer.begin_transaction().unwrap();
    produce(&producer, "a");
    let dropped = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&dropped);
    let own = move |report: DeliveryReport| {
        let code = report.error.map(|error| error.code());
        noted.store(code == Some(ErrorCode::LocalPurgeQueue), Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let delivery = Delivery::Callback(Box::new(own));
    let partition = Some(PartitionIndex(0));
    producer.produce("t", ProducerRecord { delivery, partition, ..record(b"b") }).unwrap();
    producer.abort_transaction(LONG).unwrap();
    assert!(dropped.load(Ordering::Relaxed), "its report has been served");
    // The lingering batch of the one before does not take the next one's messages along too early.
    producer.begin_transaction().unwrap();
    produce(&producer, "c");
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(committed(&engine), ["c"]);
}

#[test]
fn messages_that_linger_are_sent_in_the_next_transaction_too() {
    let engine = engine();
    let producer = initialized(&engine, &[("linger.ms", "5")]);
    for number in 0..20 {
        producer.begin_transaction().unwrap();
        produce(&producer, &number.to_string());
        // Nobody flushes: it has to leave by itself.
        let (report, _) = producer.next_report(LONG).unwrap();
        assert_eq!(report.error, None, "{number}");
        producer.commit_transaction(LONG).unwrap();
    }
    assert_eq!(committed(&engine).len(), 20);
}

#[test]
fn a_call_that_has_timed_out_goes_on_when_it_is_made_again() {
    let engine = engine();
    let producer = initialized(&engine, &[("linger.ms", "10000")]);
    producer.begin_transaction().unwrap();
    produce(&producer, "a");
    let error = producer.commit_transaction(Some(Duration::ZERO)).unwrap_err();
    assert_eq!((error.code(), error.is_retriable()), (ErrorCode::LocalTimedOut, true));
    let conflict = "_CONFLICT Conflicting commit_transaction API call is already in progress (retriable)";
    assert_eq!(reason(producer.abort_transaction(LONG)), conflict);
    assert_eq!(reason(producer.begin_transaction()), conflict);
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(committed(&engine), ["a"]);
}

#[test]
fn offsets_are_committed_with_the_transaction() {
    let engine = engine();
    let producer = initialized(&engine, &[]);
    let consumer = consumer(&engine, &[("group.id", "readers")]);
    let group = consumer.group_metadata().unwrap().unwrap();
    let offset = |consumer: &Consumer| {
        let mut asked = [at(0, 0)];
        let found = consumer.committed(&mut asked, Some(Duration::from_millis(50)));
        found.map(|()| asked[0].offset).ok()
    };
    producer.begin_transaction().unwrap();
    produce(&producer, "a");
    producer.send_offsets_to_transaction(&[at(0, 3)], &group, LONG).unwrap();
    assert_ne!(offset(&consumer), Some(OffsetSpec::At(Offset(3))), "not yet");
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(offset(&consumer), Some(OffsetSpec::At(Offset(3))));
    producer.begin_transaction().unwrap();
    producer.send_offsets_to_transaction(&[at(0, 9)], &group, LONG).unwrap();
    producer.abort_transaction(LONG).unwrap();
    assert_eq!(offset(&consumer), Some(OffsetSpec::At(Offset(3))));
    // A member of a generation that is over.
    producer.begin_transaction().unwrap();
    let stale = GroupMetadata { generation: 7, member_id: "gone".to_owned(), ..group };
    let refused = "UNKNOWN_MEMBER_ID Failed to commit offsets to transaction: Broker: Unknown member (abort)";
    assert_eq!(reason(producer.send_offsets_to_transaction(&[at(0, 11)], &stale, LONG)), refused);
    assert_eq!(reason(producer.commit_transaction(LONG)), refused);
    producer.abort_transaction(LONG).unwrap();
    assert_eq!(offset(&consumer), Some(OffsetSpec::At(Offset(3))));
}

#[test]
fn a_successor_leaves_its_predecessor_nothing_to_do() {
    let engine = engine();
    let old = initialized(&engine, &[]);
    old.begin_transaction().unwrap();
    produce(&old, "old");
    assert_eq!(old.flush(LONG), 0);
    let new = initialized(&engine, &[]);
    new.begin_transaction().unwrap();
    produce(&new, "new");
    new.commit_transaction(LONG).unwrap();
    let fenced =
        "_FENCED Failed to end transaction: Local: This instance has been fenced by a newer instance (fatal)";
    assert_eq!(reason(old.commit_transaction(LONG)), fenced);
    assert_eq!(reason(old.abort_transaction(LONG)), fenced);
    assert_eq!(reason(old.begin_transaction()), fenced);
    assert_eq!(old.produce("t", record(b"v")).unwrap_err().code(), ErrorCode::LocalFatal);
    assert_eq!(committed(&engine), ["new"]);
}

#[test]
fn polling_tells_once_that_a_producer_is_fenced() {
    let engine = engine();
    let old = initialized(&engine, &[]);
    let told = errors_told(&old, ControlFlow::Break(()));
    old.begin_transaction().unwrap();
    assert!(old.fatal_error().is_none() && old.poll(Some(Duration::ZERO)) == 0);
    let _new = initialized(&engine, &[]);
    produce(&old, "refused");
    assert_eq!(old.poll(LONG), 1, "the error comes before the report, and ends the poll");
    assert_eq!(*told.lock(), [old.fatal_error().unwrap().to_string()]);
    assert!(told.lock()[0].starts_with("KafkaError{FATAL,code=_FENCED"), "{}", told.lock()[0]);
    assert_eq!((old.poll(LONG), old.flush(LONG)), (1, 0));
    assert_eq!(told.lock().len(), 1);
}

#[test]
fn a_fatal_error_for_tests_ends_a_transaction_too() {
    let engine = engine();
    let producer = initialized(&engine, &[]);
    producer.begin_transaction().unwrap();
    produce(&producer, "open");
    producer.test_fatal_error(ErrorCode::LocalFenced, "as if").unwrap();
    for call in [producer.commit_transaction(LONG), producer.abort_transaction(LONG)] {
        assert_eq!(reason(call), "_FENCED test_fatal_error: as if (fatal)");
    }
    initialized(&engine, &[]);
    assert!(committed(&engine).is_empty(), "the next one has ended it");
}

#[test]
fn a_message_that_is_not_delivered_leaves_only_the_abort() {
    let engine = engine();
    let producer = initialized(&engine, &[("message.max.bytes", "2000000")]);
    producer.begin_transaction().unwrap();
    produce(&producer, "a");
    assert_eq!(producer.flush(LONG), 0);
    let large = vec![b'x'; 1_500_000];
    producer.produce("t", ProducerRecord { partition: Some(PartitionIndex(0)), ..record(&large) }).unwrap();
    let error = producer.commit_transaction(LONG).unwrap_err();
    assert_eq!((error.code(), error.txn_requires_abort()), (ErrorCode::MessageTooLarge, true));
    assert_eq!(producer.begin_transaction().unwrap_err().code(), ErrorCode::MessageTooLarge);
    producer.abort_transaction(LONG).unwrap();
    assert!(committed(&engine).is_empty());
    producer.begin_transaction().unwrap();
    produce(&producer, "b");
    producer.commit_transaction(LONG).unwrap();
    assert_eq!(committed(&engine), ["b"]);
}

#[test]
fn without_an_engine_there_is_no_producer_id() {
    let mut config = Config::new();
    config.set("transactional.id", Some("x")).unwrap();
    let producer = Producer::new(&config).unwrap();
    let timed_out = "_TIMED_OUT Timed out waiting for operation to finish, retry call to resume (retriable)";
    assert_eq!(reason(producer.init_transactions(Some(Duration::from_millis(20)))), timed_out);
    let conflict = "_CONFLICT Conflicting init_transactions API call is already in progress (retriable)";
    assert_eq!(reason(producer.begin_transaction()), conflict);
}

#[test]
fn an_impossible_timeout_ends_the_producer() {
    let engine = engine();
    let producer = transactional(&engine, &[("transaction.timeout.ms", "1000000")]);
    let refused = "INVALID_TRANSACTION_TIMEOUT Failed to initialize Producer ID: Broker: Transaction timeout is larger \
                   than the maximum value allowed by the broker's max.transaction.timeout.ms (fatal)";
    assert_eq!(reason(producer.init_transactions(LONG)), refused);
    assert_eq!(reason(producer.begin_transaction()), refused);
}

#[test]
fn who_has_read_everything_is_behind_the_ends_of_transactions_and_has_no_lag() {
    let engine = engine();
    let producer = initialized(&engine, &[]);
    for (value, commits) in [("kept", true), ("dropped", false)] {
        producer.begin_transaction().unwrap();
        produce(&producer, value);
        assert_eq!(producer.flush(LONG), 0);
        if commits {
            producer.commit_transaction(LONG).unwrap()
        } else {
            producer.abort_transaction(LONG).unwrap()
        }
    }
    // Two records and two markers.
    for (isolation, before) in [("read_committed", 1), ("read_uncommitted", 3)] {
        let settings = [("isolation.level", isolation), ("group.id", isolation)];
        let consumer = consumer(&engine, &settings);
        consumer.assign(&[at(0, 0)]).unwrap();
        let mut position = [at(0, 0)];
        let mut is_at = |offset: i64| {
            consumer.position(&mut position).unwrap();
            assert_eq!(position[0].offset, OffsetSpec::At(Offset(offset)), "{isolation}");
        };
        let count = if isolation == "read_committed" { 1 } else { 2 };
        assert_eq!(consumer.consume(count, LONG).unwrap().len(), count);
        is_at(before);
        assert!(consumer.poll(Some(Duration::ZERO)).unwrap().is_none());
        is_at(4);
        assert_eq!(consumer.commit(None).unwrap()[0].offset, OffsetSpec::At(Offset(4)));
    }
}
