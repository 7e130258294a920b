//! One file for each API: what is answered to its requests. Those that are handled on a shard's thread do not wait; the
//! list of them is in `dispatch.rs`.

pub(super) mod add_offsets_to_txn;
pub(super) mod add_partitions_to_txn;
pub(super) mod alter_configs;
pub(super) mod api_versions;
pub(super) mod consumer_group_describe;
pub(super) mod consumer_group_heartbeat;
pub(super) mod create_partitions;
pub(super) mod create_topics;
pub(super) mod delete_groups;
pub(super) mod delete_records;
pub(super) mod delete_topics;
pub(super) mod describe_cluster;
pub(super) mod describe_configs;
pub(super) mod describe_groups;
pub(super) mod describe_log_dirs;
pub(super) mod describe_producers;
pub(super) mod describe_quorum;
pub(super) mod describe_topic_partitions;
pub(super) mod describe_transactions;
pub(super) mod elect_leaders;
pub(super) mod end_txn;
pub(super) mod find_coordinator;
pub(super) mod heartbeat;
pub(super) mod incremental_alter_configs;
pub(super) mod init_producer_id;
pub(super) mod join_group;
pub(super) mod leave_group;
pub(super) mod list_groups;
pub(super) mod list_offsets;
pub(super) mod list_transactions;
pub(super) mod metadata;
pub(super) mod offset_commit;
pub(super) mod offset_delete;
pub(super) mod offset_fetch;
pub(super) mod offset_for_leader_epoch;
pub(super) mod produce;
pub(super) mod sync_group;
mod transactions;
pub(super) mod txn_offset_commit;
pub(super) mod write_txn_markers;

use std::time::Duration;

use crate::broker::Topic;
use crate::broker::group::CommitOffset;
use crate::error_code::ErrorCode;
use crate::types::{LeaderEpoch, Offset, PartitionIndex};

/// A time of a request; what is negative counts as none.
fn millis(millis: impl Into<i64>) -> Duration {
    Duration::from_millis(u64::try_from(millis.into()).unwrap_or(0))
}

/// An offset and the leader epoch that goes with it, as a group is to keep them.
fn commit_offset(
    topic: &Topic,
    partition: i32,
    (offset, epoch): (i64, i32),
    metadata: Option<&str>,
) -> Result<CommitOffset, ErrorCode> {
    let partition = PartitionIndex(partition);
    if topic.partition(partition).is_none() {
        return Err(ErrorCode::UnknownTopicOrPartition);
    }
    Ok(CommitOffset {
        topic: topic.name().clone(),
        topic_id: Some(topic.id()),
        partition,
        offset: Offset(offset),
        leader_epoch: leader_epoch(epoch),
        metadata: metadata.unwrap_or_default().to_owned(),
    })
}

/// A leader epoch of a request, where -1 is none.
fn leader_epoch(epoch: i32) -> Option<LeaderEpoch> {
    (epoch >= 0).then_some(LeaderEpoch(epoch))
}

/// The same in an answer.
fn epoch_number(epoch: Option<LeaderEpoch>) -> i32 {
    epoch.map_or(-1, |epoch| epoch.0)
}
