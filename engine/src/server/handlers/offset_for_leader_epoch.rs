//! OffsetForLeaderEpoch: where an epoch ends, so that a consumer notices records that were taken back (KIP-320).

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::fetch::check_leader_epoch;
use crate::server::inbox::Reply;
use crate::types::{LeaderEpoch, PartitionIndex};
use crate::wire::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpoch, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};

pub(in crate::server) fn handle(
    call: &Call,
    request: OffsetForLeaderEpochRequest,
    reply: Reply<OffsetForLeaderEpoch>,
) {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| answer(call, &topic.topic, asked)).collect();
        OffsetForLeaderTopicResult { topic: topic.topic, partitions }
    });
    reply.send(&OffsetForLeaderEpochResponse { topics: topics.collect(), ..Default::default() });
}

fn answer(call: &Call, topic: &str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let answer = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
    match end(call, topic, asked) {
        Ok(Some((epoch, end))) => EpochEndOffset { leader_epoch: epoch, end_offset: end, ..answer },
        Ok(None) => answer,
        Err(code) => EpochEndOffset { error_code: code.code(), ..answer },
    }
}

fn end(call: &Call, topic: &str, asked: &OffsetForLeaderPartition) -> Result<Option<(i32, i64)>, ErrorCode> {
    if !call.allows(Operation::Describe, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let partition = call.broker().served_partition(topic, PartitionIndex(asked.partition));
    let view = partition.map_err(|error| error.code())?.view();
    check_leader_epoch(asked.current_leader_epoch, view.latest_epoch())?;
    Ok(view.end_of_epoch(LeaderEpoch(asked.leader_epoch)).map(|end| (end.epoch.0, end.end.0)))
}
