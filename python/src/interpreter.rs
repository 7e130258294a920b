//! Which interpreter this module belongs to: the first one that imports it. Others would share its clients' callbacks.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

use crate::foreign::interpreter_id;

static OWNER: AtomicI64 = AtomicI64::new(-1);

/// _check_interpreter(): raises ImportError in all interpreters of a process but the first.
#[pyfunction]
pub(crate) fn _check_interpreter(py: Python<'_>) -> PyResult<()> {
    let current = interpreter_id(py);
    match OWNER.compare_exchange(-1, current, Ordering::SeqCst, Ordering::SeqCst) {
        Err(owner) if owner != current => {
            Err(PyImportError::new_err("tidelog can be imported by one interpreter of a process only"))
        }
        _ => Ok(()),
    }
}
