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

    /// First version that may ask for it; `None` for what stands for nothing.
    pub(super) fn since(timestamp: i64) -> Option<i16> {
        match timestamp {
            EARLIEST_PENDING_UPLOAD => Some(11),
            LATEST_TIERED => Some(9),
            EARLIEST_LOCAL => Some(8),
            MAX_TIMESTAMP => Some(7),
            EARLIEST.. => Some(1),
            _ => None,
        }
    }
}

pub(in crate::server) fn handle(call: &Call, request: ListOffsetsRequest, reply: Reply<ListOffsets>) {
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let asker = Asker { version: reply.version(), isolation };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions =
            topic.partitions.iter().map(|asked| answer(call, &topic.name, asked, asker)).collect();
        ListOffsetsTopicResponse { name: topic.name, partitions }
    });
    reply.send(&ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() });
}

/// What of a request concerns all its partitions.
#[derive(Clone, Copy)]
struct Asker {
    version: i16,
    isolation: Isolation,
}

fn answer(
    call: &Call,
    topic: &str,
    asked: &ListOffsetsPartition,
    asker: Asker,
) -> ListOffsetsPartitionResponse {
    let partition_index = asked.partition_index;
    let answer = ListOffsetsPartitionResponse { partition_index, ..ListOffsetsPartitionResponse::default() };
    find(call, topic, asked, asker, answer).unwrap_or_else(|code| ListOffsetsPartitionResponse {
        partition_index,
        error_code: code.code(),
        ..ListOffsetsPartitionResponse::default()
    })
}

fn find(
    call: &Call,
    topic: &str,
    asked: &ListOffsetsPartition,
    asker: Asker,
    answer: ListOffsetsPartitionResponse,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    if !call.allows(Operation::Describe, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    if special::since(asked.timestamp).is_none_or(|since| asker.version < since) {
        return Err(ErrorCode::UnsupportedVersion);
    }
    let partition = PartitionIndex(asked.partition_index);
    let served = call.broker().served_partition(topic, partition).map_err(|error| error.code())?;
    check_leader_epoch(asked.current_leader_epoch, served.view().latest_epoch())?;
    let spec = match asked.timestamp {
        special::LATEST => OffsetSpec::Latest,
        special::EARLIEST | special::EARLIEST_LOCAL => OffsetSpec::Earliest,
        special::MAX_TIMESTAMP => OffsetSpec::MaxTimestamp,
        special::LATEST_TIERED | special::EARLIEST_PENDING_UPLOAD => return Ok(answer),
        timestamp => OffsetSpec::At(Timestamp(timestamp)),
    };
    let found = call.broker().list_offset(topic, partition, spec, asker.isolation);
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
