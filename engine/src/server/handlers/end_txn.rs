//! EndTxn: answered when readers see that the transaction has ended.

use super::transactions::{FENCED_SINCE, fenced_code, session};
use crate::broker::transaction::{EndRequest, TransactionEnd, TransactionVersion};
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::inbox::Reply;
use crate::types::{ProducerEpoch, ProducerId};
use crate::wire::api::end_txn::{EndTxn, EndTxnRequest, EndTxnResponse};

/// First version whose clients take an epoch for each transaction (KIP-890).
const EPOCHS_SINCE: i16 = 5;

pub(in crate::server) fn handle(call: &Call, request: EndTxnRequest, reply: Reply<EndTxn>) {
    let EndTxnRequest { transactional_id, producer_id, producer_epoch, committed } = request;
    let of_version = match reply.version() {
        EPOCHS_SINCE.. => TransactionVersion::V2,
        _ => TransactionVersion::V0,
    };
    let end = if committed { TransactionEnd::Commit } else { TransactionEnd::Abort };
    match session(call, transactional_id, producer_id, producer_epoch) {
        Ok(session) => match call.broker().transactions() {
            Ok(transactions) => {
                let request = EndRequest { session, end, version: of_version };
                transactions.end(&request, move |result| answer(reply, result));
            }
            Err(error) => answer(reply, Err(error.code())),
        },
        Err(code) => answer(reply, Err(code)),
    }
}

fn answer(reply: Reply<EndTxn>, result: Result<(ProducerId, ProducerEpoch), ErrorCode>) {
    let version = reply.version();
    reply.send(&match result {
        Ok((producer_id, epoch)) => EndTxnResponse {
            producer_id: producer_id.0,
            producer_epoch: epoch.0,
            ..EndTxnResponse::default()
        },
        Err(code) => EndTxnResponse {
            error_code: fenced_code(code, version, FENCED_SINCE).code(),
            ..EndTxnResponse::default()
        },
    });
}
