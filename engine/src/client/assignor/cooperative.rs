//! The first step of a cooperative rebalance: what changes hands is given to nobody yet (Java:
//! `CooperativeStickyAssignor.adjustAssignment`). Pure.

use super::group::{Group, Member, Partition};

/// Takes out of `shares` every partition that somebody else than its new member still has. Having joined, that one
/// sees that the partition is no longer its own, gives it up and joins again.
///
/// Only claims of the latest generation count: who missed a rebalance has lost its partitions. librdkafka also counts
/// the others, and then an owner stops for nothing, or a partition has two.
pub(super) fn withhold(group: &Group<'_>, shares: &mut [Vec<Partition>]) {
    let mut latest: Vec<Option<i32>> = vec![None; group.partition_count()];
    let mut holders: Vec<Vec<Member>> = vec![Vec::new(); group.partition_count()];
    for member in 0..group.member_count() {
        let generation = Some(group.generation(member));
        for partition in group.owned(member) {
            if generation > latest[*partition] {
                latest[*partition] = generation;
                holders[*partition].clear();
            }
            if generation == latest[*partition] {
                holders[*partition].push(member);
            }
        }
    }
    for (member, share) in shares.iter_mut().enumerate() {
        share.retain(|partition| holders[*partition].iter().all(|holder| *holder == member));
    }
}
