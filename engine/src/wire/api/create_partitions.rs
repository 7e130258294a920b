//! CreatePartitions (37): raises the count of a topic's partitions (KIP-195).

use crate::wire::schema::{api, schema};

api! {
    CreatePartitions = 37, versions 0..=3, flexible from 2,
    CreatePartitionsRequest => CreatePartitionsResponse
}

schema! {
    /// What is asked.
    pub struct CreatePartitionsRequest {
        _ => topics: Vec<CreatePartitionsTopic>,
        _ => timeout_ms: i32,
        _ => validate_only: bool,
    }

    /// Element of `topics`.
    pub struct CreatePartitionsTopic {
        _ => name: String,
        _ => count: i32,
        _ => assignments: Option<Vec<CreatePartitionsAssignment>>,
    }

    /// Element of `assignments`.
    pub struct CreatePartitionsAssignment {
        _ => broker_ids: Vec<i32>,
    }

    /// The answer.
    pub struct CreatePartitionsResponse {
        _ => throttle_time_ms: i32,
        _ => results: Vec<CreatePartitionsTopicResult>,
    }

    /// Element of `results`.
    pub struct CreatePartitionsTopicResult {
        _ => name: String,
        _ => error_code: i16,
        _ => error_message: Option<String>,
    }
}
