//! DeleteRecords (21): deletes a partition's oldest records (KIP-107).

use crate::wire::schema::{api, schema};

api! {
    DeleteRecords = 21, versions 0..=2, flexible from 2,
    DeleteRecordsRequest => DeleteRecordsResponse
}

schema! {
    /// What is asked.
    pub struct DeleteRecordsRequest {
        _ => topics: Vec<DeleteRecordsTopic>,
        _ => timeout_ms: i32,
    }

    /// Element of `topics`.
    pub struct DeleteRecordsTopic {
        _ => name: String,
        _ => partitions: Vec<DeleteRecordsPartition>,
    }

    /// Element of `partitions`.
    pub struct DeleteRecordsPartition {
        _ => partition_index: i32,
        _ => offset: i64,
    }

    /// The answer.
    pub struct DeleteRecordsResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<DeleteRecordsTopicResult>,
    }

    /// Element of `topics`.
    pub struct DeleteRecordsTopicResult {
        _ => name: String,
        _ => partitions: Vec<DeleteRecordsPartitionResult>,
    }

    /// Element of `partitions`.
    pub struct DeleteRecordsPartitionResult {
        _ => partition_index: i32,
        _ => low_watermark: i64,
        _ => error_code: i16,
    }
}
