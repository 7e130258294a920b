//! Settings of topics and of the engine: described and changed.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::KafkaError;
use tidelog::client::admin::{ConfigResource as Resource, ResourceAlteration, ResourceSettings};
use tidelog::config::{AlterOperation, Alteration, ConfigEntry as Described, ConfigSource, TopicOverrides};
use tidelog::error_code::ErrorCode;

use super::answer::{AnswerBody, answer_of, request};
use super::options::AdminOptions;
use super::{Objects, Outcome, destroy_all, objects, tell};
use crate::boundary;
use crate::client::Client;
use crate::error::{Error, ResponseError};
use crate::event::{
    Event, TL_EVENT_ALTERCONFIGS_RESULT, TL_EVENT_DESCRIBECONFIGS_RESULT,
    TL_EVENT_INCREMENTALALTERCONFIGS_RESULT,
};
use crate::guard::{guard, guard_outcome, or_none};
use crate::queue::Queue;
use crate::text::c_text;

/// What has settings.
pub type ResourceType = c_int;
/// A topic, by name.
pub const TL_RESOURCE_TOPIC: ResourceType = 2;
/// A group: has no settings here.
pub const TL_RESOURCE_GROUP: ResourceType = 3;
/// The engine, by its `node.id`.
pub const TL_RESOURCE_BROKER: ResourceType = 4;

/// Where a setting comes from.
pub type ConfigSourceNumber = c_int;
/// Set for the topic.
pub const TL_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG: ConfigSourceNumber = 1;
/// Given to the engine when it was opened.
pub const TL_CONFIG_SOURCE_STATIC_BROKER_CONFIG: ConfigSourceNumber = 4;
/// The default.
pub const TL_CONFIG_SOURCE_DEFAULT_CONFIG: ConfigSourceNumber = 5;

/// What happens to a setting.
pub type AlterConfigOperation = c_int;
/// It takes this value.
pub const TL_ALTER_CONFIG_OP_TYPE_SET: AlterConfigOperation = 0;
/// It goes back to the default.
pub const TL_ALTER_CONFIG_OP_TYPE_DELETE: AlterConfigOperation = 1;
/// A list gets these entries.
pub const TL_ALTER_CONFIG_OP_TYPE_APPEND: AlterConfigOperation = 2;
/// A list loses these entries.
pub const TL_ALTER_CONFIG_OP_TYPE_SUBTRACT: AlterConfigOperation = 3;

/// Something that has settings: asked for, to be changed, or in an answer.
///
/// The caller owns those of ::tl_ConfigResource_new: ::tl_ConfigResource_destroy. Those of an answer belong to its event.
pub struct ConfigResource {
    kind: ResourceType,
    name: CString,
    /// Changes that are asked for.
    alterations: Vec<Alteration>,
    /// Of an answer.
    entries: Objects<ConfigEntry>,
    outcome: Outcome,
}

/// A setting in an answer.
pub struct ConfigEntry {
    name: CString,
    value: CString,
    source: ConfigSourceNumber,
    is_read_only: bool,
    is_sensitive: bool,
    is_synonym: bool,
    synonyms: Objects<ConfigEntry>,
}

impl ConfigEntry {
    fn of(described: &Described) -> Box<ConfigEntry> {
        let synonyms = described.synonyms.iter().map(|synonym| {
            Box::new(ConfigEntry {
                name: c_text(&synonym.name),
                value: c_text(&synonym.value),
                source: number_of(synonym.source),
                is_read_only: described.read_only,
                is_sensitive: described.sensitive,
                is_synonym: true,
                synonyms: Vec::new(),
            })
        });
        Box::new(ConfigEntry {
            name: c_text(described.name),
            value: c_text(&described.value),
            source: number_of(described.source),
            is_read_only: described.read_only,
            is_sensitive: described.sensitive,
            is_synonym: false,
            synonyms: synonyms.collect(),
        })
    }
}

/// Name of such a number, such as `DYNAMIC_TOPIC_CONFIG`. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigSource_name(confsource: ConfigSourceNumber) -> *const c_char {
    let name = match confsource {
        0 => c"UNKNOWN_CONFIG",
        TL_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG => c"DYNAMIC_TOPIC_CONFIG",
        2 => c"DYNAMIC_BROKER_CONFIG",
        3 => c"DYNAMIC_DEFAULT_BROKER_CONFIG",
        TL_CONFIG_SOURCE_STATIC_BROKER_CONFIG => c"STATIC_BROKER_CONFIG",
        TL_CONFIG_SOURCE_DEFAULT_CONFIG => c"DEFAULT_CONFIG",
        _ => c"?",
    };
    name.as_ptr()
}

