//! `append_cached`: how fast one thread can append without waiting for the disk.

use std::time::Instant;

use super::{per_second, processor_time};
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::logs::{CachedBatchLog, CachedLog};
use crate::payload::Payloads;
use crate::peer::commitlog::{CommitlogBatched, CommitlogSingle};
use crate::peer::raft_engine::RaftCached;
use crate::peer::walrus::WalrusCached;
use crate::subject::append::Cached;

const RATE: &str = "records/s";
const COST: &str = "CPU ns/record";

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "append_cached",
    about: "one thread appends, nobody waits for the disk (acks=1)",
    variants: &[
        Variant {
            name: "100 B",
            size: 100,
            goals: &[
                goal(Against::Contestant("commitlog 0.2, single calls"), Bound::AtLeast(4.0)),
                goal(Against::Contestant("floor: write of 1 MiB"), Bound::AtLeast(0.6)),
                Goal { of: "tidelog", metric: COST, against: Against::Nothing, bound: Bound::AtMost(150.0) },
            ],
        },
        Variant {
            name: "1 KiB",
            size: 1024,
            goals: &[
                goal(Against::Contestant("commitlog 0.2, single calls"), Bound::AtLeast(1.5)),
                goal(Against::Contestant("floor: write of 1 MiB"), Bound::AtLeast(0.8)),
            ],
        },
    ],
    metrics: &[
        Metric { name: RATE, better: Better::Higher },
        Metric { name: "MB/s", better: Better::Higher },
        Metric { name: COST, better: Better::Lower },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Cached>),
        Contestant::subject("tidelog, 64 records a call", measure_batches::<Cached>),
        Contestant::peer("commitlog 0.2, single calls", measure::<CommitlogSingle>),
        Contestant::peer("commitlog 0.2, caller batches 64 KiB", measure::<CommitlogBatched>),
        Contestant::peer("raft-engine 0.4, sync=false", measure::<RaftCached>),
        Contestant::peer("walrus-rust 0.2, NoFsync, mmap", measure::<WalrusCached>),
        Contestant::absent(
            "okaywal 0.3",
            "every commit is an fdatasync: it has no append that does not wait",
        ),
        Contestant::floor("floor: write of 1 MiB", floor::buffered::sample),
    ],
};

const fn goal(against: Against, bound: Bound) -> Goal {
    Goal { of: "tidelog", metric: RATE, against, bound }
}

/// Records that are passed in one call where a log takes more than one.
const CALL_COUNT: usize = 64;

/// Records of a sample, so that all variants move the same bytes.
pub fn record_count(job: &Job) -> u64 {
    job.pick(1 << 20, 1 << 27, 1 << 29) / job.size
}

/// Appends an eighth as warm-up, then all, and returns one figure per metric.
///
/// # Errors
/// When the log fails.
pub fn measure<L: CachedLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let count = record_count(job);
    let mut log = L::open(job)?;
    for number in 0..count / 8 {
        log.append(payloads.at(number))?;
    }
    log.settle()?;
    job.sync_disk()?;
    let (start, processor) = (Instant::now(), processor_time());
    for number in 0..count {
        log.append(payloads.at(number))?;
    }
    log.settle()?;
    let (elapsed, processor) = (start.elapsed(), processor_time().saturating_sub(processor));
    let rate = per_second(count, elapsed);
    Ok(figures(rate, job, 1e9 / per_second(count, processor)))
}

/// As [`measure`], [`CALL_COUNT`] records at a time.
///
/// # Errors
/// When the log fails.
pub fn measure_batches<L: CachedBatchLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let count = record_count(job);
    let mut log = L::open(job)?;
    let append = |log: &mut L, count: u64| -> Result<(), SampleError> {
        for first in (0..count).step_by(CALL_COUNT) {
            log.append_all(&std::array::from_fn::<_, CALL_COUNT, _>(|place| {
                payloads.at(first + place as u64)
            }))?;
        }
        log.settle()
    };
    append(&mut log, count / 8)?;
    job.sync_disk()?;
    let (start, processor) = (Instant::now(), processor_time());
    append(&mut log, count)?;
    let (elapsed, processor) = (start.elapsed(), processor_time().saturating_sub(processor));
    let count = count.next_multiple_of(CALL_COUNT as u64);
    Ok(figures(per_second(count, elapsed), job, 1e9 / per_second(count, processor)))
}

/// The figures in the order of the metrics: rate, the same in megabytes, and processor time per record.
#[expect(clippy::cast_precision_loss, reason = "a record's size stays far below 2^52")]
pub fn figures(rate: f64, job: &Job, cost_ns: f64) -> Vec<f64> {
    vec![rate, rate * job.size as f64 / 1e6, cost_ns]
}
