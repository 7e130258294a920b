//! [`LogConfig`]: the settings of one topic's logs, parsed and within bounds (Kafka: `LogConfig`, "Topic configs").

use std::time::Duration;

use crate::record::{Compression, TimestampType};

/// What happens to old records (`cleanup.policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Whole segments go when they are too old or too many bytes are there.
    pub delete: bool,
    /// Of the records with one key only the newest stays.
    pub compact: bool,
}

/// Settings of the logs of one topic. Every value is within Kafka's bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// `cleanup.policy`
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type`: `None` keeps the producer's codec (`producer`).
    pub compression: Option<Compression>,
    /// `delete.retention.ms`: how long a tombstone stays in a compacted log.
    pub delete_retention: Duration,
    /// `file.delete.delay.ms`
    pub file_delete_delay: Duration,
    /// `flush.messages`: most records that may be unflushed. `None` is Kafka's default, no bound.
    pub flush_messages: Option<u64>,
    /// `flush.ms`: longest time a record may be unflushed. `None` is Kafka's default, no bound.
    pub flush_interval: Option<Duration>,
    /// `index.interval.bytes`: bytes of log between two entries of an index.
    pub index_interval_bytes: u32,
    /// `max.message.bytes`: largest batch, header included.
    pub max_message_bytes: u32,
    /// `max.compaction.lag.ms`
    pub max_compaction_lag: Duration,
    /// `message.timestamp.type`
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub timestamp_before_max: Duration,
    /// `message.timestamp.after.max.ms`
    pub timestamp_after_max: Duration,
    /// `min.cleanable.dirty.ratio`
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms`
    pub min_compaction_lag: Duration,
    /// `min.insync.replicas`: kept for clients that ask; one node has one replica.
    pub min_insync_replicas: u32,
    /// `preallocate`: reserve a segment's whole space when it is created.
    pub preallocate: bool,
    /// `retention.bytes`: `None` (-1) for no bound.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`: `None` (-1) for no bound.
    pub retention: Option<Duration>,
    /// `segment.bytes`: a segment rolls before it grows beyond this.
    pub segment_bytes: u32,
    /// `segment.index.bytes`: a segment rolls when one of its indexes has this size.
    pub segment_index_bytes: u32,
    /// `segment.jitter.ms`
    pub segment_jitter: Duration,
    /// `segment.ms`: a segment rolls when its first record is this old.
    pub segment_age_max: Duration,
    /// `unclean.leader.election.enable`: kept for clients that ask; without meaning on one node.
    pub unclean_leader_election: bool,
    /// `write.caching`: consumers see records before they are on stable storage (not Kafka's; Redpanda's name).
    pub write_caching: bool,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        const FOREVER: Duration = Duration::from_millis(i64::MAX as u64);
        LogConfig {
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            compression: None,
            delete_retention: DAY,
            file_delete_delay: Duration::from_secs(60),
            flush_messages: None,
            flush_interval: None,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            max_compaction_lag: FOREVER,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max: FOREVER,
            timestamp_after_max: Duration::from_secs(60 * 60),
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag: Duration::ZERO,
            min_insync_replicas: 1,
            preallocate: false,
            retention_bytes: None,
            retention: Some(7 * DAY),
            segment_bytes: 1 << 30,
            segment_index_bytes: 10 << 20,
            segment_jitter: Duration::ZERO,
            segment_age_max: 7 * DAY,
            unclean_leader_election: false,
            write_caching: false,
        }
    }
}
