//! What DescribeConfigs says about a topic or the engine: every setting with its value and where that comes from
//! (KIP-226, KIP-569).

use super::alter::TopicOverrides;
use super::definition::{ConfigError, ConfigType, Definition};
use super::engine::EngineConfig;
use super::engine_table::ENGINE_CONFIGS;
use super::topic::LogConfig;
use super::topic_table::{INTERNAL_SEGMENT_BYTES, TOPIC_CONFIGS};

/// Where a value comes from. Discriminants are those of Kafka's DescribeConfigs response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigSource {
    /// Set for the topic.
    Topic = 1,
    /// Given to the engine when it was opened.
    Engine = 4,
    /// Kafka's or our default.
    Default = 5,
}

/// A place a value was looked for and found, under the name it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The name there.
    pub name: String,
    /// The value there.
    pub value: String,
    /// The place.
    pub source: ConfigSource,
}

/// One setting as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Name.
    pub name: &'static str,
    /// The value in force.
    pub value: String,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Whether only reopening the engine changes it.
    pub read_only: bool,
    /// Whether the value would be hidden. No setting so far holds a secret.
    pub sensitive: bool,
    /// Every place with a value, the strongest first.
    pub synonyms: Vec<ConfigSynonym>,
    /// Type.
    pub kind: ConfigType,
    /// One line for people.
    pub doc: &'static str,
}

impl ConfigEntry {
    /// Whether the value is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.source == ConfigSource::Default
    }
}

/// Describes all settings of a topic, sorted by name.
///
/// # Errors
/// [`ConfigError`] when the overrides are not valid.
pub fn describe_topic(
    engine: &EngineConfig,
    overrides: &TopicOverrides,
) -> Result<Vec<ConfigEntry>, ConfigError> {
    LogConfig::parse(&engine.topic_defaults, overrides)?;
    let described = TOPIC_CONFIGS.iter().filter(|definition| definition.name != INTERNAL_SEGMENT_BYTES);
    described.map(|definition| topic_entry(engine, overrides, definition)).collect()
}

fn topic_entry(
    engine: &EngineConfig,
    overrides: &TopicOverrides,
    definition: &'static Definition,
) -> Result<ConfigEntry, ConfigError> {
    let mut synonyms = Vec::new();
    let mut value = engine.topic_defaults.value(definition).unwrap_or_default();
    if let Some(text) = overrides.get(definition.name) {
        value = definition.parse(text)?.to_string();
        let name = definition.name.to_owned();
        synonyms.push(ConfigSynonym { name, value: value.clone(), source: ConfigSource::Topic });
    }
    for synonym in definition.synonyms {
        if let Some(text) = engine.given().get(synonym.name) {
            let (name, value) = (synonym.name.to_owned(), text.clone());
            synonyms.push(ConfigSynonym { name, value, source: ConfigSource::Engine });
        }
    }
    if let (Some(strongest), Some(default)) = (definition.synonyms.first(), definition.default) {
        let (name, value) = (strongest.name.to_owned(), default.to_owned());
        synonyms.push(ConfigSynonym { name, value, source: ConfigSource::Default });
    }
    Ok(entry(definition, value, synonyms))
}

fn entry(definition: &'static Definition, value: String, synonyms: Vec<ConfigSynonym>) -> ConfigEntry {
    ConfigEntry {
        name: definition.name,
        value,
        source: synonyms.first().map_or(ConfigSource::Default, |strongest| strongest.source),
        read_only: false,
        sensitive: false,
        synonyms,
        kind: definition.kind,
        doc: definition.doc,
    }
}

impl EngineConfig {
    /// Describes the engine's settings, sorted by name: its own, and those that topics inherit and that were given.
    #[must_use]
    pub fn describe(&self) -> Vec<ConfigEntry> {
        let own = ENGINE_CONFIGS.iter().map(|definition| (definition, definition.name));
        let inherited = TOPIC_CONFIGS
            .iter()
            .flat_map(|definition| definition.synonyms.iter().map(move |known| (definition, known.name)))
            .filter(|(_, name)| self.given().contains_key(*name));
        let mut entries: Vec<ConfigEntry> =
            own.chain(inherited).map(|(definition, name)| self.engine_entry(definition, name)).collect();
        entries.sort_by_key(|entry| entry.name);
        entries
    }

    fn engine_entry(&self, definition: &'static Definition, name: &'static str) -> ConfigEntry {
        let given = self.given().get(name).map(|value| (value.as_str(), ConfigSource::Engine));
        // The default of an inherited setting is in the topic's unit, which may not be this name's.
        let default = definition.default.filter(|_| definition.name == name);
        let places = given.into_iter().chain(default.map(|value| (value, ConfigSource::Default)));
        let synonyms: Vec<ConfigSynonym> = places
            .map(|(value, source)| ConfigSynonym { name: name.to_owned(), value: value.to_owned(), source })
            .collect();
        let value = synonyms.first().map(|strongest| strongest.value.clone()).unwrap_or_default();
        ConfigEntry { name, read_only: true, ..entry(definition, value, synonyms) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(entries: &'a [ConfigEntry], name: &str) -> &'a ConfigEntry {
        entries.iter().find(|entry| entry.name == name).unwrap()
    }

    fn synonym(name: &str, value: &str, source: ConfigSource) -> ConfigSynonym {
        ConfigSynonym { name: name.to_owned(), value: value.to_owned(), source }
    }

    #[test]
    fn a_topic_is_described_with_every_place_a_value_comes_from() {
        let engine = EngineConfig::parse([("log.retention.hours", "2"), ("log.segment.bytes", "2097152")]);
        let overrides = TopicOverrides::from([("retention.ms".to_owned(), " 77 ".to_owned())]);
        let entries = describe_topic(&engine.unwrap(), &overrides).unwrap();
        assert!(entries.is_sorted_by_key(|entry| entry.name));
        let retention = find(&entries, "retention.ms");
        assert_eq!((retention.value.as_str(), retention.source), ("77", ConfigSource::Topic));
        assert_eq!(
            retention.synonyms,
            [
                synonym("retention.ms", "77", ConfigSource::Topic),
                synonym("log.retention.hours", "2", ConfigSource::Engine),
                synonym("log.retention.ms", "604800000", ConfigSource::Default),
            ]
        );
        let segment = find(&entries, "segment.bytes");
        assert_eq!((segment.value.as_str(), segment.source), ("2097152", ConfigSource::Engine));
        let policy = find(&entries, "cleanup.policy");
        assert!(policy.is_default() && policy.value == "delete" && policy.kind == ConfigType::List);
        assert!(!entries.iter().any(|entry| entry.name.starts_with("internal")));
    }

    #[test]
    fn a_default_given_in_another_unit_is_described_in_the_topics() {
        let engine = EngineConfig::parse([("log.retention.minutes", "3")]).unwrap();
        let entries = describe_topic(&engine, &TopicOverrides::new()).unwrap();
        assert_eq!(find(&entries, "retention.ms").value, "180000");
    }

    #[test]
    fn the_engine_is_described_read_only() {
        let engine = EngineConfig::parse([("num.partitions", "3"), ("log.roll.hours", "5")]).unwrap();
        let entries = engine.describe();
        let partitions = find(&entries, "num.partitions");
        assert!(partitions.read_only && partitions.value == "3" && !partitions.is_default());
        assert_eq!(partitions.synonyms[1], synonym("num.partitions", "1", ConfigSource::Default));
        assert_eq!(find(&entries, "log.roll.hours").value, "5");
        assert!(find(&entries, "node.id").is_default());
    }
}
