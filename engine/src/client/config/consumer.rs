//! [`ConsumerConfig`]: a consumer's settings, typed, checked against each other and complete. Plain data.

use std::sync::Arc;
use std::time::Duration;

use super::client::{AutoCreate, ClientConfig};
use super::error::ConfigError;
use super::keys;
use super::{Config, check};
use crate::client::assignor::Strategy;
use crate::client::subscription::PatternList;
use crate::types::Isolation;

/// Settings of a consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerConfig {
    /// What every client has.
    pub client: ClientConfig,
    /// `group.id`. Only the Python package insists on it; subscribing and committing need it.
    pub group_id: Option<String>,
    /// `group.instance.id`: a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// `session.timeout.ms`
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`
    pub max_poll_interval: Duration,
    /// `partition.assignment.strategy`: not empty, best first, each once, all of one rebalance protocol.
    pub strategies: Vec<Strategy>,
    /// `group.protocol.type`
    pub group_protocol_type: String,
    /// `group.protocol`
    pub group_protocol: GroupProtocol,
    /// `group.remote.assignor`
    pub group_remote_assignor: Option<String>,
    /// `enable.auto.commit` and `auto.commit.interval.ms`.
    pub auto_commit: AutoCommit,
    /// `enable.auto.offset.store`: the offset behind a message is stored for committing when it is handed out.
    pub auto_offset_store: bool,
    /// `auto.offset.reset`
    pub auto_offset_reset: OffsetReset,
    /// `isolation.level`
    pub isolation: Isolation,
    /// `enable.partition.eof`: reaching the end of a partition is reported.
    pub partition_eof: bool,
    /// `check.crcs`
    pub check_crcs: bool,
    /// `topic.blacklist`: topics that do not exist for this consumer.
    pub topic_blacklist: Arc<PatternList>,
    /// Sizes and times of fetching.
    pub fetch: FetchConfig,
}

/// How much a consumer reads ahead, and how it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchConfig {
    /// `fetch.wait.max.ms`: how long a fetch may wait for [`FetchConfig::bytes_min`].
    pub wait_max: Duration,
    /// `fetch.min.bytes`
    pub bytes_min: u32,
    /// `fetch.max.bytes`: most bytes of one fetch, but for a first batch that is larger.
    pub bytes_max: u32,
    /// `max.partition.fetch.bytes`: most bytes of one partition in one fetch, likewise.
    pub partition_bytes_max: u32,
    /// `queued.min.messages`: a partition with fewer messages read ahead is fetched from.
    pub queued_messages_min: u32,
    /// `queued.max.messages.kbytes`, in bytes: most memory that messages read ahead may take.
    pub queued_bytes_max: u64,
    /// `fetch.queue.backoff.ms`: how long fetching pauses when that is reached.
    pub queue_backoff: Duration,
    /// `fetch.error.backoff.ms`: how long fetching of a partition pauses after an error.
    pub error_backoff: Duration,
}

/// How members of a group agree (`group.protocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupProtocol {
    /// Join and sync; a member assigns.
    Classic,
    /// Heartbeats only; the coordinator assigns (KIP-848).
    Consumer,
}

/// Whether and how often stored offsets are committed without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCommit {
    /// Never.
    Off,
    /// Only when partitions are given up and at the end (interval 0).
    OnClose,
    /// That often, and at those times too.
    Every(Duration),
}

/// Where to go on when there is no offset to go on from (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// At the oldest record (`earliest`).
    Earliest,
    /// Behind the newest record (`latest`).
    Latest,
    /// Nowhere: the consumer is told (`_AUTO_OFFSET_RESET`).
    Error,
}

impl ConsumerConfig {
    /// Checks `config` and completes it as librdkafka does.
    ///
    /// # Errors
    /// [`ConfigError`] of the first check that fails. Applications expect `Failed to create consumer: ` in front.
    pub fn new(config: &Config) -> Result<ConsumerConfig, ConfigError> {
        let values = config.values();
        check::consumer(values)?;
        let text = |key| values.text(key).map(str::to_owned);
        let commit_interval = values.millis(keys::AUTO_COMMIT_INTERVAL);
        Ok(ConsumerConfig {
            client: ClientConfig::of(config, AutoCreate::Forbidden)?,
            group_id: text(keys::GROUP_ID),
            group_instance_id: text(keys::GROUP_INSTANCE_ID),
            session_timeout: values.millis(keys::SESSION_TIMEOUT),
            heartbeat_interval: values.millis(keys::HEARTBEAT),
            max_poll_interval: values.millis(keys::MAX_POLL_INTERVAL),
            strategies: check::strategies(values)?,
            group_protocol_type: text(keys::GROUP_PROTOCOL_TYPE).unwrap_or_default(),
            group_protocol: match values.choice(keys::GROUP_PROTOCOL) {
                "consumer" => GroupProtocol::Consumer,
                _ => GroupProtocol::Classic,
            },
            group_remote_assignor: text(keys::GROUP_REMOTE_ASSIGNOR),
            auto_commit: match (values.boolean(keys::AUTO_COMMIT), commit_interval.is_zero()) {
                (false, _) => AutoCommit::Off,
                (true, true) => AutoCommit::OnClose,
                (true, false) => AutoCommit::Every(commit_interval),
            },
            auto_offset_store: values.boolean(keys::AUTO_OFFSET_STORE),
            auto_offset_reset: match values.choice(keys::AUTO_OFFSET_RESET) {
                "smallest" => OffsetReset::Earliest,
                "error" => OffsetReset::Error,
                _ => OffsetReset::Latest,
            },
            isolation: match values.choice(keys::ISOLATION) {
                "read_uncommitted" => Isolation::ReadUncommitted,
                _ => Isolation::ReadCommitted,
            },
            partition_eof: values.boolean(keys::PARTITION_EOF),
            check_crcs: values.boolean(keys::CHECK_CRCS),
            topic_blacklist: values.patterns(keys::BLACKLIST),
            fetch: FetchConfig {
                wait_max: values.millis(keys::FETCH_WAIT),
                bytes_min: values.count(keys::FETCH_MIN_BYTES),
                bytes_max: check::fetch_max_bytes(values).unsigned_abs(),
                partition_bytes_max: values.count(keys::FETCH_PARTITION_BYTES),
                queued_messages_min: values.count(keys::QUEUED_MESSAGES),
                queued_bytes_max: u64::from(values.count(keys::QUEUED_KBYTES)) * 1024,
                queue_backoff: values.millis(keys::FETCH_QUEUE_BACKOFF),
                error_backoff: values.millis(keys::FETCH_ERROR_BACKOFF),
            },
        })
    }
}
