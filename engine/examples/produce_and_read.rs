//! Opens an engine in a directory, produces with delivery reports, and reads back as a consumer group.
//!
//! `cargo run --release -p tidelog --example produce_and_read -- [DIR]`; without `DIR` the data goes to
//! `./tidelog-data`. A second run reads only its own records: the group goes on where it committed.

use std::error::Error;
use std::time::Duration;

use tidelog::client::admin::{Mode, NewTopic};
use tidelog::client::config::Config;
use tidelog::client::consumer::Event;
use tidelog::client::{Admin, Consumer, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;

const TOPIC: &str = "orders";
const PARTITION_COUNT: i32 = 3;
const RECORD_COUNT: usize = 10;

/// How long the engine may take before the example gives up.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "./tidelog-data".to_owned());
    let directory = std::path::absolute(directory)?;
    let servers = format!("tidelog:{}", directory.display());

    // The first client of a directory opens its engine, the others join it, and it stops with the last one.
    let admin = Admin::new(&settings(&[("bootstrap.servers", &servers)])?)?;
    create_topic(&admin)?;
    produce(&settings(&[("bootstrap.servers", &servers), ("acks", "all"), ("linger.ms", "5")])?)?;
    read(&settings(&[
        ("bootstrap.servers", &servers),
        ("group.id", "example"),
        ("auto.offset.reset", "earliest"),
        ("enable.partition.eof", "true"),
    ])?)
}

fn settings(entries: &[(&str, &str)]) -> Result<Config, Box<dyn Error>> {
    let entries = entries.iter().map(|(name, value)| (*name, Some(*value)));
    Ok(Config::from_entries(entries, [])?)
}

fn create_topic(admin: &Admin) -> Result<(), Box<dyn Error>> {
    let topic = NewTopic { name: TOPIC.to_owned(), partitions: Some(PARTITION_COUNT), ..NewTopic::default() };
    for created in admin.create_topics(&[topic], Mode::Apply) {
        match created {
            Err(error) if error.code() != ErrorCode::TopicAlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn produce(config: &Config) -> Result<(), Box<dyn Error>> {
    let producer = Producer::new(config)?;
    for number in 0..RECORD_COUNT {
        let (key, value) = (format!("customer {}", number % 4), format!("order {number}"));
        let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
        producer.produce(TOPIC, ProducerRecord { key, value, ..ProducerRecord::default() })?;
    }
    // Producing only queues. What became of each record is told by its report.
    for _ in 0..RECORD_COUNT {
        let (report, _) = producer.next_report(Some(PATIENCE)).ok_or("a delivery report did not come")?;
        if let Some(error) = report.error {
            return Err(error.into());
        }
        let message = report.message;
        let offset = message.offset().ok_or("acks=all, but no offset")?;
        println!("durable {TOPIC}-{} at offset {offset} after {:?}", message.partition(), report.latency);
    }
    Ok(())
}

fn read(config: &Config) -> Result<(), Box<dyn Error>> {
    let consumer = Consumer::new(config)?;
    consumer.subscribe(&[TOPIC])?;
    let mut ends = 0;
    while ends < PARTITION_COUNT {
        match consumer.poll(Some(PATIENCE))? {
            Some(Event::Message(message)) => println!(
                "read {TOPIC}-{}: {} = {}",
                message.partition(),
                String::from_utf8_lossy(message.key().unwrap_or_default()),
                String::from_utf8_lossy(message.value().unwrap_or_default()),
            ),
            // Asked for by `enable.partition.eof`.
            Some(Event::Error(event)) if event.error.code() == ErrorCode::LocalPartitionEof => ends += 1,
            Some(Event::Error(event)) => return Err(event.into()),
            None => return Err("nothing came".into()),
        }
    }
    // Commits what was handed out and leaves the group.
    consumer.close();
    Ok(())
}
