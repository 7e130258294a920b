//! AddPartitionsToTxn (24): partitions become part of a producer's transaction (KIP-98). Versions from 4 on are for
//! brokers among themselves.

use crate::wire::schema::{api, schema};

api! {
    AddPartitionsToTxn = 24, versions 0..=3, flexible from 3,
    AddPartitionsToTxnRequest => AddPartitionsToTxnResponse
}

schema! {
    /// What is asked.
    pub struct AddPartitionsToTxnRequest {
        _ => transactional_id: String,
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        _ => topics: Vec<AddPartitionsToTxnTopic>,
    }

    /// Element of `topics`.
    pub struct AddPartitionsToTxnTopic {
        _ => name: String,
        _ => partitions: Vec<i32>,
    }

    /// The answer.
    pub struct AddPartitionsToTxnResponse {
        _ => throttle_time_ms: i32,
        _ => results_by_topic: Vec<AddPartitionsToTxnTopicResult>,
    }

    /// Element of `results_by_topic`.
    pub struct AddPartitionsToTxnTopicResult {
        _ => name: String,
        _ => results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
    }

    /// Element of `results_by_partition`.
    pub struct AddPartitionsToTxnPartitionResult {
        _ => partition_index: i32,
        _ => partition_error_code: i16,
    }
}
