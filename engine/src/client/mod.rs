//! Clients of an engine in the same process, with librdkafka's semantics.
//!
//! Everything that an application can observe of a client is decided here; the C library and the Python package only
//! convert. The modules:
//!
//! - [`config`]: settings, with librdkafka's names and error texts.
//! - [`error`]: [`KafkaError`], what every call of a client fails with.
//! - [`producer`]: the [`Producer`] and its delivery reports.
//! - [`consumer`]: the [`Consumer`] and its events.
//! - [`admin`]: the [`Admin`], who looks at an engine and changes it.
//! - [`partitioner`]: which partition a message goes to.
//! - [`assignor`]: which member of a group gets which partitions.
//! - [`subscription`]: which topics a consumer means.

pub mod admin;
pub mod assignor;
pub mod config;
pub mod consumer;
pub mod engine;
pub mod error;
mod log;
mod message;
mod metadata;
pub mod partitioner;
pub mod producer;
mod signal;
mod statistics;
pub mod subscription;
mod topic_partition;

pub use admin::Admin;
pub use consumer::Consumer;
pub use engine::Engine;
pub use error::KafkaError;
pub use log::{ClientLog, LogLine};
pub use message::{BatchMessages, Message, MessageRef};
pub use metadata::{BrokerMetadata, ClusterMetadata, PartitionMetadata, TopicMetadata};
pub use producer::{Delivery, DeliveryReport, Producer, ProducerRecord};
pub use statistics::StatisticsCallback;
pub use topic_partition::{OffsetSpec, TopicPartitionOffset};
