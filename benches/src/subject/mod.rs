//! tidelog itself: an engine in the job's directory, one shard, Kafka's full format with checksums, used through its
//! Rust client as an application would.

pub mod append;
pub mod durable;
pub mod engine;
pub mod open;
pub mod read;
