//! DeleteTopics (20): deletes topics.

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    DeleteTopics = 20, versions 1..=6, flexible from 4,
    DeleteTopicsRequest => DeleteTopicsResponse
}

schema! {
    /// What is asked.
    pub struct DeleteTopicsRequest {
        6.. => topics: Vec<DeleteTopicState>,
        1..=5 => topic_names: Vec<String>,
        _ => timeout_ms: i32,
    }

    /// Element of `topics`.
    pub struct DeleteTopicState {
        6.. => name: Option<String>,
        6.. => topic_id: TopicId,
    }

    /// The answer.
    pub struct DeleteTopicsResponse {
        _ => throttle_time_ms: i32,
        _ => responses: Vec<DeletableTopicResult>,
    }

    /// Element of `responses`.
    pub struct DeletableTopicResult {
        _ => [null 6..] name: Option<String>,
        6.. => topic_id: TopicId,
        _ => error_code: i16,
        5.. => error_message: Option<String>,
    }
}
