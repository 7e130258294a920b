//! [`LogConfig`]: the settings of one topic's logs, parsed and within bounds (Kafka: `LogConfig`, "Topic configs").

use std::time::Duration;

use super::alter::TopicOverrides;
use super::definition::ConfigError;
use super::engine::TopicDefaults;
use super::topic_table::{self, INTERNAL_SEGMENT_BYTES};
use super::values::Values;
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
    /// `compression.gzip.level`, `.lz4.level` or `.zstd.level`, whichever belongs to [`LogConfig::compression`];
    /// `None` for the codec's own default.
    pub compression_level: Option<i32>,
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
        LogConfig::from_values(&Values::defaults(topic_table::TOPIC_CONFIGS))
    }
}

impl LogConfig {
    /// Reads the settings of a topic: its `overrides`, and the engine's `defaults` for the rest.
    ///
    /// # Errors
    /// [`ConfigError`] for the first override that Kafka would refuse (`LogConfig.validate`).
    pub fn parse(defaults: &TopicDefaults, overrides: &TopicOverrides) -> Result<LogConfig, ConfigError> {
        let mut values = Values::defaults(topic_table::TOPIC_CONFIGS);
        for (definition, text) in defaults.iter() {
            values.0.insert(definition.name, definition.parse(text)?);
        }
        for (name, text) in overrides {
            let definition =
                topic_table::find(name).ok_or_else(|| ConfigError::UnknownTopicConfig(name.clone()))?;
            values.0.insert(definition.name, definition.parse(text)?);
        }
        let (min, max) = (values.number("min.compaction.lag.ms"), values.number("max.compaction.lag.ms"));
        if min > max {
            return Err(ConfigError::CompactionLags { min, max });
        }
        if values.boolean("remote.storage.enable") {
            return Err(ConfigError::TieredStorage);
        }
        Ok(LogConfig::from_values(&values))
    }

    /// Age at which a segment rolls. The newest one is never compacted: with `max.compaction.lag.ms` it must not keep records
    /// back for longer (Kafka: `LogConfig.maxSegmentMs`).
    #[must_use]
    pub fn roll_age(&self) -> Duration {
        match self.cleanup_policy.compact {
            true => self.segment_age_max.min(self.max_compaction_lag),
            false => self.segment_age_max,
        }
    }

    fn from_values(values: &Values) -> LogConfig {
        let policy = |name| values.texts("cleanup.policy").any(|policy| policy == name);
        let (compression, compression_level) = compression(values);
        let segment_bytes = match values.0.get(INTERNAL_SEGMENT_BYTES) {
            Some(_) => values.unsigned(INTERNAL_SEGMENT_BYTES),
            None => values.unsigned("segment.bytes"),
        };
        let append_time = values.texts("message.timestamp.type").eq(["LogAppendTime"]);
        LogConfig {
            cleanup_policy: CleanupPolicy { delete: policy("delete"), compact: policy("compact") },
            compression,
            compression_level,
            delete_retention: values.millis("delete.retention.ms"),
            file_delete_delay: values.millis("file.delete.delay.ms"),
            flush_messages: values.limit("flush.messages").filter(|count| *count < UNBOUNDED),
            flush_interval: values
                .limit("flush.ms")
                .filter(|millis| *millis < UNBOUNDED)
                .map(Duration::from_millis),
            index_interval_bytes: values.unsigned("index.interval.bytes"),
            max_message_bytes: values.unsigned("max.message.bytes"),
            max_compaction_lag: values.millis("max.compaction.lag.ms"),
            timestamp_type: if append_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            timestamp_before_max: values.millis("message.timestamp.before.max.ms"),
            timestamp_after_max: values.millis("message.timestamp.after.max.ms"),
            min_cleanable_dirty_ratio: values.double("min.cleanable.dirty.ratio"),
            min_compaction_lag: values.millis("min.compaction.lag.ms"),
            min_insync_replicas: values.unsigned("min.insync.replicas"),
            preallocate: values.boolean("preallocate"),
            retention_bytes: values.limit("retention.bytes"),
            retention: values.time_limit("retention.ms"),
            segment_bytes,
            segment_index_bytes: values.unsigned("segment.index.bytes"),
            segment_jitter: values.millis("segment.jitter.ms"),
            segment_age_max: values.millis("segment.ms"),
            unclean_leader_election: values.boolean("unclean.leader.election.enable"),
            write_caching: values.boolean("write.caching"),
        }
    }
}

/// Kafka's "never" for `flush.messages` and `flush.ms`.
const UNBOUNDED: u64 = i64::MAX as u64;

fn compression(values: &Values) -> (Option<Compression>, Option<i32>) {
    let level = |name| Some(values.int(name));
    match values.texts("compression.type").next() {
        Some("uncompressed") => (Some(Compression::None), None),
        Some("gzip") => (Some(Compression::Gzip), level("compression.gzip.level").filter(|level| *level > 0)),
        Some("snappy") => (Some(Compression::Snappy), None),
        Some("lz4") => (Some(Compression::Lz4), level("compression.lz4.level")),
        Some("zstd") => (Some(Compression::Zstd), level("compression.zstd.level")),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests;
