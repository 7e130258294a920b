//! Transactions. The engine has no coordinator for them yet: what would need one says so.

use super::Producer;
use crate::client::KafkaError;
use crate::error_code::ErrorCode;

impl Producer {
    /// Whether it has a `transactional.id`: it can then only produce in transactions.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.shared.config.transactional_id.is_some()
    }

    fn check_transactional(&self) -> Result<(), KafkaError> {
        if self.is_transactional() {
            return Ok(());
        }
        let text = "The Transactional API requires transactional.id to be configured";
        Err(KafkaError::with_reason(ErrorCode::LocalNotConfigured, text))
    }

    /// Would make this producer the one of its `transactional.id`.
    ///
    /// # Errors
    /// `_NOT_IMPLEMENTED`: the engine has no transactions yet. `_NOT_CONFIGURED` without `transactional.id`.
    pub fn init_transactions(&self) -> Result<(), KafkaError> {
        self.check_transactional()?;
        let text = "transactions are not implemented by the in-process engine yet";
        Err(KafkaError::with_reason(ErrorCode::LocalNotImplemented, text))
    }

    /// Would begin, commit or abort a transaction, or commit offsets with it: whatever comes behind
    /// [`Producer::init_transactions`], which has not succeeded.
    ///
    /// # Errors
    /// `_STATE`. `_NOT_CONFIGURED` without `transactional.id`.
    pub fn in_transaction(&self) -> Result<(), KafkaError> {
        self.check_transactional()?;
        Err(KafkaError::with_reason(ErrorCode::LocalState, "Operation not valid in state Init"))
    }
}
