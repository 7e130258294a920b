//! The ring itself: hands operations to the kernel, keeps them until they have ended, sleeps. Owned by the thread that
//! made it.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use io_uring::{IoUring, cqueue, opcode, squeue, types};

use super::event::Event;
use super::operation::Operation;
use crate::io::Token;
use crate::io::process::OwnerProcess;
use crate::io::readiness::Ready;
use crate::io::slots::Slots;
use crate::limits::{KERNEL_WORKERS, RING_ENTRIES};

/// Marks completions of the poll on the wake-up event; operations are marked with their slot, which has 32 bits.
const WAKE_UP: u64 = u64::MAX;

/// Marks completions of polls on sockets, beside their tokens.
const SOCKET: u64 = 1 << 62;

/// Marks the end of a poll that was taken back; nobody waits for it.
const UNWATCHED: u64 = u64::MAX - 1;

/// An io_uring with the operations it is working on.
pub(super) struct Kernel {
    ring: IoUring,
    operations: Slots<Operation>,
    /// Slots of operations that the kernel has not been told of yet.
    unsubmitted: VecDeque<u32>,
    event: Arc<Event>,
    /// Sockets whose readiness is told, by token.
    watched: HashMap<u64, Arc<dyn AsFd + Send + Sync>>,
    /// Tokens of sockets that the kernel has not been told of yet.
    unwatched_yet: VecDeque<u64>,
    /// Tokens of sockets that the kernel has not been told to leave yet.
    to_leave: VecDeque<u64>,
    ready: Vec<Ready>,
    polls_event: bool,
    woken: bool,
    owner: OwnerProcess,
}

/// An operation that has ended, with the kernel's result: a count or a negative `errno`.
pub(super) struct Ended {
    pub(super) operation: Operation,
    pub(super) result: i32,
}

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slept {
    Enough,
    /// By a signal, which the caller of the engine may have to look at.
    Interrupted,
}

