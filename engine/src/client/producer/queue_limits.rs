//! How much a producer may hold: `queue.buffering.max.messages` and `queue.buffering.max.kbytes`. A message counts from
//! `produce()` until its delivery report has been served.
//!
//! Two shared counters, touched by every message, would cost as much as encoding it. So an open batch takes places in
//! small lots and hands them out itself; what it has left when it is sealed goes back. As reports are served places
//! come back in lots too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages of one lot, where the limit is far enough away.
const LOT_COUNT: usize = 64;

/// Bytes of one lot.
const LOT_SIZE: usize = 64 << 10;

/// A lot is at most this part of its limit, so that small limits are exact.
const LOT_FRACTION: usize = 1024;

/// Bounds and present fill of one producer's queue.
#[derive(Debug)]
pub(super) struct QueueLimits {
    count: AtomicUsize,
    size: AtomicUsize,
    /// Messages of sealed batches; counted apart, because lots make `count` larger than what there is.
    sealed: AtomicUsize,
    count_max: usize,
    size_max: usize,
}

impl QueueLimits {
    pub(super) fn new(count_max: usize, size_max: usize) -> QueueLimits {
        let zero = AtomicUsize::default;
        QueueLimits { count: zero(), size: zero(), sealed: zero(), count_max, size_max }
    }

    /// Takes places for `count` messages of `size` bytes together. False when there are not so many.
    fn take(&self, count: usize, size: usize) -> bool {
        let before = self.count.fetch_add(count, Ordering::Relaxed);
        let size_before = self.size.fetch_add(size, Ordering::Relaxed);
        // One message is always let in, however large.
        let fits = before + count <= self.count_max && (size_before + size <= self.size_max || before == 0);
        if !fits {
            self.release(count, size);
        }
        fits
    }

    /// Messages of a lot.
    fn lot_count(&self) -> usize {
        LOT_COUNT.min(self.count_max / LOT_FRACTION).max(1)
    }

    fn release(&self, count: usize, size: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
        self.size.fetch_sub(size, Ordering::Relaxed);
    }

    /// Places that are taken: by messages, by reports that nobody has served yet, and by lots of open batches.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Bytes that are taken.
    pub(super) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Messages of sealed batches whose report nobody has served yet.
    pub(super) fn sealed_count(&self) -> usize {
        self.sealed.load(Ordering::Acquire)
    }
}

/// The places that a batch holds: those of its messages, and what is left of its last lot. Given back at the latest
/// when it is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    limits: Arc<QueueLimits>,
    count: usize,
    size: usize,
    spare_count: usize,
    spare_size: usize,
    /// Places of messages whose reports have been served, to be given back in a lot.
    served_count: usize,
    served_size: usize,
    is_sealed: bool,
}

impl Charge {
    /// No places yet.
    pub(super) fn new(limits: &Arc<QueueLimits>) -> Charge {
        let limits = Arc::clone(limits);
        Charge {
            limits,
            count: 0,
            size: 0,
            spare_count: 0,
            spare_size: 0,
            served_count: 0,
            served_size: 0,
            is_sealed: false,
        }
    }

    /// Takes the place of one more message of `size` bytes. False when the queue is full.
    #[inline]
    pub(super) fn admit(&mut self, size: usize) -> bool {
        if self.spare_count == 0 || self.spare_size < size {
            return self.admit_from_lot(size);
        }
        self.spare_count -= 1;
        self.spare_size -= size;
        self.count += 1;
        self.size += size;
        true
    }

    fn admit_from_lot(&mut self, size: usize) -> bool {
        self.return_spare();
        let lot_count = self.limits.lot_count();
        let lot_size = LOT_SIZE.min(self.limits.size_max / LOT_FRACTION).max(size);
        if self.limits.take(lot_count, lot_size) {
            (self.spare_count, self.spare_size) = (lot_count - 1, lot_size - size);
        } else if !self.limits.take(1, size) {
            return false;
        }
        self.count += 1;
        self.size += size;
        true
    }

    /// The batch takes no more messages: gives back what none holds. Before others can see that the batch is not open
    /// any more, so that its messages are always counted in one place at least.
    pub(super) fn seal(&mut self) {
        self.return_spare();
        self.limits.sealed.fetch_add(self.count, Ordering::Release);
        self.is_sealed = true;
    }

    fn return_spare(&mut self) {
        self.limits.release(self.spare_count, self.spare_size);
        (self.spare_count, self.spare_size) = (0, 0);
    }

    /// Messages that hold a place.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Gives one message's place back, in lots; the last one takes the rounding with it.
    #[inline]
    pub(super) fn release_one(&mut self) {
        let size = if self.count == 1 { self.size } else { self.size / self.count.max(1) };
        self.count -= 1;
        self.size -= size;
        self.served_count += 1;
        self.served_size += size;
        if self.count == 0 || self.served_count >= self.limits.lot_count() {
            self.return_served();
        }
    }

    fn return_served(&mut self) {
        let (count, size) = (std::mem::take(&mut self.served_count), std::mem::take(&mut self.served_size));
        self.limits.release(count, size);
        if self.is_sealed {
            self.limits.sealed.fetch_sub(count, Ordering::Release);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.return_spare();
        self.served_count += std::mem::take(&mut self.count);
        self.served_size += std::mem::take(&mut self.size);
        self.return_served();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit_all(charge: &mut Charge, size: usize) -> usize {
        (0..1_000_000).take_while(|_| charge.admit(size)).count()
    }

    #[test]
    fn limits_are_exact_for_one_batch_whatever_the_lots() {
        for (count_max, size_max, size, expected) in [
            (5, 1 << 30, 10, 5),
            (100_000, 1 << 30, 10, 100_000),
            (100_000, 1 << 20, 100, (1 << 20) / 100),
            (10, 100, 1000, 1),
        ] {
            let limits = Arc::new(QueueLimits::new(count_max, size_max));
            let mut charge = Charge::new(&limits);
            assert_eq!(admit_all(&mut charge, size), expected);
            assert_eq!(charge.count(), expected);
            drop(charge);
            assert_eq!((limits.count(), limits.size.load(Ordering::Relaxed)), (0, 0));
        }
    }

    #[test]
    fn places_come_back_one_by_one_as_reports_are_served() {
        let limits = Arc::new(QueueLimits::new(2, 100));
        let mut charge = Charge::new(&limits);
        assert!(charge.admit(30) && charge.admit(41));
        assert!(!charge.admit(1), "two messages are the limit");
        charge.release_one();
        assert!(!charge.admit(90), "bytes are a limit too");
        assert!(charge.admit(20));
    }

    #[test]
    fn what_a_lot_has_left_is_not_lost_to_other_batches_once_it_is_returned() {
        let limits = Arc::new(QueueLimits::new(100_000, 1 << 30));
        let mut first = Charge::new(&limits);
        assert!(first.admit(1));
        assert_eq!((limits.count(), first.spare_count), (LOT_COUNT, LOT_COUNT - 1));
        first.seal();
        assert_eq!(limits.count(), 1);
    }
}
