//! [`Group`]: members and partitions as numbers, which is what the strategies calculate with. Immutable.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use super::{GroupMember, TopicPartitions};
use crate::types::PartitionIndex;

/// Number of a member: its place in what the coordinator listed.
pub(super) type Member = usize;

/// Number of a partition, counted through all topics in the order of their names.
pub(super) type Partition = usize;

/// A topic that exists and that somebody subscribed to.
pub(super) struct Topic<'a> {
    name: &'a str,
    /// Its partitions are numbered from here,
    pub(super) first: Partition,
    /// to before here.
    pub(super) end: Partition,
    /// Who subscribed, in the order of [`Group::order`].
    pub(super) subscribers: Vec<Member>,
}

/// The members of a group and the partitions they share.
pub(super) struct Group<'a> {
    members: &'a [GroupMember],
    /// Sorted by name.
    pub(super) topics: Vec<Topic<'a>>,
    /// Every member, as [`compare`] orders them.
    pub(super) order: Vec<Member>,
    /// Of each partition the place of its topic.
    topic_of: Vec<usize>,
    /// Of each member the places of its topics, sorted.
    topics_of: Vec<Vec<usize>>,
    /// Of each member what it has, without what no longer exists.
    owned: Vec<Vec<Partition>>,
}

impl<'a> Group<'a> {
    pub(super) fn new(members: &'a [GroupMember], existing: &'a BTreeMap<String, u32>) -> Group<'a> {
        let wanted: Vec<HashSet<&str>> = members
            .iter()
            .map(|member| member.subscription.topics.iter().map(String::as_str).collect())
            .collect();
        let mut order: Vec<Member> = (0..members.len()).collect();
        order.sort_by(|a, b| compare(&members[*a], &members[*b]));
        let topics_of = vec![Vec::new(); members.len()];
        let mut group = Group { members, topics: vec![], order, topic_of: vec![], topics_of, owned: vec![] };
        for (name, count) in existing {
            let subscribes = |member: &Member| wanted[*member].contains(name.as_str());
            let subscribers: Vec<Member> = group.order.iter().copied().filter(subscribes).collect();
            if subscribers.is_empty() || *count == 0 {
                continue;
            }
            let place = group.topics.len();
            let first = group.topic_of.len();
            group.topic_of.extend((0..*count).map(|_| place));
            for member in &subscribers {
                group.topics_of[*member].push(place);
            }
            group.topics.push(Topic { name, first, end: group.topic_of.len(), subscribers });
        }
        group.owned = members.iter().map(|member| group.numbers(&member.subscription.owned)).collect();
        group
    }

    /// Number of members.
    pub(super) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Number of partitions.
    pub(super) fn partition_count(&self) -> usize {
        self.topic_of.len()
    }

    /// Members in the order of their ids. Static ones are no exception here.
    pub(super) fn by_member_id(&self) -> Vec<Member> {
        let mut members: Vec<Member> = (0..self.members.len()).collect();
        members.sort_by(|a, b| self.members[*a].member_id.cmp(&self.members[*b].member_id));
        members
    }

    /// Place of a partition's topic in [`Group::topics`].
    pub(super) fn topic_of(&self, partition: Partition) -> usize {
        self.topic_of[partition]
    }

    /// Who subscribed to a partition's topic.
    pub(super) fn subscribers(&self, partition: Partition) -> &[Member] {
        &self.topics[self.topic_of[partition]].subscribers
    }

    /// Topics of a member, as places in [`Group::topics`].
    pub(super) fn topics_of(&self, member: Member) -> &[usize] {
        &self.topics_of[member]
    }

    /// Whether a member may have a partition.
    pub(super) fn subscribes(&self, member: Member, partition: Partition) -> bool {
        self.topics_of[member].binary_search(&self.topic_of[partition]).is_ok()
    }

    /// Number of partitions that a member may have.
    pub(super) fn reachable_count(&self, member: Member) -> usize {
        self.topics_of[member].iter().map(|topic| self.topics[*topic].end - self.topics[*topic].first).sum()
    }

    /// What a member says it has.
    pub(super) fn owned(&self, member: Member) -> &[Partition] {
        &self.owned[member]
    }

    /// Generation in which a member got what it has; -1 when it does not say.
    pub(super) fn generation(&self, member: Member) -> i32 {
        self.members[member].subscription.generation().unwrap_or(-1)
    }

    /// Numbers as names. `share` is sorted.
    pub(super) fn topic_partitions(&self, share: &[Partition]) -> Vec<TopicPartitions> {
        let of_one_topic = share.chunk_by(|a, b| self.topic_of[*a] == self.topic_of[*b]);
        let named = |share: &[Partition]| {
            let topic = &self.topics[self.topic_of[*share.first()?]];
            let number =
                |partition: &Partition| i32::try_from(partition - topic.first).ok().map(PartitionIndex);
            let partitions = share.iter().filter_map(number).collect();
            Some(TopicPartitions { topic: topic.name.to_owned(), partitions })
        };
        of_one_topic.filter_map(named).collect()
    }

    /// Names as numbers, without what does not exist, and each once.
    fn numbers(&self, partitions: &[TopicPartitions]) -> Vec<Partition> {
        let mut numbers = Vec::new();
        for owned in partitions {
            let Ok(place) = self.topics.binary_search_by(|topic| topic.name.cmp(&owned.topic)) else {
                continue;
            };
            let topic = &self.topics[place];
            let number = |partition: &PartitionIndex| {
                let number = topic.first.checked_add(usize::try_from(partition.0).ok()?)?;
                (number < topic.end).then_some(number)
            };
            numbers.extend(owned.partitions.iter().filter_map(number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Static members first, by instance id; then the others, by member id (Java: `AbstractPartitionAssignor.MemberInfo`).
fn compare(a: &GroupMember, b: &GroupMember) -> Ordering {
    match (&a.group_instance_id, &b.group_instance_id) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.member_id.cmp(&b.member_id),
    }
}
