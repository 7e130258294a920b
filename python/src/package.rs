//! Where the classes are that results are made of: in `tidelog`, or in `confluent_kafka` once this module stands in for
//! its own.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

static STANDS_IN: AtomicBool = AtomicBool::new(false);

/// _stand_in(): results are made of confluent_kafka's classes from now on, whose native module this one replaces.
#[pyfunction]
pub(crate) fn _stand_in() {
    STANDS_IN.store(true, Ordering::Release);
}

/// The class `name` of the package's module `module` (empty: of the package itself).
pub(crate) fn class<'py>(py: Python<'py>, module: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let package = if STANDS_IN.load(Ordering::Acquire) { "confluent_kafka" } else { "tidelog" };
    match module {
        "" => py.import(package)?.getattr(name),
        module => py.import(format!("{package}.{module}"))?.getattr(name),
    }
}
