//! [`TransactionMarker`]: what a control batch says about a transaction's end. Borrowed bytes in, values out.
//!
//! Source: Kafka's `EndTransactionMarker`, `ControlRecordType`.

use crate::record::BatchView;

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransactionMarker {
    /// Whether its records are to be ignored.
    pub(super) aborted: bool,
    /// Epoch of the coordinator that decided it.
    pub(super) coordinator_epoch: i32,
}

impl TransactionMarker {
    /// The marker in a control batch; `None` when it holds another kind of control record, or none.
    pub(super) fn of(batch: &BatchView<'_>) -> Option<TransactionMarker> {
        let record = batch.records().ok()?.next()?.ok()?;
        // Key: version i16, type i16. Value: version i16, coordinator epoch i32. Later versions add to the end.
        let (&[_, _, high, low], &[_, _, a, b, c, d, ..]) = (record.key?.first_chunk::<4>()?, record.value?)
        else {
            return None;
        };
        let aborted = match i16::from_be_bytes([high, low]) {
            0 => true,
            1 => false,
            _ => return None,
        };
        Some(TransactionMarker { aborted, coordinator_epoch: i32::from_be_bytes([a, b, c, d]) })
    }
}
