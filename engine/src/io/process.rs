//! Which process something belongs to. A forked child has copies of everything and must leave rings, threads and locks
//! of its parent alone.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// Forks that lie between this process and the one that first asked: asking costs a load, not a system call.
static FORKS: AtomicU32 = AtomicU32::new(0);

static COUNTING: Once = Once::new();

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process that made this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerProcess(u32);

/// What belongs to the parent was used in a forked child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this process was forked from the one that opened the engine: open it again here")]
pub struct Forked;

/// File descriptors that this process may have; `None` without a bound (`RLIMIT_NOFILE`).
#[must_use]
pub fn descriptors_max() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

impl OwnerProcess {
    /// The process that asks.
    #[must_use]
    pub fn current() -> OwnerProcess {
        COUNTING.call_once(|| {
            // SAFETY: the handler only adds to an atomic, which may be done at any time in a forked child. Should it not
            // be registered, for want of memory, forks go unnoticed.
            unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        });
        OwnerProcess(FORKS.load(Ordering::Relaxed))
    }

    /// False in a forked child.
    #[must_use]
    #[inline]
    pub fn is_current(self) -> bool {
        self.0 == FORKS.load(Ordering::Relaxed)
    }

    /// # Errors
    /// In a forked child.
    #[inline]
    pub fn check(self) -> Result<(), Forked> {
        if self.is_current() { Ok(()) } else { Err(Forked) }
    }
}

impl From<Forked> for io::Error {
    fn from(forked: Forked) -> io::Error {
        io::Error::other(forked)
    }
}
