//! The server, from outside: clients that we did not write, and raw sockets for what no client would send.

mod against_kafka;
mod bad_input;
mod compaction;
mod crowd;
pub(crate) mod descriptors;
mod go;
pub(crate) mod java;
mod kcat;
mod kinds;
mod metrics;
mod node;
pub(crate) mod python;
mod raw;
mod rig;
mod topics;
mod transactions;
mod zero_copy;
