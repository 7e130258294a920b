//! [`EngineSettings`]: what a client's settings say about the engine, for the client that opens it. A plain collection.

use std::collections::BTreeMap;

use super::error::ConfigError;
use crate::config::{ConfigError as EngineError, EngineConfig};

/// In front of the engine's names; those that are ours have it there, too. It keeps them apart from librdkafka's, so that
/// a misspelt name is still an error.
const PREFIX: &str = "tidelog.";

/// What has been set, by the engine's names.
#[derive(Clone, Default, PartialEq)]
pub(super) struct EngineSettings(BTreeMap<String, String>);

/// The engine's name of a client's setting, if it has one: `num.partitions` of `tidelog.num.partitions`, and
/// `tidelog.shards` of itself.
pub(super) fn engine_name(name: &str) -> Option<&str> {
    let bare = name.strip_prefix(PREFIX)?;
    let mut names = [name, bare].into_iter().filter(|_| !bare.starts_with(PREFIX));
    names.find(|name| EngineConfig::has(name))
}

fn client_name(name: &str) -> String {
    if name.starts_with(PREFIX) { name.to_owned() } else { format!("{PREFIX}{name}") }
}

/// Errors name the setting as the client has it.
fn check(name: &str, text: &str) -> Result<(), EngineError> {
    EngineConfig::check(name, text).map_err(|error| match error {
        EngineError::Invalid { name, value, reason } => {
            EngineError::Invalid { name: client_name(&name), value, reason }
        }
        EngineError::EmptyEntry(name) => EngineError::EmptyEntry(client_name(&name)),
        other => other,
    })
}

impl EngineSettings {
    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        check(name, text)?;
        self.0.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    /// What has been set, or else the default, if the engine itself has one and not only its topics.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let set = self.0.get(name).map(String::as_str);
        set.or_else(|| EngineConfig::default_of(name)).map(str::to_owned)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What has been set, by the client's names.
    pub(super) fn dump(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, text)| (client_name(name), text.clone()))
    }

    /// Removes those whose client's names are meant.
    pub(super) fn unset_where(&mut self, is_unset: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| !is_unset(&client_name(name)));
    }

    /// All together.
    pub(super) fn config(&self) -> Result<EngineConfig, ConfigError> {
        Ok(EngineConfig::parse(self.0.iter().map(|(name, text)| (name.as_str(), text.as_str())))?)
    }
}
