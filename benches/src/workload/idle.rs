//! `idle`: what an open engine with nothing to do costs.

use std::fs;
use std::thread;
use std::time::Instant;

use super::{micros, processor_time};
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::IdleEngine;
use crate::subject::engine::Idle;

const PARTITION_COUNT: u32 = 100;

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "idle",
    about: "an open engine with 100 partitions and nothing to do",
    variants: &[Variant {
        name: "100 partitions",
        size: 0,
        goals: &[
            Goal { of: "tidelog", metric: "RSS MiB", against: Against::Nothing, bound: Bound::AtMost(64.0) },
            Goal {
                of: "tidelog",
                metric: "CPU us/s",
                against: Against::Nothing,
                bound: Bound::AtMost(1_000.0),
            },
        ],
    }],
    metrics: &[
        Metric { name: "RSS MiB", better: Better::Lower },
        Metric { name: "CPU us/s", better: Better::Lower },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Idle>),
        Contestant::floor("floor: this process, nothing open", measure::<Nothing>),
    ],
};

/// No engine: what the process itself costs.
struct Nothing;

impl IdleEngine for Nothing {
    fn open(_: &Job, _: u32) -> Result<Nothing, SampleError> {
        Ok(Nothing)
    }
}

/// Opens the engine, lets it come to rest, and watches it.
///
/// # Errors
/// When the engine cannot be opened or `/proc` cannot be read.
pub fn measure<E: IdleEngine>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let engine = E::open(job, PARTITION_COUNT)?;
    thread::sleep(job.pick_ms(10, 500, 1_000));
    let (start, processor) = (Instant::now(), processor_time());
    thread::sleep(job.pick_ms(10, 1_000, 3_000));
    let used = micros(processor_time().saturating_sub(processor)) / start.elapsed().as_secs_f64();
    let resident = resident_mib()?;
    drop(engine);
    Ok(vec![resident, used])
}

fn resident_mib() -> Result<f64, SampleError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<f64>().ok())
        .ok_or_else(|| SampleError::Process("no VmRSS in /proc/self/status".to_owned()))?;
    Ok(kib / 1024.0)
}
