//! [`ErrorDescription`]: a row of the table of errors, as C reads it.

use std::ffi::{CStr, c_char};

use crate::error::ResponseError;

/// An error's number, name and text.
#[repr(C)]
pub struct ErrorDescription {
    /// Its number.
    code: ResponseError,
    /// Its name, such as `_TIMED_OUT`.
    name: *const c_char,
    /// Its text, such as `Local: Timed out`.
    desc: *const c_char,
}

impl ErrorDescription {
    pub(crate) fn new(code: ResponseError, name: &'static CStr, desc: &'static CStr) -> ErrorDescription {
        ErrorDescription { code, name: name.as_ptr(), desc: desc.as_ptr() }
    }
}

// SAFETY: the pointers lead to texts that are never written to and never freed.
unsafe impl Send for ErrorDescription {}
// SAFETY: as above.
unsafe impl Sync for ErrorDescription {}
