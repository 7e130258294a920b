//! Settings: [`topic`] holds what a log can be configured with.
//!
//! Names, defaults, ranges and error texts are Kafka's.

pub mod topic;
