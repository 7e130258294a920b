//! The settings of the engine: those of Kafka's brokers that mean something here, and ours (`tidelog.`).
//!
//! Settings that only give topics their defaults (`log.retention.ms` ...) are not listed here: each is a synonym in
//! the table of the topics' settings. Where an embedded engine needs another default than Kafka's, the reason
//! stands beside it.

use super::definition::{ConfigType, Definition, Valid};

const fn int(name: &'static str, default: &'static str, valid: Valid, doc: &'static str) -> Definition {
    Definition { name, kind: ConfigType::Int, default: Some(default), valid, synonyms: &[], doc }
}

const fn long(name: &'static str, default: &'static str, valid: Valid, doc: &'static str) -> Definition {
    Definition { name, kind: ConfigType::Long, default: Some(default), valid, synonyms: &[], doc }
}

const fn boolean(name: &'static str, default: &'static str, doc: &'static str) -> Definition {
    let kind = ConfigType::Boolean;
    Definition { name, kind, default: Some(default), valid: Valid::Any, synonyms: &[], doc }
}

/// The definition of an engine's setting.
pub(super) fn find(name: &str) -> Option<&'static Definition> {
    ENGINE_CONFIGS
        .binary_search_by(|definition| definition.name.cmp(name))
        .ok()
        .and_then(|slot| ENGINE_CONFIGS.get(slot))
}

