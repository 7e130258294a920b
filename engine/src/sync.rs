//! What the handshakes between threads are made of. Under `--cfg tidelog_loom` it is Loom's, which tries every order that
//! threads and memory may have: `tests/loom/run`.

mod spinner;

#[cfg(not(tidelog_loom))]
pub(crate) use real::*;
pub(crate) use spinner::Spinner;
#[cfg(tidelog_loom)]
pub(crate) use tried::*;

#[cfg(not(tidelog_loom))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence};

    pub(crate) use crossbeam::queue::ArrayQueue;
    pub(crate) use parking_lot::{Condvar, Mutex};
}

#[cfg(tidelog_loom)]
mod tried {
    use std::collections::VecDeque;
    use std::ops::{Deref, DerefMut};
    use std::sync::atomic::Ordering;
    use std::time::Instant;

    use loom::sync::atomic::AtomicUsize;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence};

    /// With the calls of `parking_lot`'s.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().expect("nobody panics with it")))
        }
    }

    /// Empty only while its thread waits for a [`Condvar`].
    pub(crate) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("its thread does not wait")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("its thread does not wait")
        }
    }

    /// With the calls of `parking_lot`'s.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let waiting = guard.0.take().expect("its thread does not wait");
            guard.0 = Some(self.0.wait(waiting).expect("nobody panics with it"));
        }

        /// There is no time here: it is never over.
        pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> InTime {
            self.wait(guard);
            InTime
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// How a wait with a bound ended.
    pub(crate) struct InTime;

    impl InTime {
        #[allow(clippy::unused_self, reason = "as the other one has it")]
        pub(crate) fn timed_out(&self) -> bool {
            false
        }
    }

    /// With the calls of `crossbeam`'s; it promises no more about memory than that one does to those who only ask whether it is empty.
    pub(crate) struct ArrayQueue<T> {
        items: Mutex<VecDeque<T>>,
        len: AtomicUsize,
        capacity: usize,
    }

    impl<T> ArrayQueue<T> {
        pub(crate) fn new(capacity: usize) -> ArrayQueue<T> {
            ArrayQueue { items: Mutex::new(VecDeque::new()), len: AtomicUsize::new(0), capacity }
        }

        pub(crate) fn push(&self, item: T) -> Result<(), T> {
            let mut items = self.items.lock();
            if items.len() == self.capacity {
                return Err(item);
            }
            items.push_back(item);
            self.len.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Option<T> {
            if self.is_empty() {
                return None;
            }
            let item = self.items.lock().pop_front()?;
            self.len.fetch_sub(1, Ordering::Relaxed);
            Some(item)
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            self.len.load(Ordering::Relaxed)
        }

        pub(crate) fn capacity(&self) -> usize {
            self.capacity
        }
    }
}
