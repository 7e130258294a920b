//! How many bytes a simulated disk holds and may hold.

use std::sync::atomic::{AtomicU64, Ordering};

/// Quota of a disk that was given none: more than memory has.
const UNLIMITED: u64 = 1 << 40;

/// The count of stored bytes, shared by all files of a disk.
#[derive(Debug)]
pub(super) struct Space {
    used: AtomicU64,
    quota: AtomicU64,
}

impl Space {
    pub(super) fn new() -> Space {
        Space { used: AtomicU64::new(0), quota: AtomicU64::new(UNLIMITED) }
    }

    pub(super) fn set_quota(&self, quota: Option<u64>) {
        self.quota.store(quota.unwrap_or(UNLIMITED), Ordering::SeqCst);
    }

    pub(super) fn free(&self) -> u64 {
        self.quota.load(Ordering::SeqCst).saturating_sub(self.used.load(Ordering::SeqCst))
    }

    /// Takes up to `wanted` bytes; returns how many there were.
    pub(super) fn take(&self, wanted: usize) -> usize {
        let quota = self.quota.load(Ordering::SeqCst);
        let mut taken = 0;
        let _ = self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| {
            let free = usize::try_from(quota.saturating_sub(used)).unwrap_or(usize::MAX);
            taken = wanted.min(free);
            Some(used + taken as u64)
        });
        taken
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes as u64, Ordering::SeqCst);
    }
}
