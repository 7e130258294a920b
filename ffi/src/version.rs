//! Which version this is.

use std::ffi::{CStr, c_char, c_int};

/// The version as a number: `0xMMmmpp00` with major, minor and patch level.
#[unsafe(no_mangle)]
pub extern "C" fn tl_version() -> c_int {
    const VERSION: c_int = (part(env!("CARGO_PKG_VERSION_MAJOR")) << 24)
        | (part(env!("CARGO_PKG_VERSION_MINOR")) << 16)
        | (part(env!("CARGO_PKG_VERSION_PATCH")) << 8);
    VERSION
}

/// The version as a text. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_version_str() -> *const c_char {
    const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    };
    TEXT.as_ptr()
}

/// The number that `text` is.
const fn part(text: &str) -> c_int {
    let (digits, mut place, mut number) = (text.as_bytes(), 0, 0);
    while place < digits.len() {
        number = number * 10 + (digits[place] - b'0') as c_int;
        place += 1;
    }
    number
}
