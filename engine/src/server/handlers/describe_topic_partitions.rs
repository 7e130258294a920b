//! DescribeTopicPartitions: topics by name, in pages.

use crate::broker::{Served, Topic};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::TopicName;
use crate::wire::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitions, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic, ResponseCursor,
};

/// Most partitions of one answer (Kafka: `max.request.partition.size.limit`).
const PARTITIONS_MAX: i32 = 2000;

pub(in crate::server) fn handle(
    call: &Call,
    request: DescribeTopicPartitionsRequest,
    reply: Reply<DescribeTopicPartitions>,
) {
    let mut names: Vec<String> = request.topics.into_iter().map(|topic| topic.name).collect();
    let asks_for_all = names.is_empty();
    let begins_nowhere = |cursor: &Cursor| {
        cursor.partition_index < 0 || (!asks_for_all && !names.contains(&cursor.topic_name))
    };
    if request.cursor.as_ref().is_some_and(begins_nowhere) {
        let topics = names.into_iter().map(|name| refusal(name, ErrorCode::InvalidRequest)).collect();
        return reply.send(&DescribeTopicPartitionsResponse { topics, ..Default::default() });
    }
    if asks_for_all {
        names = call.broker().topics().iter().map(|topic| topic.name().to_string()).collect();
    }
    names.sort_unstable();
    names.dedup();
    let cursor = request.cursor.unwrap_or_default();
    names.retain(|name| *name >= cursor.topic_name);
    let limit = request.response_partition_limit.clamp(1, PARTITIONS_MAX);
    let mut left = usize::try_from(limit).unwrap_or(1);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names {
        let first = if name == cursor.topic_name { cursor.partition_index } else { 0 };
        if left == 0 {
            response.next_cursor = Some(ResponseCursor { topic_name: name, partition_index: first });
            break;
        }
        let (described, next) = describe(call, name, first, left);
        left -= described.partitions.len();
        let topic_name = described.name.clone().unwrap_or_default();
        response.topics.push(described);
        if let Some(partition_index) = next {
            response.next_cursor = Some(ResponseCursor { topic_name, partition_index });
            break;
        }
    }
    reply.send(&response);
}

/// At most `limit` partitions of a topic, from `first` on, and the one behind them if there is one.
fn describe(
    call: &Call,
    name: String,
    first: i32,
    limit: usize,
) -> (DescribeTopicPartitionsResponseTopic, Option<i32>) {
    let topic = match find(call, &name) {
        Ok(topic) => topic,
        Err(code) => return (refusal(name, code), None),
    };
    let node = call.broker().config().node_id;
    let partitions = topic.partitions();
    let listed: Vec<_> = partitions
        .iter()
        .zip(0..)
        .filter(|(_, index)| *index >= first)
        .take(limit)
        .map(|(served, index)| partition(served, index, node))
        .collect();
    let behind = listed.last().map_or(first, |last| last.partition_index + 1);
    let next = usize::try_from(behind).is_ok_and(|behind| behind < partitions.len()).then_some(behind);
    let described = DescribeTopicPartitionsResponseTopic {
        name: Some(name),
        topic_id: topic.id(),
        is_internal: topic.name().is_internal(),
        partitions: listed,
        topic_authorized_operations: Operation::bits(&Operation::OF_TOPICS),
        ..DescribeTopicPartitionsResponseTopic::default()
    };
    (described, next)
}

fn refusal(name: String, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    let error_code = code.code();
    DescribeTopicPartitionsResponseTopic { error_code, name: Some(name), ..Default::default() }
}

fn find(call: &Call, name: &str) -> Result<std::sync::Arc<Topic>, ErrorCode> {
    if TopicName::new(name).is_err() {
        return Err(ErrorCode::InvalidTopicException);
    }
    if !call.allows(Operation::Describe, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    call.broker().topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)
}

fn partition(served: &Served, index: i32, node: i32) -> DescribeTopicPartitionsResponsePartition {
    let described = DescribeTopicPartitionsResponsePartition {
        partition_index: index,
        replica_nodes: vec![node],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..DescribeTopicPartitionsResponsePartition::default()
    };
    match served {
        Ok(partition) => DescribeTopicPartitionsResponsePartition {
            leader_id: node,
            leader_epoch: partition.view().latest_epoch().0,
            isr_nodes: vec![node],
            ..described
        },
        Err(_) => DescribeTopicPartitionsResponsePartition {
            error_code: ErrorCode::LeaderNotAvailable.code(),
            leader_id: -1,
            offline_replicas: vec![node],
            ..described
        },
    }
}
