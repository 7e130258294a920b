//! The settings of a topic: Kafka 4.2's (`LogConfig`, "Topic configs"), with their defaults and valid values, and
//! ours. The engine's settings that give their defaults are Kafka's `ServerTopicConfigSynonyms`.

use super::definition::{ConfigType, Definition, Synonym, Unit, Valid};

/// Setting that makes segments smaller than Kafka allows, for tests (Kafka has it too); never described.
pub(super) const INTERNAL_SEGMENT_BYTES: &str = "internal.segment.bytes";

const fn same(name: &'static str) -> Synonym {
    Synonym { name, unit: Unit::Same }
}

/// The definition of a topic's setting.
pub(super) fn find(name: &str) -> Option<&'static Definition> {
    TOPIC_CONFIGS
        .binary_search_by(|definition| definition.name.cmp(name))
        .ok()
        .and_then(|slot| TOPIC_CONFIGS.get(slot))
}

/// Every setting of a topic, sorted by name.
pub static TOPIC_CONFIGS: &[Definition] = &[
    Definition {
        name: "cleanup.policy",
        kind: ConfigType::List,
        default: Some("delete"),
        valid: Valid::OneOf(&["compact", "delete"]),
        synonyms: &[same("log.cleanup.policy")],
        doc: "What happens to old records: delete whole segments, compact to the newest record of each \
              key, both, or (empty) keep everything.",
    },
    Definition {
        name: "compression.gzip.level",
        kind: ConfigType::Int,
        default: Some("-1"),
        valid: Valid::BetweenOr(1, 9, -1),
        synonyms: &[same("compression.gzip.level")],
        doc: "Level used when compression.type is gzip; -1 is the codec's own default.",
    },
    Definition {
        name: "compression.lz4.level",
        kind: ConfigType::Int,
        default: Some("9"),
        valid: Valid::Between(1, 17),
        synonyms: &[same("compression.lz4.level")],
        doc: "Level used when compression.type is lz4.",
    },
    Definition {
        name: "compression.type",
        kind: ConfigType::String,
        default: Some("producer"),
        valid: Valid::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        synonyms: &[same("compression.type")],
        doc: "Codec of the stored batches; producer keeps whatever codec the producer chose.",
    },
    Definition {
        name: "compression.zstd.level",
        kind: ConfigType::Int,
        default: Some("3"),
        valid: Valid::Between(-131_072, 22),
        synonyms: &[same("compression.zstd.level")],
        doc: "Level used when compression.type is zstd.",
    },
    Definition {
        name: "delete.retention.ms",
        kind: ConfigType::Long,
        default: Some("86400000"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.cleaner.delete.retention.ms")],
        doc: "How long a compacted log keeps tombstones, so that a reader that started from 0 sees them.",
    },
    Definition {
        name: "file.delete.delay.ms",
        kind: ConfigType::Long,
        default: Some("60000"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.segment.delete.delay.ms")],
        doc: "How long a deleted segment's files stay on disk for readers that are still in them.",
    },
    Definition {
        name: "flush.messages",
        kind: ConfigType::Long,
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        synonyms: &[same("log.flush.interval.messages")],
        doc: "Most records that may be waiting to be flushed to stable storage.",
    },
    Definition {
        name: "flush.ms",
        kind: ConfigType::Long,
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")],
        doc: "Longest time a record may wait to be flushed to stable storage.",
    },
    Definition {
        name: "follower.replication.throttled.replicas",
        kind: ConfigType::List,
        default: Some(""),
        valid: Valid::Replicas,
        synonyms: &[],
        doc: "Replicas throttled on the follower's side; without effect on a single node.",
    },
    Definition {
        name: "index.interval.bytes",
        kind: ConfigType::Int,
        default: Some("4096"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.index.interval.bytes")],
        doc: "Bytes of log between two entries of the offset index.",
    },
    Definition {
        name: "internal.segment.bytes",
        kind: ConfigType::Int,
        default: None,
        valid: Valid::AtLeast(1),
        synonyms: &[],
        doc: "Segment size below the minimum of segment.bytes, for tests only; not listed when settings \
              are described.",
    },
    Definition {
        name: "leader.replication.throttled.replicas",
        kind: ConfigType::List,
        default: Some(""),
        valid: Valid::Replicas,
        synonyms: &[],
        doc: "Replicas throttled on the leader's side; without effect on a single node.",
    },
    Definition {
        name: "local.retention.bytes",
        kind: ConfigType::Long,
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        synonyms: &[same("log.local.retention.bytes")],
        doc: "Size kept locally when older segments are tiered; without effect, there is no second tier.",
    },
    Definition {
        name: "local.retention.ms",
        kind: ConfigType::Long,
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        synonyms: &[same("log.local.retention.ms")],
        doc: "Time kept locally when older segments are tiered; without effect, there is no second tier.",
    },
    Definition {
        name: "max.compaction.lag.ms",
        kind: ConfigType::Long,
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        synonyms: &[same("log.cleaner.max.compaction.lag.ms")],
        doc: "Longest time a record may stay uncompacted in a compacted log.",
    },
    Definition {
        name: "max.message.bytes",
        kind: ConfigType::Int,
        default: Some("1048588"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("message.max.bytes")],
        doc: "Largest record batch that is accepted, header included, after compression.",
    },
    Definition {
        name: "message.timestamp.after.max.ms",
        kind: ConfigType::Long,
        default: Some("3600000"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.message.timestamp.after.max.ms")],
        doc: "How far a record's timestamp may lie in the future; ignored with LogAppendTime.",
    },
    Definition {
        name: "message.timestamp.before.max.ms",
        kind: ConfigType::Long,
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.message.timestamp.before.max.ms")],
        doc: "How far a record's timestamp may lie in the past; ignored with LogAppendTime.",
    },
    Definition {
        name: "message.timestamp.type",
        kind: ConfigType::String,
        default: Some("CreateTime"),
        valid: Valid::OneOf(&["CreateTime", "LogAppendTime"]),
        synonyms: &[same("log.message.timestamp.type")],
        doc: "Whether records keep the producer's timestamp or get the time they were appended.",
    },
    Definition {
        name: "min.cleanable.dirty.ratio",
        kind: ConfigType::Double,
        default: Some("0.5"),
        valid: Valid::Between(0, 1),
        synonyms: &[same("log.cleaner.min.cleanable.ratio")],
        doc: "Share of a log that must be uncompacted before compaction is worth while.",
    },
    Definition {
        name: "min.compaction.lag.ms",
        kind: ConfigType::Long,
        default: Some("0"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.cleaner.min.compaction.lag.ms")],
        doc: "Shortest time a record stays uncompacted.",
    },
    Definition {
        name: "min.insync.replicas",
        kind: ConfigType::Int,
        default: Some("1"),
        valid: Valid::AtLeast(1),
        synonyms: &[same("min.insync.replicas")],
        doc: "Replicas that must have a record before acks=all is answered; one node has one replica.",
    },
    Definition {
        name: "preallocate",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[same("log.preallocate")],
        doc: "Whether a segment's whole space is reserved when it is created.",
    },
    Definition {
        name: "remote.log.copy.disable",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[],
        doc: "Whether copying to a second tier is off; without effect, there is none.",
    },
    Definition {
        name: "remote.log.delete.on.disable",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[],
        doc: "Whether tiered data goes when tiering is switched off; without effect, there is none.",
    },
    Definition {
        name: "remote.storage.enable",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[],
        doc: "Whether old segments go to a second tier; only false is accepted.",
    },
    Definition {
        name: "retention.bytes",
        kind: ConfigType::Long,
        default: Some("-1"),
        valid: Valid::Any,
        synonyms: &[same("log.retention.bytes")],
        doc: "Size a partition may reach before its oldest segments go; negative for no limit.",
    },
    Definition {
        name: "retention.ms",
        kind: ConfigType::Long,
        default: Some("604800000"),
        valid: Valid::AtLeast(-1),
        synonyms: &[
            same("log.retention.ms"),
            Synonym { name: "log.retention.minutes", unit: Unit::Minutes },
            Synonym { name: "log.retention.hours", unit: Unit::Hours },
        ],
        doc: "Age at which segments go; -1 for no limit.",
    },
    Definition {
        name: "segment.bytes",
        kind: ConfigType::Int,
        default: Some("1073741824"),
        valid: Valid::AtLeast(1_048_576),
        synonyms: &[same("log.segment.bytes")],
        doc: "Size a segment may reach before the log rolls to a new one.",
    },
    Definition {
        name: "segment.index.bytes",
        kind: ConfigType::Int,
        default: Some("10485760"),
        valid: Valid::AtLeast(4),
        synonyms: &[same("log.index.size.max.bytes")],
        doc: "Size an index may reach before the log rolls to a new segment.",
    },
    Definition {
        name: "segment.jitter.ms",
        kind: ConfigType::Long,
        default: Some("0"),
        valid: Valid::AtLeast(0),
        synonyms: &[same("log.roll.jitter.ms"), Synonym { name: "log.roll.jitter.hours", unit: Unit::Hours }],
        doc: "Most that is taken at random off segment.ms, so that logs do not all roll at once.",
    },
    Definition {
        name: "segment.ms",
        kind: ConfigType::Long,
        default: Some("604800000"),
        valid: Valid::AtLeast(1),
        synonyms: &[same("log.roll.ms"), Synonym { name: "log.roll.hours", unit: Unit::Hours }],
        doc: "Age of a segment's first record at which the log rolls, full or not.",
    },
    Definition {
        name: "unclean.leader.election.enable",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[same("unclean.leader.election.enable")],
        doc: "Whether a replica that lags may lead; without effect on a single node.",
    },
    Definition {
        name: "write.caching",
        kind: ConfigType::Boolean,
        default: Some("false"),
        valid: Valid::Any,
        synonyms: &[same("tidelog.write.caching")],
        doc: "Whether consumers see records before they are on stable storage; not Kafka's.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_name_and_its_defaults_are_valid() {
        assert!(TOPIC_CONFIGS.is_sorted_by(|a, b| a.name < b.name));
        for definition in TOPIC_CONFIGS {
            if let Some(default) = definition.default {
                assert_eq!(definition.parse(default).unwrap().to_string(), default, "{}", definition.name);
            }
            assert_eq!(find(definition.name).unwrap().name, definition.name);
        }
    }
}
