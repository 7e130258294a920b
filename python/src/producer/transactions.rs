//! Transactions: `init_transactions()`, and those behind it.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tidelog::client::consumer::GroupMetadata;
use tidelog::client::{KafkaError, Producer as Client};
use tidelog::error_code::ErrorCode;

use super::{Inner, Producer};
use crate::kafka_error::{exception, type_error};
use crate::raised;
use crate::waiting::Timeout;

impl Inner {
    /// Makes a call in pieces, so that Ctrl-C is heard: one that has timed out goes on when it is made again. What a
    /// callback has raised meanwhile comes at the end.
    fn in_pieces(
        &self,
        py: Python<'_>,
        timeout: Timeout,
        call: impl Fn(&Client, Option<Duration>) -> Result<(), KafkaError> + Sync,
    ) -> PyResult<()> {
        let mut timed_out = KafkaError::new(ErrorCode::LocalTimedOut);
        let attempt = |piece| match call(&self.producer, Some(piece)) {
            Err(error) if error.is_retriable() && error.code() == ErrorCode::LocalTimedOut => {
                timed_out = error;
                None
            }
            done => Some(done),
        };
        let done = timeout.deadline().wait(py, attempt)?;
        raised::raise()?;
        done.unwrap_or(Err(timed_out)).map_err(|error| exception(&error))
    }

    /// Gives up what is open.
    pub(super) fn abort(&self, py: Python<'_>, timeout: Timeout) -> PyResult<()> {
        self.in_pieces(py, timeout, Client::abort_transaction)
    }
}

#[pymethods]
impl Producer {
    /// init_transactions([timeout])
    ///
    /// Makes this producer the one of its ``transactional.id``: an earlier one is fenced, and what it has begun is aborted.
    ///
    /// :param float timeout: seconds; negative waits for twice ``transaction.timeout.ms``
    /// :raises KafkaException: retriable on timeout; fatal when there can be no such producer
    #[pyo3(signature = (timeout=-1.0, /))]
    fn init_transactions(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let inner = self.open()?;
        let timeout = if timeout < 0.0 { inner.producer.init_timeout().as_secs_f64() } else { timeout };
        inner.in_pieces(py, Timeout::seconds(timeout), Client::init_transactions)
    }

    /// begin_transaction(): begins a transaction; what is produced from now on belongs to it.
    ///
    /// :raises KafkaException: ``_STATE`` before init_transactions(), or in a transaction
    fn begin_transaction(&self) -> PyResult<()> {
        let inner = self.open()?;
        inner.producer.begin_transaction().map_err(|error| exception(&error))
    }

    /// commit_transaction([timeout])
    ///
    /// Delivers what is queued, serves its reports, and commits the transaction.
    ///
    /// :param float timeout: seconds; negative waits without end
    /// :raises KafkaException: retriable on timeout: call again to go on; or with ``txn_requires_abort()``
    #[pyo3(signature = (timeout=-1.0, /))]
    fn commit_transaction(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let inner = self.open()?;
        inner.in_pieces(py, Timeout::seconds(timeout), Client::commit_transaction)
    }

    /// abort_transaction([timeout])
    ///
    /// Drops what is queued, serves reports, and aborts the transaction.
    ///
    /// :param float timeout: seconds; negative waits without end
    /// :raises KafkaException: retriable on timeout: call again to go on
    #[pyo3(signature = (timeout=-1.0, /))]
    fn abort_transaction(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let inner = self.open()?;
        inner.abort(py, Timeout::seconds(timeout))
    }

    /// send_offsets_to_transaction(positions, group_metadata, [timeout])
    ///
    /// Commits offsets of a consumer with the transaction: they count when it is committed.
    ///
    /// :param list(TopicPartition) positions: the next offsets to read
    /// :param bytes group_metadata: what ``Consumer.consumer_group_metadata()`` returned
    /// :param float timeout: seconds; negative waits without end
    /// :raises KafkaException: ``_STATE`` when there is no transaction; retriable on timeout; or with
    ///     ``txn_requires_abort()``
    #[pyo3(signature = (positions, group_metadata, timeout=-1.0, /))]
    fn send_offsets_to_transaction(
        &self,
        py: Python<'_>,
        positions: &Bound<'_, PyAny>,
        group_metadata: &Bound<'_, PyAny>,
        timeout: f64,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let Ok(bytes) = group_metadata.cast::<PyBytes>() else {
            let kind = group_metadata.get_type().name()?.to_string();
            return Err(type_error(format!("expected bytes, {kind} found")));
        };
        let positions = crate::topic_partition::read_positions(positions)?;
        let Some(group) = GroupMetadata::from_bytes(bytes.as_bytes()) else {
            let error = KafkaError::with_reason(ErrorCode::LocalBadMsg, "Input buffer is not group metadata");
            return Err(exception(&error));
        };
        inner.in_pieces(py, Timeout::seconds(timeout), |producer, piece| {
            producer.send_offsets_to_transaction(&positions, &group, piece)
        })
    }
}
