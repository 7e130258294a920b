//! CreateTopics, DeleteTopics, CreatePartitions, and what topics there are.

use super::{Admin, KafkaError, Mode};
use crate::broker::{Broker, Election, NewPartitions, NewTopic, Topic};
use crate::error_code::ErrorCode;
use crate::shard::Unavailable;
use crate::types::{PartitionIndex, TopicId, TopicName};

/// A topic, as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: TopicName,
    /// Its identity.
    pub id: TopicId,
    /// Whether it is the engine's own.
    pub is_internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition in a [`TopicDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: PartitionIndex,
    /// The node that serves it; -1 while it is offline.
    pub leader: i32,
    /// The nodes that keep it.
    pub replicas: Vec<i32>,
    /// Those of them that have all of it.
    pub in_sync_replicas: Vec<i32>,
    /// Why it is offline, if it is.
    pub error: Option<KafkaError>,
}

impl Admin {
    /// Creates topics, each on its own.
    ///
    /// Errors of an item: `TOPIC_ALREADY_EXISTS`, `INVALID_TOPIC_EXCEPTION`, `INVALID_PARTITIONS`, `INVALID_CONFIG`,
    /// `INVALID_REPLICATION_FACTOR`, `INVALID_REPLICA_ASSIGNMENT`, `POLICY_VIOLATION`, `INVALID_REQUEST` for one that is
    /// listed twice.
    #[must_use]
    pub fn create_topics(&self, topics: &[NewTopic], mode: Mode) -> Vec<Result<(), KafkaError>> {
        self.each_topic(
            topics,
            |new| &new.name,
            |broker, new| {
                match mode {
                    Mode::Apply => broker.create_topic(new).map(drop)?,
                    Mode::ValidateOnly => broker.validate_topic(new).map(drop)?,
                }
                Ok(())
            },
        )
    }

    /// Deletes topics with all their records, each on its own.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `INVALID_TOPIC_EXCEPTION` for the engine's own topics, `INVALID_REQUEST`
    /// for one that is listed twice.
    #[must_use]
    pub fn delete_topics<S: AsRef<str>>(&self, topics: &[S]) -> Vec<Result<(), KafkaError>> {
        self.each_topic(topics, AsRef::as_ref, |broker, topic| Ok(broker.delete_topic(topic.as_ref())?))
    }

    /// Adds partitions to topics, each on its own. Records stay where they are, so that keys may go elsewhere from then
    /// on.
    ///
    /// Errors of an item: `UNKNOWN_TOPIC_OR_PART`, `INVALID_PARTITIONS` unless the count grows,
    /// `INVALID_REPLICA_ASSIGNMENT`, `INVALID_REQUEST` for one that is listed twice.
    #[must_use]
    pub fn create_partitions(&self, topics: &[NewPartitions], mode: Mode) -> Vec<Result<(), KafkaError>> {
        self.each_topic(
            topics,
            |new| &new.topic,
            |broker, new| {
                new.check(broker)?;
                if mode == Mode::Apply {
                    broker.add_partitions(&new.topic, new.total_count)?;
                }
                Ok(())
            },
        )
    }

    /// Elects the leaders of partitions (KIP-460), each on its own.
    ///
    /// Errors of an item: `ELECTION_NOT_NEEDED` where it has its leader; `PREFERRED_LEADER_NOT_AVAILABLE` and
    /// `ELIGIBLE_LEADERS_NOT_AVAILABLE` while it is offline, `UNKNOWN_TOPIC_OR_PART`.
    #[must_use]
    pub fn elect_leaders<S: AsRef<str>>(
        &self,
        partitions: &[(S, PartitionIndex)],
        election: Election,
    ) -> Vec<Result<(), KafkaError>> {
        self.each(partitions, |broker, (topic, partition)| {
            Ok(broker.elect_leader(topic.as_ref(), *partition, election)?)
        })
    }

    /// All topics, by name.
    ///
    /// # Errors
    /// `_TRANSPORT` when the client is offline.
    pub fn list_topics(&self) -> Result<Vec<TopicDescription>, KafkaError> {
        let broker = self.broker()?;
        Ok(broker.topics().iter().map(|topic| describe(broker, topic)).collect())
    }

    /// Topics by name, each on its own.
    ///
    /// Error of an item: `UNKNOWN_TOPIC_OR_PART`.
    #[must_use]
    pub fn describe_topics<S: AsRef<str>>(&self, topics: &[S]) -> Vec<Result<TopicDescription, KafkaError>> {
        self.each(topics, |broker, name| match broker.topic(name.as_ref()) {
            Some(topic) => Ok(describe(broker, &topic)),
            None => Err(KafkaError::new(ErrorCode::UnknownTopicOrPartition)),
        })
    }
}

fn describe(broker: &Broker, topic: &Topic) -> TopicDescription {
    let node = broker.config().node_id;
    let partitions = topic.partitions();
    let described = partitions.iter().zip(0..).map(|(served, number)| {
        let reason = match served {
            Err(reason) => Some(reason.to_string()),
            Ok(partition) => partition.unavailable().map(|why| match &*why {
                Unavailable::Offline(reason) => reason.clone(),
                Unavailable::Deleted => "the topic is being deleted".to_owned(),
            }),
        };
        let error = reason.map(|reason| KafkaError::with_reason(ErrorCode::KafkaStorageError, reason));
        PartitionDescription {
            partition: PartitionIndex(number),
            leader: if error.is_none() { node } else { -1 },
            replicas: vec![node],
            in_sync_replicas: if error.is_none() { vec![node] } else { Vec::new() },
            error,
        }
    });
    TopicDescription {
        name: topic.name().clone(),
        id: topic.id(),
        is_internal: topic.name().is_internal(),
        partitions: described.collect(),
    }
}
