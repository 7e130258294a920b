//! InitProducerId: a new id for an idempotent producer, or the id that goes with a transactional id, under a new epoch.

use super::millis;
use super::transactions::fenced_code;
use crate::broker::transaction::InitRequest;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::{ProducerEpoch, ProducerId};
use crate::wire::api::init_producer_id::{InitProducerId, InitProducerIdRequest, InitProducerIdResponse};

/// First version whose clients know `PRODUCER_FENCED` (KIP-588).
const FENCED_SINCE: i16 = 4;

pub(in crate::server) fn handle(call: &Call, request: InitProducerIdRequest, reply: Reply<InitProducerId>) {
    match request.transactional_id {
        None => answer(reply, allocate(call).map(|id| (id, ProducerEpoch(0)))),
        Some(ref id) if !call.allows(Operation::Write, Resource::TransactionalId(id)) => {
            answer(reply, Err(ErrorCode::TransactionalIdAuthorizationFailed));
        }
        Some(ref id) => match current(&request) {
            Err(code) => answer(reply, Err(code)),
            Ok(current) => {
                let timeout = millis(request.transaction_timeout_ms);
                let init = InitRequest { transactional_id: id.clone(), timeout, current };
                match call.broker().transactions() {
                    Ok(transactions) => transactions.init(&init, move |result| answer(reply, result)),
                    Err(error) => answer(reply, Err(error.code())),
                }
            }
        },
    }
}

/// Who the producer says it is, if it says so: both parts, or none.
fn current(request: &InitProducerIdRequest) -> Result<Option<(ProducerId, ProducerEpoch)>, ErrorCode> {
    let (id, epoch) = (ProducerId(request.producer_id), ProducerEpoch(request.producer_epoch));
    match (id == ProducerId::NONE, epoch == ProducerEpoch::NONE) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some((id, epoch))),
        _ => Err(ErrorCode::InvalidRequest),
    }
}

fn allocate(call: &Call) -> Result<ProducerId, ErrorCode> {
    if !call.allows(Operation::IdempotentWrite, Resource::Cluster) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    // A producer that comes back with an id of its own gets a new one, which is as good: there is no transaction that
    // would have to end first.
    call.broker().allocate_producer_id().map_err(|error| error.code())
}

fn answer(reply: Reply<InitProducerId>, result: Result<(ProducerId, ProducerEpoch), ErrorCode>) {
    let version = reply.version();
    match result {
        Ok((producer_id, epoch)) => reply.send(&InitProducerIdResponse {
            producer_id: producer_id.0,
            producer_epoch: epoch.0,
            ..InitProducerIdResponse::default()
        }),
        Err(code) => reply.send(&InitProducerIdResponse {
            error_code: fenced_code(code, version, FENCED_SINCE).code(),
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        }),
    }
}
