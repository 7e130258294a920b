//! CreateTopics (19): creates topics.

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    CreateTopics = 19, versions 2..=7, flexible from 5,
    CreateTopicsRequest => CreateTopicsResponse
}

schema! {
    /// What is asked.
    pub struct CreateTopicsRequest {
        _ => topics: Vec<CreatableTopic>,
        _ => timeout_ms: i32 = 60000,
        _ => validate_only: bool,
    }

    /// Element of `topics`.
    pub struct CreatableTopic {
        _ => name: String,
        _ => num_partitions: i32,
        _ => replication_factor: i16,
        _ => assignments: Vec<CreatableReplicaAssignment>,
        _ => configs: Vec<CreatableTopicConfig>,
    }

    /// Element of `assignments`.
    pub struct CreatableReplicaAssignment {
        _ => partition_index: i32,
        _ => broker_ids: Vec<i32>,
    }

    /// Element of `configs`.
    pub struct CreatableTopicConfig {
        _ => name: String,
        _ => value: Option<String>,
    }

    /// The answer.
    pub struct CreateTopicsResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<CreatableTopicResult>,
    }

    /// Element of `topics`.
    pub struct CreatableTopicResult {
        _ => name: String,
        7.. => topic_id: TopicId,
        _ => error_code: i16,
        _ => error_message: Option<String>,
        5.. => [tag 0] topic_config_error_code: i16,
        5.. => num_partitions: i32 = -1,
        5.. => replication_factor: i16 = -1,
        5.. => configs: Option<Vec<CreatableTopicConfigs>>,
    }

    /// Element of `configs`.
    pub struct CreatableTopicConfigs {
        5.. => name: String,
        5.. => value: Option<String>,
        5.. => read_only: bool,
        5.. => config_source: i8 = -1,
        5.. => is_sensitive: bool,
    }
}
