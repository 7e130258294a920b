//! Transactions: `tl_init_transactions()`, and those behind it.

use std::ffi::c_int;

use tidelog::client::{KafkaError, Producer};
use tidelog::error_code::ErrorCode;

use crate::client::{Client, clients};
use crate::error::Error;
use crate::group_metadata::GroupMetadata;
use crate::guard::guard_outcome;
use crate::timeout::timeout;
use crate::topic_partition::{OffsetMeaning, TopicPartitionList};

fn on_producer(
    rk: *mut Client,
    call: impl FnOnce(&Producer) -> Result<(), KafkaError>,
) -> Option<Box<Error>> {
    guard_outcome(|| call(clients().get(rk)?.producer()?))
}

/// Makes this producer the one of its `transactional.id`: an earlier one is fenced, and what it has begun is aborted. A
/// negative timeout waits for twice `transaction.timeout.ms`. NULL for success; the caller owns an error, of which
/// ::tl_error_is_retriable says that the same call may be made again and goes on where it was, ::tl_error_is_fatal
/// that the producer is of no use any more. `TL_RESP_ERR__NOT_CONFIGURED` without `transactional.id`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_init_transactions(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    on_producer(rk, |producer| producer.init_transactions(timeout(timeout_ms)))
}

/// Begins a transaction: what is produced from now on belongs to it. NULL for success; the caller owns an error:
/// `TL_RESP_ERR__STATE` before ::tl_init_transactions, and in a transaction.
#[unsafe(no_mangle)]
pub extern "C" fn tl_begin_transaction(rk: *mut Client) -> Option<Box<Error>> {
    on_producer(rk, Producer::begin_transaction)
}

/// Commits offsets of a consumer with the transaction: they count when it is committed. Elements without an offset are
/// passed over. Takes neither list nor metadata. A negative timeout waits without end. NULL for success; the caller owns
/// an error, of which ::tl_error_txn_requires_abort says that only ::tl_abort_transaction is left, ::tl_error_is_retriable
/// that the call may be made again.
#[unsafe(no_mangle)]
pub extern "C" fn tl_send_offsets_to_transaction(
    rk: *mut Client,
    offsets: Option<&TopicPartitionList>,
    cgmetadata: Option<&GroupMetadata>,
    timeout_ms: c_int,
) -> Option<Box<Error>> {
    on_producer(rk, |producer| {
        let (Some(offsets), Some(group)) = (offsets, cgmetadata) else {
            return Err(ErrorCode::LocalInvalidArg.into());
        };
        let offsets = offsets.read(OffsetMeaning::Number)?;
        producer.send_offsets_to_transaction(&offsets, group.metadata(), timeout(timeout_ms))
    })
}

/// Delivers what is queued, serves its reports on this thread as ::tl_flush does, and commits the transaction. A negative
/// timeout waits without end. NULL for success; the caller owns an error, of which ::tl_error_is_retriable says that the
/// same call may be made again and goes on where it was, ::tl_error_txn_requires_abort that only ::tl_abort_transaction
/// is left, ::tl_error_is_fatal that the producer is of no use any more.
#[unsafe(no_mangle)]
pub extern "C" fn tl_commit_transaction(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    on_producer(rk, |producer| producer.commit_transaction(timeout(timeout_ms)))
}

/// Drops what is queued, with reports that say `TL_RESP_ERR__PURGE_QUEUE`, serves reports on this thread, and aborts the
/// transaction. A negative timeout waits without end. NULL for success; the caller owns an error, as with
/// ::tl_commit_transaction.
#[unsafe(no_mangle)]
pub extern "C" fn tl_abort_transaction(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Error>> {
    on_producer(rk, |producer| producer.abort_transaction(timeout(timeout_ms)))
}
