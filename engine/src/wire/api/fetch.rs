//! Fetch (1): reads record batches, with fetch sessions (KIP-227).

use crate::types::TopicId;
use crate::wire::records::Records;
use crate::wire::schema::{api, schema};

api! {
    Fetch = 1, versions 4..=18, flexible from 12,
    FetchRequest => FetchResponse
}

schema! {
    /// What is asked.
    pub struct FetchRequest {
        12.. => [tag 0] cluster_id: Option<String>,
        4..=14 => replica_id: i32 = -1,
        15.. => [tag 1] replica_state: ReplicaState,
        _ => max_wait_ms: i32,
        _ => min_bytes: i32,
        _ => max_bytes: i32 = i32::MAX,
        _ => isolation_level: i8,
        7.. => session_id: i32,
        7.. => session_epoch: i32 = -1,
        _ => topics: Vec<FetchTopic>,
        7.. => forgotten_topics_data: Vec<ForgottenTopic>,
        11.. => rack_id: String,
    }

    /// Element of `replica_state`.
    pub struct ReplicaState {
        15.. => replica_id: i32 = -1,
        15.. => replica_epoch: i64 = -1,
    }

    /// Element of `topics`.
    pub struct FetchTopic {
        4..=12 => topic: String,
        13.. => topic_id: TopicId,
        _ => partitions: Vec<FetchPartition>,
    }

    /// Element of `partitions`.
    pub struct FetchPartition {
        _ => partition: i32,
        9.. => current_leader_epoch: i32 = -1,
        _ => fetch_offset: i64,
        12.. => last_fetched_epoch: i32 = -1,
        5.. => log_start_offset: i64 = -1,
        _ => partition_max_bytes: i32,
        17.. => [tag 0] replica_directory_id: TopicId,
        18.. => [tag 1] high_watermark: i64 = i64::MAX,
    }

    /// Element of `forgotten_topics_data`.
    pub struct ForgottenTopic {
        7..=12 => topic: String,
        13.. => topic_id: TopicId,
        7.. => partitions: Vec<i32>,
    }

    /// The answer.
    pub struct FetchResponse {
        _ => throttle_time_ms: i32,
        7.. => error_code: i16,
        7.. => session_id: i32,
        _ => responses: Vec<FetchableTopicResponse>,
        16.. => [tag 0] node_endpoints: Vec<NodeEndpoint>,
    }

    /// Element of `responses`.
    pub struct FetchableTopicResponse {
        4..=12 => topic: String,
        13.. => topic_id: TopicId,
        _ => partitions: Vec<PartitionData>,
    }

    /// Element of `partitions`.
    pub struct PartitionData {
        _ => partition_index: i32,
        _ => error_code: i16,
        _ => high_watermark: i64,
        _ => last_stable_offset: i64 = -1,
        5.. => log_start_offset: i64 = -1,
        12.. => [tag 0] diverging_epoch: EpochEndOffset,
        12.. => [tag 1] current_leader: LeaderIdAndEpoch,
        12.. => [tag 2] snapshot_id: SnapshotId,
        _ => aborted_transactions: Option<Vec<AbortedTransaction>>,
        11.. => preferred_read_replica: i32 = -1,
        _ => records: Records,
    }

    /// Element of `diverging_epoch`.
    pub struct EpochEndOffset {
        12.. => epoch: i32 = -1,
        12.. => end_offset: i64 = -1,
    }

    /// Element of `current_leader`.
    pub struct LeaderIdAndEpoch {
        12.. => leader_id: i32 = -1,
        12.. => leader_epoch: i32 = -1,
    }

    /// Element of `snapshot_id`.
    pub struct SnapshotId {
        _ => end_offset: i64 = -1,
        _ => epoch: i32 = -1,
    }

    /// Element of `aborted_transactions`.
    pub struct AbortedTransaction {
        _ => producer_id: i64,
        _ => first_offset: i64,
    }

    /// Element of `node_endpoints`.
    pub struct NodeEndpoint {
        16.. => node_id: i32,
        16.. => host: String,
        16.. => port: i32,
        16.. => rack: Option<String>,
    }
}
