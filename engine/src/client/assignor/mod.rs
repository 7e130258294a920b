//! How the members of a consumer group share out partitions: [`assign`], as the group's leader calls it. Pure
//! functions of what the members said and which partitions exist; the same input always gives the same output.
//!
//! Results are librdkafka's for all three strategies (the vectors under `golden/` come from it), and so are Java's for
//! `range` and `roundrobin`. Two things follow Java where librdkafka is worse: which partitions a cooperative group
//! withholds ([`Strategy::CooperativeSticky`]), and a total order of members when only some are static.

mod cooperative;
mod group;
mod range;
mod round_robin;
mod sticky;

use std::collections::BTreeMap;

pub use crate::broker::consumer_protocol::{
    MemberAssignment, MemberSubscription, ProtocolError, TopicPartitions,
};

use group::Group;

/// A strategy of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Neighbouring partitions of each topic to each member.
    Range,
    /// One partition after the other to one member after the other.
    RoundRobin,
    /// Balanced, with as few partitions moved as possible, and moved without stopping the others (KIP-429). A
    /// partition that one member has and another is to get is given to neither; the first gives it up and joins
    /// again, and then the second gets it.
    CooperativeSticky,
}

/// How a group changes from one assignment to the next (KIP-429).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RebalanceProtocol {
    /// Every member gives up everything first.
    Eager,
    /// Only partitions that change hands are given up, in a first step; a second hands them over.
    Cooperative,
}

impl Strategy {
    /// The strategy with this name, as settings and members spell it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Strategy> {
        match name {
            "range" => Some(Strategy::Range),
            "roundrobin" => Some(Strategy::RoundRobin),
            "cooperative-sticky" => Some(Strategy::CooperativeSticky),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Range => "range",
            Strategy::RoundRobin => "roundrobin",
            Strategy::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// Which protocol it needs.
    #[must_use]
    pub const fn protocol(self) -> RebalanceProtocol {
        match self {
            Strategy::Range | Strategy::RoundRobin => RebalanceProtocol::Eager,
            Strategy::CooperativeSticky => RebalanceProtocol::Cooperative,
        }
    }
}

/// A member as the coordinator lists it to the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Name that the coordinator gave it.
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// What it said when it joined.
    pub subscription: MemberSubscription,
}

/// Shares out the partitions of `topics` (name and number of partitions) among `members`. The n-th answer is the n-th
/// member's, sorted by topic and partition. Topics that do not exist or that nobody subscribed to are left out.
#[must_use]
pub fn assign(
    strategy: Strategy,
    members: &[GroupMember],
    topics: &BTreeMap<String, u32>,
) -> Vec<Vec<TopicPartitions>> {
    let group = Group::new(members, topics);
    let mut shares = match strategy {
        Strategy::Range => range::assign(&group),
        Strategy::RoundRobin => round_robin::assign(&group),
        Strategy::CooperativeSticky => {
            let mut shares = sticky::assign(&group);
            cooperative::withhold(&group, &mut shares);
            shares
        }
    };
    shares.iter_mut().for_each(|share| share.sort_unstable());
    shares.iter().map(|share| group.topic_partitions(share)).collect()
}

#[cfg(test)]
mod tests;
