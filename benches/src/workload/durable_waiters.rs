//! `durable_waiters`: many threads, each waiting for its own record to be durable; what group commit is for.

use std::thread;
use std::time::{Duration, Instant};

use super::per_second;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::latency::Latencies;
use crate::logs::{DurableLog, DurableWriter};
use crate::payload::Payloads;
use crate::peer::fjall::FjallLog;
use crate::peer::okaywal::OkayDurable;
use crate::peer::raft_engine::RaftDurable;
#[cfg(feature = "rocksdb")]
use crate::peer::rocksdb::RocksLog;
use crate::peer::sqlite::SqliteDurable;
use crate::peer::walrus::WalrusDurable;
use crate::subject::durable::{Records, ShardSpins, Usual};

const WRITER_COUNT: u64 = 16;

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "durable_waiters",
    about: "16 threads, each waits for its own record to be durable (acks=all)",
    variants: &[Variant {
        name: "100 B",
        size: 100,
        goals: &[Goal {
            of: "tidelog",
            metric: "acks/s",
            against: Against::Contestant("raft-engine 0.4, prefilled"),
            bound: Bound::AtLeast(1.2),
        }],
    }],
    metrics: &[
        Metric { name: "acks/s", better: Better::Higher },
        Metric { name: "p50 us", better: Better::Lower },
        Metric { name: "p99 us", better: Better::Lower },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Records<Usual>>),
        Contestant::subject("tidelog, shard spinning", measure::<Records<ShardSpins>>),
        Contestant::peer("raft-engine 0.4, prefilled", measure::<RaftDurable>),
        Contestant::peer("okaywal 0.3, 32 MiB segments", measure::<OkayDurable>),
        Contestant::peer("walrus-rust 0.2, SyncEach, mmap", measure::<WalrusDurable>),
        Contestant::peer("fjall 3.1, SyncData", measure::<FjallLog>),
        #[cfg(feature = "rocksdb")]
        Contestant::peer("RocksDB 11, sync", measure::<RocksLog>),
        #[cfg(not(feature = "rocksdb"))]
        Contestant::absent("RocksDB 11", crate::peer::WITHOUT_ROCKSDB),
        Contestant::peer("SQLite 3, WAL", measure::<SqliteDurable>),
        Contestant::absent("commitlog 0.2", "flush() never calls fsync: it has no durable append"),
        Contestant::floor("floor: pwrite + fdatasync, 1 thread", floor::synced::waiter),
    ],
};

/// Lets the threads run for a while as warm-up and for a while on the clock.
///
/// # Errors
/// When the log fails.
pub fn measure<L: DurableLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let log = L::open(job)?;
    let mut writers = (0..WRITER_COUNT).map(|number| log.writer(number)).collect::<Result<Vec<_>, _>>()?;
    together(&mut writers, &payloads, job.pick_ms(10, 200, 500))?;
    job.sync_disk()?;
    let start = Instant::now();
    let latencies = together(&mut writers, &payloads, job.pick_ms(20, 800, 2_500))?;
    Ok(vec![
        per_second(latencies.count(), start.elapsed()),
        latencies.quantile_us(0.5),
        latencies.quantile_us(0.99),
    ])
}

fn together<W: DurableWriter + Send>(
    writers: &mut [W],
    payloads: &Payloads,
    span: Duration,
) -> Result<Latencies, SampleError> {
    let end = Instant::now() + span;
    thread::scope(|scope| {
        let threads: Vec<_> =
            writers.iter_mut().map(|writer| scope.spawn(move || until(end, writer, payloads))).collect();
        let mut all = Latencies::default();
        for thread in threads {
            all.add(&thread.join().map_err(|_| SampleError::Panicked)??);
        }
        Ok(all)
    })
}

/// One record in flight until `end`.
///
/// # Errors
/// When the log fails.
pub fn until<W: DurableWriter>(
    end: Instant,
    writer: &mut W,
    payloads: &Payloads,
) -> Result<Latencies, SampleError> {
    let mut latencies = Latencies::default();
    let mut before = Instant::now();
    for number in 0.. {
        writer.append(payloads.at(number))?;
        let after = Instant::now();
        latencies.record(after - before);
        before = after;
        if after >= end {
            break;
        }
    }
    Ok(latencies)
}
