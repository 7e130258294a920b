//! EndTxn (26): commits or aborts a producer's transaction (KIP-98). From version 5 on, which belongs to
//! `transaction.version` 2, it also gives the producer its next epoch (KIP-890).

use crate::wire::schema::{api, schema};

api! {
    EndTxn = 26, versions 0..=5, flexible from 3,
    EndTxnRequest => EndTxnResponse
}

schema! {
    /// What is asked.
    pub struct EndTxnRequest {
        _ => transactional_id: String,
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        _ => committed: bool,
    }

    /// The answer.
    pub struct EndTxnResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
        5.. => producer_id: i64 = -1,
        5.. => producer_epoch: i16 = -1,
    }
}
