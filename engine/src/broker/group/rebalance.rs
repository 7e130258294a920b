//! From one generation to the next: waiting for members to join, and timers that run out.

use std::time::Duration;

use super::classic_group::{Group, JoinTimer};
use super::outbox::{Continuation, Turn};
use super::request::Response;
use super::state::ClassicState;
use crate::error_code::ErrorCode;

impl<R> Group<R> {
    /// Starts a rebalance, or lets one that waits go on if everybody is there.
    pub(super) fn rebalance_or_complete(&mut self, turn: &mut Turn<'_, R>, reason: &str) {
        if self.state.may_become(ClassicState::PreparingRebalance) {
            self.prepare_rebalance(turn, reason);
        } else {
            self.complete_join_if_all(turn);
        }
    }

    pub(super) fn prepare_rebalance(&mut self, turn: &mut Turn<'_, R>, reason: &str) {
        if self.state == ClassicState::CompletingRebalance {
            self.reset_assignments(ErrorCode::RebalanceInProgress, turn);
        }
        self.pending_sync.clear();
        self.sync_timer = None;
        let is_first = self.state == ClassicState::Empty;
        self.step(ClassicState::PreparingRebalance, turn.now.wall);
        turn.outbox.tell_change();
        tracing::info!(group = %self.id, generation = self.generation, reason, "rebalance");
        if is_first {
            self.new_member_added = false;
            let delay = turn.config.group_initial_rebalance_delay;
            let remaining = self.rebalance_timeout().saturating_sub(delay);
            self.wait_for_first(delay, remaining, turn.now.monotonic);
        } else if self.all_joined() {
            self.complete_join(turn);
        } else {
            self.wait_for_all(turn.now.monotonic);
        }
    }

    fn wait_for_first(&mut self, delay: Duration, remaining: Duration, now: Duration) {
        let at = now + delay;
        self.join_timer = Some(JoinTimer::Initial { at, delay, remaining });
        self.wake_at(at);
    }

    fn wait_for_all(&mut self, now: Duration) {
        let at = now + self.rebalance_timeout();
        self.join_timer = Some(JoinTimer::Rebalance { at });
        self.wake_at(at);
    }

    /// Ends the wait for members if it is not the first one's and everybody has joined.
    pub(super) fn complete_join_if_all(&mut self, turn: &mut Turn<'_, R>) {
        if self.state == ClassicState::PreparingRebalance
            && self.previous_state != ClassicState::Empty
            && self.all_joined()
        {
            self.complete_join(turn);
        }
    }

    /// Ends the wait for members: who has not joined is out, unless it is static.
    fn complete_join(&mut self, turn: &mut Turn<'_, R>) {
        self.join_timer = None;
        let is_lost =
            |member: &super::member::Member<R>| member.joining.is_none() && member.instance_id.is_none();
        let lost: Vec<String> =
            self.members.iter().filter(|(_, member)| is_lost(member)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            tracing::info!(group = %self.id, member = id, "removed: it did not join the rebalance in time");
            self.remove_member(&id, turn);
        }
        if !self.members.is_empty() && !self.elect_joined_leader() {
            // Only static members are left, and none is there: until they join or their sessions end.
            return self.wait_for_all(turn.now.monotonic);
        }
        self.generation = self.generation.wrapping_add(1).max(0);
        self.protocol = self.select_protocol();
        self.read_subscriptions();
        self.pending_sync.clear();
        if self.members.is_empty() {
            self.step(ClassicState::Empty, turn.now.wall);
            let record = self.record(None);
            turn.outbox.append(&self.id, vec![record], Continuation::Nothing);
        } else {
            self.step(ClassicState::CompletingRebalance, turn.now.wall);
            self.answer_joins(turn);
        }
    }

    /// Makes sure that the leader is one of those who joined. False when nobody has.
    fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        let Some(first) = self.members.keys().find(|id| has_joined(id)) else { return false };
        self.leader = Some(first.clone());
        true
    }

    fn answer_joins(&mut self, turn: &mut Turn<'_, R>) {
        let now = turn.now.monotonic;
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let response = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.is_new = false;
                if let Some(to) = member.joining.take() {
                    turn.outbox.reply(to, Response::Join(response));
                }
            }
            self.restart_session(&id, now);
            self.pending_sync.insert(id);
        }
        let at = now + self.rebalance_timeout();
        self.sync_timer = Some(at);
        self.wake_at(at);
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, turn: &mut Turn<'_, R>) {
        if !self.consumer.is_changing() {
            self.tick_classic(turn);
        }
        self.tick_consumers(turn);
        self.next_wake = self.earliest_timer();
    }

    fn tick_classic(&mut self, turn: &mut Turn<'_, R>) {
        let now = turn.now.monotonic;
        if let Some(timer) = self.join_timer.take_if(|timer| timer.at() <= now) {
            self.join_time_is_up(timer, turn);
        }
        if self.sync_timer.take_if(|at| *at <= now).is_some() {
            self.sync_time_is_up(turn);
        }
        let due = self.members.iter().filter(|(_, member)| member.deadline.is_some_and(|at| at <= now));
        for id in due.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.session_is_over(&id, turn);
        }
        let lapsed = self.pending_join.iter().filter(|(_, at)| **at <= now);
        for id in lapsed.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.pending_join.remove(&id);
            if self.state == ClassicState::PreparingRebalance && self.all_joined() {
                self.complete_join(turn);
            }
        }
    }

    fn join_time_is_up(&mut self, timer: JoinTimer, turn: &mut Turn<'_, R>) {
        match timer {
            JoinTimer::Initial { delay, remaining, .. } if self.new_member_added && !remaining.is_zero() => {
                self.new_member_added = false;
                let next = turn.config.group_initial_rebalance_delay.min(remaining);
                self.wait_for_first(next, remaining.saturating_sub(delay), turn.now.monotonic);
            }
            JoinTimer::Initial { .. } | JoinTimer::Rebalance { .. } => self.complete_join(turn),
        }
    }

    /// Members that have joined but not asked for their assignment in time are out.
    fn sync_time_is_up(&mut self, turn: &mut Turn<'_, R>) {
        let missing = std::mem::take(&mut self.pending_sync);
        let may_rebalance = matches!(self.state, ClassicState::CompletingRebalance | ClassicState::Stable);
        if missing.is_empty() || !may_rebalance {
            return;
        }
        for id in &missing {
            tracing::info!(group = %self.id, member = id, "removed: it did not ask for its assignment in time");
            self.remove_member(id, turn);
        }
        self.prepare_rebalance(turn, "members did not ask for their assignment");
    }

    fn session_is_over(&mut self, id: &str, turn: &mut Turn<'_, R>) {
        // It may be out already, by what another member's end led to.
        let Some(member) = self.members.get_mut(id) else { return };
        if member.deadline.is_none_or(|at| at > turn.now.monotonic) {
            return;
        }
        member.deadline = None;
        if member.is_waiting() {
            return;
        }
        tracing::info!(group = %self.id, member = id, "removed: no heartbeat in its session timeout");
        self.remove_member(id, turn);
        match self.state {
            ClassicState::Stable | ClassicState::CompletingRebalance => {
                self.rebalance_or_complete(turn, "a member was lost");
            }
            ClassicState::PreparingRebalance if self.all_joined() => self.complete_join(turn),
            ClassicState::PreparingRebalance | ClassicState::Empty | ClassicState::Dead => {}
        }
    }
}
