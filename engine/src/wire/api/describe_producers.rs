//! DescribeProducers (61): idempotent producers of a partition (KIP-664).

use crate::wire::schema::{api, schema};

api! {
    DescribeProducers = 61, versions 0..=0, flexible from 0,
    DescribeProducersRequest => DescribeProducersResponse
}

schema! {
    /// What is asked.
    pub struct DescribeProducersRequest {
        _ => topics: Vec<TopicRequest>,
    }

    /// Element of `topics`.
    pub struct TopicRequest {
        _ => name: String,
        _ => partition_indexes: Vec<i32>,
    }

    /// The answer.
    pub struct DescribeProducersResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<TopicResponse>,
    }

    /// Element of `topics`.
    pub struct TopicResponse {
        _ => name: String,
        _ => partitions: Vec<PartitionResponse>,
    }

    /// Element of `partitions`.
    pub struct PartitionResponse {
        _ => partition_index: i32,
        _ => error_code: i16,
        _ => error_message: Option<String>,
        _ => active_producers: Vec<ProducerState>,
    }

    /// Element of `active_producers`.
    pub struct ProducerState {
        _ => producer_id: i64,
        _ => producer_epoch: i32,
        _ => last_sequence: i32 = -1,
        _ => last_timestamp: i64 = -1,
        _ => coordinator_epoch: i32,
        _ => current_txn_start_offset: i64 = -1,
    }
}
