//! [`ConsumerGroup`]: a group of the consumer protocol (KIP-848; Kafka: `ConsumerGroup`). Members say with heartbeats what
//! they read; the coordinator assigns, and moves partitions from one member to the other one by one.
//!
//! ```text
//!  members or topics change      somebody's next heartbeat           heartbeats of each member
//!  ------------------------> epoch + 1 ------------------> target ---------------------------> assigned
//! ```
//! A member gets to the epoch of the target when it has given up what it is not to have any more. What others have not given
//! up yet it gets later, with the same epoch.
//!
//! A group may have members of the classic protocol, too: then those are assigned to in the same way (`classic_members`,
//! `migration`).
//!
//! It is a value: a request makes the next one from a copy, what differs between the two is written (`records`), and only
//! then the next one counts (`changes`). Meanwhile further requests wait.

mod assignor;
mod changes;
mod classic_members;
mod description;
mod heartbeat;
mod member;
mod membership;
mod migration;
mod reconciliation;
mod records;
mod subscription;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::changes::{Change, ConsumerSide};
use self::member::ConsumerMember;
pub(super) use self::records::Loaded;
use super::state::GroupState;
use crate::broker::offsets_schema::{AssignedPartitions, ResolvedExpression};
use crate::types::{PartitionIndex, TopicId};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConsumerGroup {
    /// Grows with each change of members or topics.
    epoch: i32,
    /// Stands for the topics that the members read, as they were at `epoch`.
    metadata_hash: i64,
    /// The epoch for which `targets` were assigned.
    assignment_epoch: i32,
    /// By member id.
    members: BTreeMap<String, ConsumerMember>,
    /// What each member is to have.
    targets: BTreeMap<String, AssignedPartitions>,
    /// Topics of the regular expressions that members read.
    expressions: BTreeMap<String, ResolvedExpression>,
}

impl ConsumerGroup {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.assignment_epoch {
            GroupState::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.assignment_epoch)) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// Id of the static member of this instance.
    fn static_member(&self, instance: &str) -> Option<&str> {
        let of_instance = |member: &ConsumerMember| member.metadata.instance_id.as_deref() == Some(instance);
        self.members.iter().find(|(_, member)| of_instance(member)).map(|(id, _)| id.as_str())
    }

    /// Partitions that members other than this one have, or have not given up yet.
    fn owned_by_others(&self, member_id: &str) -> BTreeSet<(TopicId, PartitionIndex)> {
        let others =
            self.members.iter().filter(|(id, _)| *id != member_id).map(|(_, member)| &member.current);
        let owned = others.flat_map(|current| current.assigned.iter().chain(&current.revoking));
        owned
            .flat_map(|(topic, partitions)| partitions.iter().map(|partition| (*topic, *partition)))
            .collect()
    }
}
