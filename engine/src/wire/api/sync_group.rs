//! SyncGroup (14): a member's assignment, made by the leader.

use bytes::Bytes;

use crate::wire::schema::{api, schema};

api! {
    SyncGroup = 14, versions 0..=5, flexible from 4,
    SyncGroupRequest => SyncGroupResponse
}

schema! {
    /// What is asked.
    pub struct SyncGroupRequest {
        _ => group_id: String,
        _ => generation_id: i32,
        _ => member_id: String,
        3.. => group_instance_id: Option<String>,
        5.. => protocol_type: Option<String>,
        5.. => protocol_name: Option<String>,
        _ => assignments: Vec<SyncGroupRequestAssignment>,
    }

    /// Element of `assignments`.
    pub struct SyncGroupRequestAssignment {
        _ => member_id: String,
        _ => assignment: Bytes,
    }

    /// The answer.
    pub struct SyncGroupResponse {
        1.. => throttle_time_ms: i32,
        _ => error_code: i16,
        5.. => protocol_type: Option<String>,
        5.. => protocol_name: Option<String>,
        _ => assignment: Bytes,
    }
}
