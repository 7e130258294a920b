//! [`Assignment`]: the partitions that a consumer reads, in places that keep their number as long as a partition stays.
//! Knows nothing of reading.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::partition::AssignedPartition;
use super::readiness::{ReadyQueue, Stay, Waker};
use crate::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// See the module.
#[derive(Default)]
pub(super) struct Assignment {
    places: Vec<Option<(u64, AssignedPartition)>>,
    free: Vec<usize>,
    /// Topics stay when their last partition goes.
    by_name: HashMap<Arc<str>, BTreeMap<PartitionIndex, usize>>,
    /// Places in the order in which they were assigned.
    order: Vec<usize>,
    next_serial: u64,
}

impl Assignment {
    /// The partition at `place`.
    #[inline]
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut AssignedPartition> {
        self.places.get_mut(place)?.as_mut().map(|(_, partition)| partition)
    }

    /// The partition at `place`.
    pub(super) fn get(&self, place: usize) -> Option<&AssignedPartition> {
        self.places.get(place)?.as_ref().map(|(_, partition)| partition)
    }

    /// The place of a stay, if it has not ended.
    pub(super) fn place_of(&self, stay: Stay) -> Option<usize> {
        let (serial, _) = self.places.get(stay.place)?.as_ref()?;
        (*serial == stay.serial).then_some(stay.place)
    }

    /// The place of a partition, if it is assigned.
    pub(super) fn find(&self, topic: &str, partition: PartitionIndex) -> Option<usize> {
        self.by_name.get(topic)?.get(&partition).copied()
    }

    /// All places, in the order of assignment.
    pub(super) fn places(&self) -> &[usize] {
        &self.order
    }

    /// All partitions, in the order of assignment.
    pub(super) fn iter(&self) -> impl Iterator<Item = &AssignedPartition> {
        self.order.iter().filter_map(|place| self.get(*place))
    }

    /// Whether any partition of `topic` is or was assigned.
    pub(super) fn knows_topic(&self, topic: &str) -> bool {
        self.by_name.contains_key(topic)
    }

    /// Adds partitions, sorted, and returns their places.
    ///
    /// # Errors
    /// `_INVALID_ARG` for one that is listed twice, `_CONFLICT` for one that is assigned already; nothing is added
    /// then.
    pub(super) fn add(
        &mut self,
        partitions: &[TopicPartitionOffset],
        queue: &Arc<ReadyQueue>,
    ) -> Result<Vec<usize>, KafkaError> {
        let mut sorted: Vec<&TopicPartitionOffset> = partitions.iter().collect();
        sorted.sort_by(|a, b| a.key().cmp(&b.key()));
        for (index, element) in sorted.iter().enumerate() {
            let (topic, partition) = element.key();
            if index > 0 && sorted[index - 1].key() == element.key() {
                let reason = format!("Duplicate {topic} [{partition}] in input list");
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
            if self.find(topic, partition).is_some() {
                let reason = format!("{topic} [{partition}] is already part of the current assignment");
                return Err(KafkaError::with_reason(ErrorCode::LocalConflict, reason));
            }
        }
        Ok(sorted.into_iter().map(|element| self.insert(element, queue)).collect())
    }

    fn insert(&mut self, element: &TopicPartitionOffset, queue: &Arc<ReadyQueue>) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        let serial = self.next_serial;
        self.next_serial += 1;
        let asked = match element.offset {
            OffsetSpec::Invalid => OffsetSpec::Stored,
            offset => offset,
        };
        // One text for all partitions of a topic.
        let known = self.by_name.get_key_value(&element.topic).map(|(topic, _)| Arc::clone(topic));
        let topic = known.unwrap_or_else(|| Arc::clone(&element.topic));
        let waker = Waker::new(Stay { place, serial }, queue);
        let partition = AssignedPartition::new(Arc::clone(&topic), element.partition, asked, waker);
        self.places[place] = Some((serial, partition));
        self.by_name.entry(topic).or_default().insert(element.partition, place);
        self.order.push(place);
        place
    }

