//! ListOffsets: offsets at the ends of partitions, or by time.

use crate::broker::OffsetSpec;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::fetch::check_leader_epoch;
use crate::server::inbox::Reply;
use crate::types::{Isolation, PartitionIndex, Timestamp};
use crate::wire::api::list_offsets::{
    ListOffsets, ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};

/// What a timestamp below zero stands for.
mod special {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    /// KIP-734.
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    /// The first record on this node's own disk (KIP-405): without tiers, the first.
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    /// The last record in a remote tier (KIP-1005): there is none.
    pub(super) const LATEST_TIERED: i64 = -5;
    /// The first record that waits to be copied to a remote tier (KIP-1023): there is none.
    pub(super) const EARLIEST_PENDING_UPLOAD: i64 = -6;
}

pub(in crate::server) fn handle(call: &Call, request: ListOffsetsRequest, reply: Reply<ListOffsets>) {
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions =
            topic.partitions.iter().map(|asked| answer(call, &topic.name, asked, isolation)).collect();
        ListOffsetsTopicResponse { name: topic.name, partitions }
    });
    reply.send(&ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() });
}

fn answer(
    call: &Call,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Isolation,
) -> ListOffsetsPartitionResponse {
    let partition_index = asked.partition_index;
    let answer = ListOffsetsPartitionResponse { partition_index, ..ListOffsetsPartitionResponse::default() };
    find(call, topic, asked, isolation, answer).unwrap_or_else(|code| ListOffsetsPartitionResponse {
        partition_index,
        error_code: code.code(),
        ..ListOffsetsPartitionResponse::default()
    })
}

fn find(
    call: &Call,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Isolation,
    answer: ListOffsetsPartitionResponse,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    if !call.allows(Operation::Describe, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let partition = PartitionIndex(asked.partition_index);
    let served = call.broker().served_partition(topic, partition).map_err(|error| error.code())?;
    check_leader_epoch(asked.current_leader_epoch, served.view().latest_epoch())?;
    let spec = match asked.timestamp {
        special::LATEST => OffsetSpec::Latest,
        special::EARLIEST | special::EARLIEST_LOCAL => OffsetSpec::Earliest,
        special::MAX_TIMESTAMP => OffsetSpec::MaxTimestamp,
        special::LATEST_TIERED | special::EARLIEST_PENDING_UPLOAD => return Ok(answer),
        0.. => OffsetSpec::At(Timestamp(asked.timestamp)),
        _ => return Err(ErrorCode::UnsupportedVersion),
    };
    let found = call.broker().list_offset(topic, partition, spec, isolation);
    Ok(match found.map_err(|error| error.code())? {
        None => answer,
        Some(found) => ListOffsetsPartitionResponse {
            timestamp: found.timestamp.0,
            offset: found.offset.0,
            leader_epoch: found.leader_epoch.0,
            ..answer
        },
    })
}
