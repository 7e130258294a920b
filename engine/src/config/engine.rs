//! [`EngineConfig`]: the settings of an engine, under the names Kafka's brokers have for them, and [`TopicDefaults`],
//! the part of them that topics inherit.

use std::collections::BTreeMap;
use std::time::Duration;

use super::TopicOverrides;
use super::definition::{ConfigError, ConfigType, Definition, Synonym, Unit, Valid};
use super::engine_table::{self, ENGINE_CONFIGS};
use super::topic::LogConfig;
use super::topic_table::{self, TOPIC_CONFIGS};
use super::values::Values;

/// Settings of one engine. Every value is within bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineConfig {
    /// `auto.create.topics.enable`
    pub auto_create_topics: bool,
    /// `delete.topic.enable`
    pub delete_topics: bool,
    /// `fetch.max.bytes`
    pub fetch_max_bytes: u32,
    /// `group.consumer.assignors`
    pub consumer_assignors: Vec<String>,
    /// `group.consumer.heartbeat.interval.ms`
    pub consumer_heartbeat_interval: Duration,
    /// `group.consumer.max.size`
    pub consumer_group_size_max: u32,
    /// `group.consumer.migration.policy`
    pub migration_policy: MigrationPolicy,
    /// `group.consumer.session.timeout.ms`
    pub consumer_session_timeout: Duration,
    /// `group.initial.rebalance.delay.ms`
    pub group_initial_rebalance_delay: Duration,
    /// `group.min.session.timeout.ms`
    pub group_session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`
    pub group_session_timeout_max: Duration,
    /// `group.max.size`
    pub group_size_max: u32,
    /// `log.cleaner.backoff.ms`
    pub cleaner_backoff: Duration,
    /// `log.cleaner.dedupe.buffer.size`
    pub cleaner_memory_bytes: i64,
    /// `log.cleaner.enable`
    pub cleaner_enabled: bool,
    /// `log.flush.offset.checkpoint.interval.ms`
    pub checkpoint_interval: Duration,
    /// `log.retention.check.interval.ms`
    pub retention_check_interval: Duration,
    /// `node.id`
    pub node_id: i32,
    /// `num.partitions`
    pub num_partitions: i32,
    /// `offset.metadata.max.bytes`; negative refuses every text but the empty one, as Kafka does.
    pub offset_metadata_max_bytes: i32,
    /// `offsets.retention.check.interval.ms`
    pub offsets_retention_check_interval: Duration,
    /// `offsets.retention.minutes`
    pub offsets_retention: Duration,
    /// `offsets.topic.num.partitions`
    pub offsets_topic_num_partitions: i32,
    /// `offsets.topic.segment.bytes`
    pub offsets_topic_segment_bytes: u32,
    /// `producer.id.expiration.ms`
    pub producer_id_expiration: Duration,
    /// `tidelog.reserve.bytes`
    pub reserve_bytes: u32,
    /// `tidelog.shards`
    pub shards: u32,
    /// `tidelog.spin.us`
    pub spin: Duration,
    /// `transaction.max.timeout.ms`
    pub transaction_timeout_max: Duration,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`
    pub transactional_id_check_interval: Duration,
    /// `transaction.state.log.num.partitions`
    pub transaction_topic_num_partitions: i32,
    /// `transaction.state.log.segment.bytes`
    pub transaction_topic_segment_bytes: u32,
    /// `transactional.id.expiration.ms`
    pub transactional_id_expiration: Duration,
    /// What topics inherit.
    pub topic_defaults: TopicDefaults,
    /// The settings that were given, as they were given.
    given: BTreeMap<String, String>,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        let values = Values::defaults(ENGINE_CONFIGS);
        EngineConfig::from_values(&values, TopicDefaults::default(), BTreeMap::new())
    }
}

