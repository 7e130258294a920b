//! Transactions. The engine has no coordinator for them yet: what would need one says so.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Producer;
use crate::kafka_error::{exception, type_error};

#[pymethods]
impl Producer {
    /// init_transactions([timeout]): would make this producer the one of its ``transactional.id``.
    ///
    /// :raises KafkaException: ``_NOT_IMPLEMENTED``: the engine has no transactions yet
    #[pyo3(signature = (timeout=-1.0, /))]
    fn init_transactions(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.producer.init_transactions().map_err(|error| exception(&error))
    }

    /// begin_transaction(): begins a transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there was no init_transactions()
    fn begin_transaction(&self) -> PyResult<()> {
        let inner = self.open()?;
        inner.producer.in_transaction().map_err(|error| exception(&error))
    }

    /// commit_transaction([timeout]): commits the transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there is none
    #[pyo3(signature = (timeout=-1.0, /))]
    fn commit_transaction(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.producer.in_transaction().map_err(|error| exception(&error))
    }

    /// abort_transaction([timeout]): aborts the transaction.
    ///
    /// :raises KafkaException: ``_STATE``: there is none
    #[pyo3(signature = (timeout=-1.0, /))]
    fn abort_transaction(&self, timeout: f64) -> PyResult<()> {
        let _ = timeout;
        let inner = self.open()?;
        inner.producer.in_transaction().map_err(|error| exception(&error))
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
        inner.producer.in_transaction().map_err(|error| exception(&error))
    }
}
