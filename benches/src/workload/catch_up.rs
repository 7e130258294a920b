//! `catch_up`: read everything back from the page cache, checksums checked.

use std::time::Instant;

use super::append_cached::record_count;
use super::per_second;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::logs::{LogReader, StoredLog};
use crate::payload::{Payloads, Tally};
use crate::peer::commitlog::CommitlogStored;
use crate::peer::fjall::FjallLog;
use crate::peer::okaywal::OkayStored;
use crate::peer::raft_engine::RaftStored;
#[cfg(feature = "rocksdb")]
use crate::peer::rocksdb::RocksLog;
use crate::peer::sqlite::SqliteStored;
use crate::peer::walrus::WalrusStored;
use crate::subject::read::Stored;

const GOALS: &[Goal] = &[
    Goal {
        of: "tidelog",
        metric: "records/s",
        against: Against::Contestant("commitlog 0.2"),
        bound: Bound::AtLeast(1.7),
    },
    Goal {
        of: "tidelog",
        metric: "records/s",
        against: Against::Contestant("floor: pread + CRC32C"),
        bound: Bound::AtLeast(0.75),
    },
];

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "catch_up",
    about: "one thread reads everything back from the page cache, checksums checked",
    variants: &[
        Variant { name: "100 B", size: 100, goals: GOALS },
        Variant { name: "1 KiB", size: 1024, goals: GOALS },
    ],
    metrics: &[
        Metric { name: "records/s", better: Better::Higher },
        Metric { name: "GB/s", better: Better::Higher },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Stored>),
        Contestant::peer("commitlog 0.2", measure::<CommitlogStored>),
        Contestant::peer("raft-engine 0.4", measure::<RaftStored>),
        Contestant::peer("okaywal 0.3, recovery pass", measure::<OkayStored>),
        Contestant::peer("walrus-rust 0.2, batches, mmap", measure::<WalrusStored>),
        Contestant::peer("fjall 3.1", measure::<FjallLog>),
        #[cfg(feature = "rocksdb")]
        Contestant::peer("RocksDB 11", measure::<RocksLog>),
        #[cfg(not(feature = "rocksdb"))]
        Contestant::absent("RocksDB 11", crate::peer::WITHOUT_ROCKSDB),
        Contestant::peer("SQLite 3, WAL", measure::<SqliteStored>),
        Contestant::floor("floor: pread + CRC32C", floor::read::sample),
    ],
};

/// Fills the log, reads it once as warm-up and once on the clock.
///
/// # Errors
/// When the log fails, or hands back something else than was written.
pub fn measure<L: StoredLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let count = record_count(job);
    let log = L::fill(job, &payloads, count)?;
    let expected = payloads.tally(count);
    job.sync_disk()?;
    check(&expected, |tally| log.reader()?.read_all(tally))?;
    let mut reader = log.reader()?;
    let start = Instant::now();
    check(&expected, |tally| reader.read_all(tally))?;
    Ok(figures(per_second(count, start.elapsed()), job))
}

/// Runs `read` and holds what it saw against what it should have seen.
///
/// # Errors
/// When `read` fails or saw something else.
pub fn check(
    expected: &Tally,
    read: impl FnOnce(&mut Tally) -> Result<(), SampleError>,
) -> Result<(), SampleError> {
    let mut seen = Tally::default();
    read(&mut seen)?;
    if seen == *expected {
        return Ok(());
    }
    Err(SampleError::Miscounted {
        count: expected.count,
        size: expected.size,
        seen_count: seen.count,
        seen_size: seen.size,
    })
}

/// The figures in the order of the metrics.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a record's size stays far below 2^52")]
pub fn figures(rate: f64, job: &Job) -> Vec<f64> {
    vec![rate, rate * job.size as f64 / 1e9]
}
