//! [`Payload`]: keys and values as applications give them, as bytes.

use pyo3::buffer::{PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};
use tidelog::error_code::ErrorCode;

use crate::kafka_error::not_produced;

/// A key, a value, or nothing. Borrows what cannot change while Python's lock is held.
pub(crate) enum Payload<'a> {
    Null,
    Borrowed(&'a [u8]),
    Copied(Vec<u8>),
}

impl<'a> Payload<'a> {
    /// Reads `object`: `None`, `bytes`, `str` (as UTF-8), or anything that has a contiguous buffer.
    ///
    /// # Errors
    /// `TypeError` for anything else; `UnicodeEncodeError` for text that is not Unicode; `MSG_SIZE_TOO_LARGE` for what is
    /// larger than `size_max` and would have to be copied.
    #[inline]
    pub(crate) fn read(object: Option<&'a Bound<'_, PyAny>>, size_max: usize) -> PyResult<Payload<'a>> {
        let Some(object) = object else { return Ok(Payload::Null) };
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Payload::Borrowed(bytes.as_bytes()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Payload::Borrowed(text.to_str()?.as_bytes()));
        }
        Payload::read_buffer(object, size_max)
    }

    #[cold]
    fn read_buffer(object: &'a Bound<'_, PyAny>, size_max: usize) -> PyResult<Payload<'a>> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Payload::Borrowed(bytes.as_bytes()));
        }
        let Ok(buffer) = PyUntypedBuffer::get(object) else {
            let kind = object.get_type().name()?.to_string();
            return Err(PyTypeError::new_err(format!("a bytes-like object is required, not '{kind}'")));
        };
        if buffer.len_bytes() > size_max {
            return Err(not_produced(&ErrorCode::MessageTooLarge.into()));
        }
        let py = object.py();
        match buffer.into_typed::<u8>() {
            Ok(bytes) => Ok(Payload::Copied(bytes.to_vec(py)?)),
            Err(_) => {
                let view = PyMemoryView::from(object)?.call_method1("cast", ("B",))?;
                Ok(Payload::Copied(PyBuffer::<u8>::get(&view)?.to_vec(py)?))
            }
        }
    }

    /// The bytes; `None` is null.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Payload::Null => None,
            Payload::Borrowed(bytes) => Some(bytes),
            Payload::Copied(bytes) => Some(bytes),
        }
    }
}
