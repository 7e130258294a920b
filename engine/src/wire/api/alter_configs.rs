//! AlterConfigs (33): replaces all settings of topics.

use crate::wire::schema::{api, schema};

api! {
    AlterConfigs = 33, versions 0..=2, flexible from 2,
    AlterConfigsRequest => AlterConfigsResponse
}

schema! {
    /// What is asked.
    pub struct AlterConfigsRequest {
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
        _ => value: Option<String>,
    }

    /// The answer.
    pub struct AlterConfigsResponse {
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
