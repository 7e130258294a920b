//! DeleteRecords: a partition's oldest records go.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::{Offset, PartitionIndex};
use crate::wire::api::delete_records::{
    DeleteRecords, DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};

/// What stands for all records there are.
const HIGH_WATERMARK: i64 = -1;

pub(in crate::server) fn handle(call: &Call, request: DeleteRecordsRequest, reply: Reply<DeleteRecords>) {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| answer(call, &topic.name, asked)).collect();
        DeleteRecordsTopicResult { name: topic.name, partitions }
    });
    reply.send(&DeleteRecordsResponse { topics: topics.collect(), ..DeleteRecordsResponse::default() });
}

fn answer(call: &Call, topic: &str, asked: &DeleteRecordsPartition) -> DeleteRecordsPartitionResult {
    let partition_index = asked.partition_index;
    match delete(call, topic, asked) {
        Ok(start) => DeleteRecordsPartitionResult { partition_index, low_watermark: start.0, error_code: 0 },
        Err(code) => {
            DeleteRecordsPartitionResult { partition_index, low_watermark: -1, error_code: code.code() }
        }
    }
}

fn delete(call: &Call, topic: &str, asked: &DeleteRecordsPartition) -> Result<Offset, ErrorCode> {
    if !call.allows(Operation::Delete, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let before = (asked.offset != HIGH_WATERMARK).then_some(Offset(asked.offset));
    let deleted = call.broker().delete_records(topic, PartitionIndex(asked.partition_index), before);
    deleted.map_err(|error| error.code())
}
