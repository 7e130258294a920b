//! What the leader of a group does for all: decides who gets which partitions. Looks at the broker's topics, changes
//! nothing.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::broker::Broker;
use crate::broker::group::JoinResponse;
use crate::client::assignor::{GroupMember, MemberAssignment, MemberSubscription, Strategy, assign};

/// Each member's id with its encoded assignment. A member whose subscription cannot be read gets nothing.
pub(super) fn assignments(
    broker: &Broker,
    joined: &JoinResponse,
    strategy: Strategy,
) -> Vec<(String, Bytes)> {
    let members: Vec<GroupMember> = joined
        .members
        .iter()
        .map(|member| GroupMember {
            member_id: member.member_id.clone(),
            group_instance_id: member.instance_id.clone(),
            subscription: MemberSubscription::decode(&member.metadata)
                .unwrap_or_else(|_| MemberSubscription::new(Vec::new())),
        })
        .collect();
    let shares = assign(strategy, &members, &topics_of(broker, &members));
    let encoded = shares.into_iter().map(|partitions| {
        let assignment = MemberAssignment { partitions, user_data: None };
        Bytes::from(assignment.encode())
    });
    members.into_iter().map(|member| member.member_id).zip(encoded).collect()
}

/// The topics that members want, with their counts of partitions.
fn topics_of(broker: &Broker, members: &[GroupMember]) -> BTreeMap<String, u32> {
    let wanted = members.iter().flat_map(|member| &member.subscription.topics);
    let counted = wanted.filter_map(|name| {
        let count = broker.topic(name)?.partition_count();
        Some((name.clone(), u32::try_from(count).unwrap_or(u32::MAX)))
    });
    counted.collect()
}
