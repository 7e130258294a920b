//! JoinGroup (11): a member enters a group's next generation.

use bytes::Bytes;

use crate::wire::schema::{api, schema};

api! {
    JoinGroup = 11, versions 0..=9, flexible from 6,
    JoinGroupRequest => JoinGroupResponse
}

schema! {
    /// What is asked.
    pub struct JoinGroupRequest {
        _ => group_id: String,
        _ => session_timeout_ms: i32,
        1.. => rebalance_timeout_ms: i32 = -1,
        _ => member_id: String,
        5.. => group_instance_id: Option<String>,
        _ => protocol_type: String,
        _ => protocols: Vec<JoinGroupRequestProtocol>,
        8.. => reason: Option<String>,
    }

    /// Element of `protocols`.
    pub struct JoinGroupRequestProtocol {
        _ => name: String,
        _ => metadata: Bytes,
    }

    /// The answer.
    pub struct JoinGroupResponse {
        2.. => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => generation_id: i32 = -1,
        7.. => protocol_type: Option<String>,
        _ => [null 7..] protocol_name: Option<String>,
        _ => leader: String,
        9.. => skip_assignment: bool,
        _ => member_id: String,
        _ => members: Vec<JoinGroupResponseMember>,
    }

    /// Element of `members`.
    pub struct JoinGroupResponseMember {
        _ => member_id: String,
        5.. => group_instance_id: Option<String>,
        _ => metadata: Bytes,
    }
}
