//! DescribeQuorum (55): voters of the metadata quorum (KIP-595).

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    DescribeQuorum = 55, versions 0..=2, flexible from 0,
    DescribeQuorumRequest => DescribeQuorumResponse
}

schema! {
    /// What is asked.
    pub struct DescribeQuorumRequest {
        _ => topics: Vec<TopicData>,
    }

    /// Element of `topics`.
    pub struct TopicData {
        _ => topic_name: String,
        _ => partitions: Vec<PartitionData>,
    }

    /// Element of `partitions`.
    pub struct PartitionData {
        _ => partition_index: i32,
    }

    /// The answer.
    pub struct DescribeQuorumResponse {
        _ => error_code: i16,
        2.. => error_message: Option<String>,
        _ => topics: Vec<ResponseTopicData>,
        2.. => nodes: Vec<Node>,
    }

    /// Element of `topics`.
    pub struct ResponseTopicData {
        _ => topic_name: String,
        _ => partitions: Vec<ResponsePartitionData>,
    }

    /// Element of `partitions`.
    pub struct ResponsePartitionData {
        _ => partition_index: i32,
        _ => error_code: i16,
        2.. => error_message: Option<String>,
        _ => leader_id: i32,
        _ => leader_epoch: i32,
        _ => high_watermark: i64,
        _ => current_voters: Vec<ReplicaState>,
        _ => observers: Vec<ReplicaState>,
    }

    /// Element of `current_voters`.
    pub struct ReplicaState {
        _ => replica_id: i32,
        2.. => replica_directory_id: TopicId,
        _ => log_end_offset: i64,
        1.. => last_fetch_timestamp: i64 = -1,
        1.. => last_caught_up_timestamp: i64 = -1,
    }

    /// Element of `nodes`.
    pub struct Node {
        2.. => node_id: i32,
        2.. => listeners: Vec<Listener>,
    }

    /// Element of `listeners`.
    pub struct Listener {
        2.. => name: String,
        2.. => host: String,
        2.. => port: u16,
    }
}
