//! tidelog: Kafka in a library.
//!
//! A single-node, Kafka-compatible log engine that runs inside the application.

pub mod config;
pub mod io;
pub mod limits;
pub mod log;
pub mod record;
pub mod types;