/// Every setting of the engine itself, sorted by name.
pub static ENGINE_CONFIGS: &[Definition] = &[
    boolean("auto.create.topics.enable", "true", "Whether asking for an unknown topic creates it."),
    boolean("delete.topic.enable", "true", "Whether topics can be deleted."),
    int("fetch.max.bytes", "57671680", Valid::AtLeast(1024), "Most bytes one fetch is answered with."),
    Definition {
        name: "group.consumer.assignors",
        kind: ConfigType::List,
        default: Some("uniform,range"),
        valid: Valid::SomeOf(&["uniform", "range"]),
        synonyms: &[],
        doc: "How partitions may be assigned in groups of the consumer protocol, the default first.",
    },
    int(
        "group.consumer.heartbeat.interval.ms",
        "5000",
        Valid::AtLeast(1),
        "How often members of a group of the consumer protocol are to send heartbeats.",
    ),
    int(
        "group.consumer.max.size",
        "2147483647",
        Valid::AtLeast(1),
        "Most members of one group of the consumer protocol.",
    ),
    Definition {
        name: "group.consumer.migration.policy",
        kind: ConfigType::String,
        default: Some("bidirectional"),
        valid: Valid::OneOfAnyCase(&["bidirectional", "upgrade", "downgrade", "disabled"]),
        synonyms: &[],
        doc: "Whether groups with members may change from the classic to the consumer protocol, and back.",
    },
    int(
        "group.consumer.session.timeout.ms",
        "45000",
        Valid::AtLeast(1),
        "How long a member of a group of the consumer protocol may be silent.",
    ),
    // Kafka waits 3 s for more members before the first assignment, which saves a rebalance when a fleet starts.
    // Members of an embedded engine start together in one process: waiting would only delay every test and tool.
    int(
        "group.initial.rebalance.delay.ms",
        "0",
        Valid::AtLeast(0),
        "How long a group that was empty waits for more members before its first generation.",
    ),
    int("group.max.session.timeout.ms", "1800000", Valid::AtLeast(1), "Longest session timeout of a member."),
    int("group.max.size", "2147483647", Valid::AtLeast(1), "Most members of one group."),
    int("group.min.session.timeout.ms", "6000", Valid::AtLeast(1), "Shortest session timeout of a member."),
    long(
        "log.cleaner.backoff.ms",
        "15000",
        Valid::AtLeast(1),
        "How often partitions are searched for what is to be compacted.",
    ),
    long(
        "log.cleaner.dedupe.buffer.size",
        "134217728",
        Valid::AtLeast(1 << 20),
        "Memory for the keys of one compaction; with more keys it goes only as far as they reach.",
    ),
    boolean("log.cleaner.enable", "true", "Whether topics with cleanup.policy=compact are compacted."),
    int(
        "log.flush.offset.checkpoint.interval.ms",
        "60000",
        Valid::AtLeast(0),
        "How often recovery points, high watermarks and log starts are written to the checkpoint files.",
    ),
    long(
        "log.retention.check.interval.ms",
        "300000",
        Valid::AtLeast(1),
        "How often partitions are searched for segments that are due to go.",
    ),
    int("node.id", "1", Valid::AtLeast(0), "The id by which clients know this node."),
    int(
        "num.partitions",
        "1",
        Valid::AtLeast(1),
        "Partitions of a topic that is created without saying how many.",
    ),
    int("offset.metadata.max.bytes", "4096", Valid::Any, "Longest text committed with an offset."),
    long(
        "offsets.retention.check.interval.ms",
        "600000",
        Valid::AtLeast(1),
        "How often groups are searched for offsets that are due to go.",
    ),
    int(
        "offsets.retention.minutes",
        "10080",
        Valid::AtLeast(1),
        "How long offsets stay after their group became empty (KIP-211).",
    ),
    // Kafka's 50 spread groups over the brokers of a cluster. Here all are on one node, every open partition costs
    // memory and file handles when idle, and four are enough to spread groups over shards.
    int(
        "offsets.topic.num.partitions",
        "4",
        Valid::AtLeast(1),
        "Partitions of __consumer_offsets; fixed when a data directory is first used.",
    ),
    // No topic may have smaller ones.
    int(
        "offsets.topic.segment.bytes",
        "104857600",
        Valid::AtLeast(1 << 20),
        "Segment size of __consumer_offsets.",
    ),
    int(
        "producer.id.expiration.ms",
        "86400000",
        Valid::AtLeast(1),
        "How long a partition remembers the sequence numbers of a producer that went quiet.",
    ),
    // Enough to write the lists of topics and offsets anew and to go on committing for a while.
    int(
        "tidelog.reserve.bytes",
        "2097152",
        Valid::Between(0, 1 << 30),
        "Space kept back so that deleting and committing offsets still work on a full disk; 0 for none.",
    ),
    // An application that embeds the engine wants its cores for itself; the server asks for one shard per core.
    int("tidelog.shards", "1", Valid::Between(1, 256), "Threads that own partitions, one executor each."),
    int(
        "tidelog.spin.us",
        "20",
        Valid::Between(0, 1_000),
        "How long shards, and clients in the same process that wait, look for work before they sleep.",
    ),
    int(
        "transaction.max.timeout.ms",
        "900000",
        Valid::AtLeast(1),
        "Longest transaction.timeout.ms that a producer may ask for.",
    ),
    int(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        "3600000",
        Valid::AtLeast(1),
        "How often transactional ids are searched for those that nobody has used for long.",
    ),
    // As offsets.topic.num.partitions.
    int(
        "transaction.state.log.num.partitions",
        "4",
        Valid::AtLeast(1),
        "Partitions of __transaction_state; fixed when a data directory first has a transaction.",
    ),
    // No topic may have smaller ones.
    int(
        "transaction.state.log.segment.bytes",
        "104857600",
        Valid::AtLeast(1 << 20),
        "Segment size of __transaction_state.",
    ),
    int(
        "transactional.id.expiration.ms",
        "604800000",
        Valid::AtLeast(1),
        "How long a transactional id is remembered that nobody uses.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_name_and_its_defaults_are_valid() {
        assert!(ENGINE_CONFIGS.is_sorted_by(|a, b| a.name < b.name));
        for definition in ENGINE_CONFIGS {
            let default = definition.default.unwrap();
            assert_eq!(definition.parse(default).unwrap().to_string(), default, "{}", definition.name);
            assert_eq!(find(definition.name).unwrap().name, definition.name);
        }
    }
}
