//! `tidelog quickstart`
mod ingest;
mod proof;
mod sources;
mod stamp;

use std::time::Duration;

use hdrhistogram::Histogram;

fn new_histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within hdrhistogram's 0..=5")
}

/// Whole nanoseconds; more than there is room for counts as the most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
