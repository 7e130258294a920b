//! ListTransactions: all transactional ids, or those of some states, producers, durations and names.

use regex::Regex;

use crate::broker::transaction::{ListedTransaction, TransactionState};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::Timestamp;
use crate::wire::api::list_transactions::{
    ListTransactions, ListTransactionsRequest, ListTransactionsResponse, TransactionState as Listed,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: ListTransactionsRequest,
    reply: Reply<ListTransactions>,
) {
    let response = list(call, &request);
    reply.send(&response.unwrap_or_else(|code| ListTransactionsResponse {
        error_code: code.code(),
        ..ListTransactionsResponse::default()
    }));
}

fn list(call: &Call, request: &ListTransactionsRequest) -> Result<ListTransactionsResponse, ErrorCode> {
    // The whole name has to match, as Kafka's does.
    let pattern = request.transactional_id_pattern.as_ref().filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(|pattern| Regex::new(&format!("^(?:{pattern})$"))).transpose();
    let pattern = pattern.map_err(|_| ErrorCode::InvalidRegularExpression)?;
    let transactions = call.broker().existing_transactions().map_err(|error| error.code())?;
    let all = transactions.map(|transactions| transactions.list()).unwrap_or_default();
    let now = call.broker().clock().now();
    let is_wanted = |one: &ListedTransaction| {
        let id = &one.transactional_id;
        let ids = &request.producer_id_filters;
        is_in(&request.state_filters, one.state)
            && (ids.is_empty() || ids.contains(&one.producer_id.0))
            && (request.duration_filter < 0 || lasts_longer(one, request.duration_filter, now))
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
            && call.allows(Operation::Describe, Resource::TransactionalId(id))
    };
    let listed = all.into_iter().filter(is_wanted).map(|one| Listed {
        transactional_id: one.transactional_id,
        producer_id: one.producer_id.0,
        transaction_state: one.state.name().to_owned(),
    });
    let is_unknown = |name: &&String| TransactionState::parse(name).is_none();
    Ok(ListTransactionsResponse {
        unknown_state_filters: request.state_filters.iter().filter(is_unknown).cloned().collect(),
        transaction_states: listed.collect(),
        ..ListTransactionsResponse::default()
    })
}

fn is_in(names: &[String], state: TransactionState) -> bool {
    names.is_empty() || names.iter().any(|name| TransactionState::parse(name) == Some(state))
}

fn lasts_longer(one: &ListedTransaction, millis: i64, now: Timestamp) -> bool {
    one.start != Timestamp::NONE && now.0.saturating_sub(one.start.0) > millis
}
