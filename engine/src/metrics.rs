//! Latency histograms and counters that any thread may record into and read. Never on a per-record path: one record
//! call per batch or per commit.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

/// A latency distribution in nanoseconds, three significant digits, up to one hour.
pub struct LatencyHistogram {
    nanos: Mutex<Histogram<u64>>,
}

impl LatencyHistogram {
    const MAX: Duration = Duration::from_secs(3600);

    /// An empty histogram.
    #[must_use]
    pub fn new() -> LatencyHistogram {
        LatencyHistogram { nanos: Mutex::new(empty_histogram()) }
    }

    /// Adds one latency; longer than an hour counts as an hour.
    pub fn record(&self, latency: Duration) {
        self.record_n(latency, 1);
    }

    /// Adds the same latency `count` times.
    pub fn record_n(&self, latency: Duration, count: u64) {
        let nanos = u64::try_from(latency.min(Self::MAX).as_nanos()).unwrap_or(u64::MAX);
        // It grows as far as needed; the saturating calls would not let it.
        self.nanos
            .lock()
            .record_n(nanos, count)
            .expect("an hour of nanoseconds is within what a histogram grows to");
    }

    /// A copy of all that was recorded so far, in nanoseconds.
    #[must_use]
    pub fn snapshot(&self) -> Histogram<u64> {
        self.nanos.lock().clone()
    }
}

impl Default for LatencyHistogram {
    fn default() -> LatencyHistogram {
        LatencyHistogram::new()
    }
}

impl fmt::Debug for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos.lock();
        write!(f, "{} values, p50 {} ns, max {} ns", nanos.len(), nanos.value_at_quantile(0.5), nanos.max())
    }
}

/// A histogram as [`LatencyHistogram`] uses it: auto-resizing, so that an idle one is small.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within hdrhistogram's 0..=5")
}

/// Latencies of one shard.
#[derive(Debug, Default)]
pub struct ShardMetrics {
    /// From a message's way into the mailbox until the shard takes it out.
    pub mailbox: LatencyHistogram,
    /// From an append's submission to the disk until its completion.
    pub commit: LatencyHistogram,
    /// From the first record of a batch until its acknowledgement, for every `acks` but 0: one value per batch.
    pub produce: LatencyHistogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_any_length_are_kept_to_three_digits() {
        let histogram = LatencyHistogram::new();
        for latency in [Duration::from_micros(250), Duration::from_secs(2), Duration::from_secs(100_000)] {
            histogram.record(latency);
        }
        let nanos = histogram.snapshot();
        assert_eq!(nanos.value_at_quantile(0.33) / 1000, 250);
        assert_eq!(nanos.value_at_quantile(0.66) / 10_000_000, 200);
        assert!(nanos.equivalent(nanos.max(), 3_600_000_000_000));
    }
}
