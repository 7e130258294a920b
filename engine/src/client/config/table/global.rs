//! Rows for every client: identity, metadata, logging, callbacks, and the connections that an engine in the same
//! process does not need.

use super::super::property::Handling::{Honoured, Ignored};
use super::super::property::{Kind, Property, TextRule, alias, any, boolean, choice, int, text, text_or};

/// What this build can do, in librdkafka's words. Its other words (`ssl`, `sasl`, ...) are about the network.
const FEATURES: &[&str] = &["gzip", "snappy", "regex", "lz4", "zstd"];

/// What `debug` may name.
const DEBUG_CONTEXTS: &[&str] = &[
    "generic",
    "broker",
    "topic",
    "metadata",
    "feature",
    "queue",
    "msg",
    "protocol",
    "cgrp",
    "security",
    "fetch",
    "interceptor",
    "plugin",
    "consumer",
    "admin",
    "eos",
    "mock",
    "assignor",
    "conf",
    "telemetry",
    "all",
];

const NO_PLUGINS: &str = "plugins are not loaded into the process of an embedded engine";

/// A version of a broker: anything goes, except nothing.
const BROKER_VERSION: Kind = Kind::Text { default: Some("0.10.0"), rule: TextRule::Required };

/// Kept as given, white space included.
const VERBATIM_OR_EMPTY: Kind = Kind::Text { default: Some(""), rule: TextRule::Verbatim };

pub(super) const GLOBAL: &[Property] = &[
    any("client.software.name", text_or("tidelog"), Honoured).hidden(),
    any("client.software.version", text_or(env!("CARGO_PKG_VERSION")), Honoured).hidden(),
    any("enable.sparse.connections", boolean(true), Ignored).hidden(),
    any("metadata.request.timeout.ms", int(10, 900_000, 10), Ignored).hidden(),
    any("test.mock.num.brokers", int(0, 10_000, 0), Honoured).hidden(),
    any("test.mock.broker.rtt", int(0, 3_600_000, 0), Ignored).hidden(),
    any("builtin.features", Kind::Flags { words: FEATURES, default: 0b1_1111 }, Honoured),
    any("client.id", text_or("rdkafka"), Honoured),
    any("metadata.broker.list", text(), Honoured),
    any("bootstrap.servers", alias("metadata.broker.list"), Honoured),
    any("message.max.bytes", int(1_000, 1_000_000_000, 1_000_000), Honoured),
    any("message.copy.max.bytes", int(0, 1_000_000_000, 65_535), Ignored),
    any("receive.message.max.bytes", int(1_000, i32::MAX, 100_000_000), Ignored),
    any("max.in.flight.requests.per.connection", int(1, 1_000_000, 1_000_000), Honoured),
    any("max.in.flight", alias("max.in.flight.requests.per.connection"), Honoured),
    any("metadata.recovery.strategy", choice("rebootstrap", &["none", "rebootstrap"]), Ignored),
    any("metadata.recovery.rebootstrap.trigger.ms", int(0, i32::MAX, 300_000), Ignored),
    any("topic.metadata.refresh.interval.ms", int(-1, 3_600_000, 300_000), Honoured),
    any("metadata.max.age.ms", int(1, 86_400_000, 900_000), Ignored),
    any("topic.metadata.refresh.fast.interval.ms", int(1, 60_000, 100), Ignored),
    any("topic.metadata.refresh.fast.cnt", int(0, 1_000, 10), Ignored).deprecated(),
    any("topic.metadata.refresh.sparse", boolean(true), Ignored),
    any("topic.metadata.propagation.max.ms", int(0, 3_600_000, 30_000), Honoured),
    any("topic.blacklist", Kind::Patterns, Honoured),
    any("debug", Kind::Flags { words: DEBUG_CONTEXTS, default: 0 }, Honoured),
    any("socket.timeout.ms", int(10, 300_000, 60_000), Honoured),
    any("socket.blocking.max.ms", int(1, 60_000, 1_000), Ignored).deprecated(),
    any("socket.send.buffer.bytes", int(0, 100_000_000, 0), Ignored),
    any("socket.receive.buffer.bytes", int(0, 100_000_000, 0), Ignored),
    any("socket.keepalive.enable", boolean(false), Ignored),
    any("socket.nagle.disable", boolean(true), Ignored),
    any("socket.max.fails", int(0, 1_000_000, 1), Ignored),
    any("broker.address.ttl", int(0, 86_400_000, 1_000), Ignored),
    any("broker.address.family", choice("any", &["any", "v4", "v6"]), Ignored),
    any("socket.connection.setup.timeout.ms", int(1_000, i32::MAX, 30_000), Ignored),
    any("connections.max.idle.ms", int(0, i32::MAX, 0), Ignored),
    any("reconnect.backoff.jitter.ms", int(0, 3_600_000, 0), Ignored).deprecated(),
    any("reconnect.backoff.ms", int(0, 3_600_000, 100), Ignored),
    any("reconnect.backoff.max.ms", int(0, 3_600_000, 10_000), Ignored),
    any("statistics.interval.ms", int(0, 86_400_000, 0), Honoured),
    any("enabled_events", int(0, i32::MAX, 0), Honoured),
    any("error_cb", Kind::Dedicated, Honoured),
    any("throttle_cb", Kind::Dedicated, Honoured),
    any("stats_cb", Kind::Dedicated, Honoured),
    any("log_cb", Kind::Dedicated, Honoured),
    any("log_level", int(0, 7, 6), Honoured),
    any("log.queue", boolean(false), Honoured),
    any("log.thread.name", boolean(true), Honoured),
    any("enable.random.seed", boolean(true), Ignored),
    any("log.connection.close", boolean(true), Ignored),
    any("background_event_cb", Kind::Dedicated, Honoured),
    any("socket_cb", Kind::Dedicated, Ignored),
    any("connect_cb", Kind::Dedicated, Ignored),
    any("closesocket_cb", Kind::Dedicated, Ignored),
    any("open_cb", Kind::Dedicated, Ignored),
    any("resolve_cb", Kind::Dedicated, Ignored),
    any("opaque", Kind::Dedicated, Honoured),
    any("default_topic_conf", Kind::Dedicated, Honoured),
    any("internal.termination.signal", int(0, 128, 0), Ignored),
    any("api.version.request", boolean(true), Ignored).deprecated(),
    any("api.version.request.timeout.ms", int(1, 300_000, 10_000), Ignored),
    any("api.version.fallback.ms", int(0, 604_800_000, 0), Ignored).deprecated(),
    any("broker.version.fallback", BROKER_VERSION, Ignored).deprecated(),
    any("allow.auto.create.topics", boolean(false), Honoured),
    any("plugin.library.paths", Kind::Unsupported { default: None, reason: NO_PLUGINS }, Ignored),
    any("interceptors", Kind::Internal, Ignored),
    any("client.rack", VERBATIM_OR_EMPTY, Honoured),
    any("retry.backoff.ms", int(1, 300_000, 100), Ignored),
    any("retry.backoff.max.ms", int(1, 300_000, 1_000), Ignored),
    any(
        "client.dns.lookup",
        choice("use_all_dns_ips", &["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]),
        Ignored,
    ),
    any("enable.metrics.push", boolean(true), Ignored),
];
