//! [`RecordClock`]: the timestamp of records that come without one, without a clock call for each.
//!
//! Reading the clock costs as much as encoding a record. At low rates every record gets an exact reading; only after
//! many records within one tick of the coarse clock (at most 4 ms) is a reading shared, by 16 records that follow each
//! other.

use std::time::Duration;

use crate::io::Clock;
use crate::types::Timestamp;

/// Readings within one coarse tick that are always exact.
const EXACT_COUNT: u64 = 64;

/// Records that share a reading afterwards.
const SHARED_COUNT: u64 = 16;

/// Hands out timestamps. One for each partition, under its lock: threads that produce to different partitions share
/// nothing here.
#[derive(Debug, Default)]
pub(super) struct RecordClock {
    tick: Duration,
    readings: u64,
    last: Timestamp,
}

impl RecordClock {
    /// The time for one record, in milliseconds. `coarse` is what [`Clock::coarse`] says now.
    #[inline]
    pub(super) fn now(&mut self, clock: &dyn Clock, coarse: Duration) -> Timestamp {
        if self.tick != coarse {
            self.tick = coarse;
            self.readings = 0;
        }
        let reading = self.readings;
        self.readings += 1;
        if reading < EXACT_COUNT || reading.is_multiple_of(SHARED_COUNT) {
            self.last = clock.now();
        }
        self.last
    }
}
