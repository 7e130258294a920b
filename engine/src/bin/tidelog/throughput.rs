//! [`Throughput`]: how much there was, and how fast.

use serde::{Deserialize, Serialize};

use crate::output::number_text;

/// See the module.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Throughput {
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    pub(crate) records_per_second: f64,
    pub(crate) bytes_per_second: f64,
}

impl Throughput {
    /// Of `records` with `bytes` in `seconds`.
    pub(crate) fn new(records: u64, bytes: u64, seconds: f64) -> Throughput {
        let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let (records_per_second, bytes_per_second) = (per_second(records), per_second(bytes));
        Throughput { records, seconds, records_per_second, bytes_per_second }
    }

    pub(crate) fn mib_per_second(&self) -> f64 {
        self.bytes_per_second / f64::from(1 << 20)
    }
}

/// Records per second, for people.
pub(crate) fn rate_text(rate: f64) -> String {
    number_text(format!("{rate:.0}").parse().unwrap_or(0))
}
