//! ListGroups, DescribeGroups and ConsumerGroupDescribe: what is told of a group.

use bytes::Bytes;

use super::classic_group::Group;
use super::member::Member;
use super::request::{ConsumerGroupDescription, DescribedMember, GroupDescription, ListedGroup};
use super::state::{ClassicState, GroupKind, GroupState};
use crate::broker::consumer_protocol::PROTOCOL_TYPE;
use crate::broker::coordination::Topics;
use crate::config::EngineConfig;

impl<R> Group<R> {
    pub(super) fn listed(&self) -> ListedGroup {
        let kind = self.kind();
        ListedGroup {
            group: self.id.to_string(),
            protocol_type: match kind {
                GroupKind::Consumer => PROTOCOL_TYPE.to_owned(),
                GroupKind::Classic => self.protocol_type.clone().unwrap_or_default(),
            },
            state: self.shown_state(),
            kind,
        }
    }

    pub(super) fn kind(&self) -> GroupKind {
        if self.consumer.group.is_some() { GroupKind::Consumer } else { GroupKind::Classic }
    }

    pub(super) fn shown_state(&self) -> GroupState {
        match (&self.consumer.group, self.state) {
            (Some(consumers), ClassicState::Empty) => consumers.state(),
            (_, state) => state.into(),
        }
    }

    /// The group, if it is one of the consumer protocol.
    pub(super) fn described_consumers(
        &self,
        topics: &dyn Topics,
        config: &EngineConfig,
    ) -> Option<ConsumerGroupDescription> {
        let consumers = self.consumer.group.as_ref()?;
        Some(consumers.described(&self.id, self.shown_state(), topics, config))
    }

    /// The group, if it is one of the classic protocol.
    pub(super) fn described(&self) -> Option<GroupDescription> {
        if self.kind() != GroupKind::Classic {
            return None;
        }
        let protocol = self.protocol.as_deref().filter(|_| self.state == ClassicState::Stable);
        let describe = |(id, member): (&String, &Member<R>)| DescribedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol.map_or_else(Bytes::new, |protocol| member.metadata(Some(protocol))),
            assignment: member.assignment.clone(),
        };
        Some(GroupDescription {
            group: self.id.to_string(),
            state: self.state.into(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: protocol.unwrap_or_default().to_owned(),
            members: self.members.iter().map(describe).collect(),
        })
    }
}
