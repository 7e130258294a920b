//! What only C can say: the one place of this crate where `unsafe` stands.

mod running;

use std::ptr::NonNull;

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_schema::ArrowError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

pub(crate) use running::Run;

/// What Arrow's PyCapsule interface calls a capsule with a stream in it.
pub(crate) const ARROW_STREAM: &std::ffi::CStr = c"arrow_array_stream";

/// The number of the interpreter that this thread is attached to.
pub(crate) fn interpreter_id(_attached: Python<'_>) -> i64 {
    // SAFETY: this thread is attached, and both calls only read the state of its interpreter.
    unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) }
}

/// Takes the Arrow stream out of a capsule.
///
/// # Errors
/// The outer one when the capsule holds something else, the inner one when the stream does not say what it holds.
pub(crate) fn take_arrow_stream(
    capsule: &Bound<'_, PyCapsule>,
) -> PyResult<Result<RecordBatchStreamReader, ArrowError>> {
    let stream: NonNull<FFI_ArrowArrayStream> = capsule.pointer_checked(Some(ARROW_STREAM))?.cast();
    // SAFETY: a capsule of this name holds a valid stream (Arrow's PyCapsule interface), and nobody else uses it while
    // this thread is attached. `from_raw` leaves a released stream behind, which the capsule may drop.
    Ok(unsafe { RecordBatchStreamReader::from_raw(stream.as_ptr()) })
}
