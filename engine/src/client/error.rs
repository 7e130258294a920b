//! [`KafkaError`]: a code, a text and what the application may do next (librdkafka: `rd_kafka_error_t`). A plain
//! value; the usual ones cost no allocation.

use std::borrow::Cow;
use std::fmt;

use crate::broker::{BrokerError, produce_error_code};
use crate::error_code::ErrorCode;
use crate::io::Forked;
use crate::shard::ProduceError;

/// Why a client's call, message or partition failed.
///
/// Prints as confluent-kafka's error of the same name does:
/// `KafkaError{code=_TIMED_OUT,val=-185,str="Local: Timed out"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaError {
    code: ErrorCode,
    reason: Cow<'static, str>,
    fatal: bool,
    retriable: bool,
    txn_requires_abort: bool,
}

impl KafkaError {
    /// The error `code` with its own description as text.
    #[must_use]
    pub fn new(code: ErrorCode) -> KafkaError {
        KafkaError::with_reason(code, code.description())
    }

    /// The error `code`, explained by `reason`.
    pub fn with_reason(code: ErrorCode, reason: impl Into<Cow<'static, str>>) -> KafkaError {
        let reason = reason.into();
        KafkaError { code, reason, fatal: false, retriable: false, txn_requires_abort: false }
    }

    /// The same error, marked as one that the client cannot be used after.
    #[must_use]
    pub fn into_fatal(self) -> KafkaError {
        KafkaError { fatal: true, ..self }
    }

    /// The same error, marked as one where the same call may be tried again.
    #[must_use]
    pub fn into_retriable(self) -> KafkaError {
        KafkaError { retriable: true, ..self }
    }

    /// The same error, marked as one that leaves only aborting the transaction.
    #[must_use]
    pub fn into_txn_requires_abort(self) -> KafkaError {
        KafkaError { txn_requires_abort: true, ..self }
    }

    /// Which error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The text, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the client cannot be used any more (KIP-360: a producer that could break its guarantees; a fenced
    /// instance).
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Whether the same call may succeed when tried again. Set by transactional calls.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        self.retriable
    }

    /// Whether the current transaction must be aborted before anything else.
    #[must_use]
    pub fn txn_requires_abort(&self) -> bool {
        self.txn_requires_abort
    }
}

impl From<ErrorCode> for KafkaError {
    fn from(code: ErrorCode) -> KafkaError {
        KafkaError::new(code)
    }
}

impl From<Forked> for KafkaError {
    fn from(forked: Forked) -> KafkaError {
        KafkaError::with_reason(ErrorCode::LocalState, forked.to_string())
    }
}

impl From<BrokerError> for KafkaError {
    fn from(error: BrokerError) -> KafkaError {
        KafkaError::with_reason(error.code(), error.to_string())
    }
}

impl From<ProduceError> for KafkaError {
    fn from(error: ProduceError) -> KafkaError {
        KafkaError::with_reason(produce_error_code(&error), error.to_string())
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fatal = if self.fatal { "FATAL," } else { "" };
        let (name, value) = (self.code.name(), self.code.code());
        write!(f, "KafkaError{{{fatal}code={name},val={value},str=\"{}\"}}", self.reason)
    }
}

impl std::error::Error for KafkaError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_confluent_kafka_does() {
        let error = KafkaError::new(ErrorCode::LocalTimedOut);
        assert_eq!(error.to_string(), r#"KafkaError{code=_TIMED_OUT,val=-185,str="Local: Timed out"}"#);
        let error = KafkaError::with_reason(ErrorCode::LocalInvalidArg, "a\"b").into_retriable();
        assert_eq!(error.to_string(), r#"KafkaError{code=_INVALID_ARG,val=-186,str="a"b"}"#);
        let error = KafkaError::new(ErrorCode::LocalFenced).into_txn_requires_abort().into_fatal();
        assert_eq!(
            error.to_string(),
            r#"KafkaError{FATAL,code=_FENCED,val=-144,str="Local: This instance has been fenced by a newer instance"}"#
        );
    }

    #[test]
    fn marks_are_independent() {
        let plain = KafkaError::from(ErrorCode::LocalState);
        assert!(!plain.is_fatal() && !plain.is_retriable() && !plain.txn_requires_abort());
        let marked = plain.clone().into_retriable();
        assert!(!marked.is_fatal() && marked.is_retriable() && !marked.txn_requires_abort());
        assert_ne!(plain, marked);
        assert!(plain.into_txn_requires_abort().txn_requires_abort());
    }
}
