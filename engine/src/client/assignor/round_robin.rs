//! `roundrobin`: the partitions of all topics in turn to the members in turn, passing over members that did not
//! subscribe to the topic (Java: `RoundRobinAssignor`). Pure.

use super::group::{Group, Partition};

pub(super) fn assign(group: &Group<'_>) -> Vec<Vec<Partition>> {
    let mut shares = vec![Vec::new(); group.member_count()];
    let mut turn = group.order.iter().copied().cycle();
    for partition in 0..group.partition_count() {
        // Every partition has a subscriber, so the search ends within one round.
        if let Some(member) =
            turn.by_ref().take(group.order.len()).find(|member| group.subscribes(*member, partition))
        {
            shares[member].push(partition);
        }
    }
    shares
}