impl EngineConfig {
    /// Reads settings; of a name that comes twice the last value counts.
    ///
    /// # Errors
    /// [`ConfigError`]. Unknown names are refused (Kafka only warns): a misspelt setting of an embedded engine would
    /// otherwise go unnoticed.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<EngineConfig, ConfigError> {
        let given: BTreeMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut values = Values::defaults(ENGINE_CONFIGS);
        for (name, text) in &given {
            if let Some(definition) = engine_table::find(name) {
                values.0.insert(definition.name, definition.parse(text)?);
            } else if inherited(name).is_none() {
                return Err(ConfigError::UnknownEngineConfig(name.clone()));
            }
        }
        let topic_defaults = TopicDefaults::parse(&given)?;
        let config = EngineConfig::from_values(&values, topic_defaults, given);
        if config.group_session_timeout_min > config.group_session_timeout_max {
            return Err(ConfigError::SessionTimeouts);
        }
        if config.consumer_heartbeat_interval >= config.consumer_session_timeout {
            return Err(ConfigError::ConsumerHeartbeats);
        }
        Ok(config)
    }

    /// Whether there is a setting of this name.
    #[must_use]
    pub fn has(name: &str) -> bool {
        engine_table::find(name).is_some() || inherited(name).is_some()
    }

    /// The default of a setting that the engine itself has; `None` for those that only topics inherit.
    #[must_use]
    pub fn default_of(name: &str) -> Option<&'static str> {
        engine_table::find(name)?.default
    }

    /// Checks one setting by itself, without those that it must go together with.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(name: &str, text: &str) -> Result<(), ConfigError> {
        match (engine_table::find(name), inherited(name)) {
            (Some(own), _) => own.parse(text).map(|_| ()),
            (None, Some((definition, synonym))) => in_topic_unit(definition, synonym, text).map(|_| ()),
            (None, None) => Err(ConfigError::UnknownEngineConfig(name.to_owned())),
        }
    }

    /// The settings that were given, as they were given.
    #[must_use]
    pub fn given(&self) -> &BTreeMap<String, String> {
        &self.given
    }

    fn from_values(
        values: &Values,
        topic_defaults: TopicDefaults,
        given: BTreeMap<String, String>,
    ) -> EngineConfig {
        EngineConfig {
            auto_create_topics: values.boolean("auto.create.topics.enable"),
            delete_topics: values.boolean("delete.topic.enable"),
            fetch_max_bytes: values.unsigned("fetch.max.bytes"),
            consumer_assignors: values.texts("group.consumer.assignors").map(str::to_owned).collect(),
            consumer_heartbeat_interval: values.millis("group.consumer.heartbeat.interval.ms"),
            consumer_group_size_max: values.unsigned("group.consumer.max.size"),
            migration_policy: MigrationPolicy::parse(values.texts("group.consumer.migration.policy")),
            consumer_session_timeout: values.millis("group.consumer.session.timeout.ms"),
            group_initial_rebalance_delay: values.millis("group.initial.rebalance.delay.ms"),
            group_session_timeout_min: values.millis("group.min.session.timeout.ms"),
            group_session_timeout_max: values.millis("group.max.session.timeout.ms"),
            group_size_max: values.unsigned("group.max.size"),
            cleaner_backoff: values.millis("log.cleaner.backoff.ms"),
            cleaner_memory_bytes: values.number("log.cleaner.dedupe.buffer.size"),
            cleaner_enabled: values.boolean("log.cleaner.enable"),
            checkpoint_interval: values.millis("log.flush.offset.checkpoint.interval.ms"),
            retention_check_interval: values.millis("log.retention.check.interval.ms"),
            node_id: values.int("node.id"),
            num_partitions: values.int("num.partitions"),
            offset_metadata_max_bytes: values.int("offset.metadata.max.bytes"),
            offsets_retention_check_interval: values.millis("offsets.retention.check.interval.ms"),
            offsets_retention: Duration::from_secs(60) * values.unsigned("offsets.retention.minutes"),
            offsets_topic_num_partitions: values.int("offsets.topic.num.partitions"),
            offsets_topic_segment_bytes: values.unsigned("offsets.topic.segment.bytes"),
            producer_id_expiration: values.millis("producer.id.expiration.ms"),
            reserve_bytes: values.unsigned("tidelog.reserve.bytes"),
            shards: values.unsigned("tidelog.shards"),
            spin: Duration::from_micros(u64::from(values.unsigned("tidelog.spin.us"))),
            transaction_timeout_max: values.millis("transaction.max.timeout.ms"),
            transactional_id_check_interval: values
                .millis("transaction.remove.expired.transaction.cleanup.interval.ms"),
            transaction_topic_num_partitions: values.int("transaction.state.log.num.partitions"),
            transaction_topic_segment_bytes: values.unsigned("transaction.state.log.segment.bytes"),
            transactional_id_expiration: values.millis("transactional.id.expiration.ms"),
            topic_defaults,
            given,
        }
    }
}

