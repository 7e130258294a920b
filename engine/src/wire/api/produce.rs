//! Produce (0): appends record batches.

use bytes::Bytes;

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    Produce = 0, versions 3..=13, flexible from 9,
    ProduceRequest => ProduceResponse
}

schema! {
    /// What is asked.
    pub struct ProduceRequest {
        _ => transactional_id: Option<String>,
        _ => acks: i16,
        _ => timeout_ms: i32,
        _ => topic_data: Vec<TopicProduceData>,
    }

    /// Element of `topic_data`.
    pub struct TopicProduceData {
        3..=12 => name: String,
        13.. => topic_id: TopicId,
        _ => partition_data: Vec<PartitionProduceData>,
    }

    /// Element of `partition_data`.
    pub struct PartitionProduceData {
        _ => index: i32,
        _ => records: Option<Bytes>,
    }

    /// The answer.
    pub struct ProduceResponse {
        _ => responses: Vec<TopicProduceResponse>,
        _ => throttle_time_ms: i32,
        10.. => [tag 0] node_endpoints: Vec<NodeEndpoint>,
    }

    /// Element of `responses`.
    pub struct TopicProduceResponse {
        3..=12 => name: String,
        13.. => topic_id: TopicId,
        _ => partition_responses: Vec<PartitionProduceResponse>,
    }

    /// Element of `partition_responses`.
    pub struct PartitionProduceResponse {
        _ => index: i32,
        _ => error_code: i16,
        _ => base_offset: i64,
        _ => log_append_time_ms: i64 = -1,
        5.. => log_start_offset: i64 = -1,
        8.. => record_errors: Vec<BatchIndexAndErrorMessage>,
        8.. => error_message: Option<String>,
        10.. => [tag 0] current_leader: LeaderIdAndEpoch,
    }

    /// Element of `record_errors`.
    pub struct BatchIndexAndErrorMessage {
        8.. => batch_index: i32,
        8.. => batch_index_error_message: Option<String>,
    }

    /// Element of `current_leader`.
    pub struct LeaderIdAndEpoch {
        10.. => leader_id: i32 = -1,
        10.. => leader_epoch: i32 = -1,
    }

    /// Element of `node_endpoints`.
    pub struct NodeEndpoint {
        10.. => node_id: i32,
        10.. => host: String,
        10.. => port: i32,
        10.. => rack: Option<String>,
    }
}
