//! DescribeTopicPartitions (75): topics in pages (KIP-966).

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    DescribeTopicPartitions = 75, versions 0..=0, flexible from 0,
    DescribeTopicPartitionsRequest => DescribeTopicPartitionsResponse
}

schema! {
    /// What is asked.
    pub struct DescribeTopicPartitionsRequest {
        _ => topics: Vec<TopicRequest>,
        _ => response_partition_limit: i32 = 2000,
        _ => [marked] cursor: Option<Cursor>,
    }

    /// Element of `topics`.
    pub struct TopicRequest {
        _ => name: String,
    }

    /// Element of `cursor`.
    pub struct Cursor {
        _ => topic_name: String,
        _ => partition_index: i32,
    }

    /// The answer.
    pub struct DescribeTopicPartitionsResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<DescribeTopicPartitionsResponseTopic>,
        _ => [marked] next_cursor: Option<ResponseCursor>,
    }

    /// Element of `topics`.
    pub struct DescribeTopicPartitionsResponseTopic {
        _ => error_code: i16,
        _ => name: Option<String>,
        _ => topic_id: TopicId,
        _ => is_internal: bool,
        _ => partitions: Vec<DescribeTopicPartitionsResponsePartition>,
        _ => topic_authorized_operations: i32 = i32::MIN,
    }

    /// Element of `partitions`.
    pub struct DescribeTopicPartitionsResponsePartition {
        _ => error_code: i16,
        _ => partition_index: i32,
        _ => leader_id: i32,
        _ => leader_epoch: i32 = -1,
        _ => replica_nodes: Vec<i32>,
        _ => isr_nodes: Vec<i32>,
        _ => eligible_leader_replicas: Option<Vec<i32>>,
        _ => last_known_elr: Option<Vec<i32>>,
        _ => offline_replicas: Vec<i32>,
    }

    /// Element of `next_cursor`.
    pub struct ResponseCursor {
        _ => topic_name: String,
        _ => partition_index: i32,
    }
}
