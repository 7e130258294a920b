//! `durable_paced`: writers at a fixed rate that does not wait for slow answers.
//!
//! Each writer has its own timetable. Latency counts from the moment a record was due, not from the moment the
//! writer got round to it: a stall is charged to every record it delayed, so coordinated omission cannot hide it.

use std::num::NonZeroU64;
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
use crate::peer::okaywal::OkayDurable;
use crate::peer::raft_engine::RaftDurable;
use crate::peer::walrus::WalrusDurable;
use crate::subject::durable::{Records, ShardSpins, Usual};

const WRITER_COUNT: u32 = 32;
const RATE: u32 = 10_000;

const RAFT: Against = Against::Contestant("raft-engine 0.4, prefilled");

/// The workload.
pub static WORKLOAD: Workload = Workload {
    name: "durable_paced",
    about: "32 writers offer 10,000 records/s in total (acks=all); latency from the moment a record was due",
    variants: &[Variant {
        name: "100 B",
        size: 100,
        goals: &[
            Goal { of: "tidelog", metric: "p50 us", against: RAFT, bound: Bound::AtMost(0.85) },
            Goal { of: "tidelog", metric: "p99 us", against: RAFT, bound: Bound::AtMost(0.7) },
            Goal {
                of: "tidelog",
                metric: "max us",
                against: Against::Nothing,
                bound: Bound::AtMost(20_000.0),
            },
        ],
    }],
    metrics: &[
        Metric { name: "p50 us", better: Better::Lower },
        Metric { name: "p99 us", better: Better::Lower },
        Metric { name: "max us", better: Better::Lower },
        Metric { name: "acks/s", better: Better::Higher },
    ],
    contestants: &[
        Contestant::subject("tidelog", measure::<Records<Usual>>),
        Contestant::subject("tidelog, shard spinning", measure::<Records<ShardSpins>>),
        Contestant::peer("raft-engine 0.4, prefilled", measure::<RaftDurable>),
        Contestant::peer("okaywal 0.3, 32 MiB segments", measure::<OkayDurable>),
        Contestant::peer("walrus-rust 0.2, SyncEach, mmap", measure::<WalrusDurable>),
        Contestant::absent("commitlog 0.2", "flush() never calls fsync: it has no durable append"),
        Contestant::floor("floor: pwrite + fdatasync, 1 of the 32", floor::synced::paced),
    ],
};

/// Runs all writers for a while as warm-up and for a while on the clock.
///
/// # Errors
/// When the log fails.
pub fn measure<L: DurableLog>(job: &Job) -> Result<Vec<f64>, SampleError> {
    let log = L::open(job)?;
    let writers =
        (0..u64::from(WRITER_COUNT)).map(|number| log.writer(number)).collect::<Result<Vec<_>, _>>()?;
    run(job, writers)
}

/// Runs these writers, each at a 32nd of the whole rate, and returns one figure per metric.
///
/// # Errors
/// When the log fails.
pub fn run<W: DurableWriter + Send>(job: &Job, mut writers: Vec<W>) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    offered(&mut writers, &payloads, job.pick_ms(20, 300, 500))?;
    job.sync_disk()?;
    let start = Instant::now();
    let latencies = offered(&mut writers, &payloads, job.pick_ms(50, 1_500, 4_000))?;
    let rate = per_second(latencies.count(), start.elapsed());
    Ok(vec![latencies.quantile_us(0.5), latencies.quantile_us(0.99), latencies.quantile_us(1.0), rate])
}

fn offered<W: DurableWriter + Send>(
    writers: &mut [W],
    payloads: &Payloads,
    span: Duration,
) -> Result<Latencies, SampleError> {
    let step = Duration::from_secs(1) / RATE;
    let start = Instant::now() + Duration::from_millis(5);
    thread::scope(|scope| {
        let mut first = start;
        let mut threads = Vec::new();
        for writer in writers.iter_mut() {
            let timetable = Timetable { first, step: step * WRITER_COUNT, end: start + span };
            threads.push(scope.spawn(move || timetable.keep(writer, payloads)));
            first += step;
        }
        let mut all = Latencies::default();
        for thread in threads {
            all.add(&thread.join().map_err(|_| SampleError::Panicked)??);
        }
        Ok(all)
    })
}

/// When one writer's records are due.
struct Timetable {
    first: Instant,
    step: Duration,
    end: Instant,
}

impl Timetable {
    fn keep<W: DurableWriter>(self, writer: &mut W, payloads: &Payloads) -> Result<Latencies, SampleError> {
        // The kernel may round a sleep up by 50 us by default, which would be charged to the log.
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
        let mut latencies = Latencies::default();
        let mut due = self.first;
        for number in 0.. {
            if due >= self.end {
                break;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            writer.append(payloads.at(number))?;
            latencies.record(Instant::now().saturating_duration_since(due));
            due += self.step;
        }
        Ok(latencies)
    }
}
