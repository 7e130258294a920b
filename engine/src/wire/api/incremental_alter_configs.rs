//! IncrementalAlterConfigs (44): changes single settings of topics (KIP-339).

use crate::wire::schema::{api, schema};

api! {
    IncrementalAlterConfigs = 44, versions 0..=1, flexible from 1,
    IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse
}

schema! {
    /// What is asked.
    pub struct IncrementalAlterConfigsRequest {
        _ => resources: Vec<AlterConfigsResource>,
        _ => validate_only: bool,
    }

    /// Element of `resources`.
    pub struct AlterConfigsResource {
        _ => resource_type: i8,
        _ => resource_name: String,
        _ => configs: Vec<AlterableConfig>,
    }

    /// Element of `configs`.
    pub struct AlterableConfig {
        _ => name: String,
        _ => config_operation: i8,
        _ => value: Option<String>,
    }

    /// The answer.
    pub struct IncrementalAlterConfigsResponse {
        _ => throttle_time_ms: i32,
        _ => responses: Vec<AlterConfigsResourceResponse>,
    }

    /// Element of `responses`.
    pub struct AlterConfigsResourceResponse {
        _ => error_code: i16,
        _ => error_message: Option<String>,
        _ => resource_type: i8,
        _ => resource_name: String,
    }
}
