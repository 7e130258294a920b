//! TxnOffsetCommit: answered when the offsets are durable; they become visible with the end of the transaction. For clients
//! that leave it to this request, the partition that has them is made part of the transaction first.

use super::commit_offset;
use super::transactions::session;
use crate::broker::Groups;
use crate::broker::group::{CommitOffset, MemberIdentity, OffsetsResponse, TransactionalCommit};
use crate::broker::transaction::TransactionVersion;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::txn_offset_commit::{
    TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

/// First version whose senders can abort a transaction that is refused, and go on (KIP-890).
const ABORTABLE_SINCE: i16 = 4;

/// First version whose senders leave it to this request to make the group's partition part of the transaction (KIP-890).
const JOINS_SINCE: i16 = 5;

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
    let has_to_join = reply.version() >= JOINS_SINCE && !offsets.is_empty();
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
    let committing = Committing { topics, refused, reply };
    if !has_to_join {
        return committing.commit(&groups, commit);
    }
    let place = groups.partition_of(&commit.group);
    match call.broker().transactions() {
        Err(error) => committing.refuse(error.code()),
        Ok(transactions) => {
            transactions.add_partitions(&session, &[place], TransactionVersion::V2, move |code| match code {
                ErrorCode::None => committing.commit(&groups, commit),
                ErrorCode::ProducerFenced => committing.refuse(ErrorCode::InvalidProducerEpoch),
                code => committing.refuse(code),
            });
        }
    }
}

/// What is to be answered.
struct Committing {
    topics: Vec<TxnOffsetCommitRequestTopic>,
    /// Of each partition, in the order of the request, why it is not even tried.
    refused: Vec<Option<ErrorCode>>,
    reply: Reply<TxnOffsetCommit>,
}

impl Committing {
    fn commit(self, groups: &Groups, commit: TransactionalCommit) {
        groups.commit_in_transaction(commit, move |committed: OffsetsResponse| {
            let mut outcomes = committed.partitions.iter().map(|outcome| outcome.error);
            self.answer(|| outcomes.next().unwrap_or(committed.error));
        });
    }

    fn refuse(self, code: ErrorCode) {
        self.answer(|| code);
    }

    /// Answers with `outcome` of each partition that was tried.
    fn answer(self, mut outcome: impl FnMut() -> ErrorCode) {
        let abortable = self.reply.version() >= ABORTABLE_SINCE;
        let mut refused = self.refused.into_iter();
        let mut code = |_: &str, _: i32| match refused.next().flatten().unwrap_or_else(&mut outcome) {
            ErrorCode::InvalidTxnState if abortable => ErrorCode::TransactionAbortable,
            code => code,
        };
        let response = answer(&self.topics, &mut code);
        self.reply.send(&response);
    }
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
