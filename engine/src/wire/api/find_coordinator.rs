//! FindCoordinator (10): which broker coordinates a group or transaction.

use crate::wire::schema::{api, schema};

api! {
    FindCoordinator = 10, versions 0..=6, flexible from 3,
    FindCoordinatorRequest => FindCoordinatorResponse
}

schema! {
    /// What is asked.
    pub struct FindCoordinatorRequest {
        0..=3 => key: String,
        1.. => key_type: i8,
        4.. => coordinator_keys: Vec<String>,
    }

    /// The answer.
    pub struct FindCoordinatorResponse {
        1.. => throttle_time_ms: i32,
        0..=3 => error_code: i16,
        1..=3 => error_message: Option<String>,
        0..=3 => node_id: i32,
        0..=3 => host: String,
        0..=3 => port: i32,
        4.. => coordinators: Vec<Coordinator>,
    }

    /// Element of `coordinators`.
    pub struct Coordinator {
        4.. => key: String,
        4.. => node_id: i32,
        4.. => host: String,
        4.. => port: i32,
        4.. => error_code: i16,
        4.. => error_message: Option<String>,
    }
}
