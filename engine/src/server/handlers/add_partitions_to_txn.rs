//! AddPartitionsToTxn: answered when the partitions take the producer's records. All are added, or none.

use super::transactions::{FENCED_SINCE, fenced_code, session, writable};
use crate::broker::transaction::TransactionVersion;
use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::inbox::Reply;
use crate::wire::api::add_partitions_to_txn::{
    AddPartitionsToTxn, AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, AddPartitionsToTxnTopic, AddPartitionsToTxnTopicResult,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: AddPartitionsToTxnRequest,
    reply: Reply<AddPartitionsToTxn>,
) {
    let AddPartitionsToTxnRequest { transactional_id, producer_id, producer_epoch, topics } = request;
    let version = reply.version();
    let session = match session(call, transactional_id, producer_id, producer_epoch) {
        Ok(session) => session,
        Err(code) => return reply.send(&answer(&topics, |_, _| code)),
    };
    let places: Vec<_> = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|index| writable(call, &topic.name, *index)))
        .collect();
    if places.iter().any(Result::is_err) {
        let one = |topic: &str, index| match writable(call, topic, index) {
            Ok(_) => ErrorCode::OperationNotAttempted,
            Err(code) => code,
        };
        return reply.send(&answer(&topics, one));
    }
    let places: Vec<_> = places.into_iter().flatten().collect();
    let transactions = match call.broker().transactions() {
        Ok(transactions) => transactions,
        Err(error) => return reply.send(&answer(&topics, |_, _| error.code())),
    };
    transactions.add_partitions(&session, &places, TransactionVersion::V0, move |code| {
        reply.send(&answer(&topics, |_, _| fenced_code(code, version, FENCED_SINCE)));
    });
}

fn answer(
    topics: &[AddPartitionsToTxnTopic],
    code: impl Fn(&str, i32) -> ErrorCode,
) -> AddPartitionsToTxnResponse {
    let of_topic = |topic: &AddPartitionsToTxnTopic| {
        let one = |index: &i32| AddPartitionsToTxnPartitionResult {
            partition_index: *index,
            partition_error_code: code(&topic.name, *index).code(),
        };
        let results_by_partition = topic.partitions.iter().map(one).collect();
        AddPartitionsToTxnTopicResult { name: topic.name.clone(), results_by_partition }
    };
    let results_by_topic = topics.iter().map(of_topic).collect();
    AddPartitionsToTxnResponse { results_by_topic, ..AddPartitionsToTxnResponse::default() }
}
