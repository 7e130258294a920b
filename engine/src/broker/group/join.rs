//! JoinGroup: new members, members that join again, static members that come back (KIP-394, KIP-345, KIP-814).

use std::time::Duration;

use super::classic_group::Group;
use super::member::{Member, MemberSettings};
use super::outbox::{Continuation, Replacement, Turn};
use super::request::{JoinRequest, JoinResponse, Response};
use super::state::ClassicState;
use crate::broker::coordination::append_error;
use crate::error_code::ErrorCode;

/// How long the request of a new member may wait: it cannot send heartbeats yet, so only this shows that its client
/// is gone (Kafka: `group.new.member.join.timeout.ms`, internal).
const NEW_MEMBER_JOIN_TIMEOUT: Duration = Duration::from_secs(5 * 60);

impl<R> Group<R> {
    /// Lets a member join. It is answered now, or when the rebalance that this starts is done.
    pub(super) fn join(&mut self, request: &JoinRequest, to: R, turn: &mut Turn<'_, R>) {
        let member_id = request.member_id.as_str();
        if !self.accepts(member_id, turn) {
            self.remove_member(member_id, turn);
            return refuse(to, "", ErrorCode::GroupMaxSizeReached, turn);
        }
        if self.state == ClassicState::Dead {
            return refuse(to, member_id, ErrorCode::CoordinatorNotAvailable, turn);
        }
        if !self.supports(&request.protocol_type, &request.protocols) {
            return refuse(to, member_id, ErrorCode::InconsistentGroupProtocol, turn);
        }
        match (member_id, &request.instance_id) {
            ("", Some(instance)) => self.join_static(request, instance, to, turn),
            ("", None) => self.join_dynamic(request, to, turn),
            _ => self.join_again(request, to, turn),
        }
    }

    /// Whether there is room for a member.
    fn accepts(&self, member_id: &str, turn: &Turn<'_, R>) -> bool {
        let size_max = usize::try_from(turn.config.group_size_max).unwrap_or(usize::MAX);
        let known = self.members.get(member_id);
        match self.state {
            ClassicState::Empty | ClassicState::Dead => true,
            // Those who wait are counted, so that a group whose bound was lowered loses the last who come.
            ClassicState::PreparingRebalance => {
                let waiting = self.members.values().filter(|member| member.joining.is_some()).count();
                known.is_some_and(|member| member.joining.is_some()) || waiting < size_max
            }
            ClassicState::CompletingRebalance | ClassicState::Stable => {
                known.is_some() || self.members.len() < size_max
            }
        }
    }

    fn join_static(&mut self, request: &JoinRequest, instance: &str, to: R, turn: &mut Turn<'_, R>) {
        let new_id = format!("{instance}-{}", turn.ids.next());
        match self.static_members.get(instance).cloned() {
            Some(old_id) => self.replace_static(request, &old_id, &new_id, to, turn),
            None => self.admit(request, &new_id, to, turn),
        }
    }

    fn join_dynamic(&mut self, request: &JoinRequest, to: R, turn: &mut Turn<'_, R>) {
        let new_id = format!("{}-{}", request.client_id, turn.ids.next());
        if !request.member_id_required {
            return self.admit(request, &new_id, to, turn);
        }
        let at = turn.now.monotonic + request.session_timeout;
        self.wake_at(at);
        refuse(to, &new_id, ErrorCode::MemberIdRequired, turn);
        self.pending_join.insert(new_id, at);
    }

    fn join_again(&mut self, request: &JoinRequest, to: R, turn: &mut Turn<'_, R>) {
        let member_id = request.member_id.as_str();
        if self.pending_join.contains_key(member_id) {
            // Ids are only given out ahead to members that are not static.
            return match request.instance_id {
                None => self.admit(request, member_id, to, turn),
                Some(_) => refuse(to, member_id, ErrorCode::UnknownMemberId, turn),
            };
        }
        if let Err(error) = self.check_member(member_id, request.instance_id.as_deref()) {
            return refuse(to, member_id, error, turn);
        }
        let settings = MemberSettings::of(request);
        let same =
            self.members.get(member_id).is_some_and(|known| known.settings.protocols == settings.protocols);
        let nothing_new = match self.state {
            ClassicState::CompletingRebalance => same,
            // The leader joins again when it wants to assign anew, for instance because topics have grown.
            ClassicState::Stable => same && !self.is_leader(member_id),
            ClassicState::PreparingRebalance => false,
            ClassicState::Empty | ClassicState::Dead => {
                return refuse(to, member_id, ErrorCode::UnknownMemberId, turn);
            }
        };
        if nothing_new {
            let response = self.joined(member_id);
            return turn.outbox.reply(to, Response::Join(response));
        }
        self.update_member(member_id, settings, Some(to), turn);
        self.rebalance_or_complete(turn, "a member joins again");
    }

