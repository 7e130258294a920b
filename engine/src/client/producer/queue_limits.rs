//! How much a producer may hold: `queue.buffering.max.messages` and `queue.buffering.max.kbytes`. A message counts from
//! `produce()` until its delivery report has been served.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bounds and present fill of one producer's queue.
#[derive(Debug)]
pub(super) struct QueueLimits {
    count: AtomicUsize,
    size: AtomicUsize,
    count_max: usize,
    size_max: usize,
}

impl QueueLimits {
    pub(super) fn new(count_max: usize, size_max: usize) -> QueueLimits {
        QueueLimits { count: AtomicUsize::new(0), size: AtomicUsize::new(0), count_max, size_max }
    }

    /// Takes a place for one message of `size` bytes. False when the queue is full.
    pub(super) fn admit(&self, size: usize) -> bool {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let total = self.size.fetch_add(size, Ordering::Relaxed);
        let fits = count < self.count_max && (total + size <= self.size_max || count == 0);
        if !fits {
            self.release(1, size);
        }
        fits
    }

    /// Gives places back.
    pub(super) fn release(&self, count: usize, size: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
        self.size.fetch_sub(size, Ordering::Relaxed);
    }

    /// Messages in the queue, reports that nobody has taken yet included.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// The places that a batch's messages hold. Given back at the latest when it is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    limits: Arc<QueueLimits>,
    count: usize,
    size: usize,
}

impl Charge {
    /// Nothing yet.
    pub(super) fn new(limits: &Arc<QueueLimits>) -> Charge {
        Charge { limits: Arc::clone(limits), count: 0, size: 0 }
    }

    /// A message that [`QueueLimits::admit`] has let in belongs to this charge from now on.
    pub(super) fn add(&mut self, size: usize) {
        self.count += 1;
        self.size += size;
    }

    /// Messages that still hold a place.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Gives one message's place back; the last one takes the rounding with it.
    pub(super) fn release_one(&mut self) {
        let size = if self.count == 1 { self.size } else { self.size / self.count.max(1) };
        self.limits.release(1, size);
        self.count -= 1;
        self.size -= size;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.limits.release(self.count, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_when_reports_are_served_or_dropped() {
        let limits = Arc::new(QueueLimits::new(2, 100));
        let mut charge = Charge::new(&limits);
        for size in [30, 41] {
            assert!(limits.admit(size));
            charge.add(size);
        }
        assert!(!limits.admit(1), "two messages are the limit");
        charge.release_one();
        assert!(!limits.admit(90), "bytes are a limit too");
        assert!(limits.admit(20));
        limits.release(1, 20);
        drop(charge);
        assert_eq!((limits.count(), limits.size.load(Ordering::Relaxed)), (0, 0));
        assert!(limits.admit(1000), "one message may always be there");
    }
}
