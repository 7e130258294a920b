//! `durable_batches`: one thread appends a thousand records at a time and waits until they are durable.

use std::time::{Duration, Instant};

use super::per_second;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::latency::Latencies;
use crate::logs::BatchLog;
use crate::payload::Payloads;
use crate::peer::fjall::FjallLog;
use crate::peer::okaywal::OkayBatches;
use crate::peer::raft_engine::RaftBatches;
#[cfg(feature = "rocksdb")]
use crate::peer::rocksdb::RocksLog;
use crate::peer::sqlite::SqliteBatches;
use crate::peer::walrus::WalrusBatches;
use crate::subject::durable::{self, Batches, Spinning, Usual};

/// Records of a batch.
pub const BATCH_COUNT: u64 = 1_000;

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "durable_batches",
    about: "one thread, durable batches of 1,000 records (acks=all)",
    variants: &[Variant {
        name: "100 B",
        size: 100,
        goals: &[Goal {
            of: "tidelog, 80 batches in flight",
            metric: "records/s",
            against: Against::Contestant("floor: pwrite + fdatasync"),
            bound: Bound::AtLeast(1.0),
        }],
    }],
    metrics: &[
        Metric { name: "records/s", better: Better::Higher },
        Metric { name: "batch p50 us", better: Better::Lower },
        Metric { name: "batch p99 us", better: Better::Lower },
    ],
    contestants: &[
        Contestant::subject("tidelog, one batch at a time", measure::<Batches<Usual>>),
        Contestant::subject("tidelog, one at a time, spinning", measure::<Batches<Spinning>>),
        Contestant::subject("tidelog, 80 batches in flight", durable::batches_in_flight),
        Contestant::peer("raft-engine 0.4, prefilled", measure::<RaftBatches>),
        Contestant::peer("okaywal 0.3, 32 MiB segments", measure::<OkayBatches>),
        Contestant::peer("walrus-rust 0.2, batches, mmap", measure::<WalrusBatches>),
        Contestant::peer("fjall 3.1, SyncData", measure::<FjallLog>),
        #[cfg(feature = "rocksdb")]
        Contestant::peer("RocksDB 11, sync", measure::<RocksLog>),
        #[cfg(not(feature = "rocksdb"))]
        Contestant::absent("RocksDB 11", crate::peer::WITHOUT_ROCKSDB),
        Contestant::peer("SQLite 3, WAL", measure::<SqliteBatches>),
        Contestant::absent("commitlog 0.2", "flush() never calls fsync: it has no durable append"),
        Contestant::floor("floor: pwrite + fdatasync", floor::synced::batches),
    ],
};

/// Batches of a sample.
#[must_use]
pub fn batch_count(job: &Job) -> u64 {
    job.pick(10, 400, 1_200)
}

/// Appends a quarter as warm-up, then all.
///
/// # Errors
/// When the log fails.
pub fn measure<L: BatchLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let batch: Vec<&[u8]> = (0..BATCH_COUNT).map(|number| payloads.at(number)).collect();
    let mut log = L::open(job)?;
    for _ in 0..batch_count(job) / 4 {
        log.append_all(&batch)?;
    }
    job.sync_disk()?;
    timed(job, || log.append_all(&batch))
}

/// Calls `append` for every batch of the sample and returns one figure per metric.
///
/// # Errors
/// When `append` fails.
pub fn timed(
    job: &Job,
    mut append: impl FnMut() -> Result<(), SampleError>,
) -> Result<Vec<f64>, SampleError> {
    let mut latencies = Latencies::default();
    let start = Instant::now();
    let mut before = start;
    for _ in 0..batch_count(job) {
        append()?;
        let after = Instant::now();
        latencies.record(after - before);
        before = after;
    }
    Ok(figures(job, start.elapsed(), &latencies))
}

/// The figures in the order of the metrics.
#[must_use]
pub fn figures(job: &Job, elapsed: Duration, latencies: &Latencies) -> Vec<f64> {
    let rate = per_second(batch_count(job) * BATCH_COUNT, elapsed);
    vec![rate, latencies.quantile_us(0.5), latencies.quantile_us(0.99)]
}