fn number_of(source: ConfigSource) -> ConfigSourceNumber {
    match source {
        ConfigSource::Topic => TL_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG,
        ConfigSource::Engine => TL_CONFIG_SOURCE_STATIC_BROKER_CONFIG,
        ConfigSource::Default => TL_CONFIG_SOURCE_DEFAULT_CONFIG,
    }
}

impl ConfigResource {
    fn new(kind: ResourceType, name: &str, outcome: Outcome) -> ConfigResource {
        ConfigResource { kind, name: c_text(name), alterations: Vec::new(), entries: Vec::new(), outcome }
    }

    fn resource(&self) -> Result<Resource, KafkaError> {
        let name = self.name.to_string_lossy().into_owned();
        let invalid = |reason: String| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
        match self.kind {
            TL_RESOURCE_TOPIC => Ok(Resource::Topic(name)),
            TL_RESOURCE_GROUP => Ok(Resource::Group(name)),
            TL_RESOURCE_BROKER => match name.parse() {
                Ok(node) => Ok(Resource::Broker(node)),
                Err(_) => Err(invalid(format!("the name of a broker is its number, not {name:?}"))),
            },
            other => Err(invalid(format!(
                "resources of type {other} have no settings: TL_RESOURCE_TOPIC (2), TL_RESOURCE_GROUP (3) or \
                 TL_RESOURCE_BROKER (4)"
            ))),
        }
    }

    /// As it is answered.
    fn answered<T>(asked: &Resource, outcome: Result<T, KafkaError>) -> (ConfigResource, Option<T>) {
        let (kind, name) = match asked {
            Resource::Topic(name) => (TL_RESOURCE_TOPIC, name.clone()),
            Resource::Group(name) => (TL_RESOURCE_GROUP, name.clone()),
            Resource::Broker(node) => (TL_RESOURCE_BROKER, node.to_string()),
        };
        let (error, value) = match outcome {
            Ok(value) => (None, Some(value)),
            Err(error) => (Some(error), None),
        };
        (ConfigResource::new(kind, &name, Outcome::new(error)), value)
    }
}

/// Something that has settings: `TL_RESOURCE_TOPIC`, `TL_RESOURCE_GROUP` (which has none that can be set) or
/// `TL_RESOURCE_BROKER`, by name or number. NULL for what is no text,
/// or an empty one.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_new(
    restype: ResourceType,
    resname: *const c_char,
) -> Option<Box<ConfigResource>> {
    guard(|| {
        let name = or_none(boundary::required_text(resname, "resname"))?;
        (!name.is_empty()).then(|| Box::new(ConfigResource::new(restype, name, Outcome::new(None))))
    })
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_destroy(config: Option<Box<ConfigResource>>) {
    guard(|| drop(config));
}

/// Frees the `config_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_destroy_array(config: *mut *mut ConfigResource, config_cnt: usize) {
    guard(|| destroy_all(config, config_cnt));
}

/// Asks for a setting to take a value; NULL for its default.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_set_config(
    config: Option<&mut ConfigResource>,
    name: *const c_char,
    value: *const c_char,
) -> ResponseError {
    guard(|| {
        let set = || -> Result<(), KafkaError> {
            let config = config.ok_or(ErrorCode::LocalInvalidArg)?;
            let name = boundary::required_text(name, "name")?.to_owned();
            let operation = match boundary::text(value, "value")? {
                Some(value) => AlterOperation::Set(value.to_owned()),
                None => AlterOperation::Delete,
            };
            config.alterations.push(Alteration { name, operation });
            Ok(())
        };
        set().into()
    })
}

/// Asks for a change of a setting, `TL_ALTER_CONFIG_OP_TYPE_...`. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_add_incremental_config(
    config: Option<&mut ConfigResource>,
    name: *const c_char,
    op_type: AlterConfigOperation,
    value: *const c_char,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let config = config.ok_or(ErrorCode::LocalInvalidArg)?;
        let name = boundary::required_text(name, "name")?.to_owned();
        let value = || Ok::<_, KafkaError>(boundary::required_text(value, "value")?.to_owned());
        let operation = match op_type {
            TL_ALTER_CONFIG_OP_TYPE_SET => AlterOperation::Set(value()?),
            TL_ALTER_CONFIG_OP_TYPE_DELETE => AlterOperation::Delete,
            TL_ALTER_CONFIG_OP_TYPE_APPEND => AlterOperation::Append(value()?),
            TL_ALTER_CONFIG_OP_TYPE_SUBTRACT => AlterOperation::Subtract(value()?),
            other => {
                let reason = format!("{other} is no change of a setting: 0 to 3");
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
        };
        config.alterations.push(Alteration { name, operation });
        Ok(())
    })
}

