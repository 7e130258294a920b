//! [`Wake`]: how an event loop hears of a client's events: a file descriptor that becomes readable.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use rustix::event::{EventfdFlags, eventfd};

/// The file descriptor of a client, from when it is first asked for.
#[derive(Default)]
pub(crate) struct Wake {
    event: OnceLock<Arc<OwnedFd>>,
}

impl Wake {
    /// The number of the file descriptor. `listen` is given what makes it readable.
    ///
    /// # Errors
    /// When the operating system has no file descriptor left.
    pub(crate) fn fd(&self, listen: impl FnOnce(Box<dyn Fn() + Send + Sync>) -> bool) -> PyResult<RawFd> {
        if let Some(event) = self.event.get() {
            return Ok(event.as_raw_fd());
        }
        let event =
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(std::io::Error::from)?;
        let event = Arc::new(event);
        let other = Arc::clone(&event);
        if listen(Box::new(move || {
            // It fails only when it is readable already.
            let _ = rustix::io::write(&*other, &1_u64.to_ne_bytes());
        })) {
            return Ok(self.event.get_or_init(|| event).as_raw_fd());
        }
        // Another thread asked at the same time.
        Ok(self.event.wait().as_raw_fd())
    }
}