    /// Takes in a new member.
    fn admit(&mut self, request: &JoinRequest, id: &str, to: R, turn: &mut Turn<'_, R>) {
        if self.state == ClassicState::PreparingRebalance && self.previous_state == ClassicState::Empty {
            self.new_member_added = true;
        }
        let at = turn.now.monotonic + NEW_MEMBER_JOIN_TIMEOUT;
        let member = Member { joining: Some(to), deadline: Some(at), ..Member::new(request) };
        self.add_member(id, member, &request.protocol_type);
        self.wake_at(at);
        self.rebalance_or_complete(turn, "a member joins");
    }

    /// A static member came back without its id. While the group is stable and the protocol chosen does not change,
    /// it just takes its place again.
    fn replace_static(
        &mut self,
        request: &JoinRequest,
        old_id: &str,
        new_id: &str,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        let old_leader = self.leader.clone();
        self.rename_member(old_id, new_id, turn);
        let old_settings = self.members.get(new_id).map(|member| member.settings.clone());
        self.update_member(new_id, MemberSettings::of(request), Some(to), turn);
        match self.state {
            ClassicState::Stable if self.select_protocol() == self.protocol => {
                let (Some(old_settings), Some(instance)) = (old_settings, &request.instance_id) else {
                    return;
                };
                let replacement = Replacement {
                    instance_id: instance.clone(),
                    old_id: old_id.to_owned(),
                    new_id: new_id.to_owned(),
                    old_settings,
                    old_leader,
                    skip_assignment_supported: request.skip_assignment_supported,
                };
                let record = self.record(None);
                let then = Continuation::ReplaceStatic(Box::new(replacement));
                turn.outbox.append(&self.id, vec![record], then);
            }
            ClassicState::Stable => self.rebalance_or_complete(turn, "a static member changes the protocol"),
            // The leader may have assigned to the old id already.
            ClassicState::CompletingRebalance => self.prepare_rebalance(turn, "a static member comes back"),
            ClassicState::PreparingRebalance | ClassicState::Empty | ClassicState::Dead => {
                self.complete_join_if_all(turn);
            }
        }
    }

    /// Goes on with a static member that came back, now that its new id is durable, or is not.
    pub(super) fn static_replaced(
        &mut self,
        replacement: &Replacement,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        let new_id = replacement.new_id.as_str();
        if result.is_ok() {
            self.unkept.clear();
        }
        let Some(member) = self.members.get_mut(new_id) else {
            if result.is_err() {
                let (old_id, settings) = (replacement.old_id.clone(), replacement.old_settings.clone());
                self.unkept.insert(new_id.to_owned(), (old_id, settings));
            }
            return;
        };
        match result {
            // Another rebalance has begun meanwhile, and answers it.
            Ok(()) if self.state != ClassicState::Stable => {}
            Ok(()) => {
                let Some(to) = member.joining.take() else { return };
                let mut response = self.joined(new_id);
                if replacement.skip_assignment_supported {
                    response.skip_assignment = self.is_leader(new_id);
                } else {
                    // It must not take itself for the leader: it would assign anew without a rebalance.
                    response.leader = replacement.old_leader.clone().unwrap_or_default();
                    response.members = Vec::new();
                }
                turn.outbox.reply(to, Response::Join(response));
                // Its session may have ended while its request waited here.
                self.restart_session(new_id, turn.now.monotonic);
            }
            Err(error) => {
                let waiting = member.joining.take();
                let (mut old_id, mut settings) =
                    (replacement.old_id.clone(), replacement.old_settings.clone());
                while let Some((older_id, older_settings)) = self.unkept.remove(&old_id) {
                    (old_id, settings) = (older_id, older_settings);
                }
                member.settings = settings;
                self.rename_member(new_id, &old_id, turn);
                tracing::warn!(group = %self.id, instance = replacement.instance_id, %error,
                    "cannot keep the new id of a static member");
                if let Some(to) = waiting {
                    let response = JoinResponse {
                        error: append_error(error),
                        leader: replacement.old_leader.clone().unwrap_or_default(),
                        members: Vec::new(),
                        ..self.joined("")
                    };
                    turn.outbox.reply(to, Response::Join(response));
                }
            }
        }
    }
}

fn refuse<R>(to: R, member_id: &str, error: ErrorCode, turn: &mut Turn<'_, R>) {
    turn.outbox.reply(to, Response::Join(JoinResponse::refusal(member_id, error)));
}
