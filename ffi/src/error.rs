//! Errors: their numbers, names and texts, and [`Error`], which carries more than a number.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int};
use std::mem::MaybeUninit;
use std::sync::LazyLock;

use tidelog::client::KafkaError;
use tidelog::client::consumer::CallError;
use tidelog::error_code::ErrorCode;

use crate::boundary::{self, ErrorDescription};
use crate::guard::guard;
use crate::text::c_text;

/// A number of [`ErrorCode`]. In C it is an enumeration, which `tests/tests/c_header.rs` writes.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseError(c_int);

impl ResponseError {
    pub(crate) const NONE: ResponseError = ResponseError(0);

    /// The error that it is; `None` for success, and for numbers that are no error's.
    pub(crate) fn code(self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.0).filter(|code| *code != ErrorCode::None)
    }
}

impl From<ErrorCode> for ResponseError {
    fn from(code: ErrorCode) -> ResponseError {
        ResponseError(c_int::from(code.code()))
    }
}

impl From<&KafkaError> for ResponseError {
    fn from(error: &KafkaError) -> ResponseError {
        error.code().into()
    }
}

impl<T> From<Result<T, KafkaError>> for ResponseError {
    fn from(outcome: Result<T, KafkaError>) -> ResponseError {
        outcome.map_or_else(|error| (&error).into(), |_| ResponseError::NONE)
    }
}

impl From<Option<&KafkaError>> for ResponseError {
    fn from(error: Option<&KafkaError>) -> ResponseError {
        error.map_or(ResponseError::NONE, ResponseError::from)
    }
}

/// What a call of a consumer failed with, as other calls fail.
pub(crate) fn of_call(error: CallError) -> KafkaError {
    match error {
        CallError::Closed => KafkaError::with_reason(ErrorCode::LocalState, "the consumer has been closed"),
        CallError::Kafka(error) => error,
    }
}

/// Name and text of each code, as C reads them.
static TEXTS: LazyLock<HashMap<c_int, (CString, CString)>> = LazyLock::new(|| {
    let texts =
        |code: &ErrorCode| (c_int::from(code.code()), (c_text(code.name()), c_text(code.description())));
    ErrorCode::ALL.iter().map(texts).collect()
});

/// The same, as a table.
static DESCRIPTIONS: LazyLock<Vec<ErrorDescription>> = LazyLock::new(|| {
    let described = |code: &ErrorCode| {
        let number = ResponseError::from(*code);
        let (name, text) = TEXTS.get(&number.0)?;
        Some(ErrorDescription::new(number, name, text))
    };
    ErrorCode::ALL.iter().filter_map(described).collect()
});

thread_local! {
    static LAST: Cell<ResponseError> = const { Cell::new(ResponseError::NONE) };
}

/// See [`tl_last_error`].
pub(crate) fn set_last_error(error: ResponseError) {
    LAST.set(error);
}

/// Text of an error, such as `Local: Timed out`. Static: never freed. For numbers that are no error's, `Unknown error`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_err2str(err: ResponseError) -> *const c_char {
    guard(|| TEXTS.get(&err.0).map_or(c"Unknown error".as_ptr(), |(_, text)| text.as_ptr()))
}

/// Name of an error, such as `_TIMED_OUT`. Static: never freed. For numbers that are no error's, `UNKNOWN`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_err2name(err: ResponseError) -> *const c_char {
    guard(|| TEXTS.get(&err.0).map_or(c"UNKNOWN".as_ptr(), |(name, _)| name.as_ptr()))
}

/// All errors: `*cntp` of them, with their numbers, names and texts. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_get_err_descs(
    errdescs: Option<&mut MaybeUninit<*const ErrorDescription>>,
    cntp: Option<&mut MaybeUninit<usize>>,
) {
    guard(|| {
        if let (Some(errors), Some(count)) = (errdescs, cntp) {
            errors.write(DESCRIPTIONS.as_ptr());
            count.write(DESCRIPTIONS.len());
        }
    });
}

/// Why the last call of this thread failed, of those that say nothing but that they did: ::tl_produce,
/// ::tl_topic_new, ::tl_queue_new and others that return NULL or -1.
#[unsafe(no_mangle)]
pub extern "C" fn tl_last_error() -> ResponseError {
    LAST.get()
}

/// An error with its text and what may be done next.
///
/// Whoever is returned one owns it: ::tl_error_destroy. NULL is success.
pub struct Error {
    error: KafkaError,
    text: CString,
}

impl From<KafkaError> for Error {
    fn from(error: KafkaError) -> Error {
        let text = c_text(error.reason());
        Error { error, text }
    }
}

/// Its number; 0 (success) for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_code(error: Option<&Error>) -> ResponseError {
    guard(|| error.map(|error| &error.error).into())
}

/// Its name, such as `_TIMED_OUT`. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_name(error: Option<&Error>) -> *const c_char {
    guard(|| tl_err2name(tl_error_code(error)))
}

/// Its text, which lives as long as the error; an empty one for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_string(error: Option<&Error>) -> *const c_char {
    guard(|| error.map_or(c"".as_ptr(), |error| error.text.as_ptr()))
}

/// 1 when the client cannot be used any more, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_is_fatal(error: Option<&Error>) -> c_int {
    guard(|| c_int::from(error.is_some_and(|error| error.error.is_fatal())))
}

/// 1 when the same call may be tried again, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_is_retriable(error: Option<&Error>) -> c_int {
    guard(|| c_int::from(error.is_some_and(|error| error.error.is_retriable())))
}

/// 1 when the transaction must be aborted before anything else, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_txn_requires_abort(error: Option<&Error>) -> c_int {
    guard(|| c_int::from(error.is_some_and(|error| error.error.txn_requires_abort())))
}

/// Frees an error. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_destroy(error: Option<Box<Error>>) {
    guard(|| drop(error));
}

/// An error of the application's own making: `text` is copied; NULL stands for the number's own text. Numbers that are
/// no error's become `_APPLICATION`. The caller owns it.
///
/// In place of librdkafka's `rd_kafka_error_new`, whose text is a format with arguments.
#[unsafe(no_mangle)]
pub extern "C" fn tl_error_new(code: ResponseError, text: *const c_char) -> Option<Box<Error>> {
    guard(|| {
        let code = ErrorCode::from_code(code.0).unwrap_or(ErrorCode::LocalApplication);
        let error = match boundary::text(text, "text") {
            Ok(Some(text)) => KafkaError::with_reason(code, text.to_owned()),
            Ok(None) => KafkaError::new(code),
            Err(error) => error,
        };
        Some(Box::new(Error::from(error)))
    })
}
