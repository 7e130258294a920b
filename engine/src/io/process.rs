//! Which process something belongs to. A forked child has copies of everything and must leave rings, threads and locks
//! of its parent alone.

use std::io;

/// The process that made this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnerProcess(u32);

impl OwnerProcess {
    pub(super) fn current() -> OwnerProcess {
        OwnerProcess(std::process::id())
    }

    pub(super) fn is_current(self) -> bool {
        self == OwnerProcess::current()
    }

    /// # Errors
    /// In a forked child.
    pub(super) fn check(self) -> io::Result<()> {
        if self.is_current() {
            return Ok(());
        }
        Err(io::Error::other("this process was forked from the one that opened the disk: open it again here"))
    }
}
