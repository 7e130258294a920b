//! What the handlers of transactions have in common.

use crate::broker::transaction::ProducerSession;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::types::{PartitionIndex, ProducerEpoch, ProducerId, TopicName, TopicPartition};

/// First version of AddPartitionsToTxn, AddOffsetsToTxn and EndTxn whose clients know `PRODUCER_FENCED` (KIP-588).
pub(super) const FENCED_SINCE: i16 = 2;

/// What a client is told that may be too old for `PRODUCER_FENCED`.
pub(super) fn fenced_code(code: ErrorCode, version: i16, fenced_since: i16) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced if version < fenced_since => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

/// Who a request says that it comes from, if it may use that transactional id.
pub(super) fn session(
    call: &Call,
    transactional_id: String,
    producer_id: i64,
    epoch: i16,
) -> Result<ProducerSession, ErrorCode> {
    if !call.allows(Operation::Write, Resource::TransactionalId(&transactional_id)) {
        return Err(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    let (producer_id, epoch) = (ProducerId(producer_id), ProducerEpoch(epoch));
    Ok(ProducerSession { transactional_id, producer_id, epoch })
}

/// A partition of a request, if it exists and may be written to.
pub(super) fn writable(call: &Call, topic: &str, partition: i32) -> Result<TopicPartition, ErrorCode> {
    if !call.allows(Operation::Write, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let topic = TopicName::new(topic).map_err(|_| ErrorCode::UnknownTopicOrPartition)?;
    if topic.is_internal() {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let partition = PartitionIndex(partition);
    let known = call.broker().topic(topic.as_str()).and_then(|topic| topic.partition(partition));
    known.map(|_| TopicPartition { topic, partition }).ok_or(ErrorCode::UnknownTopicOrPartition)
}
