//! AddOffsetsToTxn: the partition that has a group's offsets becomes part of the transaction.

use super::transactions::{FENCED_SINCE, fenced_code, session};
use crate::broker::BrokerError;
use crate::broker::transaction::TransactionVersion;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::add_offsets_to_txn::{
    AddOffsetsToTxn, AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};

pub(in crate::server) fn handle(call: &Call, request: AddOffsetsToTxnRequest, reply: Reply<AddOffsetsToTxn>) {
    let AddOffsetsToTxnRequest { transactional_id, producer_id, producer_epoch, group_id } = request;
    let version = reply.version();
    let answer = move |code: ErrorCode| {
        let error_code = fenced_code(code, version, FENCED_SINCE).code();
        reply.send(&AddOffsetsToTxnResponse { error_code, ..AddOffsetsToTxnResponse::default() });
    };
    let session = match session(call, transactional_id, producer_id, producer_epoch) {
        Ok(session) => session,
        Err(code) => return answer(code),
    };
    if !call.allows(Operation::Read, Resource::Group(&group_id)) {
        return answer(ErrorCode::GroupAuthorizationFailed);
    }
    let asked = || -> Result<_, BrokerError> { Ok((call.broker().groups()?, call.broker().transactions()?)) };
    match asked() {
        Ok((groups, transactions)) => {
            let place = groups.partition_of(&group_id);
            transactions.add_partitions(&session, &[place], TransactionVersion::V0, answer);
        }
        Err(error) => answer(error.code()),
    }
}
