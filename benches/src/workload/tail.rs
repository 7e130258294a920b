//! `tail`: a writer and a reader that follows it, together.

use std::thread;
use std::time::Instant;

use super::append_cached::record_count;
use super::per_second;
use crate::contest::{Against, Better, Bound, Contestant, Goal, Metric, Variant, Workload};
use crate::error::SampleError;
use crate::floor;
use crate::job::Job;
use crate::logs::{Appender, TailedLog, Tailer};
use crate::payload::{Payloads, Tally};
use crate::peer::commitlog::CommitlogTailed;
use crate::peer::raft_engine::RaftTailed;
use crate::peer::walrus::WalrusTailed;
use crate::subject::read::Tailed;

const GOALS: &[Goal] = &[Goal {
    of: "tidelog",
    metric: "records/s",
    against: Against::Contestant("commitlog 0.2, RwLock"),
    bound: Bound::AtLeast(2.0),
}];

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "tail",
    about: "one thread appends (acks=1), another reads what it appends; records/s through both",
    variants: &[
        Variant { name: "100 B", size: 100, goals: GOALS },
        Variant { name: "1 KiB", size: 1024, goals: GOALS },
    ],
    metrics: &[
        Metric { name: "records/s", better: Better::Higher },
        Metric { name: "MB/s", better: Better::Higher },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Tailed>),
        Contestant::peer("commitlog 0.2, RwLock", measure::<CommitlogTailed>),
        Contestant::peer("raft-engine 0.4, sync=false", measure::<RaftTailed>),
        Contestant::peer("walrus-rust 0.2, NoFsync, mmap", measure::<WalrusTailed>),
        Contestant::absent("okaywal 0.3", "it cannot read past the end of what is there: no tailing reader"),
        Contestant::floor("floor: write + pread of 256 KiB, CRC32C", floor::read::tail),
    ],
};

/// Writes and reads an eighth as warm-up, then as much as `append_cached` writes.
///
/// # Errors
/// When the log fails, or the reader saw something else than was written.
pub fn measure<L: TailedLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let count = record_count(job) / 2;
    let log = L::open(job)?;
    let (mut appender, mut tailer) = (log.appender()?, log.tailer()?);
    through(&mut appender, &mut tailer, &payloads, count / 8)?;
    job.sync_disk()?;
    let start = Instant::now();
    let seen = through(&mut appender, &mut tailer, &payloads, count)?;
    let rate = per_second(count, start.elapsed());
    super::catch_up::check(&payloads.tally(count), |tally| {
        *tally = seen;
        Ok(())
    })?;
    Ok(figures(rate, job))
}

/// Appends the first `count` payloads on a thread of its own while this one reads them.
fn through<A: Appender + Send, T: Tailer>(
    appender: &mut A,
    tailer: &mut T,
    payloads: &Payloads,
    count: u64,
) -> Result<Tally, SampleError> {
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for number in 0..count {
                appender.append(payloads.at(number))?;
            }
            appender.settle()
        });
        let mut tally = Tally::default();
        while tally.count < count {
            let finished = writer.is_finished();
            let before = tally.count;
            tailer.poll(&mut tally)?;
            if tally.count == before {
                if finished {
                    break;
                }
                thread::yield_now();
            }
        }
        writer.join().map_err(|_| SampleError::Panicked)??;
        Ok(tally)
    })
}

/// The figures in the order of the metrics.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a record's size stays far below 2^52")]
pub fn figures(rate: f64, job: &Job) -> Vec<f64> {
    vec![rate, rate * job.size as f64 / 1e6]
}
