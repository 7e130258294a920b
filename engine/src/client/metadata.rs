//! [`ClusterMetadata`]: which brokers, topics and partitions there are, as clients list them. A snapshot, plain data.

use super::engine::Engine;
use crate::broker::Topic;
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// What a client can know of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterMetadata {
    /// Identity of the data directory.
    pub cluster_id: String,
    /// Number of the controller: there is one node, which is all.
    pub controller_id: i32,
    /// The node.
    pub brokers: Vec<BrokerMetadata>,
    /// Topics by name, internal ones too; one that was asked for and does not exist says so.
    pub topics: Vec<TopicMetadata>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerMetadata {
    /// Its number (`node.id`).
    pub id: i32,
    /// Where it is. An engine in the same process is reached without a network; its port is 0.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub name: String,
    /// `UNKNOWN_TOPIC_OR_PART` for one that does not exist.
    pub error: Option<ErrorCode>,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionMetadata>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Its number.
    pub id: PartitionIndex,
    /// `KAFKA_STORAGE_ERROR` for one that cannot be served.
    pub error: Option<ErrorCode>,
    /// Number of the node that leads it, -1 for none.
    pub leader: i32,
    /// Numbers of the nodes that have it.
    pub replicas: Vec<i32>,
    /// Numbers of the nodes that have all of it.
    pub in_sync_replicas: Vec<i32>,
}

impl ClusterMetadata {
    /// What there is now: all topics, or only `topic`.
    #[must_use]
    pub fn of(engine: &Engine, topic: Option<&str>) -> ClusterMetadata {
        let broker = engine.broker();
        let node = broker.config().node_id;
        let topics = match topic {
            None => broker.topics().iter().map(|topic| TopicMetadata::of(topic, node)).collect(),
            Some(name) => vec![match broker.topic(name) {
                Some(topic) => TopicMetadata::of(&topic, node),
                None => TopicMetadata {
                    name: name.to_owned(),
                    error: Some(ErrorCode::UnknownTopicOrPartition),
                    partitions: Vec::new(),
                },
            }],
        };
        ClusterMetadata {
            cluster_id: broker.cluster_id().to_owned(),
            controller_id: node,
            brokers: vec![BrokerMetadata { id: node, host: "localhost".to_owned(), port: 0 }],
            topics,
        }
    }
}

impl TopicMetadata {
    fn of(topic: &Topic, node: i32) -> TopicMetadata {
        let served = topic.partitions();
        let partitions = (0..).map(PartitionIndex).zip(served.iter()).map(|(id, served)| {
            let error = served.is_err().then_some(ErrorCode::KafkaStorageError);
            let leader = if error.is_none() { node } else { -1 };
            PartitionMetadata { id, error, leader, replicas: vec![node], in_sync_replicas: vec![node] }
        });
        TopicMetadata { name: topic.name().to_string(), error: None, partitions: partitions.collect() }
    }
}