impl Kernel {
    /// # Errors
    /// When io_uring is refused or too old.
    pub(super) fn new() -> io::Result<Kernel> {
        let ring = set_up()?;
        // The feature that came along with polls that fire more than once.
        if !ring.params().is_feature_resource_tagging() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the io_uring of kernels before 5.13 lacks parts",
            ));
        }
        // The first ring of a thread may have limited it to very few; where that cannot be changed it works, slower.
        if let Err(error) = ring.submitter().register_iowq_max_workers(&mut [KERNEL_WORKERS; 2]) {
            tracing::debug!(%error, "the number of kernel workers stays as it is");
        }
        Ok(Kernel {
            ring,
            operations: Slots::new(),
            unsubmitted: VecDeque::new(),
            event: Arc::new(Event::new()?),
            watched: HashMap::new(),
            unwatched_yet: VecDeque::new(),
            to_leave: VecDeque::new(),
            ready: Vec::new(),
            polls_event: false,
            woken: false,
            owner: OwnerProcess::current(),
        })
    }

    pub(super) fn event(&self) -> Arc<Event> {
        Arc::clone(&self.event)
    }

    pub(super) fn check_owner(&self) -> io::Result<()> {
        Ok(self.owner.check()?)
    }

    /// Begins an operation with the next [`Kernel::submit`].
    pub(super) fn begin(&mut self, operation: Operation) {
        let slot = self.operations.insert(operation);
        self.unsubmitted.push_back(slot);
    }

    /// Hands over what has begun and collects what has ended. Does not block.
    pub(super) fn submit(&mut self, ended: &mut Vec<Ended>) -> io::Result<()> {
        loop {
            self.fill_submissions();
            let submissions = self.ring.submission();
            let has_work = !submissions.is_empty() || submissions.taskrun() || submissions.cq_overflow();
            drop(submissions);
            if has_work {
                tolerate(self.ring.submit())?;
            }
            self.reap(ended);
            if self.unsubmitted.is_empty() || !self.ring.submission().is_empty() {
                return Ok(());
            }
        }
    }

    /// Sleeps until an operation ends, a wake-up comes, `deadline` is over or a signal arrives; collects what has ended.
    pub(super) fn sleep(&mut self, deadline: Option<Instant>, ended: &mut Vec<Ended>) -> io::Result<Slept> {
        self.fill_submissions();
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let entered = match left {
            None => self.ring.submit_and_wait(1),
            Some(Duration::ZERO) => self.ring.submit(),
            Some(left) => {
                let limit = types::Timespec::from(left);
                self.ring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&limit))
            }
        };
        let interrupted = matches!(&entered, Err(error) if error.kind() == io::ErrorKind::Interrupted);
        tolerate(entered)?;
        self.reap(ended);
        Ok(if interrupted { Slept::Interrupted } else { Slept::Enough })
    }

    /// Begins to tell when a socket may be ready.
    pub(super) fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) {
        self.watched.insert(token.0, socket);
        self.unwatched_yet.push_back(token.0);
    }

    /// Ends that.
    pub(super) fn unwatch(&mut self, token: Token) {
        if self.watched.remove(&token.0).is_some() {
            self.to_leave.push_back(token.0);
        }
    }

    /// Sockets that may have become ready since this was last asked.
    pub(super) fn take_ready(&mut self) -> std::vec::Drain<'_, Ready> {
        self.ready.drain(..)
    }

    /// Whether a wake-up has come since this was last asked.
    pub(super) fn take_wake_up(&mut self) -> bool {
        std::mem::replace(&mut self.woken, false)
    }

    fn fill_submissions(&mut self) {
        let mut submissions = self.ring.submission();
        if !self.polls_event {
            let poll = opcode::PollAdd::new(types::Fd(self.event.as_raw_fd()), POLL_IN).multi(true);
            // SAFETY: the entry holds no pointer, and the descriptor lives as long as this ring.
            self.polls_event = unsafe { submissions.push(&poll.build().user_data(WAKE_UP)) }.is_ok();
        }
        if !fill_polls(&mut submissions, &mut self.unwatched_yet, &mut self.to_leave, &self.watched) {
            return;
        }
        while let Some(slot) = self.unsubmitted.front() {
            let Some(operation) = self.operations.get_mut(*slot) else {
                self.unsubmitted.pop_front();
                continue;
            };
            let entry = operation.entry().user_data(u64::from(*slot));
            // SAFETY: the entry points into memory owned by an operation that stays in `operations`, untouched, until
            // `reap` has seen its completion or `drop` has waited for it; if that fails it is leaked.
            if unsafe { submissions.push(&entry) }.is_err() {
                return;
            }
            self.unsubmitted.pop_front();
        }
    }

    fn reap(&mut self, ended: &mut Vec<Ended>) {
        for completion in self.ring.completion() {
            if completion.user_data() == WAKE_UP {
                self.woken = true;
                self.polls_event = cqueue::more(completion.flags());
                continue;
            }
            if completion.user_data() == UNWATCHED {
                continue;
            }
            if completion.user_data() & SOCKET != 0 {
                let token = completion.user_data() & !SOCKET;
                if self.watched.contains_key(&token) {
                    let result = completion.result();
                    let ended = result < 0 || result & POLL_ENDED != 0;
                    self.ready.push(Ready { token: Token(token), ended });
                    if !cqueue::more(completion.flags()) {
                        self.unwatched_yet.push_back(token);
                    }
                }
                continue;
            }
            let slot = u32::try_from(completion.user_data()).ok();
            if let Some(operation) = slot.and_then(|slot| self.operations.remove(slot)) {
                ended.push(Ended { operation, result: completion.result() });
            }
        }
    }
}

