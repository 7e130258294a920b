//! OffsetCommit: answered when the offsets are durable.

use super::{commit_offset, millis};
use crate::broker::group::{CommitOffset, CommitRequest, MemberIdentity, OffsetsResponse};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::offset_commit::{
    OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

/// First version that names topics by their identity.
const TOPIC_IDS_SINCE: i16 = 10;

/// First version whose clients know of the consumer protocol (KIP-848).
const CONSUMER_PROTOCOL_SINCE: i16 = 9;

pub(in crate::server) fn handle(call: &Call, request: OffsetCommitRequest, reply: Reply<OffsetCommit>) {
    let version = reply.version();
    let mut response = OffsetCommitResponse::default();
    // Places of the answers that the coordinator gives, in its order.
    let mut asked = Vec::new();
    let mut offsets = Vec::new();
    for of_topic in &request.topics {
        let checked = check(call, &request.group_id, of_topic, version);
        let mut partitions = Vec::with_capacity(of_topic.partitions.len());
        for partition in &of_topic.partitions {
            let commit = checked.as_ref().map_err(|code| *code).and_then(|topic| commit(topic, partition));
            let error_code = commit.as_ref().err().map_or(ErrorCode::None, |code| *code).code();
            if let Ok(commit) = commit {
                asked.push((response.topics.len(), partitions.len()));
                offsets.push(commit);
            }
            partitions.push(OffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code,
            });
        }
        let (name, topic_id) = (of_topic.name.clone(), of_topic.topic_id);
        response.topics.push(OffsetCommitResponseTopic { name, topic_id, partitions });
    }
    let fill = move |mut response: OffsetCommitResponse, code: &dyn Fn(usize) -> ErrorCode| {
        for (number, (topic, place)) in asked.iter().enumerate() {
            response.topics[*topic].partitions[*place].error_code = code(number).code();
        }
        response
    };
    let groups = match call.broker().groups() {
        Ok(groups) => groups,
        Err(error) => return reply.send(&fill(response, &|_| error.code())),
    };
    // An empty commit is asked for too: it tells a member that it is none any more.
    let commit = CommitRequest {
        group: request.group_id,
        member: MemberIdentity {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id_or_member_epoch,
        },
        retention: (request.retention_time_ms >= 0).then(|| millis(request.retention_time_ms)),
        knows_consumer_protocol: version >= CONSUMER_PROTOCOL_SINCE,
        offsets,
    };
    groups.commit(commit, move |committed: OffsetsResponse| {
        let code =
            |number: usize| committed.partitions.get(number).map_or(committed.error, |outcome| outcome.error);
        reply.send(&fill(response, &code));
    });
}

/// The topic of a request, if it exists and may be read.
fn check(
    call: &Call,
    group: &str,
    asked: &OffsetCommitRequestTopic,
    version: i16,
) -> Result<std::sync::Arc<crate::broker::Topic>, ErrorCode> {
    if !call.allows(Operation::Read, Resource::Group(group)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    let topic = if version >= TOPIC_IDS_SINCE {
        call.broker().topic_by_id(asked.topic_id).ok_or(ErrorCode::UnknownTopicId)?
    } else {
        call.broker().topic(&asked.name).ok_or(ErrorCode::UnknownTopicOrPartition)?
    };
    if !call.allows(Operation::Read, Resource::Topic(topic.name().as_str())) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    Ok(topic)
}

fn commit(
    topic: &crate::broker::Topic,
    asked: &OffsetCommitRequestPartition,
) -> Result<CommitOffset, ErrorCode> {
    let place = (asked.committed_offset, asked.committed_leader_epoch);
    commit_offset(topic, asked.partition_index, place, asked.committed_metadata.as_deref())
}
