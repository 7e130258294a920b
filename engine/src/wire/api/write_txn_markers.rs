//! WriteTxnMarkers (27): ends transactions in partitions. For brokers among themselves, and for an administrator who
//! aborts a transaction that hangs (KIP-664).

use crate::wire::schema::{api, schema};

api! {
    WriteTxnMarkers = 27, versions 1..=2, flexible from 1,
    WriteTxnMarkersRequest => WriteTxnMarkersResponse
}

schema! {
    /// What is asked.
    pub struct WriteTxnMarkersRequest {
        _ => markers: Vec<WritableTxnMarker>,
    }

    /// Element of `markers` of the request.
    pub struct WritableTxnMarker {
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        _ => transaction_result: bool,
        _ => topics: Vec<WritableTxnMarkerTopic>,
        _ => coordinator_epoch: i32,
        2.. => transaction_version: i8,
    }

    /// Element of `topics` of the request.
    pub struct WritableTxnMarkerTopic {
        _ => name: String,
        _ => partition_indexes: Vec<i32>,
    }

    /// The answer.
    pub struct WriteTxnMarkersResponse {
        _ => markers: Vec<WritableTxnMarkerResult>,
    }

    /// Element of `markers` of the answer.
    pub struct WritableTxnMarkerResult {
        _ => producer_id: i64,
        _ => topics: Vec<WritableTxnMarkerTopicResult>,
    }

    /// Element of `topics` of the answer.
    pub struct WritableTxnMarkerTopicResult {
        _ => name: String,
        _ => partitions: Vec<WritableTxnMarkerPartitionResult>,
    }

    /// Element of `partitions`.
    pub struct WritableTxnMarkerPartitionResult {
        _ => partition_index: i32,
        _ => error_code: i16,
    }
}
