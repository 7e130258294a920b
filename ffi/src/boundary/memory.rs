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

/// `count` times `size` bytes of zeroes. NULL when there is no memory.
pub(crate) fn zeroes(count: usize, size: usize) -> *mut c_void {
    if count.checked_mul(size).is_none() {
        return std::ptr::null_mut();
    }
    // SAFETY: any size may be asked for.
    unsafe { libc::calloc(count, size) }
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

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn copies_end_with_a_nul_and_are_given_back() {
        for text in ["", "a", "longer than a word"] {
            let copy = Malloced::new(text);
            // SAFETY: it has just been made, with a NUL at its end.
            assert_eq!(unsafe { CStr::from_ptr(copy.pointer()) }.to_str(), Ok(text));
        }
        let kept = Malloced::new("kept");
        let pointer = kept.pointer();
        kept.forget();
        free(pointer.cast());
        free(std::ptr::null_mut());
    }

    #[test]
    fn lists_hold_their_texts() {
        for count in [0, 1, 5] {
            let texts: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let list = malloced_list(&texts);
            for (place, text) in texts.iter().enumerate() {
                // SAFETY: the list has as many texts as went in.
                let found = unsafe { CStr::from_ptr(list.add(place).read()) };
                assert_eq!(found.to_str(), Ok(text.as_str()));
            }
            free_list(list, count);
        }
        free_list(std::ptr::null_mut(), 3);
    }
}
