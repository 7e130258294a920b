//! AddOffsetsToTxn (25): a group's offsets become part of a producer's transaction (KIP-98).

use crate::wire::schema::{api, schema};

api! {
    AddOffsetsToTxn = 25, versions 0..=4, flexible from 3,
    AddOffsetsToTxnRequest => AddOffsetsToTxnResponse
}

schema! {
    /// What is asked.
    pub struct AddOffsetsToTxnRequest {
        _ => transactional_id: String,
        _ => producer_id: i64,
        _ => producer_epoch: i16,
        _ => group_id: String,
    }

    /// The answer.
    pub struct AddOffsetsToTxnResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
    }
}
