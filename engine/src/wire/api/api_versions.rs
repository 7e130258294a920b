//! ApiVersions (18): which APIs and versions the server has (KIP-35, KIP-511).

use crate::wire::schema::{api, schema};

api! {
    ApiVersions = 18, versions 0..=4, flexible from 3,
    ApiVersionsRequest => ApiVersionsResponse
}

schema! {
    /// What is asked.
    pub struct ApiVersionsRequest {
        3.. => client_software_name: String,
        3.. => client_software_version: String,
    }

    /// The answer.
    pub struct ApiVersionsResponse {
        _ => error_code: i16,
        _ => api_keys: Vec<ApiVersion>,
        1.. => throttle_time_ms: i32,
        3.. => [tag 0] supported_features: Vec<SupportedFeatureKey>,
        3.. => [tag 1] finalized_features_epoch: i64 = -1,
        3.. => [tag 2] finalized_features: Vec<FinalizedFeatureKey>,
        3.. => [tag 3] zk_migration_ready: bool,
    }

    /// Element of `api_keys`.
    pub struct ApiVersion {
        _ => api_key: i16,
        _ => min_version: i16,
        _ => max_version: i16,
    }

    /// Element of `supported_features`.
    pub struct SupportedFeatureKey {
        3.. => name: String,
        3.. => min_version: i16,
        3.. => max_version: i16,
    }

    /// Element of `finalized_features`.
    pub struct FinalizedFeatureKey {
        3.. => name: String,
        3.. => max_version_level: i16,
        3.. => min_version_level: i16,
    }
}
