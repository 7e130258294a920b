//! The error after which a consumer is of no use any more: polling tells it once, and it is there from then on.

use super::events::ConsumerError;
use super::shared::Shared;
use super::{CallError, Consumer};
use crate::client::KafkaError;
use crate::error_code::ErrorCode;

impl Consumer {
    /// The error after which this consumer is of no use any more, if there is one (librdkafka: `rd_kafka_fatal_error`): a
    /// member of the same `group.instance.id` has taken its place, or the group does not take it. Polling has told it, once,
    /// as `_FATAL`; it has lost its partitions, and can be assigned no others.
    #[must_use]
    pub fn fatal_error(&self) -> Option<KafkaError> {
        self.shared.state.lock().fatal.clone()
    }

    /// Has the consumer fail for good, so that an application can test what it does then (librdkafka:
    /// `rd_kafka_test_fatal_error`).
    ///
    /// # Errors
    /// [`CallError::Closed`]; `_PREV_IN_PROGRESS` when it has failed already.
    pub fn test_fatal_error(&self, code: ErrorCode, reason: &str) -> Result<(), CallError> {
        drop(self.shared.lock()?);
        let error = KafkaError::with_reason(code, format!("test_fatal_error: {reason}"));
        if self.shared.fail(error) { Ok(()) } else { Err(ErrorCode::LocalPrevInProgress.into()) }
    }
}

impl Shared {
    /// Ends the consumer's work, unless that has been done.
    pub(super) fn fail(&self, error: KafkaError) -> bool {
        let first = self.state.lock().fail(error);
        self.wake();
        first
    }
}

/// How polling tells it.
pub(super) fn told(error: &KafkaError) -> ConsumerError {
    let reason = format!("Fatal error: {}: {}", error.code().description(), error.reason());
    ConsumerError::new(KafkaError::with_reason(ErrorCode::LocalFatal, reason))
}
