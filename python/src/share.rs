//! Share groups (KIP-932), which the engine does not have: classes that say so.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tidelog::error_code::ErrorCode;

use crate::kafka_error::exception_with;

create_exception!(
    tidelog,
    IllegalStateException,
    PyException,
    "Raised by calls that come at the wrong time: see KIP-932."
);
create_exception!(
    tidelog,
    ConcurrentModificationException,
    PyException,
    "Raised where two threads use a share consumer at once: see KIP-932."
);

/// ShareConsumer(config): share groups (KIP-932) are not implemented by the in-process engine.
///
/// :raises KafkaException: ``_NOT_IMPLEMENTED``
#[pyclass(module = "tidelog", subclass, frozen)]
pub(crate) struct ShareConsumer;

#[pymethods]
impl ShareConsumer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<ShareConsumer> {
        let text = "share groups are not implemented by the in-process engine";
        Err(exception_with(ErrorCode::LocalNotImplemented, text))
    }
}
