//! DescribeConfigs (32): settings of topics and of the broker.

use crate::wire::schema::{api, schema};

api! {
    DescribeConfigs = 32, versions 1..=4, flexible from 4,
    DescribeConfigsRequest => DescribeConfigsResponse
}

schema! {
    /// What is asked.
    pub struct DescribeConfigsRequest {
        _ => resources: Vec<DescribeConfigsResource>,
        _ => include_synonyms: bool,
        3.. => include_documentation: bool,
    }

    /// Element of `resources`.
    pub struct DescribeConfigsResource {
        _ => resource_type: i8,
        _ => resource_name: String,
        _ => configuration_keys: Option<Vec<String>>,
    }

    /// The answer.
    pub struct DescribeConfigsResponse {
        _ => throttle_time_ms: i32,
        _ => results: Vec<DescribeConfigsResult>,
    }

    /// Element of `results`.
    pub struct DescribeConfigsResult {
        _ => error_code: i16,
        _ => error_message: Option<String>,
        _ => resource_type: i8,
        _ => resource_name: String,
        _ => configs: Vec<DescribeConfigsResourceResult>,
    }

    /// Element of `configs`.
    pub struct DescribeConfigsResourceResult {
        _ => name: String,
        _ => value: Option<String>,
        _ => read_only: bool,
        _ => config_source: i8 = -1,
        _ => is_sensitive: bool,
        _ => synonyms: Vec<DescribeConfigsSynonym>,
        3.. => config_type: i8,
        3.. => documentation: Option<String>,
    }

    /// Element of `synonyms`.
    pub struct DescribeConfigsSynonym {
        _ => name: String,
        _ => value: Option<String>,
        _ => source: i8,
    }
}
