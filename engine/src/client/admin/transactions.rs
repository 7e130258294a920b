//! ListTransactions and DescribeTransactions (KIP-664): the transactional ids that there are.

use super::{Admin, KafkaError};
use crate::broker::transaction::{ListedTransaction, TransactionDescription};
use crate::error_code::ErrorCode;

impl Admin {
    /// All transactional ids, in order.
    ///
    /// # Errors
    /// `_TRANSPORT` without an engine; `KAFKA_STORAGE_ERROR` when their topic cannot be read.
    pub fn list_transactions(&self) -> Result<Vec<ListedTransaction>, KafkaError> {
        let transactions = self.broker()?.existing_transactions()?;
        Ok(transactions.map(|transactions| transactions.list()).unwrap_or_default())
    }

    /// Transactional ids in detail, each on its own.
    ///
    /// Errors of an item: `TRANSACTIONAL_ID_NOT_FOUND`, `KAFKA_STORAGE_ERROR`.
    #[must_use]
    pub fn describe_transactions(
        &self,
        transactional_ids: &[&str],
    ) -> Vec<Result<TransactionDescription, KafkaError>> {
        self.each(transactional_ids, |broker, id| {
            let transactions = broker.existing_transactions()?;
            let described = transactions.and_then(|transactions| transactions.describe(id));
            described.ok_or_else(|| KafkaError::new(ErrorCode::TransactionalIdNotFound))
        })
    }
}
