//! Latencies in nanoseconds.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Room for an hour in nanoseconds, to three digits; what is longer counts as an hour.
pub(crate) fn new_histogram() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000_000;
    Histogram::new_with_bounds(1, HOUR, 3).expect("these bounds are hdrhistogram's to have")
}

/// Whole nanoseconds; more than there is room for counts as the most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