/// Settings of an answer, `*cntp` of them.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_configs(
    config: Option<&ConfigResource>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConfigEntry {
    guard(|| tell(config.map(|config| &config.entries), cntp))
}

/// Its type; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_type(config: Option<&ConfigResource>) -> ResourceType {
    guard(|| config.map_or(0, |config| config.kind))
}

/// Its name.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_name(config: Option<&ConfigResource>) -> *const c_char {
    guard(|| config.map_or(std::ptr::null(), |config| CStr::as_ptr(&config.name)))
}

/// What went wrong with it; 0 for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_error(config: Option<&ConfigResource>) -> ResponseError {
    guard(|| config.map_or(ErrorCode::LocalInvalidArg.into(), |config| config.outcome.code()))
}

/// Why, for people; NULL for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigResource_error_string(config: Option<&ConfigResource>) -> *const c_char {
    guard(|| config.map_or(std::ptr::null(), |config| config.outcome.text()))
}

/// Name of the setting.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_name(entry: Option<&ConfigEntry>) -> *const c_char {
    guard(|| entry.map_or(std::ptr::null(), |entry| CStr::as_ptr(&entry.name)))
}

/// The value in force.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_value(entry: Option<&ConfigEntry>) -> *const c_char {
    guard(|| entry.map_or(std::ptr::null(), |entry| CStr::as_ptr(&entry.value)))
}

/// Where it comes from, `TL_CONFIG_SOURCE_...`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_source(entry: Option<&ConfigEntry>) -> ConfigSourceNumber {
    guard(|| entry.map_or(0, |entry| entry.source))
}

/// 1 when only opening the engine changes it, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_is_read_only(entry: Option<&ConfigEntry>) -> c_int {
    guard(|| c_int::from(entry.is_some_and(|entry| entry.is_read_only)))
}

/// 1 when the value is the default, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_is_default(entry: Option<&ConfigEntry>) -> c_int {
    guard(|| c_int::from(entry.is_some_and(|entry| entry.source == TL_CONFIG_SOURCE_DEFAULT_CONFIG)))
}

/// 1 when the value is a secret, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_is_sensitive(entry: Option<&ConfigEntry>) -> c_int {
    guard(|| c_int::from(entry.is_some_and(|entry| entry.is_sensitive)))
}

/// 1 for an element of ::tl_ConfigEntry_synonyms, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_is_synonym(entry: Option<&ConfigEntry>) -> c_int {
    guard(|| c_int::from(entry.is_some_and(|entry| entry.is_synonym)))
}

/// Every place with a value, the strongest first, `*cntp` of them.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConfigEntry_synonyms(
    entry: Option<&ConfigEntry>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConfigEntry {
    guard(|| tell(entry.map(|entry| &entry.synonyms), cntp))
}

/// The answer to ::tl_DescribeConfigs. It belongs to its event.
pub struct DescribeConfigsResult {
    resources: Objects<ConfigResource>,
}

/// The answer to ::tl_AlterConfigs. It belongs to its event.
pub struct AlterConfigsResult {
    resources: Objects<ConfigResource>,
}

/// The answer to ::tl_IncrementalAlterConfigs. It belongs to its event.
pub struct IncrementalAlterConfigsResult {
    resources: Objects<ConfigResource>,
}

/// Describes all settings of `config_cnt` resources, each on its own. The objects stay the caller's; `options` may be
/// NULL. The answer comes into `rkqu` as a `TL_EVENT_DESCRIBECONFIGS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeConfigs(
    rk: *mut Client,
    configs: *mut *mut ConfigResource,
    config_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Resource>, KafkaError> {
        objects(configs, config_cnt, "configs")?.into_iter().map(ConfigResource::resource).collect()
    };
    request(rk, rkqu, TL_EVENT_DESCRIBECONFIGS_RESULT, options, read, |admin, asked, _| {
        let described = asked.iter().zip(admin.describe_configs(&asked)).map(|(asked, described)| {
            let (mut resource, entries) = ConfigResource::answered(asked, described);
            resource.entries = entries.unwrap_or_default().iter().map(ConfigEntry::of).collect();
            Box::new(resource)
        });
        Ok(AnswerBody::DescribeConfigs(DescribeConfigsResult { resources: described.collect() }))
    });
}

