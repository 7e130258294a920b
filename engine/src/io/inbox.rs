//! Where other threads leave things for the owner of a queue that has no ring to sleep in.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Finished work and a wake-up mark, with a way to sleep until there is either.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    woken: bool,
}

impl<T> Inbox<T> {
    pub(super) fn new() -> Inbox<T> {
        Inbox { state: Mutex::new(State { items: Vec::new(), woken: false }), arrived: Condvar::new() }
    }

    pub(super) fn put(&self, item: T) {
        self.state.lock().items.push(item);
        self.arrived.notify_one();
    }

    pub(super) fn wake(&self) {
        self.state.lock().woken = true;
        self.arrived.notify_one();
    }

    /// Moves what has arrived into `items`.
    pub(super) fn take(&self, items: &mut Vec<T>) {
        items.append(&mut self.state.lock().items);
    }

    /// Sleeps until something has arrived, [`Inbox::wake`] was called since the last sleep, or `deadline` is over.
    /// Returns whether it was called.
    pub(super) fn sleep(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.items.is_empty() && !state.woken {
            match deadline {
                None => self.arrived.wait(&mut state),
                Some(deadline) => {
                    if self.arrived.wait_until(&mut state, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        std::mem::replace(&mut state.woken, false)
    }
}

/// The moment `timeout` from now; `None` when that is never or further away than a clock can say.
pub(super) fn deadline_after(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}
