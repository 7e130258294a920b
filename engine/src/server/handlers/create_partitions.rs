//! CreatePartitions: raises the count of a topic's partitions.

use crate::broker::NewPartitions;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::create_partitions::{
    CreatePartitions, CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: CreatePartitionsRequest,
    reply: Reply<CreatePartitions>,
) {
    let results = request.topics.into_iter().map(|topic| {
        let name = topic.name.clone();
        match add(call, topic, request.validate_only) {
            Ok(()) => CreatePartitionsTopicResult { name, ..CreatePartitionsTopicResult::default() },
            Err((code, text)) => {
                CreatePartitionsTopicResult { name, error_code: code.code(), error_message: Some(text) }
            }
        }
    });
    reply.send(&CreatePartitionsResponse { results: results.collect(), ..Default::default() });
}

fn add(call: &Call, asked: CreatePartitionsTopic, validate_only: bool) -> Result<(), (ErrorCode, String)> {
    if !call.allows(Operation::Alter, Resource::Topic(&asked.name)) {
        let code = ErrorCode::TopicAuthorizationFailed;
        return Err((code, code.description().to_owned()));
    }
    let assignment = asked.assignments.unwrap_or_default();
    let new = NewPartitions {
        topic: asked.name,
        total_count: asked.count,
        replica_assignment: assignment.into_iter().map(|one| one.broker_ids).collect(),
    };
    let added = new.check(call.broker()).and_then(|()| match validate_only {
        true => Ok(()),
        false => call.broker().add_partitions(&new.topic, new.total_count),
    });
    added.map_err(|error| (error.code(), error.to_string()))
}
