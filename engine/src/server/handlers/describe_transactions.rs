//! DescribeTransactions: transactional ids in detail.

use std::collections::BTreeMap;

use crate::broker::transaction::TransactionDescription;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::describe_transactions::{
    DescribeTransactions, DescribeTransactionsRequest, DescribeTransactionsResponse, TopicData,
    TransactionState,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: DescribeTransactionsRequest,
    reply: Reply<DescribeTransactions>,
) {
    let states = request.transactional_ids.into_iter().map(|id| {
        let described = describe(call, &id);
        let failed = |code: ErrorCode| TransactionState {
            error_code: code.code(),
            transactional_id: id.clone(),
            ..TransactionState::default()
        };
        described.map_or_else(failed, |described| state(id.clone(), described))
    });
    let transaction_states = states.collect();
    reply.send(&DescribeTransactionsResponse { transaction_states, ..Default::default() });
}

fn describe(call: &Call, id: &str) -> Result<TransactionDescription, ErrorCode> {
    if !call.allows(Operation::Describe, Resource::TransactionalId(id)) {
        return Err(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    let transactions = call.broker().existing_transactions().map_err(|error| error.code())?;
    let described = transactions.and_then(|transactions| transactions.describe(id));
    described.ok_or(ErrorCode::TransactionalIdNotFound)
}

fn state(transactional_id: String, described: TransactionDescription) -> TransactionState {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for place in &described.partitions {
        topics.entry(place.topic.to_string()).or_default().push(place.partition.0);
    }
    TransactionState {
        error_code: ErrorCode::None.code(),
        transactional_id,
        transaction_state: described.state.name().to_owned(),
        transaction_timeout_ms: i32::try_from(described.timeout.as_millis()).unwrap_or(i32::MAX),
        transaction_start_time_ms: described.start.0,
        producer_id: described.producer_id.0,
        producer_epoch: described.producer_epoch.0,
        topics: topics.into_iter().map(|(topic, partitions)| TopicData { topic, partitions }).collect(),
    }
}
