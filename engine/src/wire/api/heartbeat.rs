//! Heartbeat (12): a member is still there.

use crate::wire::schema::{api, schema};

api! {
    Heartbeat = 12, versions 0..=4, flexible from 4,
    HeartbeatRequest => HeartbeatResponse
}

schema! {
    /// What is asked.
    pub struct HeartbeatRequest {
        _ => group_id: String,
        _ => generation_id: i32,
        _ => member_id: String,
        3.. => group_instance_id: Option<String>,
    }

    /// The answer.
    pub struct HeartbeatResponse {
        1.. => throttle_time_ms: i32,
        _ => error_code: i16,
    }
}
