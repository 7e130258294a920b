//! From what a member has to what it is to have (Kafka: `CurrentAssignmentBuilder`). First it gives up what others are to
//! have; then it gets what nobody else has any more.

use std::collections::BTreeSet;

use crate::broker::consumer_protocol::TopicPartitions;
use crate::broker::coordination::Topics;
use crate::broker::offsets_schema::{AssignedPartitions, CurrentAssignment, MemberState};
use crate::types::{PartitionIndex, TopicId};

/// What a member's next step depends on.
pub(super) struct Goal<'a> {
    /// The epoch of `target`.
    pub(super) epoch: i32,
    /// What the member is to have.
    pub(super) target: &'a AssignedPartitions,
    /// The topics that it reads.
    pub(super) subscribed: &'a BTreeSet<TopicId>,
    /// It has just said that it reads other topics: those it does not read any more are given up at once.
    pub(super) subscription_changed: bool,
    /// What it says that it has; `None` when it says nothing, and has all.
    pub(super) owned: Option<&'a AssignedPartitions>,
    /// What others have, or have not given up yet.
    pub(super) owned_by_others: &'a BTreeSet<(TopicId, PartitionIndex)>,
}

impl Goal<'_> {
    /// What the member has after this step.
    pub(super) fn step(&self, current: &CurrentAssignment) -> CurrentAssignment {
        match current.state {
            MemberState::Stable if current.epoch != self.epoch => self.go_on(current),
            MemberState::UnrevokedPartitions if !self.still_owns(&current.revoking) => self.go_on(current),
            MemberState::UnreleasedPartitions => self.go_on(current),
            MemberState::Stable | MemberState::UnrevokedPartitions if self.subscription_changed => {
                self.drop_unsubscribed(current)
            }
            MemberState::Stable | MemberState::UnrevokedPartitions => current.clone(),
        }
    }

    fn still_owns(&self, partitions: &AssignedPartitions) -> bool {
        let Some(owned) = self.owned else { return true };
        let owns = |topic: &TopicId, index: &PartitionIndex| {
            owned.get(topic).is_some_and(|of_topic| of_topic.contains(index))
        };
        partitions.iter().any(|(topic, of_topic)| of_topic.iter().any(|index| owns(topic, index)))
    }

    /// Has the member give up the topics that it does not read any more, and leaves the rest for later.
    fn drop_unsubscribed(&self, current: &CurrentAssignment) -> CurrentAssignment {
        let mut next = current.clone();
        let dropped: Vec<TopicId> =
            next.assigned.keys().filter(|topic| !self.subscribed.contains(topic)).copied().collect();
        if dropped.is_empty() {
            return next;
        }
        let mut revoking = next.revoking.clone();
        for topic in dropped {
            let partitions = next.assigned.remove(&topic).unwrap_or_default();
            revoking.entry(topic).or_default().extend(partitions);
        }
        if self.still_owns(&revoking) {
            next.state = MemberState::UnrevokedPartitions;
            next.revoking = revoking;
        }
        next
    }

    /// Takes the member as far towards the target as others let it.
    fn go_on(&self, current: &CurrentAssignment) -> CurrentAssignment {
        let (mut assigned, mut revoking) = (AssignedPartitions::new(), AssignedPartitions::new());
        let (mut free, mut is_waiting) = (AssignedPartitions::new(), false);
        let nothing = BTreeSet::new();
        let topics: BTreeSet<&TopicId> = self.target.keys().chain(current.assigned.keys()).collect();
        for topic in topics {
            let wanted =
                self.target.get(topic).filter(|_| self.subscribed.contains(topic)).unwrap_or(&nothing);
            let had = current.assigned.get(topic).unwrap_or(&nothing);
            put(&mut assigned, *topic, had & wanted);
            put(&mut revoking, *topic, had - wanted);
            let (mut open, missing) = (BTreeSet::new(), wanted - had);
            for partition in missing {
                match self.owned_by_others.contains(&(*topic, partition)) {
                    true => is_waiting = true,
                    false => drop(open.insert(partition)),
                }
            }
            put(&mut free, *topic, open);
        }
        if !revoking.is_empty() && self.still_owns(&revoking) {
            let state = MemberState::UnrevokedPartitions;
            return CurrentAssignment {
                epoch: current.epoch,
                previous_epoch: current.epoch,
                state,
                assigned,
                revoking,
            };
        }
        for (topic, partitions) in free {
            assigned.entry(topic).or_default().extend(partitions);
        }
        CurrentAssignment {
            epoch: self.epoch,
            previous_epoch: current.epoch,
            state: if is_waiting { MemberState::UnreleasedPartitions } else { MemberState::Stable },
            assigned,
            revoking: AssignedPartitions::new(),
        }
    }
}

fn put(all: &mut AssignedPartitions, topic: TopicId, partitions: BTreeSet<PartitionIndex>) {
    if !partitions.is_empty() {
        all.insert(topic, partitions);
    }
}

/// What members of the classic protocol say, by the topics that exist.
pub(super) fn owned_by_id(owned: &[TopicPartitions], topics: &dyn Topics) -> AssignedPartitions {
    let mut all = AssignedPartitions::new();
    for TopicPartitions { topic, partitions } in owned {
        if let Some((id, _)) = topics.find(topic) {
            all.entry(id).or_default().extend(partitions.iter().copied());
        }
    }
    all
}