/// Which groups with members may change their protocol (KIP-848). Groups without any always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationPolicy {
    /// From the classic protocol to the consumer protocol.
    pub upgrade: bool,
    /// Back.
    pub downgrade: bool,
}

impl MigrationPolicy {
    /// The policy of one of the texts that the table allows.
    fn parse<'a>(mut texts: impl Iterator<Item = &'a str>) -> MigrationPolicy {
        let text = texts.next().unwrap_or_default().to_ascii_lowercase();
        let is = |one: &str| text == one || text == "bidirectional";
        MigrationPolicy { upgrade: is("upgrade"), downgrade: is("downgrade") }
    }
}

/// Defaults of topics that the engine's settings change, by the topics' names of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicDefaults(BTreeMap<&'static str, String>);

impl TopicDefaults {
    /// Takes from `given` what topics inherit; of several synonyms the strongest that is there counts.
    fn parse(given: &BTreeMap<String, String>) -> Result<TopicDefaults, ConfigError> {
        let mut defaults = TopicDefaults::default();
        for definition in TOPIC_CONFIGS {
            let strongest =
                definition.synonyms.iter().find_map(|known| Some((known, given.get(known.name)?)));
            if let Some((synonym, text)) = strongest {
                defaults.0.insert(definition.name, in_topic_unit(definition, synonym, text)?);
            }
        }
        LogConfig::parse(&defaults, &TopicOverrides::new())?;
        Ok(defaults)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Definition, &str)> {
        self.0.iter().filter_map(|(name, text)| Some((topic_table::find(name)?, text.as_str())))
    }

    /// The default of a topic's setting; `None` when it is absent unless given.
    pub(super) fn value(&self, definition: &Definition) -> Option<String> {
        self.0.get(definition.name).cloned().or_else(|| definition.default.map(str::to_owned))
    }
}

/// The topics' setting that inherits from the engine's setting `name`.
fn inherited(name: &str) -> Option<(&'static Definition, &'static Synonym)> {
    TOPIC_CONFIGS.iter().find_map(|definition| {
        Some((definition, definition.synonyms.iter().find(|known| known.name == name)?))
    })
}

