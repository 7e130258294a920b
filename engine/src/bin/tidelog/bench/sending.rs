//! The producers' side: records go out when they are due, and each acknowledgement is measured from that moment, however late
//! the record went out (that is what corrects for coordinated omission).

use std::num::NonZeroU64;
use std::ops::Range;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::meter::Meter;
use super::payload::Payload;
use super::stamp::Stamp;
use super::target::Sender;
use super::watch::Watch;
use crate::error::CliError;
use crate::latency::{nanos, new_histogram};

/// The last bit before a record is due is not slept through: sleeps end late.
const SPIN: Duration = Duration::from_micros(20);

/// Records between two looks at the acknowledgements, and at the clock, when there is no rate.
const SERVE_INTERVAL: u64 = 64;
const CLOCK_INTERVAL: u64 = 16;

/// One wait for room or for the last acknowledgements.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// How long no acknowledgement may come at the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the records of one producer are due, in nanoseconds from the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Between two records; `None`: as fast as can be.
    pub(super) interval: Option<f64>,
    /// Of the first.
    pub(super) first: f64,
    /// Nothing is sent from here on.
    pub(super) end: u64,
}

impl Schedule {
    /// Of producer `slot` of `count` that make `rate` together, `between` these nanoseconds from the start.
    pub(super) fn new(rate: Option<f64>, slot: u16, count: u16, between: Range<u64>) -> Schedule {
        let interval = rate.map(|rate| f64::from(count) * 1e9 / rate);
        // They take turns.
        let turn = interval.unwrap_or(0.0) * f64::from(slot) / f64::from(count);
        Schedule { interval, first: between.start as f64 + turn, end: between.end }
    }

    fn due(&self, number: u64) -> Option<u64> {
        // Not negative, and exact for more records than a day has microseconds.
        let nanos =
            |due: f64| u64::try_from(Duration::from_secs_f64(due / 1e9).as_nanos()).unwrap_or(u64::MAX);
        self.interval.map(|interval| nanos(self.first + number as f64 * interval))
    }
}

/// One producer.
pub(super) struct Sending<'a> {
    pub(super) sender: Box<dyn Sender>,
    pub(super) payload: Payload,
    pub(super) schedule: Schedule,
    pub(super) run: u64,
    pub(super) start: Instant,
    pub(super) acknowledged: &'a Meter,
    pub(super) watch: &'a Watch,
    /// How late records went out.
    pub(super) lag: Histogram<u64>,
    pub(super) due: Vec<u64>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        sender: Box<dyn Sender>,
        payload: Payload,
        schedule: Schedule,
        run: u64,
        start: Instant,
        (acknowledged, watch): (&'a Meter, &'a Watch),
    ) -> Sending<'a> {
        let (lag, due) = (new_histogram(), Vec::new());
        Sending { sender, payload, schedule, run, start, acknowledged, watch, lag, due }
    }

    /// Sends everything and waits for it to be acknowledged. Returns how late records went out.
    ///
    /// # Errors
    /// The first record that was refused or not delivered.
    pub(super) fn run(mut self) -> Result<Histogram<u64>, CliError> {
        // Sleeps end late by this; the system's own 50 us are too many. Where it is refused, records go out later.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let mut now = self.now();
        for number in 0.. {
            let due = match self.schedule.due(number) {
                Some(due) if due < self.schedule.end => {
                    now = self.wait_until(due)?;
                    self.lag.saturating_record(now.saturating_sub(due).max(1));
                    due
                }
                Some(_) => break,
                None => {
                    if number.is_multiple_of(CLOCK_INTERVAL) {
                        now = self.now();
                    }
                    now
                }
            };
            if due >= self.schedule.end || self.watch.is_stopping() {
                break;
            }
            self.send(due)?;
            if number.is_multiple_of(SERVE_INTERVAL) {
                self.serve(Duration::ZERO)?;
            }
        }
        self.finish()?;
        Ok(self.lag)
    }

    fn now(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    /// Serves until a record is due. Returns what time it then is.
    fn wait_until(&mut self, due: u64) -> Result<u64, CliError> {
        loop {
            let now = self.now();
            if now >= due {
                return Ok(now);
            }
            let left = Duration::from_nanos(due - now);
            match left.checked_sub(SPIN) {
                Some(left) if self.sender.pending() == 0 => std::thread::sleep(left),
                Some(left) => self.serve(left)?,
                None => {
                    self.serve(Duration::ZERO)?;
                    std::hint::spin_loop();
                }
            }
        }
    }

    fn send(&mut self, due: u64) -> Result<(), CliError> {
        let (key, value) = self.payload.next(Stamp { run: self.run, due });
        while !self.sender.send(key, value, due)? {
            serve(
                &mut *self.sender,
                POLL_INTERVAL,
                &mut self.due,
                self.start,
                self.acknowledged,
                self.watch,
            )?;
            if self.watch.is_stopping() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn serve(&mut self, timeout: Duration) -> Result<(), CliError> {
        serve(&mut *self.sender, timeout, &mut self.due, self.start, self.acknowledged, self.watch)
    }

    /// Waits for what is not acknowledged yet.
    fn finish(&mut self) -> Result<(), CliError> {
        let mut heard = Instant::now();
        let mut before = self.sender.pending();
        while self.sender.pending() > 0 && !self.watch.is_interrupted() {
            self.serve(POLL_INTERVAL)?;
            if self.sender.pending() < before {
                (heard, before) = (Instant::now(), self.sender.pending());
            }
            if heard.elapsed() > PATIENCE {
                return Err(CliError::Measure(format!(
                    "{before} records are not acknowledged after {PATIENCE:?}"
                )));
            }
        }
        Ok(())
    }
}

fn serve(
    sender: &mut dyn Sender,
    timeout: Duration,
    due: &mut Vec<u64>,
    start: Instant,
    acknowledged: &Meter,
    watch: &Watch,
) -> Result<(), CliError> {
    sender.serve(timeout, due)?;
    if !due.is_empty() {
        watch.add_acknowledged(due.len());
        acknowledged.record(due.drain(..), nanos(start.elapsed()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producers_share_a_rate_and_take_turns() {
        let due = |slot| {
            let schedule = Schedule::new(Some(1000.0), slot, 2, 500..1_000_000_000);
            [0, 1, 499].map(|number| schedule.due(number).unwrap())
        };
        assert_eq!(due(0), [500, 2_000_500, 998_000_500]);
        assert_eq!(due(1), [1_000_500, 3_000_500, 999_000_500]);
        assert_eq!(Schedule::new(None, 0, 1, 0..0).due(5), None);
    }
}
