//! [`Balance`]: makes an assignment even by giving out what nobody has and moving what somebody has too much of. Owned
//! by one call; no I/O.

use std::collections::BTreeSet;

use super::movements::Movements;
use crate::client::assignor::group::{Group, Member, Partition};

/// What is to be done.
pub(super) struct Plan {
    /// Every partition, in the order in which moves are considered.
    pub(super) order: Vec<Partition>,
    /// Those that nobody has, in the same order.
    pub(super) unassigned: Vec<Partition>,
    /// Whether moves of what members have are unavoidable anyway.
    pub(super) must_revoke: bool,
}

/// An assignment while it is being balanced.
pub(super) struct Balance<'a> {
    group: &'a Group<'a>,
    owners: Vec<Option<Member>>,
    previous: Vec<Option<Member>>,
    counts: Vec<usize>,
    /// Of each member its place in the order of member ids.
    rank: Vec<usize>,
    /// (count, rank, member) of the members that may still give or get.
    poorest: BTreeSet<(usize, usize, Member)>,
    movements: Movements,
}

impl<'a> Balance<'a> {
    /// `owners` and `previous` are of each partition the member that has it and the one that had it before.
    pub(super) fn new(
        group: &'a Group<'a>,
        owners: Vec<Option<Member>>,
        previous: Vec<Option<Member>>,
    ) -> Balance<'a> {
        let mut counts = vec![0; group.member_count()];
        owners.iter().flatten().for_each(|member| counts[*member] += 1);
        let rank = super::ranks(group);
        let poorest =
            counts.iter().enumerate().map(|(member, count)| (*count, rank[member], member)).collect();
        Balance { group, owners, previous, counts, rank, poorest, movements: Movements::default() }
    }

    /// Carries out `plan`: what each member gets in the end.
    pub(super) fn run(mut self, mut plan: Plan) -> Vec<Vec<Partition>> {
        let initializing = self.counts.iter().all(|count| *count == 0);
        for partition in &plan.unassigned {
            if let Some(member) = self.poorest_subscriber(*partition) {
                self.give(*partition, member);
            }
        }
        let group = self.group;
        let movable = |partition: &Partition| group.subscribers(*partition).len() > 1;
        plan.order.retain(movable);
        plan.unassigned.retain(movable);
        self.leave_out_who_cannot_change();

        let (owners, counts, before) = (self.owners.clone(), self.counts.clone(), self.unevenness());
        if !plan.must_revoke {
            self.move_while_uneven(&plan.unassigned);
        }
        let moved = self.move_while_uneven(&plan.order);
        if moved && !initializing && self.unevenness() >= before {
            (self.owners, self.counts) = (owners, counts);
        }
        let mut shares = vec![Vec::new(); self.counts.len()];
        for (partition, member) in self.owners.iter().enumerate() {
            if let Some(member) = member {
                shares[*member].push(partition);
            }
        }
        shares
    }

    fn poorest_subscriber(&self, partition: Partition) -> Option<Member> {
        let subscribes = |(_, _, member): &&(usize, usize, Member)| self.group.subscribes(*member, partition);
        self.poorest.iter().find(subscribes).map(|(_, _, member)| *member)
    }

    fn give(&mut self, partition: Partition, member: Member) {
        if let Some(owner) = self.owners[partition].replace(member) {
            self.set_count(owner, self.counts[owner] - 1);
        }
        self.set_count(member, self.counts[member] + 1);
    }

    fn set_count(&mut self, member: Member, count: usize) {
        if self.poorest.remove(&(self.counts[member], self.rank[member], member)) {
            self.poorest.insert((count, self.rank[member], member));
        }
        self.counts[member] = count;
    }

    /// A member that has all it may have, and nothing that another may have, stays as it is.
    fn leave_out_who_cannot_change(&mut self) {
        let group = self.group;
        let shared = |member: &Member| {
            let mut topics = group.topics_of(*member).iter().map(|topic| &group.topics[*topic]);
            self.counts[*member] < group.reachable_count(*member)
                || topics.any(|topic| topic.subscribers.len() > 1)
        };
        self.poorest.retain(|(_, _, member)| shared(member));
    }

    /// Moves partitions of `order` to members that have at least two fewer, round after round until none moves.
    /// Answers whether any did.
    fn move_while_uneven(&mut self, order: &[Partition]) -> bool {
        let mut any = false;
        loop {
            let mut moved = false;
            for partition in order {
                if self.is_even() {
                    break;
                }
                moved |= self.improve(*partition);
            }
            if !moved {
                return any;
            }
            any = true;
        }
    }

    /// Moves one partition, or a better one of its topic, if that makes the assignment more even: back to who had it
    /// before, else to who has least.
    fn improve(&mut self, partition: Partition) -> bool {
        let Some(owner) = self.owners[partition] else { return false };
        let is_poorer = |member: Member| self.counts[owner] > self.counts[member] + 1;
        let before = self.previous[partition].filter(|before| self.group.subscribes(*before, partition));
        let target = match before {
            Some(before) if is_poorer(before) => Some(before),
            _ if self.group.subscribers(partition).iter().any(|member| is_poorer(*member)) => {
                self.poorest_subscriber(partition)
            }
            _ => None,
        };
        let Some(target) = target else { return false };
        let topic = self.group.topic_of(partition);
        let partition = self.movements.better(topic, partition, owner, target);
        if let Some(owner) = self.owners[partition] {
            self.movements.note(topic, partition, owner, target);
        }
        self.give(partition, target);
        true
    }

    /// Whether counts differ by one at most, or nobody could get a partition of somebody who has more.
    fn is_even(&self) -> bool {
        let (Some((least, ..)), Some((most, ..))) = (self.poorest.first(), self.poorest.last()) else {
            return true;
        };
        if least + 1 >= *most {
            return true;
        }
        !self.poorest.iter().any(|(count, _, member)| count < most && self.could_get_more(*member))
    }

    fn could_get_more(&self, member: Member) -> bool {
        let mut topics = self.group.topics_of(member).iter().map(|topic| &self.group.topics[*topic]);
        topics.any(|topic| {
            let mut owners = self.owners[topic.first..topic.end].iter().flatten();
            owners.any(|owner| self.counts[*owner] > self.counts[member])
        })
    }

    /// Sum of the differences in count between any two members that may change; 0 is perfectly even.
    fn unevenness(&self) -> usize {
        let counts: Vec<usize> = self.poorest.iter().map(|(count, ..)| *count).collect();
        let members = counts.len();
        // Sorted, so the n-th is the larger one in n pairs and the smaller one in all its others.
        let larger: usize = counts.iter().enumerate().map(|(place, count)| place * count).sum();
        let smaller: usize =
            counts.iter().enumerate().map(|(place, count)| (members - 1 - place) * count).sum();
        larger - smaller
    }
}
