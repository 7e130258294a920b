//! [`Headers`]: the headers of a message, as a list.

use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::MaybeUninit;

use tidelog::client::{KafkaError, Message};
use tidelog::error_code::ErrorCode;
use tidelog::record::{HeaderRef, Headers as EncodedHeaders};

use crate::boundary;
use crate::error::ResponseError;
use crate::guard::guard;
use crate::text::c_text;

/// Headers, in order. A name may come several times.
///
/// Those of ::tl_headers_new belong to the caller (::tl_headers_destroy) until a message takes them over; those of a
/// message belong to it.
#[derive(Clone, Default)]
pub struct Headers {
    headers: Vec<Header>,
}

#[derive(Clone)]
struct Header {
    name: CString,
    value: Option<Vec<u8>>,
}

impl Headers {
    /// Those of a message; `None` when it has none.
    pub(crate) fn of(message: &Message) -> Option<Headers> {
        let headers = Headers::from(message.headers());
        (!headers.headers.is_empty()).then_some(headers)
    }

    /// As the engine takes them.
    pub(crate) fn refs(&self) -> impl Iterator<Item = HeaderRef<'_>> {
        // Only texts were taken in.
        self.headers.iter().map(|header| {
            let key = header.name.to_str().unwrap_or_default();
            HeaderRef { key, value: header.value.as_deref() }
        })
    }
}

impl From<EncodedHeaders<'_>> for Headers {
    fn from(encoded: EncodedHeaders<'_>) -> Headers {
        let header = |header: tidelog::record::Header<'_>| Header {
            name: c_text(&String::from_utf8_lossy(header.key)),
            value: header.value.map(<[u8]>::to_vec),
        };
        Headers { headers: encoded.map(header).collect() }
    }
}

/// An empty list with room for `initial_count` headers. The caller owns it: ::tl_headers_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_headers_new(initial_count: usize) -> Option<Box<Headers>> {
    const ROOM_MAX: usize = 1024;
    guard(|| Some(Box::new(Headers { headers: Vec::with_capacity(initial_count.min(ROOM_MAX)) })))
}

/// Frees a list that no message has taken over. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_headers_destroy(hdrs: Option<Box<Headers>>) {
    guard(|| drop(hdrs));
}

/// A copy, which the caller owns; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_headers_copy(src: Option<&Headers>) -> Option<Box<Headers>> {
    guard(|| src.map(|headers| Box::new(headers.clone())))
}

/// How many there are; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_cnt(hdrs: Option<&Headers>) -> usize {
    guard(|| hdrs.map_or(0, |headers| headers.headers.len()))
}

/// Adds a header: `name` of `name_size` bytes (-1: up to its NUL), `value` of `value_size` bytes (-1: up to its NUL),
/// NULL for null. Both are copied. `TL_RESP_ERR__INVALID_ARG` for a name that is not UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_add(
    hdrs: Option<&mut Headers>,
    name: *const c_char,
    name_size: isize,
    value: *const c_void,
    value_size: isize,
) -> ResponseError {
    guard(|| {
        let add = || -> Result<(), KafkaError> {
            let headers = hdrs.ok_or(ErrorCode::LocalInvalidArg)?;
            let name = sized(name.cast(), name_size, "name")?.ok_or(ErrorCode::LocalInvalidArg)?;
            let name = std::str::from_utf8(name).map_err(|_| ErrorCode::LocalInvalidArg)?;
            let value = sized(value, value_size, "value")?.map(<[u8]>::to_vec);
            headers.headers.push(Header { name: c_text(name), value });
            Ok(())
        };
        add().into()
    })
}

/// The bytes at `pointer`: `size` of them, or as far as a NUL when that is negative.
pub(crate) fn sized<'a>(
    pointer: *const c_void,
    size: isize,
    what: &str,
) -> Result<Option<&'a [u8]>, KafkaError> {
    match usize::try_from(size) {
        Ok(size) => boundary::bytes(pointer, size, what),
        Err(_) => Ok(boundary::text(pointer.cast(), what)?.map(str::as_bytes)),
    }
}

/// Removes all headers called `name`. `TL_RESP_ERR__NOENT` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_remove(hdrs: Option<&mut Headers>, name: *const c_char) -> ResponseError {
    guard(|| {
        let (Some(headers), Ok(name)) = (hdrs, boundary::required_text(name, "name")) else {
            return ErrorCode::LocalInvalidArg.into();
        };
        let before = headers.headers.len();
        headers.headers.retain(|header| header.name.as_bytes() != name.as_bytes());
        if headers.headers.len() == before { ErrorCode::LocalNoent.into() } else { ResponseError::NONE }
    })
}

/// Tells a header's value.
fn tell(
    header: Option<&Header>,
    valuep: Option<&mut MaybeUninit<*const c_void>>,
    sizep: Option<&mut MaybeUninit<usize>>,
) -> ResponseError {
    let Some(header) = header else { return ErrorCode::LocalNoent.into() };
    let value = header.value.as_deref();
    if let Some(pointer) = valuep {
        pointer.write(value.map_or(std::ptr::null(), |value| value.as_ptr().cast()));
    }
    if let Some(size) = sizep {
        size.write(value.map_or(0, <[u8]>::len));
    }
    ResponseError::NONE
}

/// The header of number `idx` among those called `name`. `TL_RESP_ERR__NOENT` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_get(
    hdrs: Option<&Headers>,
    idx: usize,
    name: *const c_char,
    valuep: Option<&mut MaybeUninit<*const c_void>>,
    sizep: Option<&mut MaybeUninit<usize>>,
) -> ResponseError {
    guard(|| match boundary::required_text(name, "name") {
        Ok(name) => tell(called(hdrs, name).nth(idx), valuep, sizep),
        Err(error) => (&error).into(),
    })
}

/// The last header called `name`. `TL_RESP_ERR__NOENT` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_get_last(
    hdrs: Option<&Headers>,
    name: *const c_char,
    valuep: Option<&mut MaybeUninit<*const c_void>>,
    sizep: Option<&mut MaybeUninit<usize>>,
) -> ResponseError {
    guard(|| match boundary::required_text(name, "name") {
        Ok(name) => tell(called(hdrs, name).last(), valuep, sizep),
        Err(error) => (&error).into(),
    })
}

fn called<'a>(headers: Option<&'a Headers>, name: &str) -> impl Iterator<Item = &'a Header> {
    let headers = headers.map_or(&[][..], |headers| &headers.headers);
    headers.iter().filter(move |header| header.name.as_bytes() == name.as_bytes())
}

/// The header of number `idx`, with its name. `TL_RESP_ERR__NOENT` when there is none. What is told lives as long as the
/// list does not change.
#[unsafe(no_mangle)]
pub extern "C" fn tl_header_get_all(
    hdrs: Option<&Headers>,
    idx: usize,
    namep: Option<&mut MaybeUninit<*const c_char>>,
    valuep: Option<&mut MaybeUninit<*const c_void>>,
    sizep: Option<&mut MaybeUninit<usize>>,
) -> ResponseError {
    guard(|| {
        let header = hdrs.and_then(|headers| headers.headers.get(idx));
        if let (Some(name), Some(header)) = (namep, header) {
            name.write(CStr::as_ptr(&header.name));
        }
        tell(header, valuep, sizep)
    })
}
