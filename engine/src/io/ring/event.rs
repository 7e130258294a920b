//! A wake-up that any thread may give to the owner of a ring.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

/// An eventfd. It is only ever written: the ring polls it edge by edge, so that its count never needs to be read.
#[derive(Debug)]
pub(super) struct Event(File);

impl Event {
    pub(super) fn new() -> io::Result<Event> {
        // SAFETY: takes no pointers.
        let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `eventfd` returned a new descriptor, which nothing else owns.
        Ok(Event(unsafe { File::from_raw_fd(descriptor) }))
    }

    pub(super) fn signal(&self) {
        // It fails only when 2^64 - 1 signals have been given, and then the reader has been woken before.
        let _ = (&self.0).write(&1_u64.to_ne_bytes());
    }
}

impl AsRawFd for Event {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
