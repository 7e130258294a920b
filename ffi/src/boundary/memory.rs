//! Memory that passes into the application's hands, or comes out of them: all of it is of C's `malloc`.

use std::ffi::{c_char, c_void};

/// A copy of `bytes` and a NUL behind it. NULL when there is no memory.
pub(crate) fn malloced(bytes: &[u8]) -> *mut c_char {
    // SAFETY: any size may be asked for.
    let copy = unsafe { libc::malloc(bytes.len() + 1) }.cast::<u8>();
    if !copy.is_null() {
        // SAFETY: the block has one byte more than `bytes`, and is nobody else's.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            copy.add(bytes.len()).write(0);
        }
    }
    copy.cast()
}

/// Gives back what `malloc` gave. Does nothing for NULL.
pub(crate) fn free(pointer: *mut c_void) {
    // SAFETY: the application says that it is a block of `malloc` and not used any more, or it is NULL.
    unsafe { libc::free(pointer) }
}

/// A text that the application may keep.
pub(crate) struct Malloced(*mut c_char);

impl Malloced {
    pub(crate) fn new(text: &str) -> Malloced {
        Malloced(malloced(text.as_bytes()))
    }

    pub(crate) fn pointer(&self) -> *mut c_char {
        self.0
    }

    /// The application has kept it.
    pub(crate) fn forget(mut self) {
        self.0 = std::ptr::null_mut();
    }
}

impl Drop for Malloced {
    fn drop(&mut self) {
        free(self.0.cast());
    }
}

/// Copies of `texts`, in an array of their own: see [`free_list`]. NULL when there is no memory.
pub(crate) fn malloced_list(texts: &[String]) -> *mut *const c_char {
    // SAFETY: any size may be asked for.
    let list = unsafe { libc::malloc((texts.len() + 1) * size_of::<*const c_char>()) };
    let list = list.cast::<*const c_char>();
    if list.is_null() {
        return list;
    }
    for (place, text) in texts.iter().enumerate() {
        // SAFETY: the block has room for one pointer more than there are texts.
        unsafe { list.add(place).write(malloced(text.as_bytes())) };
    }
    list
}

/// Gives back an array of [`malloced_list`] and its `count` texts. Does nothing for NULL.
pub(crate) fn free_list(list: *mut *const c_char, count: usize) {
    if list.is_null() {
        return;
    }
    for place in 0..count {
        // SAFETY: the application says that the array is one of `malloced_list` with that many texts.
        free(unsafe { list.add(place).read() }.cast_mut().cast());
    }
    free(list.cast());
}
