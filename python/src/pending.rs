//! [`Pending`]: exceptions that callbacks raised, on their way to the call that served them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::prelude::*;

/// The first exception that was raised and not passed on yet.
#[derive(Default)]
pub(crate) struct Pending {
    is_raised: AtomicBool,
    first: Mutex<Option<PyErr>>,
}

impl Pending {
    /// Keeps what a callback raised. `Break` when it did.
    pub(crate) fn keep<T>(&self, outcome: PyResult<T>) -> ControlFlow<()> {
        match outcome {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                self.first.lock().get_or_insert(error);
                self.is_raised.store(true, Ordering::Release);
                ControlFlow::Break(())
            }
        }
    }

    /// Whether something waits to be raised.
    pub(crate) fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Acquire)
    }

    /// Raises what was kept.
    ///
    /// # Errors
    /// That.
    #[inline]
    pub(crate) fn raise(&self) -> PyResult<()> {
        if !self.is_raised() {
            return Ok(());
        }
        let mut first = self.first.lock();
        self.is_raised.store(false, Ordering::Release);
        first.take().map_or(Ok(()), Err)
    }
}
