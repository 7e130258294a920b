//! DescribeGroups (15): groups in detail.

use bytes::Bytes;

use crate::wire::schema::{api, schema};

api! {
    DescribeGroups = 15, versions 0..=6, flexible from 5,
    DescribeGroupsRequest => DescribeGroupsResponse
}

schema! {
    /// What is asked.
    pub struct DescribeGroupsRequest {
        _ => groups: Vec<String>,
        3.. => include_authorized_operations: bool,
    }

    /// The answer.
    pub struct DescribeGroupsResponse {
        1.. => throttle_time_ms: i32,
        _ => groups: Vec<DescribedGroup>,
    }

    /// Element of `groups`.
    pub struct DescribedGroup {
        _ => error_code: i16,
        6.. => error_message: Option<String>,
        _ => group_id: String,
        _ => group_state: String,
        _ => protocol_type: String,
        _ => protocol_data: String,
        _ => members: Vec<DescribedGroupMember>,
        3.. => authorized_operations: i32 = i32::MIN,
    }

    /// Element of `members`.
    pub struct DescribedGroupMember {
        _ => member_id: String,
        4.. => group_instance_id: Option<String>,
        _ => client_id: String,
        _ => client_host: String,
        _ => member_metadata: Bytes,
        _ => member_assignment: Bytes,
    }
}
