//! OffsetDelete (47): deletes offsets of a group (KIP-496).

use crate::wire::schema::{NEVER, api, schema};

api! {
    OffsetDelete = 47, versions 0..=0, flexible from NEVER,
    OffsetDeleteRequest => OffsetDeleteResponse
}

schema! {
    /// What is asked.
    pub struct OffsetDeleteRequest {
        _ => group_id: String,
        _ => topics: Vec<OffsetDeleteRequestTopic>,
    }

    /// Element of `topics`.
    pub struct OffsetDeleteRequestTopic {
        _ => name: String,
        _ => partitions: Vec<OffsetDeleteRequestPartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetDeleteRequestPartition {
        _ => partition_index: i32,
    }

    /// The answer.
    pub struct OffsetDeleteResponse {
        _ => error_code: i16,
        _ => throttle_time_ms: i32,
        _ => topics: Vec<OffsetDeleteResponseTopic>,
    }

    /// Element of `topics`.
    pub struct OffsetDeleteResponseTopic {
        _ => name: String,
        _ => partitions: Vec<OffsetDeleteResponsePartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetDeleteResponsePartition {
        _ => partition_index: i32,
        _ => error_code: i16,
    }
}
