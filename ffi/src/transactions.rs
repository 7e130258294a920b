//! Transactions. The engine has no coordinator for them yet: what would need one says so.

use std::ffi::c_int;

use tidelog::client::{KafkaError, Producer};
use tidelog::error_code::ErrorCode;

use crate::client::{Client, clients};
use crate::error::Error;
use crate::group_metadata::GroupMetadata;
use crate::guard::guard_outcome;
use crate::topic_partition::TopicPartitionList;

fn on_producer(
    rk: *mut Client,
    call: impl FnOnce(&Producer) -> Result<(), KafkaError>,
) -> Option<Box<Error>> {
    guard_outcome(|| call(clients().get(rk)?.producer()?))
}

/// Would make this producer the one of its `transactional.id`: `TL_RESP_ERR__NOT_IMPLEMENTED`, the engine has no
/// transactions yet. The caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_init_transactions(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    let _ = timeout_ms;
    on_producer(rk, Producer::init_transactions)
}

/// Would begin a transaction: `TL_RESP_ERR__STATE`, see ::tl_init_transactions. The caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_begin_transaction(rk: *mut Client) -> Option<Box<Error>> {
    on_producer(rk, Producer::in_transaction)
}

/// Would commit offsets with the transaction: `TL_RESP_ERR__STATE`, see ::tl_init_transactions. The caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_send_offsets_to_transaction(
    rk: *mut Client,
    offsets: Option<&TopicPartitionList>,
    cgmetadata: Option<&GroupMetadata>,
    timeout_ms: c_int,
) -> Option<Box<Error>> {
    let _ = timeout_ms;
    on_producer(rk, |producer| {
        if offsets.is_none() || cgmetadata.is_none() {
            return Err(ErrorCode::LocalInvalidArg.into());
        }
        producer.in_transaction()
    })
}

/// Would commit the transaction: `TL_RESP_ERR__STATE`, see ::tl_init_transactions. The caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_commit_transaction(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    let _ = timeout_ms;
    on_producer(rk, Producer::in_transaction)
}

/// Would abort the transaction: `TL_RESP_ERR__STATE`, see ::tl_init_transactions. The caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_abort_transaction(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    let _ = timeout_ms;
    on_producer(rk, Producer::in_transaction)
}
