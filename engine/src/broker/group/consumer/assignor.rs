//! The ways in which the coordinator assigns (KIP-848; Kafka: `UniformAssignor`, `RangeAssignor`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::broker::offsets_schema::AssignedPartitions;
use crate::config::EngineConfig;
use crate::types::{PartitionIndex, TopicId};

/// A way of assigning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignor {
    /// Everybody gets as many partitions as the others, and keeps what it has as far as that goes.
    Uniform,
    /// Of each topic everybody gets neighbours; of topics with equally many partitions the same numbers.
    Range,
}

impl Assignor {
    /// Those that `group.consumer.assignors` allows, the default first.
    pub(super) fn allowed(config: &EngineConfig) -> Vec<Assignor> {
        config.consumer_assignors.iter().filter_map(|name| Assignor::of(name)).collect()
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    pub(super) fn of(name: &str) -> Option<Assignor> {
        [Assignor::Uniform, Assignor::Range].into_iter().find(|assignor| assignor.name() == name)
    }

    /// What each of `members` is to have.
    pub(super) fn assign(
        self,
        members: &BTreeMap<&str, Reader<'_>>,
        topics: &BTreeMap<TopicId, i32>,
    ) -> BTreeMap<String, AssignedPartitions> {
        match self {
            Assignor::Uniform => Uniform::new(members, topics).assign(),
            Assignor::Range => range(members, topics),
        }
    }
}

/// A member as those who assign see it.
pub(super) struct Reader<'a> {
    /// `group.instance.id`
    pub(super) instance_id: Option<&'a str>,
    /// The topics it reads, of those that exist.
    pub(super) topics: &'a BTreeSet<TopicId>,
    /// What it was to have until now.
    pub(super) target: Option<&'a AssignedPartitions>,
}

/// Members in the order of their instances, then of their ids; each takes the next range of every topic it reads.
fn range(
    members: &BTreeMap<&str, Reader<'_>>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<String, AssignedPartitions> {
    let mut order: Vec<(&str, &Reader<'_>)> = members.iter().map(|(id, reader)| (*id, reader)).collect();
    order.sort_by_key(|(id, reader)| (reader.instance_id.is_none(), reader.instance_id, *id));
    let mut assigned: BTreeMap<String, AssignedPartitions> =
        order.iter().map(|(id, _)| ((*id).to_owned(), AssignedPartitions::new())).collect();
    for (topic, count) in topics {
        let readers: Vec<&str> =
            order.iter().filter(|(_, reader)| reader.topics.contains(topic)).map(|(id, _)| *id).collect();
        let Ok(reader_count) = i32::try_from(readers.len()) else { continue };
        let mut next = 0;
        for (place, id) in (0..reader_count).zip(readers) {
            let size = count / reader_count + i32::from(place < count % reader_count);
            let part: BTreeSet<PartitionIndex> = (next..next + size).map(PartitionIndex).collect();
            next += size;
            if let Some(own) = assigned.get_mut(id).filter(|_| !part.is_empty()) {
                own.insert(*topic, part);
            }
        }
    }
    assigned
}

/// See [`Assignor::Uniform`].
struct Uniform<'a> {
    members: &'a BTreeMap<&'a str, Reader<'a>>,
    topics: &'a BTreeMap<TopicId, i32>,
    assigned: BTreeMap<&'a str, BTreeSet<(TopicId, PartitionIndex)>>,
}

