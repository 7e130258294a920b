//! How the members of a consumer group share out partitions.

/// A strategy of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Neighbouring partitions of each topic to each member.
    Range,
    /// One partition after the other to one member after the other.
    RoundRobin,
    /// Balanced, with as few partitions moved as possible, and moved without stopping the others (KIP-429).
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
