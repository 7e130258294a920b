//! What is asked about copies of partitions, answered for a single node: one copy each, on this node. Texts are Kafka's.

use super::catalog::TopicError;
use super::{Broker, BrokerError};
use crate::error_code::ErrorCode;
use crate::types::TopicName;

/// Partitions to be added to a topic (KIP-195).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPartitions {
    /// The topic.
    pub topic: String,
    /// How many partitions it is to have then, in all.
    pub total_count: i32,
    /// Nodes that keep each new partition; empty leaves it to the engine.
    pub replica_assignment: Vec<Vec<i32>>,
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
        let (wanted, assigned) = (requested - current, self.replica_assignment.len());
        if assigned > 0 && i32::try_from(assigned) != Ok(wanted) {
            return Err(wrong_assignment(format!(
                "Increasing the number of partitions by {wanted} but {assigned} assignments provided."
            )));
        }
        check_assignment(broker, self.replica_assignment.iter().map(Vec::as_slice))
    }
}

/// Holds a replication factor against the one copy that a single node keeps; `None` leaves it to the node.
///
/// # Errors
/// [`BrokerError::Replication`] (Kafka: `INVALID_REPLICATION_FACTOR`).
pub fn check_replication_factor(factor: Option<i16>) -> Result<(), BrokerError> {
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
///
/// # Errors
/// [`BrokerError::Replication`] (Kafka: `INVALID_REPLICA_ASSIGNMENT`).
pub fn check_assignment<'a>(
    broker: &Broker,
    mut assignment: impl Iterator<Item = &'a [i32]>,
) -> Result<(), BrokerError> {
    let node = broker.config().node_id;
    match assignment.find(|replicas| *replicas != [node]) {
        None => Ok(()),
        Some(replicas) => Err(wrong_assignment(format!(
            "The manual partition assignment {replicas:?} is not [{node}], the only broker that is registered."
        ))),
    }
}

fn wrong_assignment(text: String) -> BrokerError {
    BrokerError::Replication { code: ErrorCode::InvalidReplicaAssignment, text }
}
