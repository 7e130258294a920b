//! Readers that wait for a partition's high watermark to move: registered by any thread, woken once by the shard.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::sync::{AtomicBool, Mutex, fence};

/// Something that can be told "look again". Must be cheap and must not block: shards call it.
pub trait Notify: Send + Sync {
    /// Called from any thread, possibly more often than needed.
    fn notify(&self);
}

/// The waiting readers of one partition.
#[derive(Default)]
pub struct Waiters {
    any: AtomicBool,
    list: Mutex<Vec<Arc<dyn Notify>>>,
}

impl Waiters {
    /// Registers for the next wake. The caller must look at the high watermark again *after* this call: a move in
    /// between may have found nobody waiting.
    pub fn register(&self, waiter: Arc<dyn Notify>) {
        let mut list = self.list.lock();
        if !list.iter().any(|known| Arc::ptr_eq(known, &waiter)) {
            list.push(waiter);
        }
        self.any.store(true, Ordering::Relaxed);
        // Pairs with `wake_all`: either the caller sees what has moved, or it is seen that somebody waits.
        fence(Ordering::SeqCst);
    }

    /// Takes `waiter` off the list, for a reader that stops waiting.
    pub fn unregister(&self, waiter: &Arc<dyn Notify>) {
        self.list.lock().retain(|known| !Arc::ptr_eq(known, waiter));
    }

    /// Wakes and forgets everybody. Costs one load when nobody waits.
    pub fn wake_all(&self) {
        // The high watermark has been stored before.
        fence(Ordering::SeqCst);
        if self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::SeqCst) {
            for waiter in std::mem::take(&mut *self.list.lock()) {
                waiter.notify();
            }
        }
    }
}

impl std::fmt::Debug for Waiters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiters({})", self.list.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct Count(AtomicUsize);

    impl Notify for Count {
        fn notify(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_waiter_is_woken_once_for_each_registration() {
        let waiters = Waiters::default();
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waiter: Arc<dyn Notify> = count.clone();
        waiters.wake_all();
        waiters.register(Arc::clone(&waiter));
        waiters.register(Arc::clone(&waiter));
        waiters.wake_all();
        waiters.wake_all();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        waiters.register(Arc::clone(&waiter));
        waiters.unregister(&waiter);
        waiters.wake_all();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
