//! [`Meter`]: latencies that one thread measures and another looks at every second.

use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use crate::latency::new_histogram;

/// See the module. In nanoseconds.
pub(super) struct Meter {
    /// Since it was last looked at.
    recent: Mutex<Histogram<u64>>,
    /// Where measuring begins; what was due before is warm-up.
    from: AtomicU64,
    /// When the last sample came.
    last: AtomicU64,
}

impl Meter {
    /// One that measures nothing yet.
    pub(super) fn new() -> Meter {
        Meter { recent: Mutex::new(new_histogram()), from: AtomicU64::new(u64::MAX), last: AtomicU64::new(0) }
    }

    /// Measures what is due from then on.
    pub(super) fn measure_from(&self, from: u64) {
        self.from.store(from, Ordering::Relaxed);
    }

    /// Takes samples: when each was due, and that what it waited for has happened now.
    pub(super) fn record(&self, samples: impl Iterator<Item = u64>, now: u64) {
        let from = self.from.load(Ordering::Relaxed);
        let mut recent = self.recent.lock();
        for due in samples.filter(|due| *due >= from) {
            recent.saturating_record(now.saturating_sub(due));
            self.last.store(now, Ordering::Relaxed);
        }
    }

    /// What was recorded since the last time.
    pub(super) fn take(&self) -> Histogram<u64> {
        std::mem::replace(&mut *self.recent.lock(), new_histogram())
    }

    /// When the last sample came.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warmup_is_not_measured_and_each_sample_is_seen_once() {
        let meter = Meter::new();
        meter.record([99, 100, 150].into_iter(), 1100);
        meter.measure_from(100);
        meter.record([99, 100, 150].into_iter(), 1100);
        let taken = meter.take();
        assert_eq!((taken.len(), taken.max()), (2, 1000));
        assert_eq!((meter.take().len(), meter.last()), (0, 1100));
    }
}
