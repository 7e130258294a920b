//! [`Rebalance`]: what a group wants a consumer to do with its assignment, and doing it where the application does not
//! do it itself.

use std::ops::ControlFlow;

use super::Consumer;
use super::events::CallError;
use super::shared::Shared;
use crate::client::assignor::RebalanceProtocol;
use crate::client::{KafkaError, TopicPartitionOffset};

/// A change that the group has decided. With the eager protocol the lists are everything there is; with the
/// cooperative one they are what is added or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These partitions are this consumer's from now on (librdkafka: `_ASSIGN_PARTITIONS`).
    Assign(Vec<TopicPartitionOffset>),
    /// These are to be given up; others get them afterwards (`_REVOKE_PARTITIONS`).
    Revoke(Vec<TopicPartitionOffset>),
    /// These have been lost: others may have them already. Nothing of them can be committed any more.
    Lost(Vec<TopicPartitionOffset>),
}

impl Rebalance {
    /// The partitions.
    #[must_use]
    pub fn partitions(&self) -> &[TopicPartitionOffset] {
        match self {
            Rebalance::Assign(partitions) | Rebalance::Revoke(partitions) | Rebalance::Lost(partitions) => {
                partitions
            }
        }
    }
}

/// Called by the thread that polls when the group rebalances. It may change the assignment itself, as librdkafka's
/// applications do; what it has not done is done when it returns. `Break` ends that call of `poll`.
pub type RebalanceCallback = Box<RebalanceFunction>;

/// See [`RebalanceCallback`].
pub type RebalanceFunction = dyn Fn(&Consumer, &Rebalance) -> ControlFlow<()> + Send + Sync;

/// Called by the thread that polls with the outcome of commits that nobody waited for, automatic ones too: an error
/// as a whole, and each partition with its own.
pub type CommitCallback =
    Box<dyn Fn(&Consumer, Option<&KafkaError>, &[TopicPartitionOffset]) -> ControlFlow<()> + Send + Sync>;

/// What a consumer calls while it is polled.
#[derive(Default)]
pub struct ConsumerCallbacks {
    /// For rebalances. Without it they are done at once, whether the application polls or not.
    pub on_rebalance: Option<RebalanceCallback>,
    /// For commits.
    pub on_commit: Option<CommitCallback>,
}

impl Shared {
    /// Does what the group wants.
    pub(super) fn apply(&self, rebalance: &Rebalance) {
        let protocol = self.state.lock().protocol;
        let eager = protocol != Some(RebalanceProtocol::Cooperative);
        let done = match rebalance {
            Rebalance::Assign(partitions) if eager => self.replace(partitions),
            Rebalance::Assign(partitions) => self.add(partitions),
            Rebalance::Revoke(_) | Rebalance::Lost(_) if eager => self.replace(&[]),
            Rebalance::Revoke(partitions) | Rebalance::Lost(partitions) => self.remove(partitions),
        };
        if let Err(CallError::Kafka(error)) = done {
            tracing::warn!(%error, "the assignment does not fit what the group decided");
        }
    }

    /// Reads exactly `partitions` from now on.
    pub(super) fn replace(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.lock()?;
        let places = state.fetcher.assignment.places().to_vec();
        let removed = state.fetcher.unassign(&places);
        drop(state);
        self.commit_removed(&removed);
        self.add(partitions)
    }

    /// Reads `partitions` too; not after a fatal error, which librdkafka does not say either.
    pub(super) fn add(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.lock()?;
        if state.fatal.is_some() {
            return Ok(());
        }
        state.fetcher.assign(partitions)?;
        drop(state);
        self.fetch_committed();
        self.wake();
        Ok(())
    }

    /// Reads `partitions` no more.
    pub(super) fn remove(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.lock()?;
        let places = state.fetcher.assignment.find_all(partitions)?;
        let removed = state.fetcher.unassign(&places);
        drop(state);
        self.commit_removed(&removed);
        Ok(())
    }
}
