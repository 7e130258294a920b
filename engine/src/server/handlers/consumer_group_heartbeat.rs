//! ConsumerGroupHeartbeat: answered when what it changes is durable.

use super::millis;
use crate::broker::group::{AssignedPartitions, ConsumerHeartbeat, ConsumerHeartbeatResponse};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::PartitionIndex;
use crate::wire::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeat, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    TopicPartitions,
};

/// First version in which members choose their ids (KIP-1082).
const MEMBER_ID_REQUIRED_SINCE: i16 = 1;

pub(in crate::server) fn handle(
    call: &Call,
    request: ConsumerGroupHeartbeatRequest,
    reply: Reply<ConsumerGroupHeartbeat>,
) {
    let refuse = |reply: Reply<ConsumerGroupHeartbeat>, code: ErrorCode| {
        let error_code = code.code();
        reply.send(&ConsumerGroupHeartbeatResponse { error_code, ..Default::default() });
    };
    if let Err(code) = check(call, &request) {
        return refuse(reply, code);
    }
    let groups = match call.broker().groups() {
        Ok(groups) => groups,
        Err(error) => return refuse(reply, error.code()),
    };
    let heartbeat = ConsumerHeartbeat {
        group: request.group_id,
        member_id: request.member_id,
        epoch: request.member_epoch,
        instance_id: request.instance_id,
        rack_id: request.rack_id,
        client_id: call.client_id.clone(),
        client_host: call.caller.host.clone(),
        rebalance_timeout: (request.rebalance_timeout_ms != -1).then(|| millis(request.rebalance_timeout_ms)),
        topics: request.subscribed_topic_names,
        expression: request.subscribed_topic_regex,
        assignor: request.server_assignor,
        owned: request.topic_partitions.map(owned),
        member_id_required: reply.version() >= MEMBER_ID_REQUIRED_SINCE,
    };
    groups.consumer_heartbeat(heartbeat, move |response| reply.send(&answer(response)));
}

fn check(call: &Call, request: &ConsumerGroupHeartbeatRequest) -> Result<(), ErrorCode> {
    if !call.allows(Operation::Read, Resource::Group(&request.group_id)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    let mut topics = request.subscribed_topic_names.iter().flatten();
    match topics.all(|topic| call.allows(Operation::Describe, Resource::Topic(topic))) {
        true => Ok(()),
        false => Err(ErrorCode::TopicAuthorizationFailed),
    }
}

fn owned(topics: Vec<TopicPartitions>) -> AssignedPartitions {
    let mut owned = AssignedPartitions::new();
    for topic in topics {
        owned.entry(topic.topic_id).or_default().extend(topic.partitions.into_iter().map(PartitionIndex));
    }
    owned
}

fn answer(response: ConsumerHeartbeatResponse) -> ConsumerGroupHeartbeatResponse {
    let topic = |(topic_id, partitions): (_, std::collections::BTreeSet<PartitionIndex>)| TopicPartitions {
        topic_id,
        partitions: partitions.into_iter().map(|partition| partition.0).collect(),
    };
    ConsumerGroupHeartbeatResponse {
        error_code: response.error.code(),
        error_message: response.message,
        member_id: response.member_id,
        member_epoch: response.epoch,
        heartbeat_interval_ms: i32::try_from(response.interval.as_millis()).unwrap_or(i32::MAX),
        assignment: response
            .assignment
            .map(|assigned| Assignment { topic_partitions: assigned.into_iter().map(topic).collect() }),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}
