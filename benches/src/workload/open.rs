//! `open`: how long opening takes after a clean stop, and whether that grows with the log.

use std::time::Instant;

use super::micros;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::logs::ReopenedLog;
use crate::subject::open::Reopened;

const GOALS: &[Goal] =
    &[Goal { of: "tidelog", metric: "open us", against: Against::Nothing, bound: Bound::AtMost(5_000.0) }];

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "open",
    about: "open after a clean stop; segments of 1 GiB, sparse",
    variants: &[
        Variant { name: "1 GiB", size: 1 << 30, goals: GOALS },
        Variant { name: "100 GiB", size: 100 << 30, goals: GOALS },
    ],
    metrics: &[Metric { name: "open us", better: Better::Lower }],
    contestants: &[
        Contestant::subject("tidelog", measure::<Reopened>),
        Contestant::floor("floor: open + stat every segment", floor::open::sample),
    ],
};

/// Opens and closes once as warm-up, then takes the median of five openings.
///
/// # Errors
/// When the log fails.
pub fn measure<L: ReopenedLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    L::prepare(job)?;
    L::reopen(job)?.close()?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let log = L::reopen(job)?;
        times.push(start.elapsed());
        log.close()?;
    }
    times.sort_unstable();
    Ok(vec![micros(times[times.len() / 2])])
}
