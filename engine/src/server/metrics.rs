//! [`ServerMetrics`]: what a server counts. Any thread counts, any thread reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::LatencyHistogram;
use crate::wire::api::APIS;

/// A number that goes up, or up and down.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `count`.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Takes `count` away.
    pub fn subtract(&self, count: usize) {
        self.0.fetch_sub(count as u64, Ordering::Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a server counts.
#[derive(Debug)]
pub struct ServerMetrics {
    /// Connections that are open.
    pub connections: Count,
    /// Connections that were accepted.
    pub accepted: Count,
    /// Connections that were closed because of what they sent.
    pub refused: Count,
    /// Records that clients appended.
    pub messages_in: Count,
    /// Bytes of their batches.
    pub bytes_in: Count,
    /// Bytes of batches that clients fetched.
    pub bytes_out: Count,
    /// Batches that were refused.
    pub failed_produces: Count,
    /// Partitions of fetches that were answered with an error.
    pub failed_fetches: Count,
    /// Bytes received.
    pub received: Count,
    /// Bytes of records that left their file by sendfile(2), without being in this process's memory.
    pub sent_by_sendfile: Count,
    /// Bytes of records of the past that were copied into memory to be sent.
    pub copied_for_fetch: Count,
    /// Bytes of records that were sent from the tail in memory.
    pub fetched_from_memory: Count,
    /// Bytes of answers that wait in memory until their clients take them.
    pub answers_held: Arc<Count>,
    /// From the arrival of a request until its answer is ready, by API key.
    pub requests: BTreeMap<i16, LatencyHistogram>,
}

impl Default for ServerMetrics {
    fn default() -> ServerMetrics {
        ServerMetrics {
            connections: Count::default(),
            accepted: Count::default(),
            refused: Count::default(),
            messages_in: Count::default(),
            bytes_in: Count::default(),
            bytes_out: Count::default(),
            failed_produces: Count::default(),
            failed_fetches: Count::default(),
            received: Count::default(),
            sent_by_sendfile: Count::default(),
            copied_for_fetch: Count::default(),
            fetched_from_memory: Count::default(),
            answers_held: Arc::default(),
            requests: APIS.iter().map(|api| (api.key, LatencyHistogram::new())).collect(),
        }
    }
}
