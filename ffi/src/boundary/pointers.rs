//! Pointers that C callers give, as slices and texts.

use std::ffi::{CStr, c_char, c_void};

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

/// The text at `pointer`; `None` for NULL.
///
/// # Errors
/// `_INVALID_ARG` when it is not UTF-8. `what` names it.
pub(crate) fn text<'a>(pointer: *const c_char, what: &str) -> Result<Option<&'a str>, KafkaError> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: see the module: not NULL, so it leads to a text that ends with a NUL and stays during the call.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| invalid(format!("{what} is not UTF-8")))
}

/// The text at `pointer`.
///
/// # Errors
/// `_INVALID_ARG` when it is NULL or not UTF-8. `what` names it.
pub(crate) fn required_text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str, KafkaError> {
    text(pointer, what)?.ok_or_else(|| invalid(format!("{what} must not be NULL")))
}

/// The `size` bytes at `pointer`; `None` for NULL.
///
/// # Errors
/// `_INVALID_ARG` for NULL with a size, and for a size that no object has. `what` names them.
#[inline]
pub(crate) fn bytes<'a>(
    pointer: *const c_void,
    size: usize,
    what: &str,
) -> Result<Option<&'a [u8]>, KafkaError> {
    if pointer.is_null() && size == 0 {
        return Ok(None);
    }
    items(pointer.cast::<u8>(), size, what).map(Some)
}

/// The `count` elements at `pointer`.
///
/// # Errors
/// `_INVALID_ARG` for NULL with a count, and for a count that no array has. `what` names them.
#[inline]
pub(crate) fn items<'a, T>(pointer: *const T, count: usize, what: &str) -> Result<&'a [T], KafkaError> {
    check_array(pointer, count, what)?;
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: see the module: not NULL, so it leads to `count` elements that stay during the call. The size fits.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// As [`items`], to be written to.
///
/// # Errors
/// As [`items`].
pub(crate) fn items_mut<'a, T>(pointer: *mut T, count: usize, what: &str) -> Result<&'a mut [T], KafkaError> {
    check_array(pointer, count, what)?;
    if count == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `items`; nobody else uses an array while it is filled.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, count) })
}

#[inline]
fn check_array<T>(pointer: *const T, count: usize, what: &str) -> Result<(), KafkaError> {
    let size = count.checked_mul(size_of::<T>()).and_then(|size| isize::try_from(size).ok());
    if size.is_none() || (pointer.is_null() && count > 0) {
        return Err(not_an_array(pointer.is_null(), count, what));
    }
    Ok(())
}

#[cold]
fn not_an_array(is_null: bool, count: usize, what: &str) -> KafkaError {
    let reason = if is_null { "is NULL but has a size of" } else { "has a size that nothing has:" };
    invalid(format!("{what} {reason} {count}"))
}

/// What `pointer` leads to; `None` for NULL.
pub(crate) fn reference<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: see the module: not NULL, so it leads to one that stays during the call.
    unsafe { pointer.as_ref() }
}

/// Takes over what `pointer` leads to, which a call has given to the application; `None` for NULL.
pub(crate) fn take<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: see the module: not NULL, so it leads to one that this library has boxed and that nobody uses any more.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// Puts `text`, as much of it as fits, and a NUL into the buffer of `size` bytes at `buffer`. Does nothing for NULL.
pub(crate) fn put_text(buffer: *mut c_char, size: usize, text: &str) {
    if buffer.is_null() || size == 0 {
        return;
    }
    let mut end = text.len().min(size - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // SAFETY: see the module: the buffer has `size` bytes, of which `end + 1` are written.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), end);
        buffer.add(end).write(0);
    }
}

fn invalid(reason: String) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason)
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn texts_are_read_or_refused_by_name() {
        assert_eq!(text(c"word".as_ptr(), "it"), Ok(Some("word")));
        assert_eq!(text(ptr::null(), "it"), Ok(None));
        assert_eq!(required_text(ptr::null(), "it").unwrap_err().reason(), "it must not be NULL");
        assert_eq!(text(c"\xff".as_ptr(), "it").unwrap_err().reason(), "it is not UTF-8");
    }

    #[test]
    fn arrays_are_read_or_refused_by_name() {
        let numbers = [1_u64, 2, 3];
        assert_eq!(items(numbers.as_ptr(), 3, "they"), Ok(&numbers[..]));
        assert_eq!(items::<u64>(ptr::null(), 0, "they"), Ok(&[][..]));
        assert_eq!(items(numbers.as_ptr(), 0, "they"), Ok(&[][..]));
        assert!(items::<u64>(ptr::null(), 1, "they").unwrap_err().reason().contains("they is NULL"));
        assert!(items(numbers.as_ptr(), usize::MAX / 8, "they").is_err());
        assert!(items(numbers.as_ptr(), usize::MAX, "they").is_err());
        assert_eq!(bytes(ptr::null(), 0, "it"), Ok(None));
        let mut room = [0_u8; 4];
        items_mut(room.as_mut_ptr(), 4, "it").unwrap().copy_from_slice(b"room");
        assert_eq!(&room, b"room");
    }

    #[test]
    fn what_is_given_back_is_dropped_once() {
        let given = Box::into_raw(Box::new(String::from("given")));
        assert_eq!(reference(given).map(String::as_str), Some("given"));
        assert_eq!(take(given).as_deref().map(String::as_str), Some("given"));
        assert!(take(ptr::null_mut::<String>()).is_none() && reference(ptr::null::<String>()).is_none());
    }

    #[test]
    fn texts_are_cut_to_their_buffer_at_a_character() {
        for (size, expected) in [(0, ""), (1, ""), (2, "a"), (3, "a"), (4, "aé"), (9, "aéb")] {
            let mut buffer = [c_char::MAX; 9];
            put_text(buffer.as_mut_ptr(), size, "aéb");
            if size > 0 {
                // SAFETY: `put_text` has ended it with a NUL.
                assert_eq!(unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_str(), Ok(expected), "{size}");
            }
            assert!(buffer[size..].iter().all(|byte| *byte == c_char::MAX), "nothing behind {size}");
        }
        put_text(ptr::null_mut(), 5, "a");
    }
}
