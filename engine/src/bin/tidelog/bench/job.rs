//! [`Job`]: one run, from an empty topic to its outcome.

use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;

use super::meter::Meter;
use super::payload::Payload;
use super::plan::Plan;
use super::receiving;
use super::sending::{Outbox, Schedule, Sending};
use super::series::Series;
use super::target::{self, Measured};
use super::watch::Watch;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::latency::{nanos, new_histogram};
use crate::output::{duration_text, number_text};
use crate::progress;

/// How long the consumers may take to share out the partitions.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long no record may arrive at the end.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How often the threads are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The meters are read so often.
const TICK: Duration = Duration::from_secs(1);

/// Until the first record is due, so that all producers are there.
const HEAD_START: Duration = Duration::from_millis(20);

/// See the module.
pub(super) struct Job<'a> {
    pub(super) plan: &'a Plan,
    pub(super) interrupt: &'a Interrupt,
}

/// What was measured.
pub(super) struct Measurement {
    pub(super) began: SystemTime,
    pub(super) acknowledged: Series,
    pub(super) received: Series,
    /// How late records went out, where they had a time.
    pub(super) lag: Histogram<u64>,
}

/// The producers at work.
struct Producers<'s> {
    /// They return how late records went out.
    threads: Vec<ScopedJoinHandle<'s, Histogram<u64>>>,
    /// Measuring begins so long after the start.
    from: Duration,
}

/// What the threads of a run share.
struct Shared<'a> {
    target: &'a dyn Measured,
    topic: &'a str,
    /// In every record.
    run: u64,
    /// Where times count from.
    start: Instant,
    acknowledged: Vec<Meter>,
    received: Vec<Meter>,
    watch: Watch,
}

