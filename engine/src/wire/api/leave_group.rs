//! LeaveGroup (13): members leave a group.

use crate::wire::schema::{api, schema};

api! {
    LeaveGroup = 13, versions 0..=5, flexible from 4,
    LeaveGroupRequest => LeaveGroupResponse
}

schema! {
    /// What is asked.
    pub struct LeaveGroupRequest {
        _ => group_id: String,
        0..=2 => member_id: String,
        3.. => members: Vec<MemberIdentity>,
    }

    /// Element of `members`.
    pub struct MemberIdentity {
        3.. => member_id: String,
        3.. => group_instance_id: Option<String>,
        5.. => reason: Option<String>,
    }

    /// The answer.
    pub struct LeaveGroupResponse {
        1.. => throttle_time_ms: i32,
        _ => error_code: i16,
        3.. => members: Vec<MemberResponse>,
    }

    /// Element of `members`.
    pub struct MemberResponse {
        3.. => member_id: String,
        3.. => group_instance_id: Option<String>,
        3.. => error_code: i16,
    }
}
