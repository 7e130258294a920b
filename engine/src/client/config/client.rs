//! [`ClientConfig`]: what every kind of client has, typed and complete. Plain data.

use std::time::Duration;

use super::bootstrap::Bootstrap;
use super::error::ConfigError;
use super::keys;
use super::{Config, check};
use crate::config::EngineConfig;

/// Settings that producers, consumers and admin clients share.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientConfig {
    /// `bootstrap.servers`: the engine to work on.
    pub bootstrap: Bootstrap,
    /// `tidelog.*`: the engine's settings, for whoever opens it first.
    pub engine: EngineConfig,
    /// `client.id`
    pub client_id: String,
    /// `client.rack`
    pub client_rack: String,
    /// `client.software.name` (KIP-511), reduced to `a-z A-Z 0-9 . -`.
    pub software_name: String,
    /// `client.software.version` (KIP-511), likewise.
    pub software_version: String,
    /// `socket.timeout.ms`: how long a request may take that has no timeout of its own.
    pub request_timeout: Duration,
    /// `topic.metadata.refresh.interval.ms`: how often patterns are compared with the topics that exist; `None` for
    /// never.
    pub metadata_refresh_interval: Option<Duration>,
    /// `topic.metadata.propagation.max.ms`: how long a new topic may be unknown without that being an error.
    pub metadata_propagation_max: Duration,
    /// `allow.auto.create.topics`: whether using a topic that does not exist creates it. Unless set, producers may
    /// and consumers may not.
    pub allow_auto_create_topics: bool,
    /// `statistics.interval.ms`; `None` for no statistics.
    pub statistics_interval: Option<Duration>,
    /// `debug`: what to log in detail.
    pub debug: DebugContexts,
    /// `log_level`: syslog's, 0 to 7; less important lines are dropped.
    pub log_level: u32,
    /// `log.queue`: log lines are handed out by polling instead of at once.
    pub log_queue: bool,
    /// `log.thread.name`: log lines name their thread.
    pub log_thread_name: bool,
    /// `enabled_events`: which events the event interface hands out (librdkafka's `RD_KAFKA_EVENT_*` bits).
    pub enabled_events: u32,
    /// `sasl.oauthbearer.config`, when the client is to authenticate with OAUTHBEARER: nothing here needs the token,
    /// but applications expect to be asked for one when the client is created.
    pub oauthbearer: Option<String>,
}

/// What to log in detail: words of `debug`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugContexts(Vec<String>);

impl DebugContexts {
    /// Whether `context`, such as `cgrp`, is one of them.
    #[must_use]
    pub fn contains(&self, context: &str) -> bool {
        self.0.iter().any(|set| set == context)
    }

    /// Whether nothing is to be logged in detail.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Settings of an admin client.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminConfig {
    /// What every client has.
    pub client: ClientConfig,
}

impl AdminConfig {
    /// Checks `config` as a producer's, which is what an admin client is to librdkafka.
    ///
    /// # Errors
    /// [`ConfigError`] of the first check that fails.
    pub fn new(config: &Config) -> Result<AdminConfig, ConfigError> {
        check::producer(config.values())?;
        Ok(AdminConfig { client: ClientConfig::of(config, AutoCreate::Allowed)? })
    }
}

/// Whether topics are created by being used when `allow.auto.create.topics` is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AutoCreate {
    Allowed,
    Forbidden,
}

