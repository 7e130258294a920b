//! A client's settings: librdkafka's names, defaults, ranges and error texts.
//!
//! [`Config`] takes settings as text and checks each by itself. [`ProducerConfig`], [`ConsumerConfig`] and
//! [`AdminConfig`] are what a client works with: typed, complete, and checked against each other. What every setting
//! takes and whether it has an effect here says [`properties`]. Besides, a client that opens the engine may say with what
//! settings: their names are those of Kafka's brokers with `tidelog.` in front ([`crate::config::EngineConfig`]).
//!
//! Where librdkafka accepts nonsense, this does not: an integer that does not fit 32 bits is out of range instead of
//! being cut, `nan` is not a number, and a setting that is refused leaves no part of its value behind.

mod bootstrap;
mod check;
mod client;
mod consumer;
mod engine;
mod error;
mod keys;
mod number;
mod producer;
mod property;
mod table;
mod value;
mod values;
mod warning;

use std::fmt;

pub use bootstrap::Bootstrap;
pub use client::{AdminConfig, ClientConfig, DebugContexts};
pub use consumer::{AutoCommit, ConsumerConfig, FetchConfig, GroupProtocol, OffsetReset};
pub use error::{ConfigError, Conflict};
pub use producer::{ProducerConfig, TopicProducerConfig};
pub use property::{Handling, Kind, Level, Property, Role, TextRule};

use engine::{EngineSettings, engine_name};
use table::PROPERTIES;
use values::{Values, topic_name};

/// Every property there is, aliases included, but for the engine's.
#[must_use]
pub fn properties() -> &'static [Property] {
    &PROPERTIES
}

/// Settings of a client, and the default settings of the topics it uses (librdkafka: `rd_kafka_conf_t`).
#[derive(Clone, Default, PartialEq)]
pub struct Config {
    values: Values,
    engine: EngineSettings,
}

/// Settings of one topic (librdkafka: `rd_kafka_topic_conf_t`).
#[derive(Clone, Default, PartialEq)]
pub struct TopicConfig {
    values: Values,
}

impl Config {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Config {
        Config::default()
    }

    /// All of `entries`, then all of `topic_defaults` over them. That is how confluent-kafka reads the dictionary
    /// under `default.topic.config`: its entries join the others, and win.
    ///
    /// # Errors
    /// The first [`ConfigError`], in that order.
    pub fn from_entries<'a>(
        entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        topic_defaults: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::new();
        for (name, value) in entries.into_iter().chain(topic_defaults) {
            config.set(name, value)?;
        }
        Ok(config)
    }

    /// Sets `name` (or what it is an alias of) to `value`. `None` and the empty text are the same: nothing.
    ///
    /// A name that no client setting has is looked for among the topic settings; with `topic.` in front, only there. With
    /// `tidelog.` in front it is the engine's.
    ///
    /// # Errors
    /// [`ConfigError`]; the setting then keeps the value it had.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfigError> {
        if let Some(name) = engine_name(name) {
            return self.engine.set(name, value.unwrap_or_default());
        }
        match table::find(Level::Global, name) {
            Some(place) => self.values.set(place, value),
            None => self.values.set_topic(name, value),
        }
    }

    /// Value of `name` as text, its default when it is not set; `None` when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        if let Some(name) = engine_name(name) {
            return self.engine.get(name);
        }
        match table::find(Level::Global, name) {
            Some(place) => self.values.print(place),
            None => self.values.get_topic(name),
        }
    }

    /// Whether `name` has been set, even to its default.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        if let Some(name) = engine_name(name) {
            return self.engine.is_set(name);
        }
        table::find(Level::Global, name)
            .or_else(|| table::find(Level::Topic, topic_name(name)))
            .is_some_and(|place| self.values.is_set(place))
    }

    /// Every client setting that has a value, under its canonical name, secrets included; of the engine's those that have
    /// been set.
    #[must_use]
    pub fn dump(&self) -> Vec<(String, String)> {
        self.values.dump(Level::Global).chain(self.engine.dump()).collect()
    }

    /// The same without the settings, of the client and of topics, whose names begin with one of `prefixes` (librdkafka:
    /// `rd_kafka_conf_dup_filter`).
    #[must_use]
    pub fn without(&self, prefixes: &[&str]) -> Config {
        let goes = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let mut without = self.clone();
        without.values.unset_where(|property| goes(property.name()));
        without.engine.unset_where(goes);
        without
    }

    /// The settings that topics of this client have unless they get their own.
    #[must_use]
    pub fn topic_defaults(&self) -> TopicConfig {
        TopicConfig { values: self.values.at(Level::Topic) }
    }

    /// Replaces the settings that topics of this client have unless they get their own, set or not.
    pub fn set_topic_defaults(&mut self, defaults: &TopicConfig) {
        self.values.replace(Level::Topic, &defaults.values);
    }

    fn values(&self) -> &Values {
        &self.values
    }
}

impl TopicConfig {
    /// Nothing set.
    #[must_use]
    pub fn new() -> TopicConfig {
        TopicConfig::default()
    }

    /// Sets `name`, with or without `topic.` in front, to `value`.
    ///
    /// # Errors
    /// [`ConfigError`]; the setting then keeps the value it had.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfigError> {
        self.values.set_topic(name, value)
    }

    /// Value of `name` as text, its default when it is not set; `None` when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.values.get_topic(name)
    }

    /// Every setting that has a value, under its canonical name.
    #[must_use]
    pub fn dump(&self) -> Vec<(String, String)> {
        self.values.dump(Level::Topic).collect()
    }

    fn values(&self) -> &Values {
        &self.values
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values.printable()).entries(self.engine.dump()).finish()
    }
}

impl fmt::Debug for TopicConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values.printable()).finish()
    }
}

#[cfg(test)]
mod tests;