/// Tells the kernel which sockets to watch and which to leave; false when it takes no more at present.
fn fill_polls(
    submissions: &mut squeue::SubmissionQueue<'_>,
    to_watch: &mut VecDeque<u64>,
    to_leave: &mut VecDeque<u64>,
    watched: &HashMap<u64, Arc<dyn AsFd + Send + Sync>>,
) -> bool {
    while let Some(token) = to_watch.front() {
        if let Some(socket) = watched.get(token) {
            let poll = opcode::PollAdd::new(types::Fd(socket.as_fd().as_raw_fd()), POLL_SOCKET).multi(true);
            // SAFETY: the entry holds no pointer, and the descriptor is open: the socket is in `watched`.
            if unsafe { submissions.push(&poll.build().user_data(SOCKET | token)) }.is_err() {
                return false;
            }
        }
        to_watch.pop_front();
    }
    while let Some(token) = to_leave.front() {
        let remove = opcode::PollRemove::new(SOCKET | token).build().user_data(UNWATCHED);
        // SAFETY: the entry holds no pointer.
        if unsafe { submissions.push(&remove) }.is_err() {
            return false;
        }
        to_leave.pop_front();
    }
    true
}

impl Drop for Kernel {
    /// Waits for the kernel to let go of the operations' memory.
    fn drop(&mut self) {
        if !self.owner.is_current() {
            // A forked child: the operations are its parent's, and the kernel reads the parent's memory.
            return;
        }
        for slot in std::mem::take(&mut self.unsubmitted) {
            self.operations.remove(slot);
        }
        let mut ended = Vec::new();
        while !self.operations.is_empty() {
            if self.sleep(None, &mut ended).is_err() {
                std::mem::forget(std::mem::replace(&mut self.operations, Slots::new()));
            }
            ended.clear();
        }
    }
}

/// What a socket is watched for: to be readable, writable, or ended.
const POLL_SOCKET: u32 = 0x2005;
const _: () = assert!(libc::POLLIN | libc::POLLOUT | libc::POLLRDHUP == 0x2005);

/// What tells that the other side has ended: RDHUP, HUP and ERR.
const POLL_ENDED: i32 = 0x2018;
const _: () = assert!(libc::POLLERR | libc::POLLHUP | libc::POLLRDHUP == 0x2018);

/// `POLLIN`, as the ring's poll wants it.
const POLL_IN: u32 = 1;
const _: () = assert!(libc::POLLIN == 1);

/// Why this process may not use io_uring; `None` when it may. (Docker's default seccomp profile forbids it, a low
/// RLIMIT_MEMLOCK can.)
///
/// It is tried on a thread of its own: the kernel interrupts whoever has opened a ring once more when it takes the ring
/// apart, after it is closed, and the application's threads are not to see EINTR for that.
#[must_use]
pub fn io_uring_refused() -> Option<io::Error> {
    let asking = std::thread::Builder::new().name("tidelog-probe".to_owned());
    match asking.spawn(|| IoUring::new(2).err()) {
        Ok(asked) => asked.join().unwrap_or_else(|_| Some(io::ErrorKind::Other.into())),
        Err(error) => Some(error),
    }
}

/// The ring with the cheapest way of handing over completions that this kernel knows.
fn set_up() -> io::Result<IoUring> {
    let mut refused = io::Error::from(io::ErrorKind::Unsupported);
    for way in 0..3 {
        let mut builder = IoUring::builder();
        builder.setup_clamp().setup_cqsize(RING_ENTRIES * 4);
        match way {
            0 => builder.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag(),
            1 => builder.setup_coop_taskrun().setup_taskrun_flag(),
            _ => &mut builder,
        };
        match builder.build(RING_ENTRIES) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = error,
            other => return other,
        }
    }
    Err(refused)
}

/// Interrupted, out of time, or the kernel wants its completions collected first: all of these mean "go on".
fn tolerate(entered: io::Result<usize>) -> io::Result<()> {
    match entered {
        Ok(_) => Ok(()),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => Ok(()),
            _ => Err(error),
        },
    }
}
