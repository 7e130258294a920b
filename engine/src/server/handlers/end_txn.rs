//! EndTxn: answered when readers see that the transaction has ended.

use super::transactions::{FENCED_SINCE, fenced_code, session};
use crate::broker::transaction::TransactionEnd;
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::inbox::Reply;
use crate::wire::api::end_txn::{EndTxn, EndTxnRequest, EndTxnResponse};

pub(in crate::server) fn handle(call: &Call, request: EndTxnRequest, reply: Reply<EndTxn>) {
    let EndTxnRequest { transactional_id, producer_id, producer_epoch, committed } = request;
    let version = reply.version();
    let answer = move |code: ErrorCode| {
        let error_code = fenced_code(code, version, FENCED_SINCE).code();
        reply.send(&EndTxnResponse { error_code, ..EndTxnResponse::default() });
    };
    let end = if committed { TransactionEnd::Commit } else { TransactionEnd::Abort };
    match session(call, transactional_id, producer_id, producer_epoch) {
        Ok(session) => match call.broker().transactions() {
            Ok(transactions) => transactions.end(&session, end, answer),
            Err(error) => answer(error.code()),
        },
        Err(code) => answer(code),
    }
}
