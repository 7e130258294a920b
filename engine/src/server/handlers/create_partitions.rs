//! CreatePartitions: raises the count of a topic's partitions.

use crate::broker::{BrokerError, NewPartitions};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::{Refusal, outcome};
use crate::server::repeated::answer_each;
use crate::wire::api::create_partitions::{
    CreatePartitions, CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: CreatePartitionsRequest,
    reply: Reply<CreatePartitions>,
) {
    let name_of = |topic: &CreatePartitionsTopic| topic.name.clone();
    let results = answer_each(request.topics, name_of, |topic, listed| {
        let name = topic.name.clone();
        let added = listed.once(BrokerError::RepeatedTopic, || add(call, topic, request.validate_only));
        let (error_code, error_message) = outcome(added);
        CreatePartitionsTopicResult { name, error_code, error_message }
    });
    reply.send(&CreatePartitionsResponse { results, ..Default::default() });
}

fn add(call: &Call, asked: CreatePartitionsTopic, validate_only: bool) -> Result<(), Refusal> {
    if !call.allows(Operation::Alter, Resource::Topic(&asked.name)) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    let new = NewPartitions {
        topic: asked.name,
        total_count: asked.count,
        replica_assignment: asked.assignments.map(|all| all.into_iter().map(|one| one.broker_ids).collect()),
    };
    new.check(call.broker())?;
    if !validate_only {
        call.broker().add_partitions(&new.topic, new.total_count)?;
    }
    Ok(())
}
