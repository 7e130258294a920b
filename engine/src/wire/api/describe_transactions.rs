//! DescribeTransactions (65): transactional ids in detail (KIP-664).

use crate::wire::schema::{api, schema};

api! {
    DescribeTransactions = 65, versions 0..=0, flexible from 0,
    DescribeTransactionsRequest => DescribeTransactionsResponse
}

schema! {
    /// What is asked.
    pub struct DescribeTransactionsRequest {
        _ => transactional_ids: Vec<String>,
    }

    /// The answer.
    pub struct DescribeTransactionsResponse {
        _ => throttle_time_ms: i32,
        _ => transaction_states: Vec<TransactionState>,
    }

    /// Element of `transaction_states`.
    pub struct TransactionState {
        _ => error_code: i16,
        _ => transactional_id: String,
        _ => transaction_state: String,
        _ => transaction_timeout_ms: i32,
        _ => transaction_start_time_ms: i64,
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        _ => topics: Vec<TopicData>,
    }

    /// Element of `topics`.
    pub struct TopicData {
        _ => topic: String,
        _ => partitions: Vec<i32>,
    }
}