impl<'a> Uniform<'a> {
    fn new(members: &'a BTreeMap<&'a str, Reader<'a>>, topics: &'a BTreeMap<TopicId, i32>) -> Uniform<'a> {
        let assigned = members.keys().map(|id| (*id, BTreeSet::new())).collect();
        Uniform { members, topics, assigned }
    }

    fn assign(mut self) -> BTreeMap<String, AssignedPartitions> {
        let mut open = self.keep();
        // Those that fewer may read are more difficult to place.
        let readers: BTreeMap<TopicId, Vec<&str>> =
            self.topics.keys().map(|topic| (*topic, self.readers(*topic))).collect();
        open.sort_by_key(|partition| (readers.get(&partition.0).map_or(0, Vec::len), *partition));
        for partition in open {
            let to = readers.get(&partition.0).and_then(|readers| self.least(readers));
            if let Some(own) = to.and_then(|id| self.assigned.get_mut(id)) {
                own.insert(partition);
            }
        }
        while self.move_one(&readers) {}
        let by_topic = |own: BTreeSet<(TopicId, PartitionIndex)>| {
            let mut all = AssignedPartitions::new();
            for (topic, partition) in own {
                all.entry(topic).or_default().insert(partition);
            }
            all
        };
        self.assigned.into_iter().map(|(id, own)| (id.to_owned(), by_topic(own))).collect()
    }

    /// Lets everybody keep what it may. Returns what nobody has.
    fn keep(&mut self) -> Vec<(TopicId, PartitionIndex)> {
        let all = |(topic, count): (&TopicId, &i32)| {
            let topic = *topic;
            (0..*count).map(move |index| (topic, PartitionIndex(index)))
        };
        let mut open: BTreeSet<(TopicId, PartitionIndex)> = self.topics.iter().flat_map(all).collect();
        for (id, reader) in self.members {
            let Some(own) = self.assigned.get_mut(id) else { continue };
            let kept = reader.target.into_iter().flatten().filter(|(topic, _)| reader.topics.contains(topic));
            for (topic, partitions) in kept {
                let kept = partitions.iter().map(|partition| (*topic, *partition));
                own.extend(kept.filter(|partition| open.remove(partition)));
            }
        }
        open.into_iter().collect()
    }

    fn readers(&self, topic: TopicId) -> Vec<&'a str> {
        self.members.iter().filter(|(_, reader)| reader.topics.contains(&topic)).map(|(id, _)| *id).collect()
    }

    fn count(&self, id: &str) -> usize {
        self.assigned.get(id).map_or(0, BTreeSet::len)
    }

    /// Who of `readers` has least; of several the first.
    fn least(&self, readers: &[&'a str]) -> Option<&'a str> {
        readers.iter().copied().min_by_key(|id| self.count(id))
    }

    /// Moves partitions from those who have most to one who has at least two less. Whether there was one.
    fn move_one(&mut self, readers: &BTreeMap<TopicId, Vec<&'a str>>) -> bool {
        let mut richest: Vec<&str> = self.assigned.keys().copied().collect();
        richest.sort_by_key(|id| Reverse((self.count(id), *id)));
        for from in richest {
            let topics: BTreeSet<TopicId> =
                self.assigned.get(from).into_iter().flatten().map(|(topic, _)| *topic).collect();
            for topic in topics.iter().rev() {
                let Some(to) = readers.get(topic).and_then(|readers| self.least(readers)) else { continue };
                if self.count(to) + 1 < self.count(from) {
                    self.hand_over(from, to, *topic);
                    return true;
                }
            }
        }
        false
    }

    /// The last partition of the topic goes from one member to the other.
    fn hand_over(&mut self, from: &str, to: &str, topic: TopicId) {
        let Some(own) = self.assigned.get_mut(from) else { return };
        let last =
            own.range((topic, PartitionIndex(i32::MIN))..=(topic, PartitionIndex(i32::MAX))).next_back();
        let Some(partition) = last.copied() else { return };
        own.remove(&partition);
        if let Some(own) = self.assigned.get_mut(to) {
            own.insert(partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TopicId = TopicId([1; 16]);
    const B: TopicId = TopicId([2; 16]);

    type Assigned = BTreeMap<String, AssignedPartitions>;

    /// Assigns to members with these topics, who had `before`.
    fn assign(
        assignor: Assignor,
        members: &[(&str, &[TopicId])],
        topics: &[(TopicId, i32)],
        before: &Assigned,
    ) -> Assigned {
        let read: Vec<BTreeSet<TopicId>> =
            members.iter().map(|(_, topics)| topics.iter().copied().collect()).collect();
        let mut readers = BTreeMap::new();
        for ((id, _), topics) in members.iter().zip(&read) {
            readers.insert(*id, Reader { instance_id: None, topics, target: before.get(*id) });
        }
        assignor.assign(&readers, &topics.iter().copied().collect())
    }

    fn numbers(assigned: &Assigned, id: &str, topic: TopicId) -> Vec<i32> {
        assigned[id].get(&topic).map(|of| of.iter().map(|index| index.0).collect()).unwrap_or_default()
    }

    fn count(assigned: &Assigned, id: &str) -> usize {
        assigned[id].values().map(BTreeSet::len).sum()
    }

    #[test]
    fn ranges_are_neighbours_and_go_together_across_topics() {
        let members: [(&str, &[TopicId]); 3] = [("x", &[A, B]), ("y", &[A, B]), ("z", &[A])];
        let assigned = assign(Assignor::Range, &members, &[(A, 5), (B, 3)], &Assigned::new());
        let of_a = ["x", "y", "z"].map(|id| numbers(&assigned, id, A));
        assert_eq!(of_a, [vec![0, 1], vec![2, 3], vec![4]]);
        let of_b = ["x", "y", "z"].map(|id| numbers(&assigned, id, B));
        assert_eq!(of_b, [vec![0, 1], vec![2], vec![]]);
    }

    #[test]
    fn who_comes_takes_only_what_is_too_much_for_the_others() {
        let two: [(&str, &[TopicId]); 2] = [("x", &[A]), ("y", &[A])];
        let before = assign(Assignor::Uniform, &two, &[(A, 7)], &Assigned::new());
        assert_eq!(two.map(|(id, _)| count(&before, id)), [4, 3]);
        let three: [(&str, &[TopicId]); 3] = [("x", &[A]), ("y", &[A]), ("z", &[A])];
        let after = assign(Assignor::Uniform, &three, &[(A, 7)], &before);
        assert_eq!(three.map(|(id, _)| count(&after, id)), [3, 2, 2]);
        for id in ["x", "y"] {
            assert!(after[id][&A].is_subset(&before[id][&A]), "{id} gets nothing that it had not");
        }
    }

    #[test]
    fn every_partition_has_one_reader_and_nobody_could_have_one_less_and_another_one_more() {
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut before = Assigned::new();
        for _ in 0..300 {
            let topics: Vec<(TopicId, i32)> =
                (1..=4).map(|id| (TopicId([id; 16]), i32::try_from(random(9)).unwrap() + 1)).collect();
            let mut read: Vec<(&str, Vec<TopicId>)> = Vec::new();
            for name in &names[..usize::try_from(random(6)).unwrap() + 1] {
                let chosen = topics.iter().filter(|_| random(3) > 0).map(|(id, _)| *id).collect();
                read.push((*name, chosen));
            }
            let members: Vec<(&str, &[TopicId])> =
                read.iter().map(|(id, own)| (*id, own.as_slice())).collect();
            let after = assign(Assignor::Uniform, &members, &topics, &before);
            for (topic, partitions) in &topics {
                let readers: Vec<&str> =
                    members.iter().filter(|(_, own)| own.contains(topic)).map(|(id, _)| *id).collect();
                for index in 0..*partitions {
                    let owners =
                        members.iter().filter(|(id, _)| numbers(&after, id, *topic).contains(&index)).count();
                    assert_eq!(owners, usize::from(!readers.is_empty()));
                }
                for owner in members.iter().filter(|(id, _)| !numbers(&after, id, *topic).is_empty()) {
                    assert!(readers.contains(&owner.0), "only readers get it");
                    let least = readers.iter().map(|id| count(&after, id)).min().unwrap();
                    assert!(count(&after, owner.0) <= least + 1, "{after:?}");
                }
            }
            before = after;
        }
    }
}
