//! InitProducerId (22): an id for an idempotent producer (KIP-98).

use crate::wire::schema::{api, schema};

api! {
    InitProducerId = 22, versions 0..=5, flexible from 2,
    InitProducerIdRequest => InitProducerIdResponse
}

schema! {
    /// What is asked.
    pub struct InitProducerIdRequest {
        _ => transactional_id: Option<String>,
        _ => transaction_timeout_ms: i32,
        3.. => producer_id: i64 = -1,
        3.. => producer_epoch: i16 = -1,
    }

    /// The answer.
    pub struct InitProducerIdResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => producer_id: i64 = -1,
        _ => producer_epoch: i16,
    }
}
