//! LeaveGroup: members that go, by themselves or because an administrator says so (KIP-345).

use super::classic_group::Group;
use super::outbox::Turn;
use super::request::{LeavingMember, LeftMember, Response};
use super::state::ClassicState;
use crate::error_code::ErrorCode;

impl<R> Group<R> {
    /// Takes members out, each by its id or its instance.
    pub(super) fn leave(&mut self, members: Vec<LeavingMember>, to: R, turn: &mut Turn<'_, R>) {
        if self.state == ClassicState::Dead {
            return turn.outbox.reply(to, Response::Left(Err(ErrorCode::CoordinatorNotAvailable)));
        }
        match self.consumer.is_used() || self.consumer.group.is_some() {
            true => self.leave_consumers(members, to, turn),
            false => self.leave_classic(members, to, turn),
        }
    }

    pub(super) fn leave_classic(&mut self, members: Vec<LeavingMember>, to: R, turn: &mut Turn<'_, R>) {
        let mut left = Vec::with_capacity(members.len());
        for member in members {
            let error = self.leave_one(&member, turn).err().unwrap_or(ErrorCode::None);
            left.push(LeftMember { member, error });
        }
        if left.iter().any(|outcome| outcome.error == ErrorCode::None) {
            match self.state {
                ClassicState::Stable | ClassicState::CompletingRebalance => {
                    self.rebalance_or_complete(turn, "members left");
                }
                ClassicState::PreparingRebalance => self.complete_join_if_all(turn),
                ClassicState::Empty | ClassicState::Dead => {}
            }
        }
        turn.outbox.reply(to, Response::Left(Ok(left)));
    }

    fn leave_one(&mut self, leaving: &LeavingMember, turn: &mut Turn<'_, R>) -> Result<(), ErrorCode> {
        let id = self.leaving_id(leaving)?;
        tracing::info!(group = %self.id, member = id, "left");
        self.remove_member(&id, turn);
        Ok(())
    }

    fn leaving_id(&self, leaving: &LeavingMember) -> Result<String, ErrorCode> {
        let instance = leaving.instance_id.as_deref();
        match leaving.member_id.as_str() {
            "" => {
                let known = instance.and_then(|instance| self.static_members.get(instance));
                known.cloned().ok_or(ErrorCode::UnknownMemberId)
            }
            pending if self.pending_join.contains_key(pending) => Ok(pending.to_owned()),
            id => self.check_member(id, instance).map(|()| id.to_owned()),
        }
    }
}