    /// Checks that all of `partitions` are assigned, each listed once, and returns their places.
    ///
    /// # Errors
    /// `_INVALID_ARG`.
    pub(super) fn find_all(&self, partitions: &[TopicPartitionOffset]) -> Result<Vec<usize>, KafkaError> {
        let refuse = |reason: String| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
        if self.order.is_empty() && !partitions.is_empty() {
            return Err(refuse("Can't subtract from empty assignment".to_owned()));
        }
        let mut places = Vec::with_capacity(partitions.len());
        for element in partitions {
            let (topic, partition) = element.key();
            let Some(place) = self.find(topic, partition) else {
                return Err(refuse(format!(
                    "{topic} [{partition}] can't be unassigned since it is not in the current assignment"
                )));
            };
            if places.contains(&place) {
                return Err(refuse(format!("Duplicate {topic} [{partition}] in input list")));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// Takes the partition at `place` out.
    pub(super) fn remove(&mut self, place: usize) -> Option<AssignedPartition> {
        let (_, partition) = self.places.get_mut(place)?.take()?;
        self.free.push(place);
        self.order.retain(|other| *other != place);
        if let Some(of_topic) = self.by_name.get_mut(&partition.topic) {
            of_topic.remove(&partition.partition);
        }
        Some(partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(numbers: &[i32]) -> Vec<TopicPartitionOffset> {
        let element =
            |n: &i32| TopicPartitionOffset::new("t".into(), PartitionIndex(*n), OffsetSpec::Invalid);
        numbers.iter().map(element).collect()
    }

    #[test]
    fn partitions_are_assigned_in_order_and_those_that_stay_keep_their_place() {
        let queue = Arc::default();
        let mut assignment = Assignment::default();
        assert_eq!(assignment.add(&list(&[2, 0, 1]), &queue).unwrap(), [0, 1, 2]);
        let numbers = |assignment: &Assignment| assignment.iter().map(|p| p.partition.0).collect::<Vec<_>>();
        assert_eq!(numbers(&assignment), [0, 1, 2]);
        assignment.remove(1).unwrap();
        assignment.add(&list(&[9, 8]), &queue).unwrap();
        assert_eq!(numbers(&assignment), [0, 2, 8, 9]);
        assert_eq!(assignment.find("t", PartitionIndex(2)), Some(2));
        assert_eq!(assignment.find("t", PartitionIndex(8)), Some(1));
        assert_eq!(assignment.find("t", PartitionIndex(1)), None);
        assert_eq!(assignment.place_of(Stay { place: 1, serial: 1 }), None, "that stay has ended");
    }

    #[test]
    fn what_contradicts_itself_or_the_assignment_changes_nothing() {
        let queue = Arc::default();
        let mut assignment = Assignment::default();
        let text = |error: KafkaError| error.to_string();
        assert_eq!(
            text(assignment.find_all(&list(&[3])).unwrap_err()),
            r#"KafkaError{code=_INVALID_ARG,val=-186,str="Can't subtract from empty assignment"}"#
        );
        assignment.add(&list(&[0]), &queue).unwrap();
        assert_eq!(
            text(assignment.add(&list(&[1, 1]), &queue).unwrap_err()),
            r#"KafkaError{code=_INVALID_ARG,val=-186,str="Duplicate t [1] in input list"}"#
        );
        assert_eq!(
            text(assignment.add(&list(&[1, 0]), &queue).unwrap_err()),
            r#"KafkaError{code=_CONFLICT,val=-173,str="t [0] is already part of the current assignment"}"#
        );
        assert_eq!(
            text(assignment.find_all(&list(&[3])).unwrap_err()),
            r#"KafkaError{code=_INVALID_ARG,val=-186,str="t [3] can't be unassigned since it is not in the current assignment"}"#
        );
        assert_eq!(assignment.iter().count(), 1);
    }
}
