//! tidelog: Kafka in a library.
//!
//! A Kafka-compatible log engine for Linux that runs inside the application: durable partitioned topics in Kafka's own
//! files, used in process through a [`Producer`](client::Producer), a [`Consumer`](client::Consumer) and an
//! [`Admin`](client::Admin) with librdkafka's settings and semantics. It is one node and does not replicate.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use tidelog::client::config::Config;
//! use tidelog::client::consumer::Event;
//! use tidelog::client::{Consumer, OffsetSpec, Producer, ProducerRecord, TopicPartitionOffset};
//! use tidelog::types::PartitionIndex;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Clients of this process that give the same name share one engine. `tidelog:/path` keeps the data.
//! let mut config = Config::new();
//! config.set("bootstrap.servers", Some("tidelog::memory:example"))?;
//!
//! let producer = Producer::new(&config)?;
//! let record = ProducerRecord { key: Some(b"alice"), value: Some(b"hello"), ..ProducerRecord::default() };
//! producer.produce("greetings", record)?;
//! let (report, _) = producer.next_report(Some(Duration::from_secs(10))).ok_or("no report")?;
//! assert_eq!(report.error, None);
//!
//! let consumer = Consumer::new(&config)?;
//! let start = TopicPartitionOffset::new("greetings".into(), PartitionIndex(0), OffsetSpec::Beginning);
//! consumer.assign(&[start])?;
//! match consumer.poll(Some(Duration::from_secs(10)))? {
//!     Some(Event::Message(message)) => assert_eq!(message.value(), Some(&b"hello"[..])),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `examples/produce_and_read.rs` is the same on a directory, with a topic of several partitions.
//!
//! # Modules, in reading order
//!
//! Each uses only those above it.
//!
//! - [`types`], [`limits`], [`error_code`]: the domain's integers and names, every bound, every error code.
//! - [`record`]: record batches as bytes, in and out of memory.
//! - [`io`]: disk, clock and commit queue behind traits; the real ones, and simulated ones that fail on purpose.
//! - [`wire`]: Kafka's protocol as bytes.
//! - [`config`]: settings of topics and of the engine, with Kafka's names and error texts.
//! - [`metrics`]: latency histograms.
//! - [`log`]: one partition's files: appending, reading, recovery, retention.
//! - [`shard`]: the threads that own partitions, with group commit.
//! - [`broker`]: one open data directory: topics, offsets, consumer groups, producer ids.
//! - [`client`]: what applications use.
//! - [`server`]: the same for every Kafka client, over TCP.
//!
//! `engine/ARCHITECTURE.md` tells how they work together, `engine/FORMAT.md` what lies on disk.

pub mod broker;
pub mod client;
pub mod config;
pub mod error_code;
pub mod io;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod record;
pub mod server;
pub mod shard;
mod sync;
pub mod types;
pub mod wire;
