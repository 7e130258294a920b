//! File descriptors that C callers give.

use std::ffi::c_int;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A file descriptor of our own for what `number` stands for: the application may close its own whenever it likes.
///
/// # Errors
/// When it is not open.
pub(crate) fn duplicate(number: c_int) -> std::io::Result<OwnedFd> {
    if number < 0 {
        return Err(std::io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not -1, and is only handed to the kernel, which says so if it is not open.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}
