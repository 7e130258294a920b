//! OffsetCommit (8): keeps a group's offsets.

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    OffsetCommit = 8, versions 2..=10, flexible from 8,
    OffsetCommitRequest => OffsetCommitResponse
}

schema! {
    /// What is asked.
    pub struct OffsetCommitRequest {
        _ => group_id: String,
        _ => generation_id_or_member_epoch: i32 = -1,
        _ => member_id: String,
        7.. => group_instance_id: Option<String>,
        2..=4 => retention_time_ms: i64 = -1,
        _ => topics: Vec<OffsetCommitRequestTopic>,
    }

    /// Element of `topics`.
    pub struct OffsetCommitRequestTopic {
        2..=9 => name: String,
        10.. => topic_id: TopicId,
        _ => partitions: Vec<OffsetCommitRequestPartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetCommitRequestPartition {
        _ => partition_index: i32,
        _ => committed_offset: i64,
        6.. => committed_leader_epoch: i32 = -1,
        _ => committed_metadata: Option<String>,
    }

    /// The answer.
    pub struct OffsetCommitResponse {
        3.. => throttle_time_ms: i32,
        _ => topics: Vec<OffsetCommitResponseTopic>,
    }

    /// Element of `topics`.
    pub struct OffsetCommitResponseTopic {
        2..=9 => name: String,
        10.. => topic_id: TopicId,
        _ => partitions: Vec<OffsetCommitResponsePartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetCommitResponsePartition {
        _ => partition_index: i32,
        _ => error_code: i16,
    }
}
