//! Metadata (3): brokers, topics and who leads each partition.

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    Metadata = 3, versions 0..=13, flexible from 9,
    MetadataRequest => MetadataResponse
}

schema! {
    /// What is asked.
    pub struct MetadataRequest {
        _ => [null 1..] topics: Option<Vec<MetadataRequestTopic>>,
        4.. => allow_auto_topic_creation: bool = true,
        8..=10 => include_cluster_authorized_operations: bool,
        8.. => include_topic_authorized_operations: bool,
    }

    /// Element of `topics`.
    pub struct MetadataRequestTopic {
        10.. => topic_id: TopicId,
        _ => [null 10..] name: Option<String>,
    }

    /// The answer.
    pub struct MetadataResponse {
        3.. => throttle_time_ms: i32,
        _ => brokers: Vec<MetadataResponseBroker>,
        2.. => cluster_id: Option<String>,
        1.. => controller_id: i32 = -1,
        _ => topics: Vec<MetadataResponseTopic>,
        8..=10 => cluster_authorized_operations: i32 = i32::MIN,
        13.. => error_code: i16,
    }

    /// Element of `brokers`.
    pub struct MetadataResponseBroker {
        _ => node_id: i32,
        _ => host: String,
        _ => port: i32,
        1.. => rack: Option<String>,
    }

    /// Element of `topics`.
    pub struct MetadataResponseTopic {
        _ => error_code: i16,
        _ => [null 12..] name: Option<String>,
        10.. => topic_id: TopicId,
        1.. => is_internal: bool,
        _ => partitions: Vec<MetadataResponsePartition>,
        8.. => topic_authorized_operations: i32 = i32::MIN,
    }

    /// Element of `partitions`.
    pub struct MetadataResponsePartition {
        _ => error_code: i16,
        _ => partition_index: i32,
        _ => leader_id: i32,
        7.. => leader_epoch: i32 = -1,
        _ => replica_nodes: Vec<i32>,
        _ => isr_nodes: Vec<i32>,
        5.. => offline_replicas: Vec<i32>,
    }
}
