//! OffsetDelete: offsets of a group that nobody needs any more (KIP-496).

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::{PartitionIndex, TopicName, TopicPartition};
use crate::wire::api::offset_delete::{
    OffsetDelete, OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};

pub(in crate::server) fn handle(call: &Call, request: OffsetDeleteRequest, reply: Reply<OffsetDelete>) {
    let refuse = |reply: Reply<OffsetDelete>, code: ErrorCode| {
        reply.send(&OffsetDeleteResponse { error_code: code.code(), ..OffsetDeleteResponse::default() });
    };
    if !call.allows(Operation::Delete, Resource::Group(&request.group_id)) {
        return refuse(reply, ErrorCode::GroupAuthorizationFailed);
    }
    let groups = match call.broker().existing_groups() {
        Ok(Some(groups)) => groups,
        Ok(None) => return refuse(reply, ErrorCode::GroupIdNotFound),
        Err(error) => return refuse(reply, error.code()),
    };
    let mut response = OffsetDeleteResponse::default();
    let (mut asked, mut gone) = (Vec::new(), Vec::new());
    for of_topic in request.topics {
        let topic = call.broker().topic(&of_topic.name);
        let mut partitions = Vec::with_capacity(of_topic.partitions.len());
        for one in of_topic.partitions {
            let partition = PartitionIndex(one.partition_index);
            let exists = topic.as_ref().is_some_and(|topic| topic.partition(partition).is_some());
            let mut error_code = ErrorCode::UnknownTopicOrPartition.code();
            if let (true, Ok(topic)) = (exists, TopicName::new(&of_topic.name)) {
                asked.push((response.topics.len(), partitions.len()));
                gone.push(TopicPartition { topic, partition });
                error_code = ErrorCode::None.code();
            }
            partitions.push(OffsetDeleteResponsePartition { partition_index: partition.0, error_code });
        }
        response.topics.push(OffsetDeleteResponseTopic { name: of_topic.name, partitions });
    }
    groups.delete_offsets(&request.group_id, gone, move |deleted| {
        if deleted.error != ErrorCode::None {
            return refuse(reply, deleted.error);
        }
        for ((topic, place), outcome) in asked.into_iter().zip(deleted.partitions) {
            response.topics[topic].partitions[place].error_code = outcome.error.code();
        }
        reply.send(&response);
    });
}
