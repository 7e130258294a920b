//! [`GroupState`]: where a group stands, as others are told; [`ClassicState`]: the steps of the classic protocol (Kafka:
//! `ClassicGroupState`).

use std::fmt;

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    /// No members; offsets may be there.
    Empty,
    /// Classic protocol: waits for members to join the next generation.
    PreparingRebalance,
    /// Classic protocol: waits for the leader's assignment.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
    /// Being deleted.
    Dead,
    /// Consumer protocol: members or topics have changed, and nothing is assigned for that yet.
    Assigning,
    /// Consumer protocol: members are giving up what others are to have.
    Reconciling,
}

impl GroupState {
    /// Every state.
    pub const ALL: [GroupState; 7] = [
        GroupState::Empty,
        GroupState::PreparingRebalance,
        GroupState::CompletingRebalance,
        GroupState::Stable,
        GroupState::Dead,
        GroupState::Assigning,
        GroupState::Reconciling,
    ];

    /// Kafka's name of the state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
            GroupState::Dead => "Dead",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
        }
    }

    /// The state of this name, in any case and with blanks around it, as ListGroups filters are read.
    #[must_use]
    pub fn parse(name: &str) -> Option<GroupState> {
        let name = name.trim();
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which protocol the members of a group speak (Kafka: `GroupType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// The members elect a leader, who assigns (JoinGroup and SyncGroup).
    Classic,
    /// The coordinator assigns (ConsumerGroupHeartbeat, KIP-848).
    Consumer,
}

impl GroupKind {
    /// Kafka's name of the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            GroupKind::Classic => "classic",
            GroupKind::Consumer => "consumer",
        }
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a group of the classic protocol stands. One whose members speak another protocol is empty, or dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassicState {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

impl ClassicState {
    /// Whether a group may step from this state to `next`. An empty group that is not deleted after all, because the
    /// deletion could not be written, comes back from the dead.
    pub(super) fn may_become(self, next: ClassicState) -> bool {
        use ClassicState::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
        match next {
            Empty => matches!(self, PreparingRebalance | Dead),
            PreparingRebalance => matches!(self, Stable | CompletingRebalance | Empty),
            CompletingRebalance => self == PreparingRebalance,
            Stable => self == CompletingRebalance,
            Dead => self == Empty,
        }
    }
}

impl From<ClassicState> for GroupState {
    fn from(state: ClassicState) -> GroupState {
        match state {
            ClassicState::Empty => GroupState::Empty,
            ClassicState::PreparingRebalance => GroupState::PreparingRebalance,
            ClassicState::CompletingRebalance => GroupState::CompletingRebalance,
            ClassicState::Stable => GroupState::Stable,
            ClassicState::Dead => GroupState::Dead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_in_any_case() {
        for state in GroupState::ALL {
            assert_eq!(GroupState::parse(&format!(" {} ", state.name().to_uppercase())), Some(state));
        }
        assert_eq!(GroupState::parse("Rebalancing"), None);
    }
}
