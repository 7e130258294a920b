//! [`Lines`]: which partitions may have something, in the order of their turns. All stand in the consumer's own line,
//! but for those whose messages the application takes apart from the others: each of them has a line for itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::events::ConsumerError;
use crate::types::PartitionIndex;

/// Names a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineId(usize);

impl LineId {
    /// That of the consumer itself.
    pub(super) const CONSUMER: LineId = LineId(0);
}

/// Places of partitions, the one whose turn it is in front, and what is to be told of them.
#[derive(Default)]
pub(super) struct Line {
    pub(super) places: VecDeque<usize>,
    /// The one in front has been read in its turn.
    pub(super) in_turn: bool,
    pub(super) errors: VecDeque<ConsumerError>,
}

impl Line {
    /// Whose turn it is.
    #[inline(always)]
    pub(super) fn front(&self) -> Option<usize> {
        self.places.front().copied()
    }

    /// Takes a partition out.
    pub(super) fn remove(&mut self, place: usize) {
        if self.front() == Some(place) {
            self.in_turn = false;
        }
        self.places.retain(|other| *other != place);
    }

    /// Leaves untold what was to be told of a partition.
    pub(super) fn drop_errors_of(&mut self, topic: &Arc<str>, partition: PartitionIndex) {
        let is_of_it =
            |error: &ConsumerError| error.partition == Some(partition) && error.topic.as_ref() == Some(topic);
        self.errors.retain(|error| !is_of_it(error));
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Lines {
    consumer: Line,
    /// Those of the others, by their ids from 1 on.
    own: Vec<Line>,
    free: Vec<LineId>,
    apart: BTreeMap<(Arc<str>, PartitionIndex), LineId>,
}

impl Lines {
    #[inline(always)]
    pub(super) fn get(&self, line: LineId) -> &Line {
        match line.0.checked_sub(1) {
            None => &self.consumer,
            Some(place) => &self.own[place],
        }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self, line: LineId) -> &mut Line {
        match line.0.checked_sub(1) {
            None => &mut self.consumer,
            Some(place) => &mut self.own[place],
        }
    }

    /// Where a partition stands when it may have something, assigned or not.
    pub(super) fn of(&self, topic: &Arc<str>, partition: PartitionIndex) -> LineId {
        if self.apart.is_empty() {
            return LineId::CONSUMER;
        }
        self.apart.get(&(Arc::clone(topic), partition)).copied().unwrap_or(LineId::CONSUMER)
    }

    /// Gives a partition a line for itself; `None` when it has one.
    pub(super) fn add(&mut self, topic: &Arc<str>, partition: PartitionIndex) -> Option<LineId> {
        let key = (Arc::clone(topic), partition);
        if self.apart.contains_key(&key) {
            return None;
        }
        let line = self.free.pop().unwrap_or_else(|| {
            self.own.push(Line::default());
            LineId(self.own.len())
        });
        self.apart.insert(key, line);
        Some(line)
    }

    /// Ends the line of a partition, which has left it. What was to be told there is told by the consumer.
    pub(super) fn end(&mut self, topic: &Arc<str>, partition: PartitionIndex) {
        if let Some(line) = self.apart.remove(&(Arc::clone(topic), partition)) {
            let Line { errors, .. } = std::mem::take(self.get_mut(line));
            self.consumer.errors.extend(errors);
            self.free.push(line);
        }
    }
}