impl ClientConfig {
    pub(super) fn of(config: &Config, auto_create: AutoCreate) -> Result<ClientConfig, ConfigError> {
        let values = config.values();
        let text = |key| values.text(key).unwrap_or_default().to_owned();
        let interval = |key| Some(values.millis(key)).filter(|interval| !interval.is_zero());
        let allow_auto_create_topics = match values.is_set(keys::ALLOW_AUTO_CREATE_TOPICS.0) {
            true => values.boolean(keys::ALLOW_AUTO_CREATE_TOPICS),
            false => auto_create == AutoCreate::Allowed,
        };
        let uses_tokens = check::is_sasl(values) && values.text(keys::SASL_MECHANISM) == Some("OAUTHBEARER");
        let refresh = u64::try_from(values.int(keys::METADATA_REFRESH)).ok().filter(|millis| *millis > 0);
        Ok(ClientConfig {
            bootstrap: Bootstrap::of(values)?,
            engine: config.engine.config()?,
            client_id: text(keys::CLIENT_ID),
            client_rack: text(keys::CLIENT_RACK),
            software_name: safe(&text(keys::SOFTWARE_NAME)),
            software_version: safe(&text(keys::SOFTWARE_VERSION)),
            request_timeout: values.millis(keys::SOCKET_TIMEOUT),
            metadata_refresh_interval: refresh.map(Duration::from_millis),
            metadata_propagation_max: values.millis(keys::METADATA_PROPAGATION),
            allow_auto_create_topics,
            statistics_interval: interval(keys::STATISTICS),
            debug: DebugContexts(values.flags(keys::DEBUG)),
            log_level: values.count(keys::LOG_LEVEL),
            log_queue: values.boolean(keys::LOG_QUEUE),
            log_thread_name: values.boolean(keys::LOG_THREAD_NAME),
            enabled_events: values.count(keys::ENABLED_EVENTS),
            oauthbearer: uses_tokens.then(|| text(keys::OAUTH_CONFIG)),
        })
    }
}

/// `text` as KIP-511 allows it: other characters become `-`, and it starts and ends with a letter or digit.
fn safe(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
    text.chars().map(allowed).collect::<String>().trim_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_names_are_made_safe() {
        for (text, expected) in [("a b/c", "a-b-c"), ("..x.1-", "x.1"), ("größe", "gr--e"), ("///", "")] {
            assert_eq!(safe(text), expected);
        }
    }

    #[test]
    fn defaults_are_as_documented() {
        let config = AdminConfig::new(&Config::new()).unwrap().client;
        assert_eq!(config.bootstrap, Bootstrap::Offline);
        assert_eq!(config.client_id, "rdkafka");
        assert_eq!(config.request_timeout, Duration::from_secs(60));
        assert_eq!(config.metadata_refresh_interval, Some(Duration::from_secs(300)));
        assert_eq!((config.statistics_interval, config.log_level), (None, 6));
        assert!(config.allow_auto_create_topics && config.debug.is_empty() && config.oauthbearer.is_none());
        assert_eq!(config.engine, EngineConfig::default());
    }

    #[test]
    fn a_token_is_asked_for_only_where_librdkafka_would() {
        let mut config = Config::new();
        config.set("sasl.mechanism", Some("OAUTHBEARER")).unwrap();
        config.set("sasl.oauthbearer.config", Some("scope=x")).unwrap();
        assert_eq!(AdminConfig::new(&config).unwrap().client.oauthbearer, None);
        config.set("security.protocol", Some("sasl_plaintext")).unwrap();
        assert_eq!(AdminConfig::new(&config).unwrap().client.oauthbearer.as_deref(), Some("scope=x"));
    }

    #[test]
    fn debug_words_add_up() {
        let mut config = Config::new();
        config.set("debug", Some("msg, cgrp")).unwrap();
        config.set("debug", Some("topic,-msg")).unwrap();
        let debug = AdminConfig::new(&config).unwrap().client.debug;
        assert!(debug.contains("cgrp") && debug.contains("topic") && !debug.contains("msg"));
    }

    #[test]
    fn a_mock_broker_is_an_engine_in_memory() {
        let mut config = Config::new();
        config.set("bootstrap.servers", Some("ignored:9092")).unwrap();
        config.set("test.mock.num.brokers", Some("3")).unwrap();
        assert_eq!(AdminConfig::new(&config).unwrap().client.bootstrap, Bootstrap::Memory { name: None });
    }
}
