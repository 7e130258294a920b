//! FindCoordinator: this node coordinates every group and every transaction.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::find_coordinator::{
    Coordinator, FindCoordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

/// The key types that Kafka knows.
mod key_type {
    pub(super) const GROUP: i8 = 0;
    pub(super) const TRANSACTION: i8 = 1;
}

/// First version that asks for several at once (KIP-699).
const SEVERAL_SINCE: i16 = 4;

pub(in crate::server) fn handle(call: &Call, request: FindCoordinatorRequest, reply: Reply<FindCoordinator>) {
    if reply.version() < SEVERAL_SINCE {
        let found = find(call, request.key, request.key_type);
        return reply.send(&FindCoordinatorResponse {
            error_code: found.error_code,
            error_message: found.error_message,
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..FindCoordinatorResponse::default()
        });
    }
    let coordinators =
        request.coordinator_keys.into_iter().map(|key| find(call, key, request.key_type)).collect();
    reply.send(&FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() });
}

fn find(call: &Call, key: String, key_type: i8) -> Coordinator {
    let refusal = match key_type {
        key_type::GROUP if !call.allows(Operation::Describe, Resource::Group(&key)) => {
            Some((ErrorCode::GroupAuthorizationFailed, "not allowed".to_owned()))
        }
        // Its records have to be there before anybody relies on them.
        key_type::GROUP => call.broker().groups().err().map(|error| (error.code(), error.to_string())),
        key_type::TRANSACTION if !call.allows(Operation::Describe, Resource::TransactionalId(&key)) => {
            Some((ErrorCode::TransactionalIdAuthorizationFailed, "not allowed".to_owned()))
        }
        key_type::TRANSACTION => {
            call.broker().transactions().err().map(|error| (error.code(), error.to_string()))
        }
        _ => Some((ErrorCode::InvalidRequest, format!("key type {key_type} is not known"))),
    };
    if let Some((code, text)) = refusal {
        return Coordinator {
            key,
            node_id: -1,
            port: -1,
            error_code: code.code(),
            error_message: Some(text),
            ..Coordinator::default()
        };
    }
    let (host, port) = call.advertised();
    // An empty text, as Kafka sends: librdkafka before 2.2 takes null for an error.
    let error_message = Some(String::new());
    Coordinator {
        key,
        node_id: call.broker().config().node_id,
        host,
        port,
        error_message,
        ..Coordinator::default()
    }
}
