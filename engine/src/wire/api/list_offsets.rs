//! ListOffsets (2): offsets at the ends of a partition, or by time.

use crate::wire::schema::{api, schema};

api! {
    ListOffsets = 2, versions 1..=11, flexible from 6,
    ListOffsetsRequest => ListOffsetsResponse
}

schema! {
    /// What is asked.
    pub struct ListOffsetsRequest {
        _ => replica_id: i32,
        2.. => isolation_level: i8,
        _ => topics: Vec<ListOffsetsTopic>,
        10.. => timeout_ms: i32,
    }

    /// Element of `topics`.
    pub struct ListOffsetsTopic {
        _ => name: String,
        _ => partitions: Vec<ListOffsetsPartition>,
    }

    /// Element of `partitions`.
    pub struct ListOffsetsPartition {
        _ => partition_index: i32,
        4.. => current_leader_epoch: i32 = -1,
        _ => timestamp: i64,
    }

    /// The answer.
    pub struct ListOffsetsResponse {
        2.. => throttle_time_ms: i32,
        _ => topics: Vec<ListOffsetsTopicResponse>,
    }

    /// Element of `topics`.
    pub struct ListOffsetsTopicResponse {
        _ => name: String,
        _ => partitions: Vec<ListOffsetsPartitionResponse>,
    }

    /// Element of `partitions`.
    pub struct ListOffsetsPartitionResponse {
        _ => partition_index: i32,
        _ => error_code: i16,
        _ => timestamp: i64 = -1,
        _ => offset: i64 = -1,
        4.. => leader_epoch: i32 = -1,
    }
}
