//! What has settings, as requests name it.

use super::call::{Call, Operation, Resource};
use super::refusal::Refusal;
use crate::error_code::ErrorCode;

/// What has settings (Kafka: `ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigResource<'a> {
    /// A topic.
    Topic(&'a str),
    /// This node.
    Node,
    /// All nodes of the cluster, where their settings are changed at run time.
    AllNodes,
    /// Levels of a node's loggers, which cannot be changed here.
    Logger,
    /// Something that Kafka knows and that is not here: clients' metrics, groups.
    Nothing,
}

/// Kafka's numbers.
mod kind {
    pub(super) const TOPIC: i8 = 2;
    pub(super) const BROKER: i8 = 4;
    pub(super) const BROKER_LOGGER: i8 = 8;
    pub(super) const CLIENT_METRICS: i8 = 16;
    pub(super) const GROUP: i8 = 32;
}

impl<'a> ConfigResource<'a> {
    /// What a request names.
    pub(super) fn of(call: &Call, kind: i8, name: &'a str) -> Result<ConfigResource<'a>, Refusal> {
        match kind {
            kind::TOPIC => Ok(ConfigResource::Topic(name)),
            kind::BROKER if name.is_empty() => Ok(ConfigResource::AllNodes),
            kind::BROKER | kind::BROKER_LOGGER => {
                let own = call.broker().config().node_id;
                if name.parse() != Ok(own) {
                    let text = format!("Unexpected broker id, expected {own}, but received {name}");
                    return Err(Refusal::new(ErrorCode::InvalidRequest, text));
                }
                Ok(if kind == kind::BROKER { ConfigResource::Node } else { ConfigResource::Logger })
            }
            kind::CLIENT_METRICS | kind::GROUP => Ok(ConfigResource::Nothing),
            _ => Err(Refusal::new(ErrorCode::InvalidRequest, format!("Unsupported resource type: {kind}"))),
        }
    }
}

/// The topic whose settings are to be changed, if it is one and the caller may; nothing else has settings that change.
pub(super) fn alterable<'a, 'b>(
    call: &Call,
    kind: i8,
    name: &'a str,
    settings: impl Iterator<Item = &'b str>,
) -> Result<&'a str, Refusal> {
    let ConfigResource::Topic(topic) = ConfigResource::of(call, kind, name)? else {
        let names: Vec<&str> = settings.collect();
        let text = format!("Cannot update these configs dynamically: {}", names.join(", "));
        return Err(Refusal::new(ErrorCode::InvalidRequest, text));
    };
    if !call.allows(Operation::AlterConfigs, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    Ok(topic)
}
