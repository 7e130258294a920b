//! TxnOffsetCommit (28): keeps a group's offsets for the end of a producer's transaction (KIP-98, KIP-447). From version 5 on
//! it also makes the partition that has them part of the transaction (KIP-890).

use crate::wire::schema::{api, schema};

api! {
    TxnOffsetCommit = 28, versions 0..=5, flexible from 3,
    TxnOffsetCommitRequest => TxnOffsetCommitResponse
}

schema! {
    /// What is asked.
    pub struct TxnOffsetCommitRequest {
        _ => transactional_id: String,
        _ => group_id: String,
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        3.. => generation_id: i32 = -1,
        3.. => member_id: String,
        3.. => group_instance_id: Option<String>,
        _ => topics: Vec<TxnOffsetCommitRequestTopic>,
    }

    /// Element of `topics`.
    pub struct TxnOffsetCommitRequestTopic {
        _ => name: String,
        _ => partitions: Vec<TxnOffsetCommitRequestPartition>,
    }

    /// Element of `partitions`.
    pub struct TxnOffsetCommitRequestPartition {
        _ => partition_index: i32,
        _ => committed_offset: i64,
        2.. => committed_leader_epoch: i32 = -1,
        _ => committed_metadata: Option<String>,
    }

    /// The answer.
    pub struct TxnOffsetCommitResponse {
        _ => throttle_time_ms: i32,
        _ => topics: Vec<TxnOffsetCommitResponseTopic>,
    }

    /// Element of `topics`.
    pub struct TxnOffsetCommitResponseTopic {
        _ => name: String,
        _ => partitions: Vec<TxnOffsetCommitResponsePartition>,
    }

    /// Element of `partitions`.
    pub struct TxnOffsetCommitResponsePartition {
        _ => partition_index: i32,
        _ => error_code: i16,
    }
}
