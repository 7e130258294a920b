//! [`Catalog`]: which topics there are, with their ids, partition counts and settings. A model in memory; its owner
//! changes a copy, saves that, and only then lets others see it.
//!
//! On disk it is one file, `tidelog-topics` in the data directory, written whole and atomically:
//! ```text
//! tidelog-topics 1
//! topic <name> <id, 32 hexadecimal digits> <partition count>
//! config <name> <value; \\ \n \r stand for backslash, line feed, carriage return>     of the topic above
//! crc <CRC-32C of all bytes before this line, 8 hexadecimal digits>
//! ```
//! A file that is not exactly so is refused with the line named: it says which data exists, so guessing could lose
//! some. Kafka keeps the same facts in its cluster metadata log.

mod file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub use file::{CatalogError, FILE_NAME, LineFault};

use crate::config::TopicOverrides;
use crate::error_code::ErrorCode;
use crate::types::{TopicId, TopicName, TopicPartition};

/// Most partitions that one request may add (Kafka: `MAX_PARTITIONS_PER_BATCH`): each costs files and memory.
pub const PARTITIONS_PER_REQUEST_MAX: i32 = 10_000;

/// What is known of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its identity.
    pub id: TopicId,
    /// Count of its partitions, 1 or more.
    pub partitions: i32,
    /// Its settings that differ from the defaults.
    pub overrides: TopicOverrides,
}

/// All topics of a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    topics: BTreeMap<TopicName, Topic>,
    by_id: HashMap<TopicId, TopicName>,
    /// Names with `.` as `_`: Kafka refuses two topics that would share the name of a metric.
    by_metric_name: HashMap<String, TopicName>,
}

/// Why a topic was not created or changed. Texts are Kafka's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// There is one of that name.
    #[error("Topic '{0}' already exists.")]
    Exists(TopicName),
    /// The name differs from another topic's only by `.` and `_`.
    #[error("Topic '{name}' collides with existing topic: {existing}")]
    Collides {
        /// The name refused.
        name: TopicName,
        /// The topic that is there.
        existing: TopicName,
    },
    /// There is none of that name.
    #[error("This server does not host this topic-partition.")]
    Unknown(TopicName),
    /// Not a count of partitions.
    #[error("Number of partitions was set to an invalid non-positive value.")]
    NoPartitions,
    /// More partitions than one request may add.
    #[error("Excessively large number of partitions per request.")]
    TooManyPartitions,
    /// The topic has that many partitions.
    #[error("Topic already has {0} partition(s).")]
    SamePartitions(i32),
    /// The topic has more partitions than that.
    #[error("The topic {name} currently has {current} partition(s); {requested} would not be an increase.")]
    FewerPartitions {
        /// The topic.
        name: TopicName,
        /// Partitions it has.
        current: i32,
        /// Partitions asked for.
        requested: i32,
    },
}

impl TopicError {
    /// What Kafka answers.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            TopicError::Exists(_) => ErrorCode::TopicAlreadyExists,
            TopicError::Collides { .. } => ErrorCode::InvalidTopicException,
            TopicError::Unknown(_) => ErrorCode::UnknownTopicOrPartition,
            TopicError::TooManyPartitions => ErrorCode::PolicyViolation,
            TopicError::NoPartitions | TopicError::SamePartitions(_) | TopicError::FewerPartitions { .. } => {
                ErrorCode::InvalidPartitions
            }
        }
    }
}

impl Catalog {
    /// The topic of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// The topic of this id, with its name.
    #[must_use]
    pub fn get_by_id(&self, id: TopicId) -> Option<(&TopicName, &Topic)> {
        self.topics.get_key_value(self.by_id.get(&id)?)
    }

    /// Whether there is such a partition.
    #[must_use]
    pub fn has_partition(&self, id: &TopicPartition) -> bool {
        self.get(id.topic.as_str()).is_some_and(|topic| (0..topic.partitions).contains(&id.partition.0))
    }

    /// All topics by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TopicName, &Topic)> {
        self.topics.iter()
    }

    /// Count of topics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether there are no topics.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Adds a topic. Its settings have been checked before.
    ///
    /// # Errors
    /// [`TopicError`]; nothing has changed then.
    pub fn create(&mut self, name: &TopicName, topic: Topic) -> Result<(), TopicError> {
        self.check_name(name)?;
        check_partitions(topic.partitions)?;
        self.insert(name.clone(), topic);
        Ok(())
    }

    /// Whether [`Catalog::create`] would take this name.
    ///
    /// # Errors
    /// [`TopicError`]
    pub fn check_name(&self, name: &TopicName) -> Result<(), TopicError> {
        match self.by_metric_name.get(&metric_name(name)) {
            None => Ok(()),
            Some(existing) if existing == name => Err(TopicError::Exists(name.clone())),
            Some(existing) => Err(TopicError::Collides { name: name.clone(), existing: existing.clone() }),
        }
    }

    /// Removes a topic and returns what was known of it.
    ///
    /// # Errors
    /// [`TopicError::Unknown`]
    pub fn delete(&mut self, name: &TopicName) -> Result<Topic, TopicError> {
        let topic = self.topics.remove(name).ok_or_else(|| TopicError::Unknown(name.clone()))?;
        self.by_id.remove(&topic.id);
        self.by_metric_name.remove(&metric_name(name));
        Ok(topic)
    }

    /// Raises the count of a topic's partitions to `count`.
    ///
    /// # Errors
    /// [`TopicError`]; nothing has changed then.
    pub fn add_partitions(&mut self, name: &TopicName, count: i32) -> Result<(), TopicError> {
        let topic = self.topics.get_mut(name).ok_or_else(|| TopicError::Unknown(name.clone()))?;
        let current = topic.partitions;
        if count == current {
            return Err(TopicError::SamePartitions(current));
        }
        if count < current {
            return Err(TopicError::FewerPartitions { name: name.clone(), current, requested: count });
        }
        if count - current > PARTITIONS_PER_REQUEST_MAX {
            return Err(TopicError::TooManyPartitions);
        }
        topic.partitions = count;
        Ok(())
    }

    /// Replaces a topic's settings, which have been checked before (see [`crate::config::alter`]).
    ///
    /// # Errors
    /// [`TopicError::Unknown`]
    pub fn set_overrides(&mut self, name: &TopicName, overrides: TopicOverrides) -> Result<(), TopicError> {
        let topic = self.topics.get_mut(name).ok_or_else(|| TopicError::Unknown(name.clone()))?;
        topic.overrides = overrides;
        Ok(())
    }

    fn insert(&mut self, name: TopicName, topic: Topic) {
        self.by_id.insert(topic.id, name.clone());
        self.by_metric_name.insert(metric_name(&name), name.clone());
        self.topics.insert(name, topic);
    }
}

/// Whether a new topic can have so many partitions.
///
/// # Errors
/// [`TopicError`]
pub fn check_partitions(count: i32) -> Result<(), TopicError> {
    match count {
        ..1 => Err(TopicError::NoPartitions),
        1..=PARTITIONS_PER_REQUEST_MAX => Ok(()),
        _ => Err(TopicError::TooManyPartitions),
    }
}

fn metric_name(name: &TopicName) -> String {
    name.as_str().replace('.', "_")
}
