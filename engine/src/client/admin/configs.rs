//! DescribeConfigs, IncrementalAlterConfigs (KIP-339) and the AlterConfigs that it replaces.

use super::{Admin, KafkaError, Mode};
use crate::broker::{Broker, BrokerError};
use crate::config::{AlterOperation, Alteration, ConfigEntry, TopicOverrides};
use crate::error_code::ErrorCode;

/// What has settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConfigResource {
    /// A topic, by name.
    Topic(String),
    /// A group, by name: it has none that can be set.
    Group(String),
    /// The engine, by its `node.id`.
    Broker(i32),
}

/// Changes of some settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceAlteration {
    /// What has them.
    pub resource: ConfigResource,
    /// The changes.
    pub alterations: Vec<Alteration>,
}

/// Settings that take the place of all that were set before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSettings {
    /// What has them.
    pub resource: ConfigResource,
    /// The settings.
    pub settings: TopicOverrides,
}

impl Admin {
    /// All settings of each resource, sorted by name.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `INVALID_REQUEST` for another node.
    #[must_use]
    pub fn describe_configs(
        &self,
        resources: &[ConfigResource],
    ) -> Vec<Result<Vec<ConfigEntry>, KafkaError>> {
        self.each(resources, |broker, resource| match resource {
            ConfigResource::Topic(name) => Ok(broker.describe_topic_config(name)?),
            ConfigResource::Group(_) => Ok(Vec::new()),
            ConfigResource::Broker(node) => {
                check_node(broker, *node)?;
                Ok(broker.config().describe())
            }
        })
    }

    /// Changes some settings of each resource and leaves its others.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `INVALID_CONFIG`, `INVALID_REQUEST` for the engine, whose settings
    /// are those that it was opened with, for groups, and for what is listed twice.
    #[must_use]
    pub fn incremental_alter_configs(
        &self,
        changes: &[ResourceAlteration],
        mode: Mode,
    ) -> Vec<Result<(), KafkaError>> {
        self.each_once(
            changes,
            |change| &change.resource,
            repeated,
            |broker, change| alter(broker, &change.resource, &change.alterations, mode),
        )
    }

    /// Replaces the settings of each resource: those that are not named go back to their defaults.
    ///
    /// Errors of an item: as of [`Admin::incremental_alter_configs`].
    #[must_use]
    pub fn alter_configs(&self, changes: &[ResourceSettings], mode: Mode) -> Vec<Result<(), KafkaError>> {
        self.each_once(
            changes,
            |change| &change.resource,
            repeated,
            |broker, change| {
                if let ConfigResource::Topic(name) = &change.resource {
                    return Ok(broker.replace_topic_config(
                        name,
                        &change.settings,
                        mode == Mode::ValidateOnly,
                    )?);
                }
                let alterations: Vec<Alteration> = change.settings.iter().map(set).collect();
                alter(broker, &change.resource, &alterations, mode)
            },
        )
    }
}

fn repeated() -> BrokerError {
    BrokerError::RepeatedResource
}

fn set((name, value): (&String, &String)) -> Alteration {
    Alteration { name: name.clone(), operation: AlterOperation::Set(value.clone()) }
}

fn alter(
    broker: &Broker,
    resource: &ConfigResource,
    alterations: &[Alteration],
    mode: Mode,
) -> Result<(), KafkaError> {
    match resource {
        ConfigResource::Topic(name) => {
            Ok(broker.alter_topic(name, alterations, mode == Mode::ValidateOnly)?)
        }
        ConfigResource::Group(_) => Err(fixed(alterations)),
        ConfigResource::Broker(node) => {
            check_node(broker, *node)?;
            Err(fixed(alterations))
        }
    }
}

fn fixed(alterations: &[Alteration]) -> KafkaError {
    let names: Vec<&str> = alterations.iter().map(|alteration| alteration.name.as_str()).collect();
    let text = format!("Cannot update these configs dynamically: {}", names.join(", "));
    KafkaError::with_reason(ErrorCode::InvalidRequest, text)
}

fn check_node(broker: &Broker, node: i32) -> Result<(), KafkaError> {
    let own = broker.config().node_id;
    if node == own {
        return Ok(());
    }
    let text = format!("Unexpected broker id, expected {own}, but received {node}");
    Err(KafkaError::with_reason(ErrorCode::InvalidRequest, text))
}
