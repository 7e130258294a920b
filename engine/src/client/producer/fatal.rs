//! The error after which a producer is of no use any more: who is told of it, once, and that it is there from then on.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::Producer;
use crate::client::KafkaError;
use crate::error_code::ErrorCode;
use crate::shard::Notify;

/// Called with an error that concerns the client as a whole, by the thread that polls or flushes. `Break` ends that call of
/// `poll`.
pub type ErrorCallback = Box<dyn Fn(&KafkaError) -> ControlFlow<()> + Send + Sync>;

/// See the module. The first one stays.
#[derive(Default)]
pub(super) struct FatalError {
    error: OnceLock<KafkaError>,
    /// Nobody has been told.
    is_untold: AtomicBool,
}

impl FatalError {
    /// Notes the error. False when there has been another one.
    pub(super) fn set(&self, error: KafkaError) -> bool {
        let first = self.error.set(error.into_fatal()).is_ok();
        if first {
            self.is_untold.store(true, Ordering::Release);
        }
        first
    }

    #[inline]
    pub(super) fn get(&self) -> Option<&KafkaError> {
        self.error.get()
    }

    #[inline]
    pub(super) fn is_untold(&self) -> bool {
        self.is_untold.load(Ordering::Acquire)
    }

    /// The error, if it is to be told: once.
    fn take_untold(&self) -> Option<&KafkaError> {
        if self.is_untold() && self.is_untold.swap(false, Ordering::AcqRel) { self.get() } else { None }
    }
}

impl Producer {
    /// Has `callback` told the fatal error of this producer, if it comes to one (librdkafka: `error_cb` with `_FATAL`):
    /// another producer of its `transactional.id` has fenced it, or it could not be made that one.
    pub fn on_error(&self, callback: ErrorCallback) {
        *self.on_error.lock() = Some(Arc::new(callback));
    }

    /// The error after which this producer is of no use any more, if there is one (librdkafka: `rd_kafka_fatal_error`).
    #[must_use]
    pub fn fatal_error(&self) -> Option<KafkaError> {
        self.shared.fatal.get().cloned()
    }

    /// Has the producer fail for good, so that an application can test what it does then (librdkafka:
    /// `rd_kafka_test_fatal_error`). What no shard has taken yet is dropped as by [`Producer::purge`].
    ///
    /// # Errors
    /// `_PREV_IN_PROGRESS` when it has failed already.
    pub fn test_fatal_error(&self, code: ErrorCode, reason: &str) -> Result<(), KafkaError> {
        let error = KafkaError::with_reason(code, format!("test_fatal_error: {reason}"));
        if !self.shared.fatal.set(error) {
            return Err(ErrorCode::LocalPrevInProgress.into());
        }
        self.purge();
        self.shared.reports.signal().notify();
        Ok(())
    }

    /// Tells of the fatal error, unless that has been done; `None` when there is nothing to tell.
    pub(super) fn tell_fatal_error(&self) -> Option<ControlFlow<()>> {
        let error = self.shared.fatal.take_untold()?;
        let callback = self.on_error.lock().clone();
        Some(callback.map_or(ControlFlow::Continue(()), |callback| callback(error)))
    }
}
