//! `cooperative-sticky`: an assignment that is as even as subscriptions allow and, among those, keeps as much as it
//! can of what members have (KIP-54; Java: `AbstractStickyAssignor`, the general form, which librdkafka has too). Pure.
//!
//! First every claim to a partition that still holds is kept ([`Claims`]). Then what is left goes to whoever has
//! least, and then partitions move from members that have more to members that have less ([`balance`]), in an order
//! ([`moving_order`]) that takes first what was taken from somebody else before.

mod balance;
mod movements;

use super::group::{Group, Member, Partition};
use balance::{Balance, Plan};

pub(super) fn assign(group: &Group<'_>) -> Vec<Vec<Partition>> {
    let claims = Claims::new(group);
    let order = moving_order(group, &claims);
    let unassigned: Vec<Partition> =
        order.iter().copied().filter(|partition| claims.kept[*partition].is_none()).collect();
    let plan = Plan { order, unassigned, must_revoke: claims.must_revoke };
    Balance::new(group, claims.kept, claims.previous).run(plan)
}

/// Who has what, as far as members say.
struct Claims {
    /// Of each partition the member that has it and may keep it.
    kept: Vec<Option<Member>>,
    /// Of each partition the member that had it before the one that has it now.
    previous: Vec<Option<Member>>,
    /// Whether somebody has a partition of a topic it is no longer subscribed to.
    must_revoke: bool,
}

impl Claims {
    /// A claim of a later generation beats an earlier one. Two of the same generation cannot both be true: when they
    /// are the latest, neither counts.
    fn new(group: &Group<'_>) -> Claims {
        let count = group.partition_count();
        let mut claimed: Vec<Vec<(i32, Member)>> = vec![Vec::new(); count];
        for member in 0..group.member_count() {
            for partition in group.owned(member) {
                claimed[*partition].push((group.generation(member), member));
            }
        }
        let mut claims = Claims { kept: vec![None; count], previous: vec![None; count], must_revoke: false };
        for (partition, claimed) in claimed.iter_mut().enumerate() {
            claimed.sort_unstable();
            let (latest, before) = match claimed[..] {
                [.., (a, _), (b, _)] if a == b => continue,
                [.., (_, before), (_, latest)] => (latest, Some(before)),
                [(_, latest)] => (latest, None),
                [] => continue,
            };
            claims.previous[partition] = before;
            if group.subscribes(latest, partition) {
                claims.kept[partition] = Some(latest);
            } else {
                claims.must_revoke = true;
            }
        }
        claims
    }
}

/// Partitions in the order in which they are considered for a move.
fn moving_order(group: &Group<'_>, claims: &Claims) -> Vec<Partition> {
    let mut order: Vec<Partition> = (0..group.partition_count()).collect();
    if !all_subscribe_alike(group) {
        // Those that fewest may have come first: there is least choice for them.
        order.sort_by_key(|partition| group.subscribers(*partition).len());
        return order;
    }
    let taken = one_by_one_from_the_richest(group, claims);
    let mut is_taken = vec![false; group.partition_count()];
    taken.iter().for_each(|partition| is_taken[*partition] = true);
    order.retain(|partition| !is_taken[*partition]);
    if !taken.is_empty() {
        order.reverse(); // for no reason but that librdkafka does
    }
    [taken, order].concat()
}

fn all_subscribe_alike(group: &Group<'_>) -> bool {
    (0..group.member_count()).all(|member| group.topics_of(member).len() == group.topics.len())
}

/// The partitions that members have, each from the member that then has most left, and of its partitions first those
/// that another had before.
fn one_by_one_from_the_richest(group: &Group<'_>, claims: &Claims) -> Vec<Partition> {
    let mut left: Vec<Vec<Partition>> = vec![Vec::new(); group.member_count()];
    for (partition, member) in claims.kept.iter().enumerate() {
        if let Some(member) = member {
            left[*member].push(partition);
        }
    }
    // Taken from the end.
    for partitions in &mut left {
        partitions
            .sort_by_key(|partition| (claims.previous[*partition].is_some(), std::cmp::Reverse(*partition)));
    }
    let rank = ranks(group);
    let mut richest: std::collections::BinaryHeap<(usize, usize, Member)> =
        left.iter().enumerate().map(|(member, left)| (left.len(), rank[member], member)).collect();
    let mut taken = Vec::new();
    while let Some((_, _, member)) = richest.pop() {
        if let Some(partition) = left[member].pop() {
            taken.push(partition);
            richest.push((left[member].len(), rank[member], member));
        }
    }
    taken
}

/// Of each member its place in the order of member ids, which breaks ties.
fn ranks(group: &Group<'_>) -> Vec<usize> {
    let mut ranks = vec![0; group.member_count()];
    group.by_member_id().into_iter().enumerate().for_each(|(rank, member)| ranks[member] = rank);
    ranks
}
