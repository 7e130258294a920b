//! [`Watch`]: what the threads of a run tell each other.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::error::CliError;
use crate::interrupt::Interrupt;

/// See the module.
pub(super) struct Watch {
    acknowledged: AtomicU64,
    received: AtomicU64,
    /// By consumer: partitions that it has.
    assigned: Vec<AtomicUsize>,
    /// Consumers are to end.
    is_over: AtomicBool,
    failure: Mutex<Option<CliError>>,
    has_failed: AtomicBool,
    interrupt: Interrupt,
}

impl Watch {
    pub(super) fn new(consumers: usize, interrupt: Interrupt) -> Watch {
        Watch {
            acknowledged: AtomicU64::new(0),
            received: AtomicU64::new(0),
            assigned: (0..consumers).map(|_| AtomicUsize::new(0)).collect(),
            is_over: AtomicBool::new(false),
            failure: Mutex::new(None),
            has_failed: AtomicBool::new(false),
            interrupt,
        }
    }

    pub(super) fn add_acknowledged(&self, count: usize) {
        self.acknowledged.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add_received(&self, count: u64) {
        self.received.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Everything that was acknowledged has been received.
    pub(super) fn has_received_all(&self) -> bool {
        self.received() >= self.acknowledged.load(Ordering::Relaxed)
    }

    pub(super) fn set_assigned(&self, consumer: usize, count: usize) {
        self.assigned[consumer].store(count, Ordering::Relaxed);
    }

    pub(super) fn assigned(&self) -> usize {
        self.assigned.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The first failure ends the run.
    pub(super) fn fail(&self, error: CliError) {
        self.failure.lock().get_or_insert(error);
        self.has_failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_failure(&self) -> Option<CliError> {
        self.failure.lock().take()
    }

    /// The user wants no more, or something has failed.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_interrupted() || self.has_failed.load(Ordering::Relaxed)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Tells the consumers to end.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
