//! Latencies in nanoseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Room for an hour in nanoseconds, to three digits; what is longer counts as an hour.
pub(crate) fn new_histogram() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000_000;
    Histogram::new_with_bounds(1, HOUR, 3).expect("these bounds are hdrhistogram's to have")
}

/// Whole nanoseconds; more than there is room for counts as the most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What is told of a distribution in few words, in nanoseconds.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Percentiles {
    pub(crate) fn new(nanos: &Histogram<u64>) -> Percentiles {
        Percentiles {
            p50: nanos.value_at_quantile(0.5),
            p99: nanos.value_at_quantile(0.99),
            p999: nanos.value_at_quantile(0.999),
            max: nanos.max(),
        }
    }

    pub(crate) fn values(&self) -> [u64; 4] {
        [self.p50, self.p99, self.p999, self.max]
    }
}
