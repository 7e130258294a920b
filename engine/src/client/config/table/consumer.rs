//! Rows for consumers: the group, offsets, fetching.

use super::super::property::Handling::{Honoured, Ignored};
use super::super::property::{
    Kind, Property, TextRule, alias, boolean, choice, consumer, int, text, text_or,
};

/// Kept as given, white space included.
const GROUP_PROTOCOL_TYPE: Kind = Kind::Text { default: Some("consumer"), rule: TextRule::Verbatim };

pub(super) const CONSUMER: &[Property] = &[
    consumer("group.id", text(), Honoured),
    consumer("group.instance.id", text(), Honoured),
    consumer("partition.assignment.strategy", text_or("range,roundrobin"), Honoured),
    consumer("session.timeout.ms", int(1, 3_600_000, 45_000), Honoured),
    consumer("heartbeat.interval.ms", int(1, 3_600_000, 3_000), Honoured),
    consumer("group.protocol.type", GROUP_PROTOCOL_TYPE, Honoured),
    consumer("group.protocol", choice("classic", &["classic", "consumer"]), Honoured),
    consumer("group.remote.assignor", text(), Honoured),
    consumer("coordinator.query.interval.ms", int(1, 3_600_000, 600_000), Ignored),
    consumer("max.poll.interval.ms", int(1, 86_400_000, 300_000), Honoured),
    consumer("enable.auto.commit", boolean(true), Honoured),
    consumer("auto.commit.interval.ms", int(0, 86_400_000, 5_000), Honoured),
    consumer("enable.auto.offset.store", boolean(true), Honoured),
    consumer("queued.min.messages", int(1, 10_000_000, 100_000), Honoured),
    consumer("queued.max.messages.kbytes", int(1, 2_097_151, 65_536), Honoured),
    consumer("fetch.wait.max.ms", int(0, 300_000, 500), Honoured),
    consumer("fetch.queue.backoff.ms", int(0, 300_000, 1_000), Honoured),
    consumer("fetch.message.max.bytes", int(1, 1_000_000_000, 1_048_576), Honoured),
    consumer("max.partition.fetch.bytes", alias("fetch.message.max.bytes"), Honoured),
    consumer("fetch.max.bytes", int(0, 2_147_483_135, 52_428_800), Honoured),
    consumer("fetch.min.bytes", int(0, i32::MAX, 1), Honoured),
    consumer("fetch.error.backoff.ms", int(0, 300_000, 500), Honoured),
    consumer("offset.store.method", choice("broker", &["none", "file", "broker"]), Ignored).deprecated(),
    consumer("isolation.level", choice("read_committed", &["read_uncommitted", "read_committed"]), Honoured),
    consumer("consume_cb", Kind::Dedicated, Honoured),
    consumer("rebalance_cb", Kind::Dedicated, Honoured),
    consumer("offset_commit_cb", Kind::Dedicated, Honoured),
    consumer("enable.partition.eof", boolean(false), Honoured),
    consumer("check.crcs", boolean(false), Honoured),
    consumer("max.poll.records", int(1, i32::MAX, 500), Ignored),
    consumer("share.acknowledgement.mode", text_or("implicit"), Ignored),
];
