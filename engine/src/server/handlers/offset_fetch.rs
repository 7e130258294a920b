//! OffsetFetch: what groups have committed; -1 where there is nothing, also for a group that does not exist.

use super::epoch_number;
use crate::broker::group::{FetchOffset, FetchedOffset, Stability};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::{PartitionIndex, TopicId, TopicName};
use crate::wire::api::offset_fetch::{
    OffsetFetch, OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

/// First version that asks for several groups (KIP-709).
const SEVERAL_SINCE: i16 = 8;

/// First version that names topics by their identity.
const TOPIC_IDS_SINCE: i16 = 10;

/// First version that can say that the request as a whole has failed.
const GROUP_ERROR_SINCE: i16 = 2;

pub(in crate::server) fn handle(call: &Call, request: OffsetFetchRequest, reply: Reply<OffsetFetch>) {
    let stability = if request.require_stable { Stability::Required } else { Stability::Ignored };
    let version = reply.version();
    if version >= SEVERAL_SINCE {
        let groups =
            request.groups.into_iter().map(|group| answer(call, group, stability, version)).collect();
        return reply.send(&OffsetFetchResponse { groups, ..OffsetFetchResponse::default() });
    }
    let topics = request.topics.map(|topics| {
        let named = topics.into_iter();
        let topic =
            |topic: crate::wire::api::offset_fetch::OffsetFetchRequestTopic| OffsetFetchRequestTopics {
                name: topic.name,
                partition_indexes: topic.partition_indexes,
                ..OffsetFetchRequestTopics::default()
            };
        named.map(topic).collect()
    });
    let group =
        OffsetFetchRequestGroup { group_id: request.group_id, topics, ..OffsetFetchRequestGroup::default() };
    let asked = group.topics.clone().unwrap_or_default();
    let answered = answer(call, group, stability, version);
    let mut response = OffsetFetchResponse { error_code: answered.error_code, ..Default::default() };
    response.topics = match answered.error_code {
        0 => answered.topics.into_iter().map(older).collect(),
        // What cannot be said of the whole is said of each partition.
        code if version < GROUP_ERROR_SINCE => asked.into_iter().map(|topic| failed(topic, code)).collect(),
        _ => Vec::new(),
    };
    reply.send(&response);
}

fn older(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let partition = |one: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: one.partition_index,
        committed_offset: one.committed_offset,
        committed_leader_epoch: one.committed_leader_epoch,
        metadata: one.metadata,
        error_code: one.error_code,
    };
    OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    }
}

fn failed(topic: OffsetFetchRequestTopics, error_code: i16) -> OffsetFetchResponseTopic {
    let partition = |partition_index| OffsetFetchResponsePartition {
        partition_index,
        committed_offset: -1,
        error_code,
        metadata: Some(String::new()),
        ..OffsetFetchResponsePartition::default()
    };
    let partitions = topic.partition_indexes.into_iter().map(partition).collect();
    OffsetFetchResponseTopic { name: topic.name, partitions }
}

/// The answer for one group.
fn answer(
    call: &Call,
    asked: OffsetFetchRequestGroup,
    stability: Stability,
    version: i16,
) -> OffsetFetchResponseGroup {
    let group_id = asked.group_id;
    let member = (asked.member_id, asked.member_epoch);
    match fetch(call, &group_id, member, asked.topics, stability, version) {
        Ok(topics) => OffsetFetchResponseGroup { group_id, topics, ..Default::default() },
        Err(code) => OffsetFetchResponseGroup { group_id, error_code: code.code(), ..Default::default() },
    }
}

fn fetch(
    call: &Call,
    group: &str,
    (member_id, member_epoch): (Option<String>, i32),
    topics: Option<Vec<OffsetFetchRequestTopics>>,
    stability: Stability,
    version: i16,
) -> Result<Vec<OffsetFetchResponseTopics>, ErrorCode> {
    if !call.allows(Operation::Describe, Resource::Group(group)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    let groups = call.broker().groups().map_err(|error| error.code())?;
    groups.check_reader(group, member_id.as_deref(), member_epoch)?;
    let Some(topics) = topics else {
        return Ok(by_topic(call, groups.fetch_all_offsets(group, stability)));
    };
    let mut answered = Vec::with_capacity(topics.len());
    for asked in topics {
        let found = if version >= TOPIC_IDS_SINCE {
            let topic = call.broker().topic_by_id(asked.topic_id);
            topic.map(|topic| (topic.name().clone(), Some(topic.id()))).ok_or(ErrorCode::UnknownTopicId)
        } else {
            let known = call.broker().topic(&asked.name).map(|topic| topic.id());
            TopicName::new(&asked.name)
                .map(|name| (name, known))
                .map_err(|_| ErrorCode::UnknownTopicOrPartition)
        };
        let partitions = match found {
            Err(code) => asked.partition_indexes.iter().map(|index| nothing(*index, code)).collect(),
            Ok((topic, topic_id)) => {
                let wanted = |index: &i32| FetchOffset {
                    topic: topic.clone(),
                    topic_id,
                    partition: PartitionIndex(*index),
                };
                let wanted: Vec<FetchOffset> = asked.partition_indexes.iter().map(wanted).collect();
                groups.fetch_offsets(group, &wanted, stability).into_iter().map(partition).collect()
            }
        };
        answered.push(OffsetFetchResponseTopics { name: asked.name, topic_id: asked.topic_id, partitions });
    }
    Ok(answered)
}

fn nothing(partition_index: i32, code: ErrorCode) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        error_code: code.code(),
        metadata: Some(String::new()),
        ..OffsetFetchResponsePartitions::default()
    }
}

fn partition(fetched: FetchedOffset) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index: fetched.partition.0,
        committed_offset: fetched.offset.0,
        committed_leader_epoch: epoch_number(fetched.leader_epoch),
        metadata: Some(fetched.metadata),
        error_code: fetched.error.code(),
    }
}

/// All offsets of a group, topic by topic.
fn by_topic(call: &Call, fetched: Vec<FetchedOffset>) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for one in fetched {
        let name = one.topic.to_string();
        let found = topics.iter().position(|topic| topic.name == name).unwrap_or_else(|| {
            let topic_id = call.broker().topic(&name).map_or(TopicId::default(), |topic| topic.id());
            topics.push(OffsetFetchResponseTopics { name, topic_id, ..Default::default() });
            topics.len() - 1
        });
        topics[found].partitions.push(partition(one));
    }
    topics
}
