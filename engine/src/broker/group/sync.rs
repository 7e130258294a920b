//! SyncGroup: the leader's assignment goes into the log and then to the members. Heartbeat: members show that they are
//! there.

use std::collections::HashMap;

use bytes::Bytes;

use super::classic_group::Group;
use super::outbox::{Continuation, Turn};
use super::request::{MemberIdentity, Response, SyncRequest, SyncResponse};
use super::state::ClassicState;
use crate::broker::coordination::{CoordinatorRecord, append_error};
use crate::broker::offsets_schema::{GroupMetadata, MemberMetadata, RecordKey};
use crate::error_code::ErrorCode;

impl<R> Group<R> {
    /// Answers a member with its assignment, now or when the leader has sent it and it is durable.
    pub(super) fn sync(&mut self, request: SyncRequest, to: R, turn: &mut Turn<'_, R>) {
        let member_id = request.member.member_id.as_str();
        let refuse = |error| Response::Sync(SyncResponse::refusal(error));
        if let Err(error) = self.check_sync(&request) {
            return turn.outbox.reply(to, refuse(error));
        }
        match self.state {
            ClassicState::CompletingRebalance => {}
            ClassicState::Stable => {
                self.synced(member_id);
                let response = self.assignment_of(member_id);
                return turn.outbox.reply(to, Response::Sync(response));
            }
            ClassicState::PreparingRebalance | ClassicState::Empty | ClassicState::Dead => {
                return turn.outbox.reply(to, refuse(ErrorCode::RebalanceInProgress));
            }
        }
        self.synced(member_id);
        if let Some(member) = self.members.get_mut(member_id)
            && let Some(earlier) = member.syncing.replace(to)
        {
            turn.outbox.reply(earlier, refuse(ErrorCode::RebalanceInProgress));
        }
        if self.is_leader(member_id) {
            let assignments: HashMap<String, Bytes> = request.assignments.into_iter().collect();
            let record = self.record(Some(&assignments));
            let then = Continuation::Assign { generation: self.generation, assignments };
            turn.outbox.append(&self.id, vec![record], then);
        }
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(), ErrorCode> {
        let differs = |asked: &Option<String>, ours: &Option<String>| {
            asked.is_some() && ours.is_some() && asked != ours
        };
        match self.state {
            ClassicState::Dead => return Err(ErrorCode::CoordinatorNotAvailable),
            ClassicState::Empty => return Err(ErrorCode::UnknownMemberId),
            ClassicState::PreparingRebalance | ClassicState::CompletingRebalance | ClassicState::Stable => {}
        }
        self.check_identity(&request.member)?;
        if differs(&request.protocol_type, &self.protocol_type) || differs(&request.protocol, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// Whether a request comes from a member of this generation.
    pub(super) fn check_identity(&self, member: &MemberIdentity) -> Result<(), ErrorCode> {
        self.check_member(&member.member_id, member.instance_id.as_deref())?;
        if member.generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    fn synced(&mut self, member_id: &str) {
        self.pending_sync.remove(member_id);
        if self.pending_sync.is_empty() {
            self.sync_timer = None;
        }
    }

    fn assignment_of(&self, member_id: &str) -> SyncResponse {
        SyncResponse {
            error: ErrorCode::None,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self
                .members
                .get(member_id)
                .map(|member| member.assignment.clone())
                .unwrap_or_default(),
        }
    }

    /// The leader's assignment is durable, or is not. A rebalance that began meanwhile makes it void.
    pub(super) fn assigned(
        &mut self,
        generation: i32,
        mut assignments: HashMap<String, Bytes>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        if self.state != ClassicState::CompletingRebalance || self.generation != generation {
            return;
        }
        if let Err(error) = result {
            tracing::warn!(group = %self.id, generation, %error, "cannot keep the group's assignment");
            self.reset_assignments(append_error(error), turn);
            return self.rebalance_or_complete(turn, "the assignment could not be written");
        }
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
        }
        self.step(ClassicState::Stable, turn.now.wall);
        self.answer_syncs(ErrorCode::None, turn);
    }

    /// Takes all assignments back; who waits for one is told `error`.
    pub(super) fn reset_assignments(&mut self, error: ErrorCode, turn: &mut Turn<'_, R>) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.answer_syncs(error, turn);
    }

    fn answer_syncs(&mut self, error: ErrorCode, turn: &mut Turn<'_, R>) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let Some(to) = self.members.get_mut(&id).and_then(|member| member.syncing.take()) else {
                continue;
            };
            let response = match error {
                ErrorCode::None => self.assignment_of(&id),
                error => SyncResponse::refusal(error),
            };
            turn.outbox.reply(to, Response::Sync(response));
            // Its session may have ended while its request waited here.
            self.restart_session(&id, turn.now.monotonic);
        }
    }

    /// A member is there.
    pub(super) fn heartbeat(&mut self, member: &MemberIdentity, turn: &mut Turn<'_, R>) -> ErrorCode {
        if self.state == ClassicState::Dead {
            return ErrorCode::CoordinatorNotAvailable;
        }
        if let Err(error) = self.check_identity(member) {
            return error;
        }
        self.restart_session(&member.member_id, turn.now.monotonic);
        match self.state {
            ClassicState::Stable | ClassicState::CompletingRebalance => ErrorCode::None,
            ClassicState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            ClassicState::Empty | ClassicState::Dead => ErrorCode::UnknownMemberId,
        }
    }

    /// The record of the group's state, with these assignments or those that the members have.
    pub(super) fn record(&mut self, assignments: Option<&HashMap<String, Bytes>>) -> CoordinatorRecord {
        self.recorded = true;
        let assigned = |id: &String, own: &Bytes| match assignments {
            Some(assignments) => assignments.get(id).cloned().unwrap_or_default(),
            None => own.clone(),
        };
        let members = self.members.iter().map(|(id, member)| MemberMetadata {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout: member.settings.rebalance_timeout,
            session_timeout: member.settings.session_timeout,
            subscription: member.metadata(self.protocol.as_deref()),
            assignment: assigned(id, &member.assignment),
        });
        let value = GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_time: self.state_time,
            members: members.collect(),
        };
        CoordinatorRecord { key: RecordKey::Group(self.id.to_string()).encode(), value: Some(value.encode()) }
    }
}
