//! Elections of leaders (KIP-460), on a single node: it leads each partition that it can, so that there is nothing to be
//! elected.

use super::{Broker, BrokerError};
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// Who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The first of the nodes that keep the partition (Kafka: 0).
    Preferred,
    /// Any of them, also one that has fallen behind (Kafka: 1).
    Unclean,
}

impl Election {
    /// By Kafka's number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Election> {
        match number {
            0 => Some(Election::Preferred),
            1 => Some(Election::Unclean),
            _ => None,
        }
    }
}

impl Broker {
    /// Elects the leader of a partition.
    ///
    /// # Errors
    /// Always [`BrokerError::Election`]: the partition has its leader, or is offline and can have none, or is not there.
    pub fn elect_leader(
        &self,
        topic: &str,
        partition: PartitionIndex,
        election: Election,
    ) -> Result<(), BrokerError> {
        let code = match (self.topic(topic).and_then(|topic| topic.partition(partition)), election) {
            (None, _) => ErrorCode::UnknownTopicOrPartition,
            (Some(Ok(served)), _) if served.unavailable().is_none() => ErrorCode::ElectionNotNeeded,
            (Some(_), Election::Preferred) => ErrorCode::PreferredLeaderNotAvailable,
            (Some(_), Election::Unclean) => ErrorCode::EligibleLeadersNotAvailable,
        };
        Err(BrokerError::Election(code))
    }
}
