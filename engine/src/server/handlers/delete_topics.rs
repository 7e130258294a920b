//! DeleteTopics: by name, or by identity.

use crate::broker::BrokerError;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::Refusal;
use crate::server::repeated::answer_each;
use crate::types::TopicId;
use crate::wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopics, DeleteTopicsRequest, DeleteTopicsResponse,
};

/// First version that may name topics by their identity (KIP-516).
const TOPIC_IDS_SINCE: i16 = 6;

pub(in crate::server) fn handle(call: &Call, request: DeleteTopicsRequest, reply: Reply<DeleteTopics>) {
    let asked: Vec<DeleteTopicState> = if reply.version() >= TOPIC_IDS_SINCE {
        request.topics
    } else {
        let named = request.topic_names.into_iter();
        named.map(|name| DeleteTopicState { name: Some(name), topic_id: TopicId::default() }).collect()
    };
    let responses = answer_each(
        asked,
        |topic| identity(call, topic),
        |topic, listed| match listed.once(BrokerError::RepeatedTopic, || delete(call, &topic)) {
            Ok((name, topic_id)) => DeletableTopicResult { name: Some(name), topic_id, ..Default::default() },
            Err(Refusal { code, text }) => DeletableTopicResult {
                name: topic.name,
                topic_id: topic.topic_id,
                error_code: code.code(),
                error_message: Some(text),
            },
        },
    );
    reply.send(&DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() });
}

/// What tells topics apart, named one way or the other: the identity, or the name of none that is there.
fn identity(call: &Call, asked: &DeleteTopicState) -> (Option<String>, TopicId) {
    match &asked.name {
        Some(name) => match call.broker().topic(name) {
            Some(topic) => (None, topic.id()),
            None => (Some(name.clone()), TopicId::default()),
        },
        None => (None, asked.topic_id),
    }
}

/// Name and identity of what was deleted.
fn delete(call: &Call, asked: &DeleteTopicState) -> Result<(String, TopicId), Refusal> {
    let found = match &asked.name {
        Some(name) => call.broker().topic(name).ok_or(ErrorCode::UnknownTopicOrPartition),
        None => call.broker().topic_by_id(asked.topic_id).ok_or(ErrorCode::UnknownTopicId),
    };
    let topic = found?;
    let name = topic.name().as_str();
    if !call.allows(Operation::Delete, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    if !call.broker().config().delete_topics {
        return Err(Refusal::new(ErrorCode::TopicDeletionDisabled, "Topic deletion is disabled."));
    }
    call.broker().delete_topic(name)?;
    Ok((topic.name().to_string(), topic.id()))
}
