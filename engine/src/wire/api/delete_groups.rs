//! DeleteGroups (42): deletes groups that have no members.

use crate::wire::schema::{api, schema};

api! {
    DeleteGroups = 42, versions 0..=2, flexible from 2,
    DeleteGroupsRequest => DeleteGroupsResponse
}

schema! {
    /// What is asked.
    pub struct DeleteGroupsRequest {
        _ => groups_names: Vec<String>,
    }

    /// The answer.
    pub struct DeleteGroupsResponse {
        _ => throttle_time_ms: i32,
        _ => results: Vec<DeletableGroupResult>,
    }

    /// Element of `results`.
    pub struct DeletableGroupResult {
        _ => group_id: String,
        _ => error_code: i16,
    }
}
