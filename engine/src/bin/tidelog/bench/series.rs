//! [`Series`]: one kind of latency, in all and by the second.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::latency::new_histogram;

/// See the module.
pub(super) struct Series {
    /// Everything, in nanoseconds.
    pub(super) total: Histogram<u64>,
    pub(super) seconds: Vec<Second>,
    /// Where measuring began, from the start of the run.
    from: Duration,
    /// How long it took until the last sample.
    pub(super) took: Duration,
}

/// What was recorded between two looks.
pub(super) struct Second {
    /// Where it begins, from where measuring began.
    pub(super) begin: Duration,
    pub(super) length: Duration,
    pub(super) nanos: Histogram<u64>,
}

impl Series {
    /// One that begins `from` the start of the run.
    pub(super) fn new(from: Duration) -> Series {
        Series { total: new_histogram(), seconds: Vec::new(), from, took: Duration::ZERO }
    }

    /// Adds what was recorded until `now`.
    pub(super) fn add(&mut self, now: Duration, taken: impl Iterator<Item = Histogram<u64>>) {
        let mut nanos = new_histogram();
        for one in taken {
            nanos.add(&one).expect("they have the same bounds");
        }
        self.total.add(&nanos).expect("they have the same bounds");
        let begin = self.seconds.last().map_or(Duration::ZERO, |last| last.begin + last.length);
        let length = now.saturating_sub(self.from).saturating_sub(begin);
        self.seconds.push(Second { begin, length, nanos });
    }

    /// The last sample came so many nanoseconds from the start of the run.
    pub(super) fn end(&mut self, last: Option<u64>) {
        self.took = Duration::from_nanos(last.unwrap_or(0)).saturating_sub(self.from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_follow_each_other_and_make_the_total() {
        let mut series = Series::new(Duration::from_secs(2));
        for second in 1..4 {
            let mut nanos = new_histogram();
            nanos.record_n(second, second).unwrap();
            series.add(Duration::from_secs(2 + second), std::iter::once(nanos));
        }
        series.end(Some(4_500_000_000));
        assert_eq!((series.total.len(), series.total.max()), (6, 3));
        assert_eq!(series.took, Duration::from_millis(2500));
        let begins: Vec<u64> = series.seconds.iter().map(|second| second.begin.as_secs()).collect();
        assert_eq!(begins, [0, 1, 2]);
        assert!(series.seconds.iter().all(|second| second.length == Duration::from_secs(1)));
    }
}
