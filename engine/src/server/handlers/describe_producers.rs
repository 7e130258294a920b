//! DescribeProducers: the idempotent producers that a partition remembers (KIP-664).

use crate::error_code::ErrorCode;
use crate::log::ProducerDescription;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::PartitionIndex;
use crate::wire::api::describe_producers::{
    DescribeProducers, DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState,
    TopicResponse,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: DescribeProducersRequest,
    reply: Reply<DescribeProducers>,
) {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions =
            topic.partition_indexes.into_iter().map(|index| answer(call, &topic.name, index)).collect();
        TopicResponse { name: topic.name.clone(), partitions }
    });
    reply.send(&DescribeProducersResponse { topics: topics.collect(), ..Default::default() });
}

fn answer(call: &Call, topic: &str, partition_index: i32) -> PartitionResponse {
    let answer = PartitionResponse { partition_index, ..PartitionResponse::default() };
    if !call.allows(Operation::Read, Resource::Topic(topic)) {
        return PartitionResponse { error_code: ErrorCode::TopicAuthorizationFailed.code(), ..answer };
    }
    match call.broker().describe_producers(topic, PartitionIndex(partition_index)) {
        Ok(producers) => {
            PartitionResponse { active_producers: producers.into_iter().map(state).collect(), ..answer }
        }
        Err(error) => PartitionResponse {
            error_code: error.code().code(),
            error_message: Some(error.to_string()),
            ..answer
        },
    }
}

fn state(producer: ProducerDescription) -> ProducerState {
    ProducerState {
        producer_id: producer.id.0,
        producer_epoch: producer.epoch.0.into(),
        last_sequence: producer.last_sequence.0,
        last_timestamp: producer.last_timestamp.0,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_start.map_or(-1, |offset| offset.0),
    }
}
