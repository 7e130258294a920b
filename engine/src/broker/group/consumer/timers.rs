//! Who is to be heard of until when: members that are silent, that do not give partitions up, or that do not come when the
//! group rebalances are taken out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConsumerGroup;
use super::member::LEFT_FOR_A_WHILE;
use crate::broker::group::classic_group::Group;
use crate::broker::group::outbox::Turn;
use crate::broker::group::request::Response;
use crate::broker::offsets_schema::MemberState;

/// What a member is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Awaited {
    /// Any sign of it.
    Sign,
    /// To give partitions up, and so to leave this epoch.
    Revocation(i32),
    /// To join again, as one of the classic protocol.
    Join,
    /// To ask for its assignment, as one of the classic protocol.
    Sync,
}

impl Awaited {
    fn missed(self) -> &'static str {
        match self {
            Awaited::Sign => "no heartbeat in its session timeout",
            Awaited::Revocation(_) => "it does not give partitions up",
            Awaited::Join => "it did not join again in time",
            Awaited::Sync => "it did not ask for its assignment in time",
        }
    }
}

/// By member id.
#[derive(Debug, Default)]
pub(in crate::broker::group) struct Timers(BTreeMap<(String, Awaited), Duration>);

impl Timers {
    /// The earliest of all.
    pub(in crate::broker::group) fn earliest(&self) -> Option<Duration> {
        self.0.values().min().copied()
    }

    fn set(&mut self, id: &str, awaited: Awaited, at: Duration) {
        self.0.insert((id.to_owned(), awaited), at);
    }

    fn set_if_absent(&mut self, id: &str, awaited: Awaited, at: Duration) {
        self.0.entry((id.to_owned(), awaited)).or_insert(at);
    }

    fn cancel(&mut self, id: &str, awaited: Awaited) {
        self.0.remove(&(id.to_owned(), awaited));
    }
}

impl<R> Group<R> {
    pub(super) fn restart_consumer_session(&mut self, id: &str, timeout: Duration, turn: &Turn<'_, R>) {
        let at = turn.now.monotonic + timeout;
        self.consumer.timers.set(id, Awaited::Sign, at);
        self.wake_at(at);
    }

    /// A member of the classic protocol is to join again, in the time that it gives rebalances.
    pub(super) fn await_join(&mut self, id: &str, timeout: Duration, turn: &Turn<'_, R>) {
        self.consumer.timers.set_if_absent(id, Awaited::Join, turn.now.monotonic + timeout);
        self.wake_for_timers();
    }

    /// A member of the classic protocol has its assignment.
    pub(super) fn note_synced(&mut self, id: &str) {
        self.consumer.timers.cancel(id, Awaited::Sync);
    }

    /// A change is durable, and its answer is sent: who has joined is to ask for its assignment next.
    pub(super) fn note_answer(&mut self, response: &Response, turn: &Turn<'_, R>) {
        let Response::Join(joined) = response else { return };
        let id = joined.member_id.as_str();
        let member = self.consumer.group.as_ref().and_then(|group| group.members.get(id));
        let Some((timeout, session)) =
            member.map(|member| (member.metadata.rebalance_timeout, member.session_timeout(turn.config)))
        else {
            return;
        };
        self.consumer.timers.cancel(id, Awaited::Join);
        self.consumer.timers.set(id, Awaited::Sync, turn.now.monotonic + timeout);
        self.restart_consumer_session(id, session, turn);
    }

    /// Every member has a session, also one that could not be taken out; who is to give partitions up has the time that it
    /// asked for.
    pub(in crate::broker::group) fn renew_consumer_timers(&mut self, turn: &Turn<'_, R>) {
        let nobody = ConsumerGroup::default();
        let group = self.consumer.group.as_ref().unwrap_or(&nobody);
        let now = turn.now.monotonic;
        let timers = &mut self.consumer.timers;
        timers.0.retain(|(id, awaited), _| match (group.members.get(id), awaited) {
            (None, _) => false,
            (Some(member), Awaited::Revocation(epoch)) => {
                member.current.state == MemberState::UnrevokedPartitions && member.current.epoch == *epoch
            }
            (Some(member), Awaited::Join | Awaited::Sync) => member.metadata.classic.is_some(),
            (Some(_), Awaited::Sign) => true,
        });
        for (id, member) in &group.members {
            timers.set_if_absent(id, Awaited::Sign, now + member.session_timeout(turn.config));
            let epoch = member.current.epoch;
            if member.current.state == MemberState::UnrevokedPartitions
                && epoch != LEFT_FOR_A_WHILE
                && member.metadata.classic.is_none()
            {
                let at = now + member.metadata.rebalance_timeout;
                timers.set_if_absent(id, Awaited::Revocation(epoch), at);
            }
        }
        self.wake_for_timers();
    }

    /// Takes out whose time is up.
    pub(in crate::broker::group) fn tick_consumers(&mut self, turn: &mut Turn<'_, R>) {
        let now = turn.now.monotonic;
        let due: Vec<(String, Awaited)> = self
            .consumer
            .timers
            .0
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(whom, _)| whom.clone())
            .collect();
        self.consumer.timers.0.retain(|_, at| *at > now);
        for (id, awaited) in due {
            let why = awaited.missed();
            tracing::info!(group = %self.id, member = id, "removed: {why}");
            self.remove_consumer(id, turn);
        }
    }
}
