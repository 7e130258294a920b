//! Changes of a topic's overrides: Kafka's IncrementalAlterConfigs (KIP-339). The result is checked as a whole before
//! anything is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{ConfigError, ConfigType};
use super::engine::TopicDefaults;
use super::topic::LogConfig;
use super::topic_table;

/// The settings of a topic that differ from the defaults, as given.
pub type TopicOverrides = BTreeMap<String, String>;

/// What happens to one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterOperation {
    /// Takes this value.
    Set(String),
    /// Goes back to the default.
    Delete,
    /// A list gets these entries, if it has not got them.
    Append(String),
    /// A list loses these entries.
    Subtract(String),
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// The setting.
    pub name: String,
    /// What happens to it.
    pub operation: AlterOperation,
}

/// The overrides that `alterations` make of `overrides`, checked.
///
/// # Errors
/// [`ConfigError`]; nothing has changed then.
pub fn alter(
    defaults: &TopicDefaults,
    overrides: &TopicOverrides,
    alterations: &[Alteration],
) -> Result<TopicOverrides, ConfigError> {
    let mut names = BTreeSet::new();
    if !alterations.iter().all(|alteration| names.insert(alteration.name.as_str())) {
        return Err(ConfigError::DuplicateKey);
    }
    let mut altered = overrides.clone();
    for Alteration { name, operation } in alterations {
        match operation {
            AlterOperation::Set(value) => {
                altered.insert(name.clone(), value.clone());
            }
            AlterOperation::Delete => {
                altered.remove(name);
            }
            AlterOperation::Append(entries) => {
                let mut list = list_of(defaults, &altered, name, "APPEND")?;
                for entry in entries.split(',') {
                    if !list.iter().any(|known| known == entry) {
                        list.push(entry.to_owned());
                    }
                }
                altered.insert(name.clone(), list.join(","));
            }
            AlterOperation::Subtract(entries) => {
                let mut list = list_of(defaults, &altered, name, "SUBTRACT")?;
                list.retain(|known| !entries.split(',').any(|entry| entry == known));
                altered.insert(name.clone(), list.join(","));
            }
        }
    }
    LogConfig::parse(defaults, &altered)?;
    Ok(altered)
}

fn list_of(
    defaults: &TopicDefaults,
    overrides: &TopicOverrides,
    name: &str,
    operation: &'static str,
) -> Result<Vec<String>, ConfigError> {
    let definition = topic_table::find(name)
        .filter(|definition| definition.kind == ConfigType::List)
        .ok_or_else(|| ConfigError::NotAList { name: name.to_owned(), operation })?;
    let text = overrides.get(name).cloned().or_else(|| defaults.value(definition)).unwrap_or_default();
    Ok(text.split(',').filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(pairs: &[(&str, &str)]) -> TopicOverrides {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn alteration(name: &str, operation: AlterOperation) -> Alteration {
        Alteration { name: name.to_owned(), operation }
    }

    fn list(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn each_operation_does_what_kafkas_does() {
        let before = overrides(&[("cleanup.policy", "compact"), ("retention.ms", "5")]);
        let cases = [
            ("retention.ms", AlterOperation::Set(list("7")), "compact", Some("7")),
            ("retention.ms", AlterOperation::Delete, "compact", None),
            ("segment.ms", AlterOperation::Delete, "compact", Some("5")),
            ("cleanup.policy", AlterOperation::Append(list("delete,compact")), "compact,delete", Some("5")),
            ("cleanup.policy", AlterOperation::Subtract(list("compact")), "", Some("5")),
            ("cleanup.policy", AlterOperation::Subtract(list("delete")), "compact", Some("5")),
        ];
        for (name, operation, policy, retention) in cases {
            let after = alter(&TopicDefaults::default(), &before, &[alteration(name, operation)]).unwrap();
            assert_eq!(after["cleanup.policy"], policy);
            assert_eq!(after.get("retention.ms").map(String::as_str), retention);
        }
    }

    #[test]
    fn appending_to_a_list_that_is_not_overridden_starts_from_the_default() {
        let append = [alteration("cleanup.policy", AlterOperation::Append(list("compact")))];
        let after = alter(&TopicDefaults::default(), &TopicOverrides::new(), &append).unwrap();
        assert_eq!(after["cleanup.policy"], "delete,compact");
    }

    #[test]
    fn a_refused_alteration_says_why() {
        let set = |name, value: &str| alteration(name, AlterOperation::Set(value.to_owned()));
        let cases = [
            (vec![set("retention.ms", "1"), set("retention.ms", "2")], "Error due to duplicate config keys"),
            (vec![set("foo", "1")], "Unknown topic config name: foo"),
            (
                vec![alteration("retention.ms", AlterOperation::Append(list("1")))],
                "Can't APPEND to key retention.ms because its type is not LIST.",
            ),
            (
                vec![alteration("nothing", AlterOperation::Subtract(list("1")))],
                "Can't SUBTRACT to key nothing because its type is not LIST.",
            ),
            (
                vec![set("min.compaction.lag.ms", "10"), set("max.compaction.lag.ms", "5")],
                "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
            ),
        ];
        for (alterations, text) in cases {
            let error = alter(&TopicDefaults::default(), &TopicOverrides::new(), &alterations).unwrap_err();
            assert_eq!(error.to_string(), text);
        }
    }
}
