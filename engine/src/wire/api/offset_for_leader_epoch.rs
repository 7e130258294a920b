//! OffsetForLeaderEpoch (23): where a leader epoch ends (KIP-320).

use crate::wire::schema::{api, schema};

api! {
    OffsetForLeaderEpoch = 23, versions 2..=4, flexible from 4,
    OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse
}

schema! {
    /// What is asked.
    pub struct OffsetForLeaderEpochRequest {
        3.. => replica_id: i32 = -2,
        _ => topics: Vec<OffsetForLeaderTopic>,
    }

    /// Element of `topics`.
    pub struct OffsetForLeaderTopic {
        _ => topic: String,
        _ => partitions: Vec<OffsetForLeaderPartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetForLeaderPartition {
        _ => partition: i32,
        _ => current_leader_epoch: i32 = -1,
        _ => leader_epoch: i32,
    }

    /// The answer.
    pub struct OffsetForLeaderEpochResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<OffsetForLeaderTopicResult>,
    }

    /// Element of `topics`.
    pub struct OffsetForLeaderTopicResult {
        _ => topic: String,
        _ => partitions: Vec<EpochEndOffset>,
    }

    /// Element of `partitions`.
    pub struct EpochEndOffset {
        _ => error_code: i16,
        _ => partition: i32,
        _ => leader_epoch: i32 = -1,
        _ => end_offset: i64 = -1,
    }
}
