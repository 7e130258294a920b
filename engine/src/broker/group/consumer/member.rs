//! [`ConsumerMember`]: one member of a group of the consumer protocol (Kafka: `ConsumerGroupMember`).

use std::time::Duration;

use crate::broker::group::request::ConsumerHeartbeat;
use crate::broker::offsets_schema::{ConsumerMemberMetadata, CurrentAssignment, MemberState};
use crate::config::EngineConfig;

/// Epoch of a static member that has left for a while, and keeps what it has until its session ends.
pub(super) const LEFT_FOR_A_WHILE: i32 = ConsumerHeartbeat::LEAVING_FOR_A_WHILE;

/// One member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConsumerMember {
    /// What it says of itself.
    pub(super) metadata: ConsumerMemberMetadata,
    /// What it has.
    pub(super) current: CurrentAssignment,
}

impl ConsumerMember {
    /// One that comes. Kafka has no regular expression as an empty one.
    pub(super) fn newcomer() -> ConsumerMember {
        let metadata =
            ConsumerMemberMetadata { expression: Some(String::new()), ..ConsumerMemberMetadata::default() };
        ConsumerMember { metadata, current: CurrentAssignment::default() }
    }

    /// How long it may be silent.
    pub(super) fn session_timeout(&self, config: &EngineConfig) -> Duration {
        self.metadata
            .classic
            .as_ref()
            .map_or(config.consumer_session_timeout, |classic| classic.session_timeout)
    }

    /// Whether it has all that it is to have at that epoch.
    pub(super) fn is_reconciled_to(&self, assignment_epoch: i32) -> bool {
        self.current.state == MemberState::Stable && self.current.epoch == assignment_epoch
    }
}
