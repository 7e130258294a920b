//! ListGroups and DescribeGroups: what is told of a group.

use bytes::Bytes;

use super::classic_group::Group;
use super::member::Member;
use super::request::{DescribedMember, GroupDescription, ListedGroup};
use super::state::GroupState;

impl<R> Group<R> {
    pub(super) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.to_string(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.state,
        }
    }

    pub(super) fn described(&self) -> GroupDescription {
        let protocol = self.protocol.as_deref().filter(|_| self.state == GroupState::Stable);
        let describe = |(id, member): (&String, &Member<R>)| DescribedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol.map_or_else(Bytes::new, |protocol| member.metadata(Some(protocol))),
            assignment: member.assignment.clone(),
        };
        GroupDescription {
            group: self.id.to_string(),
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: protocol.unwrap_or_default().to_owned(),
            members: self.members.iter().map(describe).collect(),
        }
    }
}
