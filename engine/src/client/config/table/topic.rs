//! Rows that each topic may have its own values of. Some names exist as a client's setting too; the client's wins
//! when a client is configured, unless the name is written with `topic.` in front.

use super::super::property::Handling::{Honoured, Ignored};
use super::super::property::{
    Kind, Property, TextRule, alias, any, boolean, choice, consumer, int, producer, text_or,
};

/// A number of acknowledgements; `all` is -1.
const ACKS: Kind = Kind::Int { min: -1, max: 1_000, default: -1, words: &[("all", -1)] };

const PARTITIONER: Kind = Kind::Text {
    default: Some("consistent_random"),
    rule: TextRule::OneOf(&[
        "random",
        "consistent",
        "consistent_random",
        "murmur2",
        "murmur2_random",
        "fnv1a",
        "fnv1a_random",
    ]),
};

const AUTO_OFFSET_RESET: Kind = Kind::Choice {
    default: "largest",
    words: &["smallest", "earliest", "beginning", "largest", "latest", "end", "error"],
    synonyms: &[
        ("earliest", "smallest"),
        ("beginning", "smallest"),
        ("latest", "largest"),
        ("end", "largest"),
    ],
};

pub(super) const TOPIC: &[Property] = &[
    producer("request.required.acks", ACKS, Honoured),
    producer("acks", alias("request.required.acks"), Honoured),
    producer("request.timeout.ms", int(1, 900_000, 30_000), Honoured),
    producer("message.timeout.ms", int(0, i32::MAX, 300_000), Honoured),
    producer("delivery.timeout.ms", alias("message.timeout.ms"), Honoured),
    producer("queuing.strategy", choice("fifo", &["fifo", "lifo"]), Ignored).deprecated(),
    producer("produce.offset.report", boolean(false), Ignored).deprecated(),
    producer("partitioner", PARTITIONER, Honoured),
    producer("partitioner_cb", Kind::Dedicated, Honoured),
    producer("msg_order_cmp", Kind::Dedicated, Ignored).deprecated(),
    any("opaque", Kind::Dedicated, Honoured),
    producer(
        "compression.codec",
        choice("inherit", &["none", "gzip", "snappy", "lz4", "zstd", "inherit"]),
        Honoured,
    ),
    producer("compression.type", alias("compression.codec"), Honoured),
    producer("compression.level", int(-1, 12, -1), Honoured),
    consumer("auto.commit.enable", boolean(true), Ignored).deprecated(),
    consumer("enable.auto.commit", alias("auto.commit.enable"), Ignored),
    consumer("auto.commit.interval.ms", int(10, 86_400_000, 60_000), Ignored),
    consumer("auto.offset.reset", AUTO_OFFSET_RESET, Honoured),
    consumer("offset.store.path", text_or("."), Ignored).deprecated(),
    consumer("offset.store.sync.interval.ms", int(-1, 86_400_000, -1), Ignored).deprecated(),
    consumer("offset.store.method", choice("broker", &["file", "broker"]), Ignored).deprecated(),
    consumer("consume.callback.max.messages", int(0, 1_000_000, 0), Ignored),
];
