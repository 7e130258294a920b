//! Who is a member: of commits, reads of offsets, and members that others take out.

use super::ConsumerGroup;
use crate::broker::group::request::{LeavingMember, LeftMember, MemberIdentity};
use crate::error_code::ErrorCode;

impl ConsumerGroup {
    /// Whether there is such a member, of that epoch.
    pub(in crate::broker::group) fn check_member(&self, id: &str, epoch: i32) -> Result<(), ErrorCode> {
        match self.members.get(id) {
            None => Err(ErrorCode::UnknownMemberId),
            Some(member) if member.current.epoch == epoch => Ok(()),
            Some(member) if member.metadata.classic.is_some() => Err(ErrorCode::IllegalGeneration),
            Some(_) => Err(ErrorCode::StaleMemberEpoch),
        }
    }

    /// Whether offsets may be committed by whom a request names. From outside only while there are no members.
    pub(in crate::broker::group) fn check_commit(
        &self,
        member: &MemberIdentity,
        knows_consumer_protocol: bool,
    ) -> Result<(), ErrorCode> {
        if member.generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        let known = self.members.get(&member.member_id);
        match known.is_some_and(|known| known.metadata.classic.is_none()) {
            true if !knows_consumer_protocol => Err(ErrorCode::UnsupportedVersion),
            _ => self.check_member(&member.member_id, member.generation),
        }
    }

    /// As [`ConsumerGroup::check_commit`], in a transaction: clients before KIP-447 say nothing of a member.
    pub(in crate::broker::group) fn check_transactional_commit(
        &self,
        member: &MemberIdentity,
        names_member: bool,
    ) -> Result<(), ErrorCode> {
        if !names_member || (member.generation < 0 && self.members.is_empty()) {
            return Ok(());
        }
        self.check_member(&member.member_id, member.generation).map_err(|error| match error {
            ErrorCode::StaleMemberEpoch => ErrorCode::IllegalGeneration,
            error => error,
        })
    }

    /// What LeaveGroup answers of each member, and the ids of those that are to be taken out.
    pub(in crate::broker::group) fn find_leaving(
        &self,
        members: Vec<LeavingMember>,
    ) -> (Vec<LeftMember>, Vec<String>) {
        let mut ids = Vec::new();
        let mut answer = |member: LeavingMember| {
            let error = match self.leaving_id(&member) {
                Ok(id) => {
                    ids.push(id.to_owned());
                    ErrorCode::None
                }
                Err(error) => error,
            };
            LeftMember { member, error }
        };
        let left = members.into_iter().map(&mut answer).collect();
        (left, ids)
    }

    fn leaving_id<'a>(&'a self, leaving: &'a LeavingMember) -> Result<&'a str, ErrorCode> {
        let id = leaving.member_id.as_str();
        let Some(instance) = leaving.instance_id.as_deref() else {
            return if self.members.contains_key(id) { Ok(id) } else { Err(ErrorCode::UnknownMemberId) };
        };
        match self.static_member(instance) {
            None => Err(ErrorCode::UnknownMemberId),
            Some(known) if !id.is_empty() && known != id => Err(ErrorCode::FencedInstanceId),
            Some(known) => Ok(known),
        }
    }
}
