//! CreateTopics: each topic on its own, all or nothing.

use std::collections::BTreeMap;

use crate::broker::{BrokerError, NewTopic, check_assignment, check_replication_factor};
use crate::config::ConfigEntry;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::Refusal;
use crate::server::repeated::answer_each;
use crate::wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopics, CreateTopicsRequest,
    CreateTopicsResponse,
};

/// What stands for the node's own defaults.
const DEFAULT: i32 = -1;

pub(in crate::server) fn handle(call: &Call, request: CreateTopicsRequest, reply: Reply<CreateTopics>) {
    let name_of = |topic: &CreatableTopic| topic.name.clone();
    let topics = answer_each(request.topics, name_of, |topic, listed| {
        let name = topic.name.clone();
        let created = listed.once(BrokerError::RepeatedTopic, || create(call, topic, request.validate_only));
        created.unwrap_or_else(|Refusal { code, text }| CreatableTopicResult {
            name,
            error_code: code.code(),
            error_message: Some(text),
            configs: Some(Vec::new()),
            ..CreatableTopicResult::default()
        })
    });
    reply.send(&CreateTopicsResponse { topics, ..CreateTopicsResponse::default() });
}

fn create(call: &Call, asked: CreatableTopic, validate_only: bool) -> Result<CreatableTopicResult, Refusal> {
    if !call.allows(Operation::Create, Resource::Topic(&asked.name)) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    let broker = call.broker();
    broker.check_new_name(&asked.name)?;
    let mut new = NewTopic { name: asked.name.clone(), ..NewTopic::default() };
    for config in &asked.configs {
        let Some(value) = config.value.clone() else {
            let text = format!("Null value not supported for topic configs: {}", config.name);
            return Err(Refusal::new(ErrorCode::InvalidConfig, text));
        };
        new.overrides.insert(config.name.clone(), value);
    }
    broker.check_topic_config(&new.overrides)?;
    new.partitions = partition_count(call, &asked)?;
    let mut result = CreatableTopicResult { name: asked.name, ..CreatableTopicResult::default() };
    if validate_only {
        result.configs = Some(listed(broker.validate_topic(&new)?));
        result.num_partitions = new.partitions.unwrap_or(broker.config().num_partitions);
    } else {
        let topic = broker.create_topic(&new)?;
        result.topic_id = topic.id();
        result.num_partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        result.configs = Some(listed(broker.describe_topic_config(topic.name().as_str())?));
    }
    result.replication_factor = 1;
    Ok(result)
}

/// Count of partitions; `None` for the default.
fn partition_count(call: &Call, asked: &CreatableTopic) -> Result<Option<i32>, Refusal> {
    if asked.assignments.is_empty() {
        let factor = (i32::from(asked.replication_factor) != DEFAULT).then_some(asked.replication_factor);
        check_replication_factor(factor)?;
        return Ok((asked.num_partitions != DEFAULT).then_some(asked.num_partitions));
    }
    if asked.num_partitions != DEFAULT || i32::from(asked.replication_factor) != DEFAULT {
        let text = "Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at \
                    the same time.";
        return Err(Refusal::new(ErrorCode::InvalidRequest, text));
    }
    let by_index: BTreeMap<i32, &Vec<i32>> =
        asked.assignments.iter().map(|one| (one.partition_index, &one.broker_ids)).collect();
    let consecutive = by_index.keys().copied().eq((0..).take(asked.assignments.len()));
    if !consecutive {
        let text = "Partitions should be a consecutive 0-based integer sequence.";
        return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, text));
    }
    check_assignment(call.broker(), by_index.into_values().map(Vec::as_slice))?;
    Ok(i32::try_from(asked.assignments.len()).ok())
}

fn listed(entries: Vec<ConfigEntry>) -> Vec<CreatableTopicConfigs> {
    let entry = |entry: ConfigEntry| CreatableTopicConfigs {
        name: entry.name.to_owned(),
        value: Some(entry.value),
        read_only: entry.read_only,
        config_source: entry.source as i8,
        is_sensitive: entry.sensitive,
    };
    entries.into_iter().map(entry).collect()
}
