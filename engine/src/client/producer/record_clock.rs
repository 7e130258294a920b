//! [`RecordClock`]: the timestamp of records that come without one, without a clock call for each.
//!
//! Reading the clock costs as much as encoding a record. At low rates every record gets an exact reading; only after
//! many records within one tick of the coarse clock (at most 4 ms) is a reading shared, by 16 records that follow each
//! other.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::io::Clock;
use crate::types::Timestamp;

/// Readings within one coarse tick that are always exact.
const EXACT_COUNT: u64 = 64;

/// Records that share a reading afterwards.
const SHARED_COUNT: u64 = 16;

/// Hands out timestamps. Threads may share one.
#[derive(Debug, Default)]
pub(super) struct RecordClock {
    tick: AtomicU64,
    readings: AtomicU64,
    last: AtomicI64,
}

impl RecordClock {
    /// The time for one record, in milliseconds. `coarse` is what [`Clock::coarse`] says now.
    #[inline]
    pub(super) fn now(&self, clock: &dyn Clock, coarse: Duration) -> Timestamp {
        let tick = u64::try_from(coarse.as_nanos()).unwrap_or(u64::MAX);
        if self.tick.load(Ordering::Relaxed) != tick {
            self.tick.store(tick, Ordering::Relaxed);
            self.readings.store(0, Ordering::Relaxed);
        }
        // Threads that race here lose counts, which only makes a few more readings exact.
        let reading = self.readings.load(Ordering::Relaxed);
        self.readings.store(reading + 1, Ordering::Relaxed);
        if reading >= EXACT_COUNT && !reading.is_multiple_of(SHARED_COUNT) {
            return Timestamp(self.last.load(Ordering::Relaxed));
        }
        let now = clock.now();
        self.last.store(now.0, Ordering::Relaxed);
        now
    }
}
