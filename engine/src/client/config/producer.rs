//! [`ProducerConfig`]: a producer's settings, typed, checked against each other and complete. Plain data.

use std::time::Duration;

use super::client::{AutoCreate, ClientConfig};
use super::error::ConfigError;
use super::keys;
use super::values::Values;
use super::{Config, TopicConfig, check};
use crate::client::partitioner::PartitionerKind;
use crate::record::Compression;
use crate::types::Acks;

/// Settings of a producer.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerConfig {
    /// What every client has.
    pub client: ClientConfig,
    /// `transactional.id`
    pub transactional_id: Option<String>,
    /// `transaction.timeout.ms`
    pub transaction_timeout: Duration,
    /// `enable.idempotence`, which `transactional.id` switches on.
    pub idempotence: bool,
    /// `enable.gapless.guarantee`: a message that is lost from the middle of a sequence ends the producer.
    pub gapless_guarantee: bool,
    /// `queue.buffering.max.messages`: most messages whose reports have not been served; `None` (0) for no bound.
    pub queue_messages_max: Option<u32>,
    /// `queue.buffering.max.kbytes`, in bytes: most memory those may take.
    pub queue_bytes_max: u64,
    /// `linger.ms`: how long a batch may wait for more. Always below [`TopicProducerConfig::message_timeout`].
    pub linger: Duration,
    /// `batch.num.messages`: most messages of a batch.
    pub batch_messages_max: u32,
    /// `batch.size`: a batch is sealed before it grows beyond this, in bytes.
    pub batch_bytes_max: u32,
    /// `message.max.bytes`: largest message, in bytes.
    pub message_bytes_max: u32,
    /// `message.send.max.retries`
    pub retries: u32,
    /// `delivery.report.only.error`: successful deliveries are not reported.
    pub report_only_errors: bool,
    /// `sticky.partitioning.linger.ms`: how long messages without a key go to the same partition; zero spreads them.
    pub sticky_linger: Duration,
    /// Settings of topics that have no settings of their own.
    pub topic: TopicProducerConfig,
}

/// Settings of a topic that a producer writes to.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicProducerConfig {
    /// `acks`: when a message counts as delivered.
    pub acks: Acks,
    /// `request.timeout.ms`: how long the engine may take.
    pub request_timeout: Duration,
    /// `message.timeout.ms`: how long a message may take from produce to report; `None` (0) for no bound.
    pub message_timeout: Option<Duration>,
    /// `partitioner`
    pub partitioner: PartitionerKind,
    /// `compression.codec` of the topic, or else of the producer.
    pub compression: Compression,
    /// `compression.level`; `None` (-1) for the codec's own default.
    pub compression_level: Option<i32>,
}

impl ProducerConfig {
    /// Checks `config` and completes it as librdkafka does.
    ///
    /// # Errors
    /// [`ConfigError`] of the first check that fails. Applications expect `Failed to create producer: ` in front.
    pub fn new(config: &Config) -> Result<ProducerConfig, ConfigError> {
        let values = config.values();
        check::producer(values)?;
        let mut client = ClientConfig::of(config, AutoCreate::Allowed)?;
        let transactional_id = values.text(keys::TRANSACTIONAL_ID).map(str::to_owned);
        let transaction_timeout = values.millis(keys::TRANSACTION_TIMEOUT);
        if transactional_id.is_some() && !values.is_set(keys::SOCKET_TIMEOUT.0) {
            let before_the_timeout = transaction_timeout.saturating_sub(Duration::from_millis(100));
            client.request_timeout = before_the_timeout.max(Duration::from_millis(900));
        }
        let topic = TopicProducerConfig::of(values, values);
        Ok(ProducerConfig {
            client,
            transactional_id,
            transaction_timeout,
            idempotence: check::is_idempotent(values),
            gapless_guarantee: values.boolean(keys::GAPLESS),
            queue_messages_max: Some(values.count(keys::QUEUE_MESSAGES)).filter(|count| *count > 0),
            queue_bytes_max: u64::from(values.count(keys::QUEUE_KBYTES)) * 1024,
            linger: linger(values, topic.message_timeout),
            batch_messages_max: values.count(keys::BATCH_MESSAGES),
            batch_bytes_max: values.count(keys::BATCH_SIZE),
            message_bytes_max: values.count(keys::MESSAGE_MAX_BYTES),
            retries: values.count(keys::RETRIES),
            report_only_errors: values.boolean(keys::ONLY_ERROR_REPORTS),
            sticky_linger: sticky_linger(values),
            topic,
        })
    }
}

impl TopicProducerConfig {
    /// Settings of a topic that has its own `topic` settings, in a producer made from `config`.
    #[must_use]
    pub fn new(config: &Config, topic: &TopicConfig) -> TopicProducerConfig {
        TopicProducerConfig::of(config.values(), topic.values())
    }

    fn of(client: &Values, topic: &Values) -> TopicProducerConfig {
        let timeout = match client.text(keys::TRANSACTIONAL_ID) {
            Some(_) if !topic.is_set(keys::MESSAGE_TIMEOUT.0) => client.millis(keys::TRANSACTION_TIMEOUT),
            _ => topic.millis(keys::MESSAGE_TIMEOUT),
        };
        let codec = match topic.choice(keys::TOPIC_COMPRESSION) {
            "inherit" => client.choice(keys::COMPRESSION),
            codec => codec,
        };
        let partitioner = topic.text(keys::PARTITIONER).unwrap_or_default();
        let level = topic.int(keys::TOPIC_COMPRESSION_LEVEL);
        TopicProducerConfig {
            acks: match topic.int(keys::ACKS) {
                0 => Acks::None,
                1 => Acks::Written,
                _ => Acks::Durable,
            },
            request_timeout: topic.millis(keys::REQUEST_TIMEOUT),
            message_timeout: Some(timeout).filter(|timeout| !timeout.is_zero()),
            partitioner: PartitionerKind::from_name(partitioner).unwrap_or_default(),
            compression: match codec {
                "gzip" => Compression::Gzip,
                "snappy" => Compression::Snappy,
                "lz4" => Compression::Lz4,
                "zstd" => Compression::Zstd,
                _ => Compression::None,
            },
            compression_level: Some(level).filter(|level| *level >= 0),
        }
    }
}

/// A message must be able to leave before it times out. Where librdkafka would only say so at the first message, or
/// not at all, the linger time is shortened.
fn linger(values: &Values, message_timeout: Option<Duration>) -> Duration {
    const MARGIN: Duration = Duration::from_micros(100);
    let linger = Duration::from_secs_f64(values.float(keys::LINGER) / 1000.0);
    match message_timeout {
        Some(timeout) if linger >= timeout => timeout.saturating_sub(MARGIN),
        _ => linger,
    }
}

/// Twice the linger time unless set, so that a batch is full or sealed before the partition changes.
fn sticky_linger(values: &Values) -> Duration {
    const MAX: Duration = Duration::from_secs(900);
    if values.is_set(keys::STICKY_LINGER.0) {
        return values.millis(keys::STICKY_LINGER);
    }
    let twice = Duration::from_secs_f64(values.float(keys::LINGER) * 2.0 / 1000.0);
    let millis = u64::try_from(twice.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(millis).min(MAX)
}
