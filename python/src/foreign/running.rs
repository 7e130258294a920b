//! Calls of Python code.
//!
//! Before Python 3.14 a thread other than the main one that wants Python's lock back when the interpreter has begun to end is ended on
//! the spot (`pthread_exit`), in the middle of the Python code that it runs: its stack is unwound, through our frames too, and
//! at the first that cannot be unwound the process aborts. As PyO3 does where it waits for the lock itself, and as Python 3.14
//! does everywhere, such a thread stands still instead: the process ends without it.

use std::ptr;

use pyo3::BoundObject;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

unsafe extern "C-unwind" {
    /// As Python has it; PyO3 declares it as a function that never unwinds.
    fn PyObject_Call(
        callable: *mut PyObject,
        arguments: *mut PyObject,
        keywords: *mut PyObject,
    ) -> *mut PyObject;

    /// The same; arguments end with null.
    fn PyObject_CallFunctionObjArgs(callable: *mut PyObject, ...) -> *mut PyObject;
}

/// Stops its thread for good when it is dropped.
struct StandStill;

impl Drop for StandStill {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}

/// For objects that Python code may stand behind.
pub(crate) trait Run<'py> {
    /// Calls the object.
    ///
    /// # Errors
    /// What it raises.
    fn run<A>(&self, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>;

    /// As [`Run::run`] with two arguments, which need no tuple: for what is called once a message.
    ///
    /// # Errors
    /// What it raises.
    fn run_with(&self, first: &Bound<'py, PyAny>, second: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>;

    /// Calls a method of the object.
    ///
    /// # Errors
    /// What it raises.
    fn run_method<A>(&self, name: &Bound<'py, PyString>, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>;
}

impl<'py> Run<'py> for Bound<'py, PyAny> {
    fn run<A>(&self, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>,
    {
        let arguments = arguments.into_pyobject(self.py()).map_err(Into::into)?.into_any();
        let if_unwound = StandStill;
        // SAFETY: this thread is attached; both objects are alive until the call returns, and it may have no keywords.
        let result = unsafe { PyObject_Call(self.as_ptr(), arguments.as_ptr(), ptr::null_mut()) };
        std::mem::forget(if_unwound);
        // SAFETY: it returns an object of our own, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(self.py(), result) }
    }

    #[inline]
    fn run_with(&self, first: &Bound<'py, PyAny>, second: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (callable, end) = (self.as_ptr(), ptr::null_mut::<PyObject>());
        let if_unwound = StandStill;
        // SAFETY: this thread is attached; all three objects are alive until the call returns, and null ends the arguments.
        let result = unsafe { PyObject_CallFunctionObjArgs(callable, first.as_ptr(), second.as_ptr(), end) };
        std::mem::forget(if_unwound);
        // SAFETY: it returns an object of our own, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(self.py(), result) }
    }

    fn run_method<A>(&self, name: &Bound<'py, PyString>, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple>,
    {
        self.getattr(name)?.run(arguments)
    }
}
