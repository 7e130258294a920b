//! ListGroups (16): all groups.

use crate::wire::schema::{api, schema};

api! {
    ListGroups = 16, versions 0..=5, flexible from 3,
    ListGroupsRequest => ListGroupsResponse
}

schema! {
    /// What is asked.
    pub struct ListGroupsRequest {
        4.. => states_filter: Vec<String>,
        5.. => types_filter: Vec<String>,
    }

    /// The answer.
    pub struct ListGroupsResponse {
        1.. => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => groups: Vec<ListedGroup>,
    }

    /// Element of `groups`.
    pub struct ListedGroup {
        _ => group_id: String,
        _ => protocol_type: String,
        4.. => group_state: String,
        5.. => group_type: String,
    }
}
