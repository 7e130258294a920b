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
    interval: Option<f64>,
    /// Of the first.
    first: f64,
    /// Nothing is sent from here on.
    end: u64,
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

/// A sender, and where its acknowledgements are noted.
pub(super) struct Outbox<'a> {
    sender: Box<dyn Sender>,
    start: Instant,
    acknowledged: &'a Meter,
    watch: &'a Watch,
    /// Room for when those that are acknowledged were due.
    due: Vec<u64>,
}

impl<'a> Outbox<'a> {
    /// Times count from `start`.
    pub(super) fn new(
        sender: Box<dyn Sender>,
        start: Instant,
        acknowledged: &'a Meter,
        watch: &'a Watch,
    ) -> Outbox<'a> {
        Outbox { sender, start, acknowledged, watch, due: Vec::new() }
    }

    fn now(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    /// Takes in acknowledgements, and waits so long for the first.
    fn serve(&mut self, timeout: Duration) -> Result<(), CliError> {
        self.sender.serve(timeout, &mut self.due)?;
        if !self.due.is_empty() {
            self.watch.add_acknowledged(self.due.len());
            let now = self.now();
            self.acknowledged.record(self.due.drain(..), now);
        }
        Ok(())
    }

    /// Hands one record over, as soon as there is room.
    fn send(&mut self, key: Option<&[u8]>, value: &[u8], due: u64) -> Result<(), CliError> {
        while !self.sender.send(key, value, due)? {
            self.serve(POLL_INTERVAL)?;
            if self.watch.is_stopping() {
                return Ok(());
            }
        }
        Ok(())
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

/// One producer.
pub(super) struct Sending<'a> {
    outbox: Outbox<'a>,
    payload: Payload,
    schedule: Schedule,
    run: u64,
    /// How late records went out.
    lag: Histogram<u64>,
}

impl<'a> Sending<'a> {
    /// Sends records of `run`.
    pub(super) fn new(outbox: Outbox<'a>, payload: Payload, schedule: Schedule, run: u64) -> Sending<'a> {
        Sending { outbox, payload, schedule, run, lag: new_histogram() }
    }

    /// Sends everything and waits for it to be acknowledged. Returns how late records went out.
    ///
    /// # Errors
    /// The first record that was refused or not delivered.
    pub(super) fn run(mut self) -> Result<Histogram<u64>, CliError> {
        // Sleeps end late by this; the system's own 50 us are too many. Where it is refused, records go out later.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let mut now = self.outbox.now();
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
                        now = self.outbox.now();
                    }
                    now
                }
            };
            if due >= self.schedule.end || self.outbox.watch.is_stopping() {
                break;
            }
            let (key, value) = self.payload.next(Stamp { run: self.run, due });
            self.outbox.send(key, value, due)?;
            if number.is_multiple_of(SERVE_INTERVAL) {
                self.outbox.serve(Duration::ZERO)?;
            }
        }
        self.outbox.finish()?;
        Ok(self.lag)
    }

    /// Serves until a record is due. Returns what time it then is.
    fn wait_until(&mut self, due: u64) -> Result<u64, CliError> {
        loop {
            let now = self.outbox.now();
            if now >= due {
                return Ok(now);
            }
            let left = Duration::from_nanos(due - now);
            match left.checked_sub(SPIN) {
                Some(left) if self.outbox.sender.pending() == 0 => std::thread::sleep(left),
                Some(left) => self.outbox.serve(left)?,
                None => {
                    self.outbox.serve(Duration::ZERO)?;
                    std::hint::spin_loop();
                }
            }
        }
    }
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
