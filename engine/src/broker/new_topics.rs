//! [`NewTopic`] and [`NewPartitions`]: what is asked for, and whether it can be. Who asks for several things that cannot
//! be is told of them in Kafka's order: the name, the settings, the partitions. A single node keeps one copy of each
//! partition.

use super::catalog::{TopicError, check_partitions};
use super::{Broker, BrokerError};
use crate::config::TopicOverrides;
use crate::config::topic::LogConfig;
use crate::error_code::ErrorCode;
use crate::types::TopicName;

/// A topic to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Count of partitions; `None` for the engine's `num.partitions`.
    pub partitions: Option<i32>,
    /// Copies of each partition; `None` for one, which is also all that a single node can keep.
    pub replication_factor: Option<i16>,
    /// Each partition's number and the nodes that keep it, in place of the two counts; empty leaves it to the engine.
    pub replica_assignment: Vec<(i32, Vec<i32>)>,
    /// Settings that differ from the defaults.
    pub config: TopicOverrides,
}

/// A topic that can be created.
pub(super) struct CheckedTopic<'a> {
    pub name: TopicName,
    pub partitions: i32,
    pub config: LogConfig,
    pub overrides: &'a TopicOverrides,
}

impl NewTopic {
    /// Whether it can be created.
    pub(super) fn check(&self, broker: &Broker) -> Result<CheckedTopic<'_>, BrokerError> {
        self.check_as(broker.check_new_name(&self.name)?, broker)
    }

    /// As [`NewTopic::check`], with a name that needs no check.
    pub(super) fn check_as(&self, name: TopicName, broker: &Broker) -> Result<CheckedTopic<'_>, BrokerError> {
        let config = LogConfig::parse(&broker.config().topic_defaults, &self.config)?;
        Ok(CheckedTopic { name, config, partitions: self.check_layout(broker)?, overrides: &self.config })
    }

    /// How many partitions it is to have.
    fn check_layout(&self, broker: &Broker) -> Result<i32, BrokerError> {
        if self.replica_assignment.is_empty() {
            check_replication_factor(self.replication_factor)?;
            let count = self.partitions.unwrap_or(broker.config().num_partitions);
            check_partitions(count)?;
            return Ok(count);
        }
        self.check_alone()?;
        let count = i32::try_from(self.replica_assignment.len()).unwrap_or(i32::MAX);
        let mut numbers: Vec<i32> = self.replica_assignment.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        if !numbers.into_iter().eq(0..count) {
            let text = "Partitions should be a consecutive 0-based integer sequence.";
            return Err(wrong_assignment(text.to_owned()));
        }
        check_assignment(broker, self.replica_assignment.iter().map(|(_, nodes)| nodes))?;
        check_partitions(count)?;
        Ok(count)
    }

    /// An assignment says it all.
    fn check_alone(&self) -> Result<(), BrokerError> {
        let beside = match (self.replication_factor, self.partitions) {
            (None, None) => return Ok(()),
            (Some(_), _) => "a replication factor",
            (None, Some(_)) => "a count of partitions",
        };
        let text =
            format!("A replica assignment says how many there are: {beside} cannot be given beside it.");
        Err(BrokerError::Replication { code: ErrorCode::InvalidRequest, text })
    }
}

/// Partitions to be added to a topic (KIP-195).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPartitions {
    /// The topic.
    pub topic: String,
    /// How many partitions it is to have then, in all.
    pub total_count: i32,
    /// Nodes that keep each new partition; `None` leaves it to the engine.
    pub replica_assignment: Option<Vec<Vec<i32>>>,
}

impl NewPartitions {
    /// Whether they can be added.
    ///
    /// # Errors
    /// [`BrokerError`] for an unknown topic, a count that does not grow, or another assignment than to this node.
    pub fn check(&self, broker: &Broker) -> Result<(), BrokerError> {
        let name = TopicName::new(&self.topic)?;
        let Some(topic) = broker.topic(&self.topic) else {
            return Err(TopicError::Unknown(name).into());
        };
        let current = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        let requested = self.total_count;
        match requested.saturating_sub(current) {
            0 => return Err(TopicError::SamePartitions(current).into()),
            ..0 => return Err(TopicError::FewerPartitions { name, current, requested }.into()),
            _ => {}
        }
        let Some(assignment) = &self.replica_assignment else { return Ok(()) };
        let (wanted, assigned) = (requested - current, assignment.len());
        if i32::try_from(assigned) != Ok(wanted) {
            return Err(wrong_assignment(format!(
                "Increasing the number of partitions by {wanted} but {assigned} assignments provided."
            )));
        }
        check_assignment(broker, assignment)
    }
}

/// Holds a replication factor against the one copy that a single node keeps; `None` leaves it to the node.
fn check_replication_factor(factor: Option<i16>) -> Result<(), BrokerError> {
    let text = match factor {
        None | Some(1) => return Ok(()),
        Some(..1) => "Replication factor must be larger than 0.".to_owned(),
        Some(factor) => format!(
            "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} \
             cannot be reached because only 1 broker(s) are registered."
        ),
    };
    Err(BrokerError::Replication { code: ErrorCode::InvalidReplicationFactor, text })
}

/// Each partition is kept by the one node that there is.
fn check_assignment<'a>(
    broker: &Broker,
    assignment: impl IntoIterator<Item = &'a Vec<i32>>,
) -> Result<(), BrokerError> {
    let node = broker.config().node_id;
    match assignment.into_iter().find(|replicas| **replicas != [node]) {
        None => Ok(()),
        Some(replicas) => Err(wrong_assignment(format!(
            "The manual partition assignment {replicas:?} is not [{node}], the only broker that is registered."
        ))),
    }
}

fn wrong_assignment(text: String) -> BrokerError {
    BrokerError::Replication { code: ErrorCode::InvalidReplicaAssignment, text }
}
