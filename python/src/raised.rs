//! Exceptions that callbacks raised, on their way to the call that serves them. Callbacks run on the thread that polls,
//! and the call that polls takes what they have raised before it returns.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use pyo3::prelude::*;
use tidelog::client::StatisticsCallback;
use tidelog::client::producer::ErrorCallback;

use crate::foreign::Run;
use crate::kafka_error::exception;

thread_local! {
    static IS_RAISED: Cell<bool> = const { Cell::new(false) };
    static FIRST: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Keeps what a callback of this thread raised, unless another one has before. `Break` when it did.
pub(crate) fn keep<T>(outcome: PyResult<T>) -> ControlFlow<()> {
    match outcome {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => {
            FIRST.with(|first| {
                first.borrow_mut().get_or_insert(error);
            });
            IS_RAISED.set(true);
            ControlFlow::Break(())
        }
    }
}

/// `stats_cb`, as the engine calls it.
pub(crate) fn statistics_callback(callback: Py<PyAny>) -> StatisticsCallback {
    Box::new(move |statistics| Python::attach(|py| keep(callback.bind(py).run((statistics,)))))
}

/// What a fatal error of a producer comes to: an exception, once, in place of `error_cb`.
pub(crate) fn error_callback() -> ErrorCallback {
    Box::new(|error| Python::attach(|_| keep::<()>(Err(exception(error)))))
}

/// Whether something waits to be raised.
#[inline]
pub(crate) fn is_raised() -> bool {
    IS_RAISED.get()
}

/// Raises what was kept.
///
/// # Errors
/// That.
#[inline]
pub(crate) fn raise() -> PyResult<()> {
    if !is_raised() {
        return Ok(());
    }
    IS_RAISED.set(false);
    FIRST.with(|first| first.borrow_mut().take()).map_or(Ok(()), Err)
}
