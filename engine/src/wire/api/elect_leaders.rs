//! ElectLeaders (43): elects leaders of partitions (KIP-460).

use crate::wire::schema::{api, schema};

api! {
    ElectLeaders = 43, versions 0..=2, flexible from 2,
    ElectLeadersRequest => ElectLeadersResponse
}

schema! {
    /// What is asked.
    pub struct ElectLeadersRequest {
        1.. => election_type: i8,
        _ => topic_partitions: Option<Vec<TopicPartitions>>,
        _ => timeout_ms: i32 = 60000,
    }

    /// Element of `topic_partitions`.
    pub struct TopicPartitions {
        _ => topic: String,
        _ => partitions: Vec<i32>,
    }

    /// The answer.
    pub struct ElectLeadersResponse {
        _ => throttle_time_ms: i32,
        1.. => error_code: i16,
        _ => replica_election_results: Vec<ReplicaElectionResult>,
    }

    /// Element of `replica_election_results`.
    pub struct ReplicaElectionResult {
        _ => topic: String,
        _ => partition_result: Vec<PartitionResult>,
    }

    /// Element of `partition_result`.
    pub struct PartitionResult {
        _ => partition_id: i32,
        _ => error_code: i16,
        _ => error_message: Option<String>,
    }
}