impl Job<'_> {
    /// Runs it. Interrupted, it is what was measured until then.
    ///
    /// # Errors
    /// When the target cannot be used, or one record is not delivered.
    pub(super) fn run(&self) -> Result<Measurement, CliError> {
        let target = target::open(self.plan)?;
        let run = fastrand::u64(1..);
        let own = format!("tidelog-bench-{run:016x}");
        let topic = self.plan.topic.as_ref().unwrap_or(&own);
        target.create_topic(topic, self.plan.partitions, self.plan.topic.is_some())?;
        let measured = self.measure(&*target, topic, run);
        if self.plan.topic.is_none()
            && let Err(error) = target.delete_topic(topic)
        {
            tracing::warn!(%error, "the topic stays");
        }
        measured
    }

    fn measure(&self, target: &dyn Measured, topic: &str, run: u64) -> Result<Measurement, CliError> {
        let meters = |count: u16| (0..count).map(|_| Meter::new()).collect();
        let shared = Shared {
            target,
            topic,
            run,
            start: Instant::now(),
            acknowledged: meters(self.plan.producers),
            received: meters(self.plan.consumers),
            watch: Watch::new(self.plan.consumers.into(), self.interrupt.clone()),
        };
        thread::scope(|scope| {
            let measured = self.start_consumers(scope, &shared).and_then(|()| self.drive(scope, &shared));
            shared.watch.end();
            measured
        })
    }

    fn start_consumers<'s>(&self, scope: &'s Scope<'s, '_>, shared: &'s Shared<'_>) -> Result<(), CliError> {
        let group = format!("tidelog-bench-{:016x}", shared.run);
        let settings = self.plan.consumer_settings(&group);
        for (number, meter) in shared.received.iter().enumerate() {
            let mut receiver = shared.target.receiver(shared.topic, &settings)?;
            let read = move || {
                let (run, start, watch) = (shared.run, shared.start, &shared.watch);
                receiving::run(&mut *receiver, number, run, start, meter, watch)
                    .unwrap_or_else(|error| watch.fail(error));
            };
            thread::Builder::new()
                .name(format!("consumer-{}", number + 1))
                .spawn_scoped(scope, read)
                .map_err(CliError::Thread)?;
        }
        let deadline = Instant::now() + PATIENCE;
        while !shared.received.is_empty() && shared.watch.assigned() < usize::from(self.plan.partitions) {
            if Instant::now() > deadline {
                let reason = format!("the consumers have not shared out the partitions after {PATIENCE:?}");
                return Err(CliError::Measure(reason));
            }
            if shared.watch.is_stopping() {
                return Err(shared.watch.take_failure().unwrap_or(CliError::Interrupted));
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    fn start_producers<'s>(
        &self,
        scope: &'s Scope<'s, '_>,
        shared: &'s Shared<'_>,
    ) -> Result<Producers<'s>, CliError> {
        let plan = self.plan;
        let settings = plan.producer_settings();
        let senders: Result<Vec<_>, _> =
            (0..plan.producers).map(|_| shared.target.sender(shared.topic, &settings)).collect();
        let payloads = (0..plan.producers).map(|slot| {
            Payload::new(usize::try_from(plan.size).unwrap_or(usize::MAX), plan.keys, slot.into())
        });
        let payloads: Vec<Payload> = payloads.collect();
        let begin = shared.start.elapsed() + HEAD_START;
        let from = begin + plan.warmup.duration();
        let end = from + plan.duration.duration();
        shared.acknowledged.iter().chain(&shared.received).for_each(|meter| meter.measure_from(nanos(from)));
        let mut threads = Vec::new();
        for (((slot, sender), payload), meter) in (0..).zip(senders?).zip(payloads).zip(&shared.acknowledged)
        {
            let schedule = Schedule::new(plan.rate.0, slot, plan.producers, nanos(begin)..nanos(end));
            let outbox = Outbox::new(sender, shared.start, meter, &shared.watch);
            let sending = Sending::new(outbox, payload, schedule, shared.run);
            let send = move || {
                sending.run().unwrap_or_else(|error| {
                    shared.watch.fail(error);
                    new_histogram()
                })
            };
            let named = thread::Builder::new().name(format!("producer-{}", slot + 1));
            threads.push(named.spawn_scoped(scope, send).map_err(CliError::Thread)?);
        }
        Ok(Producers { threads, from })
    }

    /// Runs the producers, looks at the meters meanwhile, and waits for what is on its way.
    fn drive<'s>(&self, scope: &'s Scope<'s, '_>, shared: &'s Shared<'_>) -> Result<Measurement, CliError> {
        let began = SystemTime::now();
        let Producers { threads, from } = self.start_producers(scope, shared)?;
        let (mut acknowledged, mut received) = (Series::new(from), Series::new(from));
        let bar = progress::live();
        let mut take = |elapsed: Duration| {
            acknowledged.add(elapsed, shared.acknowledged.iter().map(Meter::take));
            received.add(elapsed, shared.received.iter().map(Meter::take));
            self.show(&bar, elapsed.saturating_sub(from), &acknowledged, &received);
        };
        let mut next = from + TICK;
        let mut heard = (Instant::now(), 0);
        loop {
            thread::sleep(LOOK_INTERVAL);
            let elapsed = shared.start.elapsed();
            if elapsed >= next {
                take(elapsed);
                next += TICK;
            }
            let have_sent = threads.iter().all(ScopedJoinHandle::is_finished);
            if !have_sent || shared.watch.received() > heard.1 {
                heard = (Instant::now(), shared.watch.received());
            }
            let is_silent = heard.0.elapsed() > SILENCE_MAX;
            let nobody_listens = shared.received.is_empty();
            if have_sent
                && (nobody_listens
                    || shared.watch.has_received_all()
                    || is_silent
                    || shared.watch.is_stopping())
            {
                break;
            }
        }
        take(shared.start.elapsed());
        bar.finish_and_clear();
        let mut lag = new_histogram();
        for thread in threads {
            let late = thread.join().map_err(|_| CliError::Measure("a producer has panicked".to_owned()))?;
            lag.add(late).expect("they have the same bounds");
        }
        if let Some(error) = shared.watch.take_failure() {
            return Err(error);
        }
        acknowledged.end(shared.acknowledged.iter().map(Meter::last).max());
        received.end(shared.received.iter().map(Meter::last).max());
        Ok(Measurement { began, acknowledged, received, lag })
    }

    fn show(&self, bar: &ProgressBar, elapsed: Duration, acknowledged: &Series, received: &Series) {
        let text = |what: &str, series: &Series| {
            let Some(second) = series.seconds.last().filter(|second| !second.nanos.is_empty()) else {
                return String::new();
            };
            let [p50, p99] = [0.5, 0.99].map(|at| duration_text(second.nanos.value_at_quantile(at)));
            let (count, max) = (number_text(second.nanos.len()), duration_text(second.nanos.max()));
            format!("   {what} {count}/s p50 {p50} p99 {p99} max {max}")
        };
        let (at, of) = (elapsed.as_secs(), self.plan.duration);
        bar.set_message(format!("{at}/{of} s{}{}", text("ack", acknowledged), text("consume", received)));
    }
}
