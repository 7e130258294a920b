//! DeleteTopics: by name, or by identity.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::Refusal;
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
    let responses = asked.into_iter().map(|topic| delete(call, topic)).collect();
    reply.send(&DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() });
}

fn delete(call: &Call, asked: DeleteTopicState) -> DeletableTopicResult {
    let found = match &asked.name {
        Some(name) => call.broker().topic(name).ok_or(ErrorCode::UnknownTopicOrPartition),
        None => call.broker().topic_by_id(asked.topic_id).ok_or(ErrorCode::UnknownTopicId),
    };
    let deleted = found.map_err(Refusal::from).and_then(|topic| {
        let name = topic.name().as_str();
        if !call.allows(Operation::Delete, Resource::Topic(name)) {
            return Err(ErrorCode::TopicAuthorizationFailed.into());
        }
        if !call.broker().config().delete_topics {
            return Err(Refusal::new(ErrorCode::TopicDeletionDisabled, "Topic deletion is disabled."));
        }
        call.broker().delete_topic(name)?;
        Ok((topic.name().to_string(), topic.id()))
    });
    match deleted {
        Ok((name, topic_id)) => DeletableTopicResult { name: Some(name), topic_id, ..Default::default() },
        Err(Refusal { code, text }) => DeletableTopicResult {
            name: asked.name,
            topic_id: asked.topic_id,
            error_code: code.code(),
            error_message: Some(text),
        },
    }
}
