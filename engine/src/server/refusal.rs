//! [`Refusal`]: why something is not done, as answers say it: Kafka's code and a text for people.

use crate::broker::BrokerError;
use crate::error_code::ErrorCode;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, text: impl Into<String>) -> Refusal {
        Refusal { code, text: text.into() }
    }
}

impl From<BrokerError> for Refusal {
    fn from(error: BrokerError) -> Refusal {
        Refusal { code: error.code(), text: error.to_string() }
    }
}

/// With the code's own text.
impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Refusal {
        Refusal::new(code, code.description())
    }
}

/// Code and text of an outcome.
pub(super) fn outcome(outcome: Result<(), Refusal>) -> (i16, Option<String>) {
    match outcome {
        Ok(()) => (ErrorCode::None.code(), None),
        Err(Refusal { code, text }) => (code.code(), Some(text)),
    }
}
