//! The handshakes between threads, in every order that threads and memory may have (Loom, `tests/loom/run`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::mailbox::{Mailbox, SendError};
use super::waiters::{Notify, Waiters};
use crate::io::Waker;

/// What a thread that sleeps is woken by. A wake that is missing is a deadlock, which Loom finds.
#[derive(Clone)]
struct Bed(Arc<loom::sync::Notify>);

impl Bed {
    fn new() -> Bed {
        Bed(Arc::new(loom::sync::Notify::new()))
    }
}

impl Notify for Bed {
    fn notify(&self) {
        self.0.notify();
    }
}

#[test]
fn an_owner_that_goes_to_sleep_is_woken_for_what_comes_meanwhile() {
    loom::model(|| {
        let (mailbox, bed) = (Mailbox::new(4), Bed::new());
        let waking = bed.clone();
        mailbox.set_waker(Waker::new(move || waking.notify()));
        let senders = [0, 1].map(|number| {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.send(number).unwrap())
        });
        let mut received = 0;
        while received < 2 {
            while mailbox.receive().is_some() {
                received += 1;
            }
            if received < 2 && mailbox.prepare_sleep() {
                bed.0.wait();
                mailbox.awake();
            }
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn no_message_stays_in_a_mailbox_that_closes_while_it_is_sent() {
    loom::model(|| {
        let (mailbox, message) = (Mailbox::new(4), Arc::new(()));
        let (sending, sent) = (mailbox.clone(), Arc::clone(&message));
        let sender = thread::spawn(move || match sending.send(sent) {
            Ok(()) | Err(SendError::Closed(_)) => {}
            Err(SendError::Full(_)) => panic!("there is room"),
        });
        mailbox.close();
        sender.join().unwrap();
        assert_eq!(Arc::strong_count(&message), 1);
    });
}

#[test]
fn a_reader_that_waits_is_woken_by_what_is_published_meanwhile() {
    loom::model(|| {
        let (waiters, published) = (Arc::new(Waiters::default()), Arc::new(AtomicUsize::new(0)));
        let (waking, publishing) = (Arc::clone(&waiters), Arc::clone(&published));
        let shard = thread::spawn(move || {
            publishing.store(1, Ordering::Release);
            waking.wake_all();
        });
        let bed = Bed::new();
        waiters.register(Arc::new(bed.clone()));
        while published.load(Ordering::Acquire) == 0 {
            bed.0.wait();
        }
        shard.join().unwrap();
    });
}
