//! [`Movements`]: which partitions have moved from whom to whom while an assignment is being balanced. Plain
//! bookkeeping.

use std::collections::BTreeMap;

use crate::client::assignor::group::{Member, Partition};

/// From one member to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    from: Member,
    to: Member,
}

/// Moves so far, each partition's as a whole: from where it was at first to where it is now.
#[derive(Debug, Default)]
pub(super) struct Movements {
    of: BTreeMap<Partition, Pair>,
    /// By topic and pair, in the order they moved.
    moved: BTreeMap<(usize, Pair), Vec<Partition>>,
}

impl Movements {
    /// The partition to really move when `partition` of `topic` is to go to `to`: if one of the same topic came from
    /// there, that one may go home instead, and `partition` stays where it is.
    pub(super) fn better(&self, topic: usize, partition: Partition, from: Member, to: Member) -> Partition {
        let from = self.of.get(&partition).map_or(from, |pair| pair.from);
        let back = Pair { from: to, to: from };
        self.moved.get(&(topic, back)).and_then(|moved| moved.first().copied()).unwrap_or(partition)
    }

    /// Notes a move. A partition that is back home has not moved at all.
    pub(super) fn note(&mut self, topic: usize, partition: Partition, from: Member, to: Member) {
        let home = match self.of.remove(&partition) {
            Some(pair) => {
                self.forget(topic, pair, partition);
                pair.from
            }
            None => from,
        };
        if home != to {
            let pair = Pair { from: home, to };
            self.of.insert(partition, pair);
            self.moved.entry((topic, pair)).or_default().push(partition);
        }
    }

    fn forget(&mut self, topic: usize, pair: Pair, partition: Partition) {
        if let Some(moved) = self.moved.get_mut(&(topic, pair)) {
            moved.retain(|other| *other != partition);
            if moved.is_empty() {
                self.moved.remove(&(topic, pair));
            }
        }
    }
}
