//! The bounded way into a shard: a lock-free queue and one waker that is only used when the shard is about to sleep.
//!
//! Any thread sends; only the shard's thread receives. A closed mailbox gives messages back to the sender.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::io::{OwnerProcess, Waker};
use crate::sync::{ArrayQueue, AtomicBool, Mutex, fence};

/// Why a message was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub enum SendError<M> {
    /// The shard is behind; the message is given back.
    Full(M),
    /// The shard has stopped; the message is given back.
    Closed(M),
}

/// The sending half; clones share one queue.
pub struct Mailbox<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Mailbox<M> {
        Mailbox { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<M> {
    /// Each message with the time when it was sent.
    queue: ArrayQueue<(Instant, M)>,
    /// Set by the owner before it sleeps; whoever clears it owes a wake.
    asleep: AtomicBool,
    closed: AtomicBool,
    /// In a forked child nobody receives.
    owner: OwnerProcess,
    waker: Mutex<Option<Waker>>,
}

impl<M> Mailbox<M> {
    /// An open mailbox for at most `capacity` messages.
    #[must_use]
    pub fn new(capacity: usize) -> Mailbox<M> {
        let shared = Shared {
            queue: ArrayQueue::new(capacity),
            asleep: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            owner: OwnerProcess::current(),
            waker: Mutex::new(None),
        };
        Mailbox { shared: Arc::new(shared) }
    }

    /// Hands `message` to the shard and wakes it if it sleeps.
    ///
    /// # Errors
    /// [`SendError`] gives the message back.
    pub fn send(&self, message: M) -> Result<(), SendError<M>> {
        if self.is_closed() {
            return Err(SendError::Closed(message));
        }
        let stamped = (Instant::now(), message);
        self.shared.queue.push(stamped).map_err(|(_, message)| SendError::Full(message))?;
        // Pairs with the fences in `prepare_sleep` and `close`: either the owner sees the message, or we see that it
        // sleeps or has gone.
        self.wake_if_asleep();
        if self.is_closed() {
            self.clear();
        }
        Ok(())
    }

    /// As [`Mailbox::send`], waiting while the mailbox is full.
    ///
    /// # Errors
    /// The message, when the shard has stopped.
    pub fn send_waiting(&self, message: M) -> Result<(), M> {
        let mut message = message;
        loop {
            match self.send(message) {
                Ok(()) => return Ok(()),
                Err(SendError::Closed(back)) => return Err(back),
                Err(SendError::Full(back)) => message = back,
            }
            std::thread::yield_now();
        }
    }

    /// Whether the shard has stopped, or belongs to the process that this one was forked from.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire) || !self.shared.owner.is_current()
    }

    /// Wakes the owner if it sleeps, for something that it finds elsewhere.
    pub(super) fn wake_if_asleep(&self) {
        fence(Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    fn wake(&self) {
        if self.shared.asleep.swap(false, Ordering::AcqRel)
            && let Some(waker) = &*self.shared.waker.lock()
        {
            waker.wake();
        }
    }

    // The owner's side: called on the shard's thread only.

    /// Names the waker of the owner's commit queue.
    pub(super) fn set_waker(&self, waker: Waker) {
        *self.shared.waker.lock() = Some(waker);
    }

    /// Takes the oldest message, with the time when it was sent.
    pub(super) fn receive(&self) -> Option<(Instant, M)> {
        self.shared.queue.pop()
    }

    /// Announces that the owner is going to sleep. False when a message is there: it must not sleep then.
    pub(super) fn prepare_sleep(&self) -> bool {
        // A swap comes behind that of whoever woke us last; behind a store, its `false` could be taken for a later one.
        self.shared.asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.shared.queue.is_empty() {
            return true;
        }
        self.awake();
        false
    }

    /// Takes the announcement back.
    pub(super) fn awake(&self) {
        self.shared.asleep.store(false, Ordering::Relaxed);
    }

    /// Refuses what comes from now on and drops what is queued, which answers whoever waits for it.
    pub(super) fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        self.clear();
    }

    fn clear(&self) {
        while self.shared.queue.pop().is_some() {}
    }
}

impl<M> std::fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailbox({} of {})", self.shared.queue.len(), self.shared.queue.capacity())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn messages_arrive_in_order_and_a_full_mailbox_gives_back() {
        let mailbox = Mailbox::new(2);
        assert_eq!(mailbox.send(1), Ok(()));
        assert_eq!(mailbox.send(2), Ok(()));
        assert_eq!(mailbox.send(3), Err(SendError::Full(3)));
        let next = || mailbox.receive().map(|(_, message)| message);
        assert_eq!((next(), next(), next()), (Some(1), Some(2), None));
    }

    #[test]
    fn a_closed_mailbox_refuses_and_drops_what_it_had() {
        let mailbox = Mailbox::new(2);
        let message = Arc::new(1);
        mailbox.send(Arc::clone(&message)).unwrap();
        mailbox.close();
        assert_eq!(Arc::strong_count(&message), 1);
        assert_eq!(mailbox.send(Arc::new(2)), Err(SendError::Closed(Arc::new(2))));
        assert!(mailbox.receive().is_none());
    }

    /// Miri looks at each one closely, and at other orders with each seed.
    const ROUNDS: usize = if cfg!(miri) { 4 } else { 200 };

    #[test]
    fn an_owner_that_goes_to_sleep_is_woken_for_what_comes_meanwhile() {
        for _ in 0..ROUNDS {
            let mailbox = Mailbox::new(8);
            let owner = std::thread::current();
            mailbox.set_waker(Waker::new(move || owner.unpark()));
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| (0..3).for_each(|number| mailbox.send_waiting(number).unwrap()));
                }
                let mut received = 0;
                while received < 6 {
                    while mailbox.receive().is_some() {
                        received += 1;
                    }
                    // Without the wake it would sleep for ever.
                    if received < 6 && mailbox.prepare_sleep() {
                        std::thread::park();
                        mailbox.awake();
                    }
                }
            });
        }
    }

    #[test]
    fn no_message_stays_in_a_mailbox_that_closes_while_it_is_sent() {
        for _ in 0..ROUNDS {
            let mailbox = Mailbox::new(64);
            let message = Arc::new(());
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| while mailbox.send(Arc::clone(&message)).is_ok() {});
                }
                mailbox.close();
            });
            assert_eq!(Arc::strong_count(&message), 1);
        }
    }

    #[test]
    fn only_a_sleeping_owner_is_woken_and_only_once() {
        let mailbox = Mailbox::new(8);
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wakes);
        mailbox.set_waker(Waker::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        mailbox.send(1).unwrap();
        assert_eq!(wakes.load(Ordering::Relaxed), 0);
        assert!(!mailbox.prepare_sleep(), "a message is waiting");
        mailbox.receive();
        assert!(mailbox.prepare_sleep());
        mailbox.send(2).unwrap();
        mailbox.send(3).unwrap();
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
    }
}