/// The text of a synonym as the topic's setting has it. Errors name the synonym, which is what was given.
fn in_topic_unit(definition: &Definition, synonym: &Synonym, text: &str) -> Result<String, ConfigError> {
    let own = |kind, valid| Definition {
        name: synonym.name,
        kind,
        default: None,
        valid,
        synonyms: &[],
        doc: definition.doc,
    };
    if synonym.unit == Unit::Same {
        return Ok(own(definition.kind, definition.valid).parse(text)?.to_string());
    }
    let count = own(ConfigType::Int, Valid::Any).parse(text)?;
    let millis = synonym.unit.convert(count.number().unwrap_or_default()).to_string();
    own(ConfigType::Long, definition.valid).parse(&millis)?;
    Ok(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_kafkas_but_for_those_an_embedded_engine_needs_differently() {
        let config = EngineConfig::default();
        assert_eq!(config.num_partitions, 1);
        assert_eq!(config.offsets_retention, Duration::from_secs(7 * 24 * 60 * 60));
        assert_eq!(config.group_initial_rebalance_delay, Duration::ZERO);
        assert_eq!(config.offsets_topic_num_partitions, 4);
        assert_eq!(EngineConfig::parse([]).unwrap(), config);
    }

    #[test]
    fn settings_are_read_under_kafkas_names() {
        let config = EngineConfig::parse([
            ("num.partitions", "4"),
            ("auto.create.topics.enable", "false"),
            ("group.min.session.timeout.ms", "100"),
            ("message.max.bytes", "2000000"),
            ("log.retention.hours", "2"),
        ])
        .unwrap();
        assert_eq!((config.num_partitions, config.auto_create_topics), (4, false));
        assert_eq!(config.group_session_timeout_min, Duration::from_millis(100));
        let log = LogConfig::parse(&config.topic_defaults, &TopicOverrides::new()).unwrap();
        assert_eq!((log.max_message_bytes, log.retention), (2_000_000, Some(Duration::from_secs(7200))));
    }

    #[test]
    fn the_strongest_synonym_counts_and_an_override_beats_it() {
        let config = EngineConfig::parse([
            ("log.retention.hours", "1"),
            ("log.retention.minutes", "3"),
            ("log.roll.hours", "2"),
        ])
        .unwrap();
        let log = LogConfig::parse(&config.topic_defaults, &TopicOverrides::new()).unwrap();
        assert_eq!(log.retention, Some(Duration::from_secs(180)));
        assert_eq!(log.segment_age_max, Duration::from_secs(7200));
        let overrides = TopicOverrides::from([("retention.ms".to_owned(), "5".to_owned())]);
        let log = LogConfig::parse(&config.topic_defaults, &overrides).unwrap();
        assert_eq!(log.retention, Some(Duration::from_millis(5)));
        let endless = EngineConfig::parse([("log.retention.hours", "-5")]).unwrap();
        let log = LogConfig::parse(&endless.topic_defaults, &TopicOverrides::new()).unwrap();
        assert_eq!(log.retention, None);
    }

    #[test]
    fn bad_settings_are_refused_by_the_name_that_was_given() {
        let cases = [
            (("num.partition", "4"), "Unknown broker config name: num.partition"),
            (
                ("num.partitions", "0"),
                "Invalid value 0 for configuration num.partitions: Value must be at least 1",
            ),
            (
                ("log.segment.bytes", "14"),
                "Invalid value 14 for configuration log.segment.bytes: Value must be at least 1048576",
            ),
            (
                ("log.roll.hours", "soon"),
                "Invalid value soon for configuration log.roll.hours: Not a number of type INT",
            ),
            (
                ("log.roll.hours", "0"),
                "Invalid value 0 for configuration log.roll.hours: Value must be at least 1",
            ),
            (
                ("group.max.session.timeout.ms", "10"),
                "group.max.session.timeout.ms must be greater than or equal to group.min.session.timeout.ms",
            ),
            (
                ("log.cleaner.min.compaction.lag.ms", "9223372036854775808"),
                "Invalid value 9223372036854775808 for configuration log.cleaner.min.compaction.lag.ms: \
                 Not a number of type LONG",
            ),
        ];
        for (pair, text) in cases {
            assert_eq!(EngineConfig::parse([pair]).unwrap_err().to_string(), text);
            let alone = EngineConfig::check(pair.0, pair.1).map_err(|error| error.to_string());
            let goes_alone = pair.0 == "group.max.session.timeout.ms";
            assert_eq!(alone, if goes_alone { Ok(()) } else { Err(text.to_owned()) });
        }
    }
}
