//! `range`: each topic by itself is cut into as many runs of partitions as it has subscribers; the first runs are one
//! longer when it does not come out even (Java: `RangeAssignor`). Pure.

use super::group::{Group, Partition};

pub(super) fn assign(group: &Group<'_>) -> Vec<Vec<Partition>> {
    let mut shares = vec![Vec::new(); group.member_count()];
    for topic in &group.topics {
        let (count, members) = (topic.end - topic.first, topic.subscribers.len());
        let (each, longer) = (count / members, count % members);
        let mut next = topic.first;
        for (place, member) in topic.subscribers.iter().enumerate() {
            let end = next + each + usize::from(place < longer);
            shares[*member].extend(next..end);
            next = end;
        }
    }
    shares
}
