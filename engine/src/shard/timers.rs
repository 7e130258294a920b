//! When the shard must look at something again. Owned by the shard's thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::partition::Slot;
use super::worker::Worker;

/// Work that is due at a time.
pub(super) enum Due {
    /// A batch has lingered long enough, or unflushed records have waited long enough.
    Kick(Slot),
    /// An offline partition may try to reopen.
    Reopen(Slot),
    /// Anything else that the layers above scheduled.
    Task(Box<dyn FnOnce(&mut Worker)>),
}

/// Pending timers, soonest first.
#[derive(Default)]
pub(super) struct Timers {
    /// Soonest time first; the number keeps equal times in the order they came.
    order: BinaryHeap<Reverse<(Duration, u64)>>,
    due: std::collections::HashMap<u64, Due>,
    count: u64,
}

impl Timers {
    /// Adds work for the monotonic time `at`.
    pub(super) fn add(&mut self, at: Duration, due: Due) {
        self.count += 1;
        self.order.push(Reverse((at, self.count)));
        self.due.insert(self.count, due);
    }

    /// The next time something is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.order.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one piece of work that is due at `now`.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, number)) = self.order.pop()?;
        self.due.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_comes_out_in_time_order_and_not_early() {
        let mut timers = Timers::default();
        for (at, slot) in [(30, 3), (10, 1), (20, 2), (10, 11)] {
            timers.add(Duration::from_millis(at), Due::Kick(Slot(slot)));
        }
        let mut pop = |millis| match timers.pop(Duration::from_millis(millis)) {
            Some(Due::Kick(slot)) => Some(slot.0),
            _ => None,
        };
        assert_eq!([pop(9), pop(10), pop(15), pop(15)], [None, Some(1), Some(11), None]);
        assert_eq!([pop(40), pop(40), pop(40)], [Some(2), Some(3), None]);
    }
}
