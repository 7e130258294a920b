//! [`Signal`]: how a shard tells an application thread to look again. Costs the shard one atomic store unless somebody
//! sleeps.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::shard::Notify;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, Spinner, fence};

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
        self.events.load(Ordering::Acquire)
    }

    /// Has `tell` called, by whichever thread, at the first event after each [`Signal::arm`]. Only the first one who
    /// asks for it gets it; false for others.
    pub fn listen(&self, tell: Box<dyn Fn() + Send + Sync>) -> bool {
        self.listener.set(Listener { armed: AtomicBool::new(false), tell }).is_ok()
    }

    /// The next event is told to the listener. To be called before looking for work.
    pub fn arm(&self) {
        if let Some(listener) = self.listener.get() {
            listener.armed.store(true, Ordering::Relaxed);
            // Pairs with `notify`: either it sees this, or who looks now sees what it is about.
            fence(Ordering::SeqCst);
        }
    }

    /// Waits for an event after `seen`, at most until `deadline` (`None`: without end), first with `spinner`.
    /// False when the time is over.
    pub(crate) fn wait(&self, seen: u64, deadline: Option<Instant>, spinner: &Spinner) -> bool {
        let look = || -> Result<bool, Infallible> { Ok(self.seen() != seen) };
        if self.seen() != seen || spinner.spin(deadline, look) == Ok(true) {
            return true;
        }
        let mut guard = self.lock.lock();
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        // Pairs with `notify`: either it sees somebody who sleeps, or the event is seen here.
        fence(Ordering::SeqCst);
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
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
        self.seen() != seen
    }
}

impl Notify for Signal {
    fn notify(&self) {
        self.events.fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
        if let Some(listener) = self.listener.get()
            && listener.armed.swap(false, Ordering::AcqRel)
        {
            (listener.tell)();
        }
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            // The lock orders this wake behind the sleeper's last look.
            drop(self.lock.lock());
            self.changed.notify_all();
        }
    }
}

/// In every order that threads and memory may have (Loom, `tests/loom/run`).
#[cfg(all(test, tidelog_loom))]
mod handshakes {
    use std::sync::Arc;

    use loom::thread;

    use super::*;

    /// Lets a thread make work and tell of it, while this one looks for it and waits.
    fn meet(listen: fn(&Signal) -> Arc<loom::sync::Notify>, wait: fn(&Signal, u64, &loom::sync::Notify)) {
        loom::model(move || {
            let (signal, work) = (Arc::new(Signal::default()), Arc::new(AtomicU32::new(0)));
            let told = listen(&signal);
            let (telling, making) = (Arc::clone(&signal), Arc::clone(&work));
            let maker = thread::spawn(move || {
                making.store(1, Ordering::Relaxed);
                telling.notify();
            });
            loop {
                signal.arm();
                let seen = signal.seen();
                if work.load(Ordering::Relaxed) == 1 {
                    break;
                }
                wait(&signal, seen, &told);
            }
            maker.join().unwrap();
        });
    }

    #[test]
    fn who_waits_is_woken_for_what_comes_meanwhile() {
        let nobody = |_: &Signal| Arc::new(loom::sync::Notify::new());
        meet(nobody, |signal, seen, _| assert!(signal.wait(seen, None, &Spinner::default())));
    }

    #[test]
    fn a_listener_that_is_armed_is_told_of_what_comes_meanwhile() {
        let listen = |signal: &Signal| {
            let told = Arc::new(loom::sync::Notify::new());
            let telling = Arc::clone(&told);
            assert!(signal.listen(Box::new(move || telling.notify())));
            told
        };
        meet(listen, |_, _, told| told.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_event_between_looking_and_waiting_is_not_lost() {
        let signal = Signal::default();
        let seen = signal.seen();
        signal.notify();
        assert!(signal.wait(seen, None, &Spinner::default()));
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
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(!signal.wait(seen, Some(soon), &Spinner::new(Duration::from_millis(1))));
        let other = Arc::clone(&signal);
        let notifier = std::thread::spawn(move || other.notify());
        assert!(signal.wait(seen, Some(Instant::now() + Duration::from_secs(10)), &Spinner::default()));
        notifier.join().unwrap();
    }
}
