//! [`ReadyQueue`]: which partitions of a consumer have something new. Shards put a partition on it when its high
//! watermark moves or its state changes; the consumer takes it off. So a poll costs by the partitions that moved, not
//! by those that are assigned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam::queue::SegQueue;

use crate::client::signal::Signal;
use crate::shard::Notify;

/// Names one stay of a partition in an assignment: its place, and a number that no other stay has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) place: usize,
    pub(super) serial: u64,
}

/// Stays that may have something new, in the order in which they got it.
#[derive(Debug, Default)]
pub(super) struct ReadyQueue {
    ready: SegQueue<Stay>,
    signal: Arc<Signal>,
}

impl ReadyQueue {
    /// What application threads wait on.
    pub(super) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// The next one that may have something new.
    pub(super) fn pop(&self) -> Option<Stay> {
        self.ready.pop()
    }
}

/// What a shard calls for one partition.
pub(super) struct Waker {
    stay: Stay,
    /// It is on the queue, or nobody has asked to be told.
    told: AtomicBool,
    queue: Arc<ReadyQueue>,
}

impl Waker {
    pub(super) fn new(stay: Stay, queue: &Arc<ReadyQueue>) -> Waker {
        Waker { stay, told: AtomicBool::new(true), queue: Arc::clone(queue) }
    }

    /// To be called before registering with the partition.
    pub(super) fn arm(&self) {
        self.told.store(false, Ordering::SeqCst);
    }

    /// Takes [`Waker::arm`] back: what comes later is not put on the queue. False when something came before.
    pub(super) fn disarm(&self) -> bool {
        !self.told.swap(true, Ordering::SeqCst)
    }
}

impl Notify for Waker {
    fn notify(&self) {
        if !self.told.swap(true, Ordering::SeqCst) {
            self.queue.ready.push(self.stay);
            self.queue.signal.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_queued_once_for_each_time_it_was_armed() {
        let queue = Arc::new(ReadyQueue::default());
        let waker = Waker::new(Stay { place: 3, serial: 7 }, &queue);
        waker.notify();
        assert_eq!(queue.pop(), None, "nobody asked");
        waker.arm();
        waker.notify();
        waker.notify();
        assert_eq!((queue.pop(), queue.pop()), (Some(Stay { place: 3, serial: 7 }), None));
        waker.arm();
        assert!(waker.disarm());
        waker.notify();
        assert_eq!(queue.pop(), None);
        waker.arm();
        waker.notify();
        assert!(!waker.disarm());
    }
}