/// The answer to ::tl_DescribeConfigs; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DescribeConfigs_result(rkev: Option<&Event>) -> Option<&DescribeConfigsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DESCRIBECONFIGS_RESULT) {
        Some(AnswerBody::DescribeConfigs(result)) => Some(result),
        _ => None,
    })
}

/// Resources with their settings, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeConfigs_result_resources(
    result: Option<&DescribeConfigsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConfigResource {
    guard(|| tell(result.map(|result| &result.resources), cntp))
}

/// Replaces the settings of `config_cnt` resources, each on its own: those that are not named go back to their defaults.
/// The objects stay the caller's; `options` may be NULL. The answer comes into `rkqu` as a `TL_EVENT_ALTERCONFIGS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConfigs(
    rk: *mut Client,
    configs: *mut *mut ConfigResource,
    config_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let set = |alteration: &Alteration| match &alteration.operation {
        AlterOperation::Set(value) => Ok(Some((alteration.name.clone(), value.clone()))),
        AlterOperation::Delete => Ok(None),
        AlterOperation::Append(_) | AlterOperation::Subtract(_) => {
            let reason = "lists are only changed by tl_IncrementalAlterConfigs";
            Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason))
        }
    };
    let read = || -> Result<Vec<ResourceSettings>, KafkaError> {
        let resources = objects(configs, config_cnt, "configs")?.into_iter();
        resources
            .map(|config| {
                let settings: Result<Vec<_>, _> = config.alterations.iter().map(set).collect();
                let settings: TopicOverrides = settings?.into_iter().flatten().collect();
                Ok(ResourceSettings { resource: config.resource()?, settings })
            })
            .collect()
    };
    request(rk, rkqu, TL_EVENT_ALTERCONFIGS_RESULT, options, read, |admin, asked, settings| {
        let outcomes = admin.alter_configs(&asked, settings.mode());
        let resources = asked.iter().zip(outcomes);
        let resources =
            resources.map(|(asked, outcome)| Box::new(ConfigResource::answered(&asked.resource, outcome).0));
        Ok(AnswerBody::AlterConfigs(AlterConfigsResult { resources: resources.collect() }))
    });
}

/// The answer to ::tl_AlterConfigs; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_AlterConfigs_result(rkev: Option<&Event>) -> Option<&AlterConfigsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_ALTERCONFIGS_RESULT) {
        Some(AnswerBody::AlterConfigs(result)) => Some(result),
        _ => None,
    })
}

/// What became of each resource, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConfigs_result_resources(
    result: Option<&AlterConfigsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConfigResource {
    guard(|| tell(result.map(|result| &result.resources), cntp))
}

/// Changes some settings of `config_cnt` resources and leaves their others. The objects stay the caller's; `options` may
/// be NULL. The answer comes into `rkqu` as a `TL_EVENT_INCREMENTALALTERCONFIGS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_IncrementalAlterConfigs(
    rk: *mut Client,
    configs: *mut *mut ConfigResource,
    config_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<ResourceAlteration>, KafkaError> {
        let resources = objects(configs, config_cnt, "configs")?.into_iter();
        resources
            .map(|config| {
                let alterations = config.alterations.clone();
                Ok(ResourceAlteration { resource: config.resource()?, alterations })
            })
            .collect()
    };
    request(rk, rkqu, TL_EVENT_INCREMENTALALTERCONFIGS_RESULT, options, read, |admin, asked, settings| {
        let outcomes = admin.incremental_alter_configs(&asked, settings.mode());
        let resources = asked.iter().zip(outcomes);
        let resources =
            resources.map(|(asked, outcome)| Box::new(ConfigResource::answered(&asked.resource, outcome).0));
        let resources = resources.collect();
        Ok(AnswerBody::IncrementalAlterConfigs(IncrementalAlterConfigsResult { resources }))
    });
}

/// The answer to ::tl_IncrementalAlterConfigs; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_IncrementalAlterConfigs_result(
    rkev: Option<&Event>,
) -> Option<&IncrementalAlterConfigsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_INCREMENTALALTERCONFIGS_RESULT) {
        Some(AnswerBody::IncrementalAlterConfigs(result)) => Some(result),
        _ => None,
    })
}

/// What became of each resource, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_IncrementalAlterConfigs_result_resources(
    result: Option<&IncrementalAlterConfigsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConfigResource {
    guard(|| tell(result.map(|result| &result.resources), cntp))
}
