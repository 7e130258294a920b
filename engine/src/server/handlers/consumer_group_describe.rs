//! ConsumerGroupDescribe: groups of the consumer protocol with their members, and what these have and are to have.

use crate::broker::group::{ConsumerGroupDescription, DescribedConsumer, TopicPartitions as Described};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::consumer_group_describe::{
    Assignment, ConsumerGroupDescribe, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
    DescribedGroup, Member, TopicPartitions,
};

/// Types of members, by the protocol that they speak (KIP-1099).
const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

pub(in crate::server) fn handle(
    call: &Call,
    request: ConsumerGroupDescribeRequest,
    reply: Reply<ConsumerGroupDescribe>,
) {
    let describe = |group_id: String| match describe(call, &group_id) {
        Ok(found) => {
            let operations = match request.include_authorized_operations {
                true => Operation::bits(&Operation::OF_GROUPS),
                false => i32::MIN,
            };
            DescribedGroup { authorized_operations: operations, ..answer(found) }
        }
        Err((code, error_message)) => {
            DescribedGroup { error_code: code.code(), error_message, group_id, ..DescribedGroup::default() }
        }
    };
    let groups = request.group_ids.into_iter().map(describe).collect();
    reply.send(&ConsumerGroupDescribeResponse { groups, ..ConsumerGroupDescribeResponse::default() });
}

fn describe(call: &Call, group: &str) -> Result<ConsumerGroupDescription, (ErrorCode, Option<String>)> {
    if !call.allows(Operation::Describe, Resource::Group(group)) {
        return Err((ErrorCode::GroupAuthorizationFailed, None));
    }
    if group.is_empty() {
        return Err((ErrorCode::InvalidGroupId, None));
    }
    let groups = call.broker().existing_groups();
    let groups = groups.map_err(|error| (error.code(), Some(error.to_string())))?;
    let not_found = |why: &str| (ErrorCode::GroupIdNotFound, Some(format!("Group {group} {why}.")));
    let groups = groups.ok_or_else(|| not_found("not found"))?;
    groups.describe_consumers(group).ok_or_else(|| match groups.kind_of(group) {
        Some(_) => not_found("is not a consumer group"),
        None => not_found("not found"),
    })
}

fn answer(found: ConsumerGroupDescription) -> DescribedGroup {
    DescribedGroup {
        group_id: found.group,
        group_state: found.state.name().to_owned(),
        group_epoch: found.epoch,
        assignment_epoch: found.assignment_epoch,
        assignor_name: found.assignor,
        members: found.members.into_iter().map(member).collect(),
        ..DescribedGroup::default()
    }
}

fn member(member: DescribedConsumer) -> Member {
    let metadata = member.metadata;
    Member {
        member_id: member.member_id,
        instance_id: metadata.instance_id,
        rack_id: metadata.rack_id,
        member_epoch: member.epoch,
        client_id: metadata.client_id,
        client_host: metadata.client_host,
        subscribed_topic_names: metadata.topics.into_iter().collect(),
        subscribed_topic_regex: metadata.expression,
        assignment: assignment(member.assigned),
        target_assignment: assignment(member.target),
        member_type: if metadata.classic.is_some() { CLASSIC_MEMBER } else { CONSUMER_MEMBER },
    }
}

fn assignment(topics: Vec<Described>) -> Assignment {
    let topic = |topic: Described| TopicPartitions {
        topic_id: topic.topic_id,
        topic_name: topic.topic,
        partitions: topic.partitions.into_iter().map(|partition| partition.0).collect(),
    };
    Assignment { topic_partitions: topics.into_iter().map(topic).collect() }
}
