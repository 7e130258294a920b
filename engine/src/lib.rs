//! tidelog: Kafka in a library.
//!
//! A single-node, Kafka-compatible log engine that runs inside the application.

pub mod broker;
pub mod client;
pub mod config;
pub mod error_code;
pub mod io;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod record;
pub mod shard;
pub mod types;
