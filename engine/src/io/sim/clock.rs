//! A clock that moves only when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::io::Clock;
use crate::types::Timestamp;

/// Simulated time. Clones share it.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    wall_ms: AtomicI64,
    monotonic_ns: AtomicU64,
}

impl SimClock {
    /// A clock that stands at `now`, with monotonic time 0.
    #[must_use]
    pub fn new(now: Timestamp) -> SimClock {
        SimClock(Arc::new(Hands { wall_ms: AtomicI64::new(now.0), monotonic_ns: AtomicU64::new(0) }))
    }

    /// Lets `duration` pass on both clocks. The wall clock counts whole milliseconds of each step.
    pub fn advance(&self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.0.monotonic_ns.fetch_add(ns, Ordering::SeqCst);
        self.0.wall_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the wall clock, also backwards, as an administrator or NTP may.
    pub fn set_wall(&self, now: Timestamp) {
        self.0.wall_ms.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.monotonic_ns.load(Ordering::SeqCst))
    }
}
