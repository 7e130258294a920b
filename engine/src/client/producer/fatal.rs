//! The error after which a producer is of no use any more: who is told of it, once, and that it is there from then on.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Producer;
use crate::client::KafkaError;

/// Called with an error that concerns the client as a whole, by the thread that polls or flushes. `Break` ends that call of
/// `poll`.
pub type ErrorCallback = Box<dyn Fn(&KafkaError) -> ControlFlow<()> + Send + Sync>;

impl Producer {
    /// Has `callback` told the fatal error of this producer, if it comes to one (librdkafka: `error_cb` with `_FATAL`):
    /// another producer of its `transactional.id` has fenced it, or it could not be made that one.
    pub fn on_error(&self, callback: ErrorCallback) {
        *self.on_error.lock() = Some(Arc::new(callback));
    }

    /// The error after which this producer is of no use any more, if there is one (librdkafka: `rd_kafka_fatal_error`).
    #[must_use]
    pub fn fatal_error(&self) -> Option<KafkaError> {
        let transaction = self.shared.transaction.as_ref()?;
        let error = transaction.lock().error();
        error.filter(KafkaError::is_fatal)
    }

    /// Whether nobody has been told of the fatal error yet.
    #[inline]
    pub(super) fn has_untold_error(&self) -> bool {
        self.shared.transaction.as_ref().is_some_and(|transaction| transaction.has_untold_error())
    }

    /// Tells of the fatal error, unless that has been done; `None` when there is nothing to tell.
    pub(super) fn tell_fatal_error(&self) -> Option<ControlFlow<()>> {
        if !self.has_untold_error() || !self.shared.transaction.as_ref()?.take_untold_error() {
            return None;
        }
        let callback = self.on_error.lock().clone();
        let error = self.fatal_error()?;
        Some(callback.map_or(ControlFlow::Continue(()), |callback| callback(&error)))
    }
}
