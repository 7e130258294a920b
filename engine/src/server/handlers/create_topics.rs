//! CreateTopics: each topic on its own, all or nothing.

use crate::broker::{Broker, BrokerError, NewTopic};
use crate::config::ConfigEntry;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::Refusal;
use crate::server::repeated::answer_each;
use crate::wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicConfigs, CreatableTopicResult, CreateTopics,
    CreateTopicsRequest, CreateTopicsResponse,
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
    let mut result = CreatableTopicResult { name: asked.name.clone(), ..CreatableTopicResult::default() };
    let new = new_topic(broker, asked)?;
    if validate_only {
        let (partitions, configs) = broker.validate_topic(&new)?;
        result.num_partitions = partitions;
        result.configs = Some(listed(configs));
    } else {
        let topic = broker.create_topic(&new)?;
        result.topic_id = topic.id();
        result.num_partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        result.configs = Some(listed(broker.describe_topic_config(topic.name().as_str())?));
    }
    result.replication_factor = 1;
    Ok(result)
}

fn new_topic(broker: &Broker, asked: CreatableTopic) -> Result<NewTopic, Refusal> {
    let mut new = NewTopic {
        partitions: (asked.num_partitions != DEFAULT).then_some(asked.num_partitions),
        replication_factor: (i32::from(asked.replication_factor) != DEFAULT)
            .then_some(asked.replication_factor),
        replica_assignment: asked
            .assignments
            .into_iter()
            .map(|one| (one.partition_index, one.broker_ids))
            .collect(),
        name: asked.name,
        ..NewTopic::default()
    };
    for CreatableTopicConfig { name, value } in asked.configs {
        let Some(value) = value else {
            broker.check_new_name(&new.name)?;
            let text = format!("Null value not supported for topic configs: {name}");
            return Err(Refusal::new(ErrorCode::InvalidConfig, text));
        };
        new.config.insert(name, value);
    }
    Ok(new)
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
