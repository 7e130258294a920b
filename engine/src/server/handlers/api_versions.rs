//! ApiVersions: the APIs of `wire::api`, which is also what is dispatched.

use crate::broker::transaction::TransactionVersion;
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::inbox::Reply;
use crate::wire::api::api_versions::{
    ApiVersion, ApiVersions, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey,
    SupportedFeatureKey,
};
use crate::wire::api::{APIS, produce::Produce};
use crate::wire::schema::Api;

pub(in crate::server) fn handle(call: &Call, request: ApiVersionsRequest, reply: Reply<ApiVersions>) {
    let names_itself = is_name(&request.client_software_name) && is_name(&request.client_software_version);
    if reply.version() >= NAMES_SINCE && !names_itself {
        let error_code = ErrorCode::InvalidRequest.code();
        return reply.send(&ApiVersionsResponse { error_code, ..ApiVersionsResponse::default() });
    }
    tracing::debug!(
        client = %call.caller.host,
        name = %request.client_software_name,
        version = %request.client_software_version,
        "connected"
    );
    let finalized = |(name, level): &(&str, i16)| FinalizedFeatureKey {
        name: (*name).to_owned(),
        max_version_level: *level,
        min_version_level: *level,
    };
    // Older clients do not take a feature whose lowest level is 0 (KAFKA-17011).
    let names_supported = reply.version() >= LEVEL_0_SINCE;
    let supported = |(name, level): &(&str, i16)| SupportedFeatureKey {
        name: (*name).to_owned(),
        min_version: 0,
        max_version: *level,
    };
    reply.send(&ApiVersionsResponse {
        api_keys: listed(),
        supported_features: FEATURES.iter().filter(|_| names_supported).map(supported).collect(),
        finalized_features_epoch: 0,
        finalized_features: FEATURES.iter().map(finalized).collect(),
        ..ApiVersionsResponse::default()
    });
}

/// What clients may have to know of the server beside its APIs (KIP-584), and the level that is in force.
const FEATURES: [(&str, i16); 2] =
    [("group.version", 1), (TransactionVersion::FEATURE, TransactionVersion::NEWEST.number())];

/// First version in which a feature's lowest level may be 0.
const LEVEL_0_SINCE: i16 = 4;

/// First version in which clients say who they are (KIP-511).
const NAMES_SINCE: i16 = 3;

/// The names that Kafka takes: letters, digits, dots and hyphens, with neither of the latter two at an end.
fn is_name(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

/// The answer to a version that is not served: in the layout of version 0, which every client can read.
pub(in crate::server) fn refuse(reply: Reply<ApiVersions>) {
    let error_code = ErrorCode::UnsupportedVersion.code();
    reply.send_as(
        0,
        &ApiVersionsResponse { error_code, api_keys: listed(), ..ApiVersionsResponse::default() },
    );
}

fn listed() -> Vec<ApiVersion> {
    let of = |api: &crate::wire::api::ApiInfo| ApiVersion {
        api_key: api.key,
        // Older clients of librdkafka take what they can do from the low end of this one (KAFKA-18659).
        min_version: if api.key == Produce::KEY { 0 } else { *api.versions.start() },
        max_version: *api.versions.end(),
    };
    APIS.iter().map(of).collect()
}
