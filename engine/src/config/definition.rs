//! [`Definition`]: one setting's name, type, default and valid values, and the check of a text against them (Kafka:
//! `ConfigDef`). Error texts are Kafka's to the letter, because clients show them to people.

use std::fmt;

use super::values::Value;
use crate::error_code::ErrorCode;

/// How the text of a setting is read. Discriminants are those of Kafka's DescribeConfigs response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigType {
    /// `true` or `false`, in any case.
    Boolean = 1,
    /// Text, blanks around it removed.
    String = 2,
    /// 32-bit integer.
    Int = 3,
    /// 64-bit integer.
    Long = 5,
    /// Floating point number.
    Double = 6,
    /// Texts separated by commas.
    List = 7,
}

impl fmt::Display for ConfigType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConfigType::Boolean => "BOOLEAN",
            ConfigType::String => "STRING",
            ConfigType::Int => "INT",
            ConfigType::Long => "LONG",
            ConfigType::Double => "DOUBLE",
            ConfigType::List => "LIST",
        })
    }
}

/// Which values of its type a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Valid {
    /// All of them.
    Any,
    /// Numbers from this one on.
    AtLeast(i64),
    /// Numbers between these two, both included.
    Between(i64, i64),
    /// Numbers between these two, both included, and one outside that stands for "default".
    BetweenOr(i64, i64, i64),
    /// One of these texts, or a list of them.
    OneOf(&'static [&'static str]),
    /// One of these texts, in upper or lower case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list of some of these texts, one at least.
    SomeOf(&'static [&'static str]),
    /// A list of `partition:broker`, or `*`.
    Replicas,
}

/// One setting.
#[derive(Debug)]
pub struct Definition {
    /// Name, such as `segment.bytes`.
    pub name: &'static str,
    /// Type.
    pub kind: ConfigType,
    /// Default as text; `None` when the setting is simply absent unless given.
    pub default: Option<&'static str>,
    /// Valid values.
    pub valid: Valid,
    /// Settings of the engine that give a topic's default, the strongest first. Empty for settings of the engine.
    pub synonyms: &'static [Synonym],
    /// One line for people.
    pub doc: &'static str,
}

/// A setting of the engine that gives the default of a topic's (Kafka: `ConfigSynonym`).
#[derive(Clone, Copy, Debug)]
pub struct Synonym {
    /// Name, such as `log.retention.hours`.
    pub name: &'static str,
    /// What its number counts.
    pub unit: Unit,
}

/// What the number of a [`Synonym`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The same as the topic's setting.
    Same,
    /// Minutes, where the topic's setting counts milliseconds.
    Minutes,
    /// Hours, where the topic's setting counts milliseconds.
    Hours,
}

impl Unit {
    /// `count` of this unit in the unit of the topic's setting. Every negative count of a time means "no limit", -1.
    #[must_use]
    pub fn convert(self, count: i64) -> i64 {
        let millis = match self {
            Unit::Same => return count,
            Unit::Minutes => 60 * 1000,
            Unit::Hours => 60 * 60 * 1000,
        };
        if count < 0 { -1 } else { count.saturating_mul(millis) }
    }
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A topic has no such setting.
    #[error("Unknown topic config name: {0}")]
    UnknownTopicConfig(String),
    /// The engine has no such setting.
    #[error("Unknown broker config name: {0}")]
    UnknownEngineConfig(String),
    /// The text is not a value of the setting.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Invalid {
        /// The setting.
        name: String,
        /// The value as it was understood, or the text when it was not.
        value: String,
        /// What is wrong with it.
        reason: Invalid,
    },
    /// A list with an empty entry.
    #[error("Configuration '{0}' values must not be empty.")]
    EmptyEntry(String),
    /// Records must stay uncompacted for longer than they may.
    #[error("conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})")]
    CompactionLags {
        /// `min.compaction.lag.ms`
        min: i64,
        /// `max.compaction.lag.ms`
        max: i64,
    },
    /// `remote.storage.enable=true`: there is no second tier.
    #[error(
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log \
         storage."
    )]
    TieredStorage,
    /// `group.min.session.timeout.ms` is above `group.max.session.timeout.ms`.
    #[error("group.max.session.timeout.ms must be greater than or equal to group.min.session.timeout.ms")]
    SessionTimeouts,
    /// `group.consumer.heartbeat.interval.ms` is not below `group.consumer.session.timeout.ms`.
    #[error("group.consumer.heartbeat.interval.ms must be less than group.consumer.session.timeout.ms")]
    ConsumerHeartbeats,
    /// APPEND or SUBTRACT on what is not a list.
    #[error("Can't {operation} to key {name} because its type is not LIST.")]
    NotAList {
        /// The setting.
        name: String,
        /// `APPEND` or `SUBTRACT`.
        operation: &'static str,
    },
    /// One alteration names a setting twice.
    #[error("Error due to duplicate config keys")]
    DuplicateKey,
}

