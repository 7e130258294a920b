//! Transactions. The engine has no coordinator for them yet: what would need one says so.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tidelog::error_code::ErrorCode;

use super::{Inner, Producer};
use crate::kafka_error::{exception_with, type_error};

impl Inner {
    fn check_transactional(&self) -> PyResult<()> {
        if self.transactional {
            return Ok(());
        }
        let text = "The Transactional API requires transactional.id to be configured";
        Err(exception_with(ErrorCode::LocalNotConfigured, text))
    }

    fn not_begun(&self) -> PyResult<()> {
        self.check_transactional()?;
        Err(exception_with(ErrorCode::LocalState, "Operation not valid in state Init"))
    }
}

#[pymethods]
impl Producer {
    /// init_transactions([timeout]): would make this producer the one of its ``transactional.id``.
    ///
    /// :raises KafkaException: ``_NOT_IMPLEMENTED``: the engine has no transactions yet
    #[pyo3(signature = (timeout=-1.0, /))]
    fn init_transactions(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.check_transactional()?;
        let text = "transactions are not implemented by the in-process engine yet";
        Err(exception_with(ErrorCode::LocalNotImplemented, text))
    }

    /// begin_transaction(): begins a transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there was no init_transactions()
    fn begin_transaction(&self) -> PyResult<()> {
        let inner = self.open()?;
        inner.not_begun()
    }

    /// commit_transaction([timeout]): commits the transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there is none
    #[pyo3(signature = (timeout=-1.0, /))]
    fn commit_transaction(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.not_begun()
    }

    /// abort_transaction([timeout]): aborts the transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there is none
    #[pyo3(signature = (timeout=-1.0, /))]
    fn abort_transaction(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.not_begun()
    }

    /// send_offsets_to_transaction(positions, group_metadata, [timeout]): commits offsets with the transaction.
    ///
    /// :param list(TopicPartition) positions: offsets
    /// :param bytes group_metadata: what ``Consumer.consumer_group_metadata()`` returned
    /// :raises KafkaException: ``_STATE``: there is no transaction
    #[pyo3(signature = (positions, group_metadata, timeout=-1.0, /))]
    fn send_offsets_to_transaction(
        &self,
        positions: &Bound<'_, PyAny>,
        group_metadata: &Bound<'_, PyAny>,
        timeout: f64,
    ) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        if !group_metadata.is_instance_of::<PyBytes>() {
            let kind = group_metadata.get_type().name()?.to_string();
            return Err(type_error(format!("expected bytes, {kind} found")));
        }
        crate::topic_partition::read_list(positions)?;
        inner.not_begun()
    }
}
