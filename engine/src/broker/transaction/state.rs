//! [`TransactionState`]: where a transaction stands, and which steps are possible (Kafka: `TransactionState`).

use std::fmt;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionState {
    /// The id has a producer, which has not written since it got the id.
    Empty,
    /// Partitions have been added.
    Ongoing,
    /// It is to be committed, whatever happens: markers are being written.
    PrepareCommit,
    /// It is to be aborted, whatever happens: markers are being written.
    PrepareAbort,
    /// All commit markers are durable.
    CompleteCommit,
    /// All abort markers are durable.
    CompleteAbort,
    /// The id is about to be forgotten.
    Dead,
    /// Its producer is being fenced; an abort follows.
    PrepareEpochFence,
}

use TransactionState::{
    CompleteAbort, CompleteCommit, Dead, Empty, Ongoing, PrepareAbort, PrepareCommit, PrepareEpochFence,
};

impl TransactionState {
    /// Every state, at the place of its number.
    pub const ALL: [TransactionState; 8] =
        [Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort, Dead, PrepareEpochFence];

    /// Kafka's name of the state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Empty => "Empty",
            Ongoing => "Ongoing",
            PrepareCommit => "PrepareCommit",
            PrepareAbort => "PrepareAbort",
            CompleteCommit => "CompleteCommit",
            CompleteAbort => "CompleteAbort",
            Dead => "Dead",
            PrepareEpochFence => "PrepareEpochFence",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<TransactionState> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Kafka's number of the state.
    #[must_use]
    pub const fn number(self) -> i8 {
        self as i8
    }

    /// The state of this number.
    #[must_use]
    pub fn from_number(number: i8) -> Option<TransactionState> {
        usize::try_from(number).ok().and_then(|place| Self::ALL.get(place)).copied()
    }

    /// Whether there is nothing to be ended.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Empty | CompleteCommit | CompleteAbort)
    }

    /// Whether it has been decided, and markers are being written.
    #[must_use]
    pub fn is_ending(self) -> bool {
        matches!(self, PrepareCommit | PrepareAbort)
    }
}

impl fmt::Display for TransactionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_back() {
        for state in TransactionState::ALL {
            assert_eq!(TransactionState::parse(state.name()), Some(state));
            assert_eq!(TransactionState::from_number(state.number()), Some(state));
        }
        assert_eq!(TransactionState::from_number(8), None);
        assert_eq!(TransactionState::from_number(-1), None);
    }
}
