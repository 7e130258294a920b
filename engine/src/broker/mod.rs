//! Kafka's meaning on top of logs: topics, groups, offsets, producer ids.
//!
//! What is here are state machines: time, ids and the disk come in from outside, so that one seed replays a run.

pub mod catalog;
pub mod group;
pub mod offsets_schema;
pub mod producer_ids;
