//! ListTransactions (66): all transactional ids, or those that are asked for (KIP-664, KIP-994, KIP-1152).

use crate::wire::schema::{api, schema};

api! {
    ListTransactions = 66, versions 0..=2, flexible from 0,
    ListTransactionsRequest => ListTransactionsResponse
}

schema! {
    /// What is asked.
    pub struct ListTransactionsRequest {
        _ => state_filters: Vec<String>,
        _ => producer_id_filters: Vec<i64>,
        1.. => duration_filter: i64 = -1,
        2.. => transactional_id_pattern: Option<String>,
    }

    /// The answer.
    pub struct ListTransactionsResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => unknown_state_filters: Vec<String>,
        _ => transaction_states: Vec<TransactionState>,
    }

    /// Element of `transaction_states`.
    pub struct TransactionState {
        _ => transactional_id: String,
        _ => producer_id: i64,
        _ => transaction_state: String,
    }
}
