//! What an application may rely on of a consumer, by theme.

use std::time::Duration;

use super::*;
use crate::broker::NewTopic;
use crate::client::{OffsetSpec, Producer, ProducerRecord, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::{Offset, PartitionIndex};

mod assigning;
mod committing;
mod consumer_protocol;
mod fetching;
mod grouping;
mod histories;
mod membership;
mod partition_queues;

/// Longer than anything takes.
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// Looks once.
const NOW: Option<Duration> = Some(Duration::ZERO);

/// An engine in memory with a topic `t` of three partitions, a producer, and consumers as asked for.
struct Fixture {
    engine: Engine,
    producer: Producer,
}

impl Fixture {
    fn new() -> Fixture {
        let config = ConsumerConfig::new(&settings(&[])).unwrap();
        let engine = Engine::in_memory(&config.client.engine).unwrap();
        let fixture = Fixture { producer: producer(&engine), engine };
        fixture.create("t", 3);
        fixture
    }

    fn create(&self, topic: &str, partitions: i32) {
        let new = NewTopic { name: topic.to_owned(), partitions: Some(partitions), ..NewTopic::default() };
        self.engine.broker().create_topic(&new).unwrap();
    }

    fn consumer(&self, values: &[(&str, &str)]) -> Consumer {
        self.consumer_with(values, ConsumerCallbacks::default())
    }

    fn consumer_with(&self, values: &[(&str, &str)], callbacks: ConsumerCallbacks) -> Consumer {
        let config = ConsumerConfig::new(&settings(values)).unwrap();
        Consumer::on_engine_with(config, Some(self.engine.clone()), callbacks)
    }

    /// Produces values `from..to` as text to a partition, as one batch.
    fn produce(&self, topic: &str, partition: i32, numbers: std::ops::Range<i64>) {
        for number in numbers {
            let value = number.to_string();
            let record = ProducerRecord {
                value: Some(value.as_bytes()),
                partition: Some(PartitionIndex(partition)),
                ..ProducerRecord::default()
            };
            self.producer.produce(topic, record).unwrap();
        }
        assert_eq!(self.producer.flush(LONG), 0);
    }
}

fn producer(engine: &Engine) -> Producer {
    let mut config = Config::new();
    config.set("linger.ms", Some("1000")).unwrap();
    let config = crate::client::config::ProducerConfig::new(&config).unwrap();
    Producer::on_engine(config, Some(engine.clone()), None).unwrap()
}

fn settings(values: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    config.set("auto.offset.reset", Some("earliest")).unwrap();
    for (name, value) in values {
        config.set(name, Some(value)).unwrap();
    }
    config
}

fn element(topic: &str, partition: i32, offset: i64) -> TopicPartitionOffset {
    TopicPartitionOffset::new(
        topic.into(),
        PartitionIndex(partition),
        OffsetSpec::from_number(offset).unwrap(),
    )
}

/// What an event says, in short: `partition:offset=value`, or the error's name and where.
fn text(event: &Event) -> String {
    match event {
        Event::Message(message) => {
            let value = String::from_utf8_lossy(message.value().unwrap_or_default()).into_owned();
            format!("{}:{}={value}", message.partition(), message.offset().unwrap())
        }
        Event::Error(error) => {
            let partition = error.partition.map_or(-1, |partition| partition.0);
            let offset = error.offset.map_or(-1, |offset| offset.0);
            format!("{}@{partition}:{offset}", error.error.code().name())
        }
    }
}

/// The next `count` events, each within a long time.
fn next(consumer: &Consumer, count: usize) -> Vec<String> {
    consumer.consume(count, LONG).unwrap().iter().map(text).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, CallError>) -> ErrorCode {
    result.unwrap_err().kafka().unwrap().code()
}

/// A list in short: partition, offset, and the error if there is one.
fn list_text(list: &[TopicPartitionOffset]) -> String {
    let one = |element: &TopicPartitionOffset| {
        let error =
            element.error.as_ref().map_or(String::new(), |error| format!("({})", error.code().name()));
        format!("{}:{}{error}", element.partition, element.offset)
    };
    list.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Polls, expecting nothing to be handed out, until `done`.
fn poll_until(consumer: &Consumer, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "nothing happens");
        if let Some(event) = consumer.poll(Some(Duration::from_millis(5))).unwrap() {
            panic!("{}", text(&event));
        }
    }
}
