//! [`guard`]: no panic leaves the library.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

use crate::boundary;
use crate::error::{Error, ResponseError, set_last_error};

/// What a function answers when it has panicked.
pub(crate) trait Answer {
    fn panicked() -> Self;
}

/// Does `call`. A panic in it is a defect of the library: the panic handler has said where, the caller is told that the
/// call failed.
#[inline]
pub(crate) fn guard<T: Answer>(call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        set_last_error(ErrorCode::LocalFail.into());
        T::panicked()
    })
}

impl Answer for () {
    fn panicked() {}
}

impl Answer for ResponseError {
    fn panicked() -> ResponseError {
        ErrorCode::LocalFail.into()
    }
}

/// Answers that say nothing else when a call fails.
macro_rules! answers {
    ($($answer:ty: $value:expr;)*) => {
        $(impl Answer for $answer {
            fn panicked() -> $answer {
                $value
            }
        })*
    };
}

answers! {
    c_int: -1;
    i64: -1;
    isize: -1;
    usize: 0;
}

impl<T> Answer for *mut T {
    fn panicked() -> *mut T {
        std::ptr::null_mut()
    }
}

impl<T> Answer for *const T {
    fn panicked() -> *const T {
        std::ptr::null()
    }
}

/// NULL, where it says that there is nothing: not for errors.
impl<T> Answer for Option<T> {
    fn panicked() -> Option<T> {
        None
    }
}

/// The outcome of a call that returns an error object.
struct Failure(Option<Box<Error>>);

impl Answer for Failure {
    fn panicked() -> Failure {
        let reason = "the library has a defect: it panicked";
        let error = KafkaError::with_reason(ErrorCode::LocalFail, reason);
        Failure(Some(Box::new(error.into())))
    }
}

/// As [`guard`], for calls that return an error object; NULL is success.
pub(crate) fn guard_outcome(call: impl FnOnce() -> Result<(), KafkaError>) -> Option<Box<Error>> {
    guard(|| Failure(call().err().map(|error| Box::new(error.into())))).0
}

/// Puts the reason, if it is a failure, into the application's buffer of `errstr_size` bytes.
pub(crate) fn explained<T>(
    outcome: Result<T, KafkaError>,
    errstr: *mut c_char,
    errstr_size: usize,
) -> Result<T, KafkaError> {
    outcome.inspect_err(|error| boundary::put_text(errstr, errstr_size, error.reason()))
}

/// What `outcome` holds, or NULL with the reason as the last error.
pub(crate) fn or_null<T>(outcome: Result<*mut T, KafkaError>) -> *mut T {
    outcome.unwrap_or_else(|error| {
        set_last_error((&error).into());
        std::ptr::null_mut()
    })
}

/// As [`or_null`], of an object that passes to the caller.
pub(crate) fn or_none<T>(outcome: Result<T, KafkaError>) -> Option<T> {
    outcome.map_err(|error| set_last_error((&error).into())).ok()
}
