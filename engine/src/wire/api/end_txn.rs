//! EndTxn (26): commits or aborts a producer's transaction (KIP-98). Version 5 belongs to `transaction.version` 2, which
//! is not offered.

use crate::wire::schema::{api, schema};

api! {
    EndTxn = 26, versions 0..=4, flexible from 3,
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
    }
}
