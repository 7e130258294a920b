//! The texts and values here were taken from Apache Kafka 4.2's own `LogConfig.validate`.

use super::*;

fn parse(pairs: &[(&str, &str)]) -> Result<LogConfig, ConfigError> {
    let overrides = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    LogConfig::parse(&TopicDefaults::default(), &overrides)
}

#[test]
fn defaults_are_kafkas() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const FOREVER: Duration = Duration::from_millis(i64::MAX as u64);
    let expected = LogConfig {
        cleanup_policy: CleanupPolicy { delete: true, compact: false },
        compression: None,
        compression_level: None,
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
    };
    assert_eq!(LogConfig::default(), expected);
    assert_eq!(parse(&[]).unwrap(), expected);
}

#[test]
fn valid_texts_are_read_as_kafka_reads_them() {
    assert_eq!(parse(&[("segment.bytes", " 1048576 ")]).unwrap().segment_bytes, 1 << 20);
    assert_eq!(parse(&[("segment.bytes", "+1048576")]).unwrap().segment_bytes, 1 << 20);
    assert_eq!(parse(&[("internal.segment.bytes", "100")]).unwrap().segment_bytes, 100);
    assert_eq!(parse(&[("retention.ms", "-1")]).unwrap().retention, None);
    assert_eq!(parse(&[("retention.bytes", "-77")]).unwrap().retention_bytes, None);
    assert_eq!(parse(&[("retention.bytes", "0")]).unwrap().retention_bytes, Some(0));
    assert_eq!(parse(&[("flush.messages", "1")]).unwrap().flush_messages, Some(1));
    assert_eq!(parse(&[("flush.ms", "0")]).unwrap().flush_interval, Some(Duration::ZERO));
    assert!(parse(&[("preallocate", "TRUE")]).unwrap().preallocate);
    assert!(parse(&[("write.caching", "true")]).unwrap().write_caching);
    let ratio = parse(&[("min.cleanable.dirty.ratio", ".25")]).unwrap().min_cleanable_dirty_ratio;
    assert!((ratio - 0.25).abs() < f64::EPSILON);
    let stamped = parse(&[("message.timestamp.type", "LogAppendTime")]).unwrap();
    assert_eq!(stamped.timestamp_type, TimestampType::LogAppendTime);
    for inert in [("remote.storage.enable", "false"), ("remote.log.copy.disable", "true")] {
        assert_eq!(parse(&[inert]).unwrap(), LogConfig::default());
    }
    for replicas in ["*", "0:1, 1:2", ""] {
        parse(&[("leader.replication.throttled.replicas", replicas)]).unwrap();
    }
}

#[test]
fn a_cleanup_policy_may_hold_both_or_none() {
    let cases = [
        ("", CleanupPolicy { delete: false, compact: false }),
        ("compact , delete", CleanupPolicy { delete: true, compact: true }),
        ("delete,delete", CleanupPolicy { delete: true, compact: false }),
        ("compact", CleanupPolicy { delete: false, compact: true }),
    ];
    for (text, policy) in cases {
        assert_eq!(parse(&[("cleanup.policy", text)]).unwrap().cleanup_policy, policy, "{text:?}");
    }
}

#[test]
fn a_codec_comes_with_its_own_level() {
    let cases = [
        (vec![("compression.type", "uncompressed")], Some(Compression::None), None),
        (vec![("compression.type", "gzip")], Some(Compression::Gzip), None),
        (
            vec![("compression.type", "gzip"), ("compression.gzip.level", "9")],
            Some(Compression::Gzip),
            Some(9),
        ),
        (vec![("compression.type", "snappy")], Some(Compression::Snappy), None),
        (vec![("compression.type", "lz4")], Some(Compression::Lz4), Some(9)),
        (
            vec![("compression.type", "zstd"), ("compression.zstd.level", "-7")],
            Some(Compression::Zstd),
            Some(-7),
        ),
        (vec![("compression.zstd.level", "-7")], None, None),
    ];
    for (pairs, compression, level) in cases {
        let config = parse(&pairs).unwrap();
        assert_eq!((config.compression, config.compression_level), (compression, level), "{pairs:?}");
    }
}

/// Name, value, and what Kafka says after `Invalid value <value> for configuration <name>: `.
const REFUSED: &[(&str, &str, &str)] = &[
    ("segment.bytes", "-5", "Value must be at least 1048576"),
    ("segment.bytes", "abc", "Not a number of type INT"),
    ("segment.bytes", "", "Not a number of type INT"),
    ("segment.bytes", "99999999999", "Not a number of type INT"),
    ("segment.bytes", "1e6", "Not a number of type INT"),
    ("retention.ms", "-2", "Value must be at least -1"),
    ("retention.ms", "9223372036854775808", "Not a number of type LONG"),
    ("retention.ms", "12 h", "Not a number of type LONG"),
    ("local.retention.ms", "-3", "Value must be at least -2"),
    ("preallocate", "yes", "Expected value to be either true or false"),
    ("cleanup.policy", "Delete", "String must be one of: compact, delete"),
    ("compression.type", "none", "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"),
    ("compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"),
    ("compression.gzip.level", "10", "Value must be between 1 and 9 or equal to -1"),
    ("compression.lz4.level", "18", "Value must be no more than 17"),
    ("compression.lz4.level", "0", "Value must be at least 1"),
    ("compression.zstd.level", "23", "Value must be no more than 22"),
    ("compression.zstd.level", "-131073", "Value must be at least -131072"),
    ("min.cleanable.dirty.ratio", "1.5", "Value must be no more than 1"),
    ("min.cleanable.dirty.ratio", "-0.5", "Value must be at least 0"),
    ("min.cleanable.dirty.ratio", "NaN", "Value must be at least 0"),
    ("min.cleanable.dirty.ratio", "half", "Not a number of type DOUBLE"),
    ("message.timestamp.type", "logappendtime", "String must be one of: CreateTime, LogAppendTime"),
    ("flush.messages", "0", "Value must be at least 1"),
    ("max.compaction.lag.ms", "0", "Value must be at least 1"),
    ("segment.index.bytes", "3", "Value must be at least 4"),
    ("min.insync.replicas", "0", "Value must be at least 1"),
    ("internal.segment.bytes", "-3", "Value must be at least 1"),
];

#[test]
fn a_bad_value_gets_kafkas_text() {
    for (name, value, reason) in REFUSED {
        let expected = format!("Invalid value {value} for configuration {name}: {reason}");
        assert_eq!(parse(&[(name, value)]).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_is_wrong_otherwise_gets_kafkas_text_too() {
    let replicas = "Invalid value [a:b, c] for configuration leader.replication.throttled.replicas: \
                    leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the \
                    following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("foo", "1")], "Unknown topic config name: foo"),
        (&[("cleanup.policy", "compact,")], "Configuration 'cleanup.policy' values must not be empty."),
        (
            &[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")],
            "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
        ),
        (
            &[("remote.storage.enable", "true")],
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log \
             storage.",
        ),
        (&[("leader.replication.throttled.replicas", "a:b, c")], replicas),
    ];
    for (pairs, text) in cases {
        assert_eq!(parse(pairs).unwrap_err().to_string(), *text);
    }
}
