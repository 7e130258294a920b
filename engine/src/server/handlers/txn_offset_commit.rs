//! TxnOffsetCommit: answered when the offsets are durable; they become visible with the end of the transaction.

use super::commit_offset;
use super::transactions::session;
use crate::broker::group::{CommitOffset, MemberIdentity, OffsetsResponse, TransactionalCommit};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::txn_offset_commit::{
    TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

/// First version whose senders can abort a transaction that is refused, and go on (KIP-890).
const ABORTABLE_SINCE: i16 = 4;

pub(in crate::server) fn handle(call: &Call, request: TxnOffsetCommitRequest, reply: Reply<TxnOffsetCommit>) {
    let TxnOffsetCommitRequest { transactional_id, group_id, producer_id, producer_epoch, topics, .. } =
        request;
    let refuse = |reply: Reply<TxnOffsetCommit>, code| reply.send(&answer(&topics, &mut |_, _| code));
    let session = match session(call, transactional_id, producer_id, producer_epoch) {
        Ok(session) => session,
        Err(code) => return refuse(reply, code),
    };
    if !call.allows(Operation::Read, Resource::Group(&group_id)) {
        return refuse(reply, ErrorCode::GroupAuthorizationFailed);
    }
    let groups = match call.broker().groups() {
        Ok(groups) => groups,
        Err(error) => return refuse(reply, error.code()),
    };
    let mut offsets = Vec::new();
    let mut refused = Vec::new();
    for topic in &topics {
        for partition in &topic.partitions {
            match offset(call, &topic.name, partition) {
                Ok(offset) => {
                    offsets.push(offset);
                    refused.push(None);
                }
                Err(code) => refused.push(Some(code)),
            }
        }
    }
    let commit = TransactionalCommit {
        group: group_id,
        member: MemberIdentity {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id,
        },
        producer: (session.producer_id, session.epoch),
        offsets,
    };
    let abortable = reply.version() >= ABORTABLE_SINCE;
    groups.commit_in_transaction(commit, move |committed: OffsetsResponse| {
        let told = |code| match code {
            ErrorCode::InvalidTxnState if abortable => ErrorCode::TransactionAbortable,
            code => code,
        };
        let mut outcomes = committed.partitions.iter().map(|outcome| told(outcome.error));
        let mut refused = refused.into_iter();
        let mut code = |_: &str, _: i32| match refused.next().flatten() {
            Some(code) => code,
            None => outcomes.next().unwrap_or(told(committed.error)),
        };
        reply.send(&answer(&topics, &mut code));
    });
}

fn offset(
    call: &Call,
    topic: &str,
    asked: &TxnOffsetCommitRequestPartition,
) -> Result<CommitOffset, ErrorCode> {
    let topic = call.broker().topic(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if !call.allows(Operation::Read, Resource::Topic(topic.name().as_str())) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let place = (asked.committed_offset, asked.committed_leader_epoch);
    commit_offset(&topic, asked.partition_index, place, asked.committed_metadata.as_deref())
}

/// The answer, with the code for each partition in the order of the request.
fn answer(
    topics: &[TxnOffsetCommitRequestTopic],
    code: &mut dyn FnMut(&str, i32) -> ErrorCode,
) -> TxnOffsetCommitResponse {
    let mut response = TxnOffsetCommitResponse::default();
    for topic in topics {
        let one = |partition: &TxnOffsetCommitRequestPartition| TxnOffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code: code(&topic.name, partition.partition_index).code(),
        };
        let partitions = topic.partitions.iter().map(one).collect();
        response.topics.push(TxnOffsetCommitResponseTopic { name: topic.name.clone(), partitions });
    }
    response
}
