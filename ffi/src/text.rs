//! Texts as C reads them.

use std::ffi::CString;

/// `text` with a NUL behind it. What follows a NUL inside is left out: C would not see it.
pub(crate) fn c_text(text: &str) -> CString {
    let whole = text.split('\0').next().unwrap_or_default();
    CString::new(whole).unwrap_or_default()
}
