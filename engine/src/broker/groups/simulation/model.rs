//! What was asked of committed offsets, in that order, and what may be found of it.

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is durable: it has been answered so, or was seen.
    Done,
    /// It has not been made and never will.
    Refused,
    /// It has not been answered.
    Pending,
    /// Nobody could tell, or lived to tell.
    Unknown,
}

/// An offset that was committed, or deleted.
#[derive(Clone, Debug)]
struct Change {
    group: &'static str,
    partition: i32,
    /// -1 once it is deleted.
    offset: i64,
    outcome: Outcome,
}

/// See the module.
#[derive(Default)]
pub(super) struct Model {
    changes: Vec<Change>,
}

impl Model {
    /// An offset that is to be committed now. Returns the number of the change.
    pub(super) fn commit(&mut self, group: &'static str, partition: i32, offset: i64) -> usize {
        self.changes.push(Change { group, partition, offset, outcome: Outcome::Pending });
        self.changes.len() - 1
    }

    /// An offset that is to be deleted now, of which `found` is there. Deleting what is not there changes nothing: a commit
    /// that seemed to have failed may show up afterwards.
    pub(super) fn delete(&mut self, group: &'static str, partition: i32, found: i64) -> Option<usize> {
        let is_coming = |change: &Change| {
            change.group == group && change.partition == partition && change.outcome == Outcome::Pending
        };
        let is_there = found != -1 || self.changes.iter().any(is_coming);
        is_there.then(|| self.commit(group, partition, -1))
    }

    /// Nobody will be answered any more.
    pub(super) fn end(&mut self) {
        for change in self.changes.iter_mut().filter(|change| change.outcome == Outcome::Pending) {
            change.outcome = Outcome::Unknown;
        }
    }

    pub(super) fn learn(&mut self, number: usize, outcome: Outcome) {
        self.changes[number].outcome = outcome;
    }

    pub(super) fn done(&self) -> usize {
        self.changes.iter().filter(|change| change.outcome == Outcome::Done).count()
    }

    /// Holds what is found against what was asked: the last change that is durable counts, or one behind it that may be. What
    /// has been found must not go again.
    pub(super) fn check(&mut self, group: &str, partition: i32, found: i64) {
        let mut of: Vec<&mut Change> = self
            .changes
            .iter_mut()
            .filter(|change| change.group == group && change.partition == partition)
            .collect();
        let last = of.iter().rposition(|change| change.outcome == Outcome::Done);
        let possible = &mut of[last.unwrap_or_default()..];
        if last.is_none() && found == -1 {
            return;
        }
        let matching =
            possible.iter_mut().find(|change| change.offset == found && change.outcome != Outcome::Refused);
        match matching {
            Some(change) => change.outcome = Outcome::Done,
            None => panic!("{group} has {found} of partition {partition}, possible are {possible:?}"),
        }
    }
}
