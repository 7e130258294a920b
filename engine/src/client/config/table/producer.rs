//! Rows for producers: the queue, batching, idempotence, transactions.

use super::super::property::Handling::{Honoured, Ignored};
use super::super::property::{Kind, Property, alias, boolean, choice, float, int, producer, text};

pub(super) const PRODUCER: &[Property] = &[
    producer("transactional.id", text(), Honoured),
    producer("transaction.timeout.ms", int(1_000, i32::MAX, 60_000), Honoured),
    producer("enable.idempotence", boolean(false), Honoured),
    producer("enable.gapless.guarantee", boolean(false), Honoured),
    producer("queue.buffering.max.messages", int(0, i32::MAX, 100_000), Honoured),
    producer("queue.buffering.max.kbytes", int(1, i32::MAX, 1_048_576), Honoured),
    producer("queue.buffering.max.ms", float(0.0, 900_000.0, 5.0), Honoured),
    producer("linger.ms", alias("queue.buffering.max.ms"), Honoured),
    producer("message.send.max.retries", int(0, i32::MAX, i32::MAX), Honoured),
    producer("retries", alias("message.send.max.retries"), Honoured),
    producer("queue.buffering.backpressure.threshold", int(1, 1_000_000, 1), Ignored),
    producer("compression.codec", choice("none", &["none", "gzip", "snappy", "lz4", "zstd"]), Honoured),
    producer("compression.type", alias("compression.codec"), Honoured),
    producer("batch.num.messages", int(1, 1_000_000, 10_000), Honoured),
    producer("batch.size", int(1, i32::MAX, 1_000_000), Honoured),
    producer("delivery.report.only.error", boolean(false), Honoured),
    producer("dr_cb", Kind::Dedicated, Honoured),
    producer("dr_msg_cb", Kind::Dedicated, Honoured),
    producer("sticky.partitioning.linger.ms", int(0, 900_000, 10), Honoured),
];
