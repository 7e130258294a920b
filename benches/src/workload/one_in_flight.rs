//! `one_in_flight`: one thread, one record at a time, each durable before the next: latency without company.

use std::time::Instant;

use super::durable_waiters::until;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::latency::Latencies;
use crate::logs::DurableLog;
use crate::payload::Payloads;
use crate::peer::okaywal::OkayDurable;
use crate::peer::raft_engine::RaftDurable;
use crate::peer::walrus::WalrusDurable;
use crate::subject::durable::{Parked, Records, Spinning};

const FLOOR: Against = Against::Contestant("floor: pwrite + fdatasync");

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "one_in_flight",
    about: "one thread, one record in flight, durable (acks=all)",
    variants: &[Variant {
        name: "100 B",
        size: 100,
        goals: &[
            Goal { of: "tidelog, spinning", metric: "p50 us", against: FLOOR, bound: Bound::AtMost(1.1) },
            Goal { of: "tidelog, parked", metric: "p50 us", against: FLOOR, bound: Bound::AtMost(1.5) },
            p99("tidelog, spinning"),
            p99("tidelog, parked"),
        ],
    }],
    metrics: &[
        Metric { name: "p50 us", better: Better::Lower },
        Metric { name: "p99 us", better: Better::Lower },
    ],
    contestants: &[
        Contestant::subject("tidelog, spinning", measure::<Records<Spinning>>),
        Contestant::subject("tidelog, parked", measure::<Records<Parked>>),
        Contestant::peer("raft-engine 0.4, prefilled", measure::<RaftDurable>),
        Contestant::peer("okaywal 0.3, 32 MiB segments", measure::<OkayDurable>),
        Contestant::peer("walrus-rust 0.2, SyncEach, mmap", measure::<WalrusDurable>),
        Contestant::absent("commitlog 0.2", "flush() never calls fsync: it has no durable append"),
        Contestant::floor("floor: O_DIRECT write with RWF_DSYNC", floor::direct::one_in_flight),
        Contestant::floor("floor: pwrite + fdatasync", floor::synced::one_in_flight),
    ],
};

const fn p99(of: &'static str) -> Goal {
    Goal { of, metric: "p99 us", against: Against::BestPeer, bound: Bound::AtMost(1.0) }
}

/// Appends for a while as warm-up and for a while on the clock.
///
/// # Errors
/// When the log fails.
pub fn measure<L: DurableLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let log = L::open(job)?;
    let mut writer = log.writer(0)?;
    until(Instant::now() + job.pick_ms(10, 150, 400), &mut writer, &payloads)?;
    job.sync_disk()?;
    let latencies = until(Instant::now() + job.pick_ms(20, 600, 2_000), &mut writer, &payloads)?;
    Ok(figures(&latencies))
}

/// The figures in the order of the metrics.
#[must_use]
pub fn figures(latencies: &Latencies) -> Vec<f64> {
    vec![latencies.quantile_us(0.5), latencies.quantile_us(0.99)]
}
