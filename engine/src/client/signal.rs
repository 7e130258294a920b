//! [`Signal`]: how a shard tells an application thread to look again. Costs the shard one atomic store unless somebody
//! sleeps.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::shard::Notify;

/// A counter of events that threads can wait on.
#[derive(Debug, Default)]
pub struct Signal {
    events: AtomicU64,
    sleepers: AtomicU32,
    lock: Mutex<()>,
    changed: Condvar,
    listener: OnceLock<Listener>,
}

/// Somebody who is told of events in another way than by being woken, such as an event loop.
struct Listener {
    armed: AtomicBool,
    tell: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({:?})", self.armed)
    }
}

impl Signal {
    /// The number of events so far: taken *before* looking for work, given to [`Signal::wait`] when there was none.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    /// Has `tell` called, by whichever thread, at the first event after each [`Signal::arm`]. Only the first one who
    /// asks for it gets it; false for others.
    pub fn listen(&self, tell: Box<dyn Fn() + Send + Sync>) -> bool {
        self.listener.set(Listener { armed: AtomicBool::new(false), tell }).is_ok()
    }

    /// The next event is told to the listener. To be called before looking for work.
    pub fn arm(&self) {
        if let Some(listener) = self.listener.get() {
            listener.armed.store(true, Ordering::SeqCst);
        }
    }

    /// Waits for an event after `seen`, at most until `deadline` (`None`: without end). First spins for `spin`, which
    /// saves the 30 us of a cross-core wake where a core can be spent on it. False when the time is over.
    pub fn wait(&self, seen: u64, deadline: Option<Instant>, spin: Duration) -> bool {
        if self.spin(seen, deadline, spin) {
            return true;
        }
        let mut guard = self.lock.lock();
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.seen() == seen {
            let timed_out = match deadline {
                Some(deadline) => self.changed.wait_until(&mut guard, deadline).timed_out(),
                None => {
                    self.changed.wait(&mut guard);
                    false
                }
            };
            if timed_out {
                break;
            }
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        self.seen() != seen
    }

    fn spin(&self, seen: u64, deadline: Option<Instant>, spin: Duration) -> bool {
        if self.seen() != seen {
            return true;
        }
        if spin.is_zero() {
            return false;
        }
        let start = Instant::now();
        let until = start + spin;
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        while Instant::now() < until {
            for _ in 0..32 {
                if self.seen() != seen {
                    return true;
                }
                std::hint::spin_loop();
            }
        }
        false
    }
}

impl Notify for Signal {
    fn notify(&self) {
        self.events.fetch_add(1, Ordering::SeqCst);
        if let Some(listener) = self.listener.get()
            && listener.armed.swap(false, Ordering::SeqCst)
        {
            (listener.tell)();
        }
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // The lock orders this wake behind the sleeper's last look.
            drop(self.lock.lock());
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn an_event_between_looking_and_waiting_is_not_lost() {
        let signal = Signal::default();
        let seen = signal.seen();
        signal.notify();
        assert!(signal.wait(seen, None, Duration::ZERO));
    }

    #[test]
    fn a_listener_is_told_once_for_each_time_it_was_armed() {
        let signal = Signal::default();
        let told = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&told);
        let listener = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        assert!(signal.listen(Box::new(listener)));
        assert!(!signal.listen(Box::new(|| ())));
        signal.notify();
        assert_eq!(told.load(Ordering::SeqCst), 0, "nobody asked");
        for expected in 1..=3 {
            signal.arm();
            signal.notify();
            signal.notify();
            assert_eq!(told.load(Ordering::SeqCst), expected);
        }
    }

    #[test]
    fn a_sleeper_is_woken_by_another_thread_and_a_deadline_ends_the_wait() {
        let signal = Arc::new(Signal::default());
        let seen = signal.seen();
        assert!(!signal.wait(
            seen,
            Some(Instant::now() + Duration::from_millis(5)),
            Duration::from_millis(1)
        ));
        let other = Arc::clone(&signal);
        let notifier = std::thread::spawn(move || other.notify());
        assert!(signal.wait(seen, Some(Instant::now() + Duration::from_secs(10)), Duration::ZERO));
        notifier.join().unwrap();
    }
}