impl ConfigError {
    /// What Kafka answers.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            ConfigError::DuplicateKey => ErrorCode::InvalidRequest,
            ConfigError::UnknownTopicConfig(_)
            | ConfigError::UnknownEngineConfig(_)
            | ConfigError::Invalid { .. }
            | ConfigError::EmptyEntry(_)
            | ConfigError::CompactionLags { .. }
            | ConfigError::TieredStorage
            | ConfigError::SessionTimeouts
            | ConfigError::ConsumerHeartbeats
            | ConfigError::NotAList { .. } => ErrorCode::InvalidConfig,
        }
    }
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Does not read as a number of the setting's type.
    #[error("Not a number of type {0}")]
    Number(ConfigType),
    /// Neither `true` nor `false`.
    #[error("Expected value to be either true or false")]
    Boolean,
    /// Too small.
    #[error("Value must be at least {0}")]
    BelowMin(i64),
    /// Too large.
    #[error("Value must be no more than {0}")]
    AboveMax(i64),
    /// Outside the range, and not the one value outside that is allowed.
    #[error("Value must be between {0} and {1} or equal to {2}")]
    OutOfRange(i64, i64, i64),
    /// Not one of the texts allowed.
    #[error("String must be one of: {}", .0.join(", "))]
    NotOneOf(&'static [&'static str]),
    /// The same, where case means nothing.
    #[error("String must be one of (case insensitive): {}", .0.join(", ").to_uppercase())]
    NotOneOfAnyCase(&'static [&'static str]),
    /// An empty list.
    #[error("must not be empty. Valid values include: {}", .0.join(", "))]
    Empty(&'static [&'static str]),
    /// Not a list of replicas.
    #[error(
        "{0} must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    )]
    Replicas(String),
}

impl Definition {
    /// Reads `text` and checks the value.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] or [`ConfigError::EmptyEntry`].
    pub fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let refuse =
            |value: String, reason| ConfigError::Invalid { name: self.name.to_owned(), value, reason };
        let value = Value::read(self.kind, text).map_err(|reason| refuse(text.to_owned(), reason))?;
        if let Value::List(entries) = &value
            && !matches!(self.valid, Valid::Replicas)
            && entries.iter().any(String::is_empty)
        {
            return Err(ConfigError::EmptyEntry(self.name.to_owned()));
        }
        match self.check(&value) {
            Ok(()) => Ok(value),
            Err((found, reason)) => Err(refuse(found, reason)),
        }
    }

    fn check(&self, value: &Value) -> Result<(), (String, Invalid)> {
        match self.valid {
            Valid::Any => Ok(()),
            Valid::AtLeast(min) => check_range(value, min, i64::MAX),
            Valid::Between(min, max) => check_range(value, min, max),
            Valid::BetweenOr(_, _, or) if value.number() == Some(or) => Ok(()),
            Valid::BetweenOr(min, max, or) => {
                check_range(value, min, max).map_err(|(found, _)| (found, Invalid::OutOfRange(min, max, or)))
            }
            Valid::SomeOf(allowed) if value.texts().next().is_none() => {
                Err((value.to_string(), Invalid::Empty(allowed)))
            }
            Valid::OneOf(allowed) | Valid::SomeOf(allowed) => {
                check_texts(value, |text| allowed.contains(&text), Invalid::NotOneOf(allowed))
            }
            Valid::OneOfAnyCase(allowed) => {
                let is_allowed = |text: &str| allowed.iter().any(|one| one.eq_ignore_ascii_case(text));
                check_texts(value, is_allowed, Invalid::NotOneOfAnyCase(allowed))
            }
            Valid::Replicas if are_replicas(value) => Ok(()),
            Valid::Replicas => {
                let entries = value.texts().collect::<Vec<_>>().join(", ");
                Err((format!("[{entries}]"), Invalid::Replicas(self.name.to_owned())))
            }
        }
    }
}

fn check_texts(
    value: &Value,
    is_allowed: impl Fn(&str) -> bool,
    reason: Invalid,
) -> Result<(), (String, Invalid)> {
    match value.texts().find(|text| !is_allowed(text)) {
        Some(found) => Err((found.to_owned(), reason)),
        None => Ok(()),
    }
}

fn check_range(value: &Value, min: i64, max: i64) -> Result<(), (String, Invalid)> {
    let (below, above) = match (value, value.number()) {
        (_, Some(number)) => (number < min, number > max),
        // Bounds of fractions are small whole numbers, exact as f64. Kafka lets NaN pass, which no one can mean.
        (Value::Double(number), None) => (number.is_nan() || *number < min as f64, *number > max as f64),
        _ => (false, false),
    };
    match (below, above) {
        (true, _) => Err((value.to_string(), Invalid::BelowMin(min))),
        (_, true) => Err((value.to_string(), Invalid::AboveMax(max))),
        _ => Ok(()),
    }
}

/// Kafka's `ThrottledReplicaListValidator`: empty entries are fine.
fn are_replicas(value: &Value) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica = |text: &str| {
        text.is_empty()
            || text.split_once(':').is_some_and(|(partition, broker)| digits(partition) && digits(broker))
    };
    value.texts().all(is_replica) || value.texts().collect::<String>() == "*"
}
