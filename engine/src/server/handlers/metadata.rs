//! Metadata: one broker that leads everything. Topics that are asked for by name are created if that is allowed.

use crate::broker::{NewTopic, Served, Topic};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::repeated::answer_each;
use crate::types::{TopicId, TopicName};
use crate::wire::api::metadata::{
    Metadata, MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

/// Whether the answer has to wait for topics to be created.
pub(in crate::server) fn creates_topics(call: &Call, request: &MetadataRequest, version: i16) -> bool {
    let named = request.topics.as_deref().unwrap_or_default();
    request.allow_auto_topic_creation
        && call.broker().config().auto_create_topics
        && !asks_for_all(request, version)
        && named.iter().filter_map(|topic| topic.name.as_deref()).any(|name| is_creatable(call, name))
}

fn is_creatable(call: &Call, name: &str) -> bool {
    call.broker().topic(name).is_none() && TopicName::new(name).is_ok_and(|name| !name.is_internal())
}

/// Before version 1 an empty list means all topics, and null cannot be said.
fn asks_for_all(request: &MetadataRequest, version: i16) -> bool {
    request.topics.as_ref().is_none_or(|topics| version == 0 && topics.is_empty())
}

pub(in crate::server) fn handle(call: &Call, request: MetadataRequest, reply: Reply<Metadata>) {
    let broker = call.broker();
    let with_operations = request.include_topic_authorized_operations;
    let may_see = |topic: &Topic| call.allows(Operation::Describe, Resource::Topic(topic.name().as_str()));
    let mut topics: Vec<MetadataResponseTopic> = if asks_for_all(&request, reply.version()) {
        let all = broker.topics();
        all.iter().filter(|topic| may_see(topic)).map(|topic| describe(call, topic)).collect()
    } else {
        let called = |topic: &MetadataRequestTopic| (topic.name.clone(), topic.topic_id);
        answer_each(request.topics.unwrap_or_default(), called, |asked, _| {
            answer(call, asked, request.allow_auto_topic_creation)
        })
    };
    if with_operations {
        let known = |topic: &&mut MetadataResponseTopic| topic.error_code == ErrorCode::None.code();
        for topic in topics.iter_mut().filter(known) {
            topic.topic_authorized_operations = Operation::bits(&Operation::OF_TOPICS);
        }
    }
    let (host, port) = call.advertised();
    let node_id = broker.config().node_id;
    let mut response = MetadataResponse {
        brokers: vec![MetadataResponseBroker { node_id, host, port, rack: None }],
        cluster_id: Some(broker.cluster_id().to_owned()),
        controller_id: node_id,
        topics,
        ..MetadataResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = Operation::bits(&Operation::OF_CLUSTER);
    }
    reply.send(&response);
}

/// The answer for one topic that was asked for.
fn answer(call: &Call, asked: MetadataRequestTopic, may_create: bool) -> MetadataResponseTopic {
    let found = match &asked.name {
        Some(name) => call.broker().topic(name).ok_or(ErrorCode::UnknownTopicOrPartition),
        None => call.broker().topic_by_id(asked.topic_id).ok_or(ErrorCode::UnknownTopicId),
    };
    match (found, asked.name) {
        (Ok(topic), name) if !call.allows(Operation::Describe, Resource::Topic(topic.name().as_str())) => {
            refusal(name, asked.topic_id, ErrorCode::TopicAuthorizationFailed)
        }
        (Ok(topic), _) => describe(call, &topic),
        (Err(code), None) => refusal(None, asked.topic_id, code),
        (Err(code), Some(name)) => match TopicName::new(&name) {
            Err(_) => refusal(Some(name), asked.topic_id, ErrorCode::InvalidTopicException),
            Ok(_) if may_create && call.broker().config().auto_create_topics => create(call, name),
            Ok(_) => refusal(Some(name), asked.topic_id, code),
        },
    }
}

fn create(call: &Call, name: String) -> MetadataResponseTopic {
    if !call.allows(Operation::Create, Resource::Topic(&name)) {
        return refusal(Some(name), TopicId::default(), ErrorCode::TopicAuthorizationFailed);
    }
    if !is_creatable(call, &name) {
        // Of the engine's own topics, or made by somebody else meanwhile.
        let found = call.broker().topic(&name);
        let unknown = || refusal(Some(name), TopicId::default(), ErrorCode::UnknownTopicOrPartition);
        return found.map_or_else(unknown, |topic| describe(call, &topic));
    }
    match call.broker().create_topic(&NewTopic { name: name.clone(), ..NewTopic::default() }) {
        Ok(topic) => describe(call, &topic),
        Err(error) => match call.broker().topic(&name) {
            Some(topic) => describe(call, &topic),
            None => refusal(Some(name), TopicId::default(), error.code()),
        },
    }
}

fn refusal(name: Option<String>, topic_id: TopicId, code: ErrorCode) -> MetadataResponseTopic {
    // A name is left out only where it was not given: older versions have no null.
    MetadataResponseTopic { error_code: code.code(), name, topic_id, ..MetadataResponseTopic::default() }
}

fn describe(call: &Call, topic: &Topic) -> MetadataResponseTopic {
    let node = call.broker().config().node_id;
    let partitions = topic.partitions();
    MetadataResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(topic.name().to_string()),
        topic_id: topic.id(),
        is_internal: topic.name().is_internal(),
        partitions: partitions
            .iter()
            .zip(0..)
            .map(|(served, index)| partition(served, index, node))
            .collect(),
        ..MetadataResponseTopic::default()
    }
}

fn partition(served: &Served, index: i32, node: i32) -> MetadataResponsePartition {
    let described = MetadataResponsePartition {
        partition_index: index,
        replica_nodes: vec![node],
        ..MetadataResponsePartition::default()
    };
    match served {
        Ok(partition) => MetadataResponsePartition {
            leader_id: node,
            leader_epoch: partition.view().latest_epoch().0,
            isr_nodes: vec![node],
            ..described
        },
        Err(_) => MetadataResponsePartition {
            error_code: ErrorCode::LeaderNotAvailable.code(),
            leader_id: -1,
            offline_replicas: vec![node],
            ..described
        },
    }
}
