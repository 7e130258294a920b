//! InitProducerId: a new id for an idempotent producer. With a transactional id it is refused until there are
//! transactions.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::init_producer_id::{InitProducerId, InitProducerIdRequest, InitProducerIdResponse};

pub(in crate::server) fn handle(call: &Call, request: InitProducerIdRequest, reply: Reply<InitProducerId>) {
    match allocate(call, &request) {
        Ok(producer_id) => {
            reply.send(&InitProducerIdResponse { producer_id, ..InitProducerIdResponse::default() });
        }
        Err(code) => reply.send(&InitProducerIdResponse {
            error_code: code.code(),
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        }),
    }
}

fn allocate(call: &Call, request: &InitProducerIdRequest) -> Result<i64, ErrorCode> {
    match request.transactional_id.as_deref() {
        Some("") => return Err(ErrorCode::InvalidRequest),
        Some(id) => {
            tracing::warn!(transactional_id = id, "transactions are not supported yet");
            return Err(ErrorCode::TransactionalIdAuthorizationFailed);
        }
        None => {}
    }
    if !call.allows(Operation::IdempotentWrite, Resource::Cluster) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    // A producer that comes back with an id of its own gets a new one, which is as good: only transactions would have to
    // end what the old one has begun.
    call.broker().allocate_producer_id().map(|id| id.0).map_err(|error| error.code())
}
