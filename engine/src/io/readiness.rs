//! [`Readiness`]: tells which sockets may have become ready, for queues that have no ring to ask. A thread of its
//! own waits with epoll, edge by edge, and wakes the queue's owner.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::process::OwnerProcess;
use super::{Completion, CompletionKind, Token, Waker};

/// Events that one look takes.
const EVENTS_MAX: usize = 256;

/// What an ended stream is told by.
const ENDED: EventFlags = EventFlags::RDHUP.union(EventFlags::HUP).union(EventFlags::ERR);

/// The mark of the event that ends the thread.
const END: u64 = u64::MAX;

/// The sockets of one queue. The first one starts the thread.
#[derive(Debug, Default)]
pub(super) struct Readiness(Option<ReadinessThread>);

impl Readiness {
    /// Begins to tell when `socket` may be ready, and wakes by `waker`, always the same.
    pub(super) fn watch(
        &mut self,
        waker: Waker,
        token: Token,
        socket: Arc<dyn AsFd + Send + Sync>,
    ) -> io::Result<()> {
        let thread = match self.0.take() {
            Some(thread) => thread,
            None => ReadinessThread::start(waker)?,
        };
        self.0.insert(thread).watch(token, socket)
    }

    /// Ends that.
    pub(super) fn unwatch(&mut self, token: Token) {
        if let Some(thread) = &mut self.0 {
            thread.unwatch(token);
        }
    }

    /// Moves what has become ready into `completions`.
    pub(super) fn take(&self, completions: &mut Vec<Completion>) {
        if let Some(thread) = &self.0 {
            let ready = std::mem::take(&mut *thread.ready.lock());
            completions.extend(ready.into_iter().map(Ready::completion));
        }
    }
}

/// See the module.
struct ReadinessThread {
    epoll: Arc<OwnedFd>,
    ready: Arc<Mutex<Vec<Ready>>>,
    watched: Vec<(Token, Arc<dyn AsFd + Send + Sync>)>,
    end: OwnedFd,
    thread: Option<JoinHandle<()>>,
    owner: OwnerProcess,
}

impl ReadinessThread {
    /// # Errors
    /// When the operating system gives no descriptor or thread.
    fn start(waker: Waker) -> io::Result<ReadinessThread> {
        let epoll = Arc::new(epoll::create(CreateFlags::CLOEXEC)?);
        let end = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &end, EventData::new_u64(END), EventFlags::IN)?;
        let ready = Arc::new(Mutex::new(Vec::new()));
        let (polled, found) = (Arc::clone(&epoll), Arc::clone(&ready));
        let named = std::thread::Builder::new().name("tidelog-readiness".to_owned());
        let thread = named.spawn(move || run(&polled, &found, &waker))?;
        let (watched, owner) = (Vec::new(), OwnerProcess::current());
        Ok(ReadinessThread { epoll, ready, watched, end, thread: Some(thread), owner })
    }

    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
        let events = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, socket.as_fd(), EventData::new_u64(token.0), events)?;
        self.watched.push((token, socket));
        Ok(())
    }

    fn unwatch(&mut self, token: Token) {
        if let Some(place) = self.watched.iter().position(|(known, _)| *known == token) {
            let (_, socket) = self.watched.swap_remove(place);
            // It fails only for a descriptor that is not watched.
            let _ = epoll::delete(&self.epoll, socket.as_fd());
        }
    }
}

/// A socket may have become ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) token: Token,
    /// The other side has ended.
    pub(super) ended: bool,
}

impl Ready {
    pub(super) fn completion(self) -> Completion {
        Completion { token: self.token, kind: CompletionKind::Ready { ended: self.ended }, result: Ok(()) }
    }
}

fn run(epoll: &OwnedFd, ready: &Mutex<Vec<Ready>>, waker: &Waker) {
    let mut events = Vec::with_capacity(EVENTS_MAX);
    loop {
        events.clear();
        match epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return tracing::error!(%error, "sockets are not watched any more"),
        }
        if events.iter().any(|event| event.data.u64() == END) {
            return;
        }
        ready.lock().extend(events.iter().map(|event| {
            // Copied out: the structure is packed.
            let flags = event.flags;
            Ready { token: Token(event.data.u64()), ended: flags.intersects(ENDED) }
        }));
        waker.wake();
    }
}

impl Drop for ReadinessThread {
    fn drop(&mut self) {
        if !self.owner.is_current() {
            // A forked child has no such thread, and the descriptors are its parent's too.
            return std::mem::forget(self.thread.take());
        }
        let told = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take().filter(|_| told.is_ok()) {
            // A panic of that thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for ReadinessThread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReadinessThread({})", self.watched.len())
    }
}
