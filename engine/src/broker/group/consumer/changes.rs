//! Changes of a group of the consumer protocol, one after the other: each is written before it counts, and before the next
//! one begins. Also the timers: members that are silent, or do not give up what they should, are taken out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::heartbeat::Surroundings;
use super::records::difference;
use super::{ConsumerGroup, member};
use crate::broker::coordination::{CoordinatorRecord, append_error};
use crate::broker::group::classic_group::Group;
use crate::broker::group::outbox::{Continuation, Outbox, Turn};
use crate::broker::group::request::{ConsumerHeartbeat, ConsumerHeartbeatResponse, Response};
use crate::broker::group::state::ClassicState;
use crate::broker::offsets_schema::{MemberState, RecordKey};
use crate::error_code::ErrorCode;

/// What a group has of the consumer protocol.
#[derive(Debug)]
pub(in crate::broker::group) struct ConsumerSide<R> {
    /// As the log has it; `None` when there is none.
    pub(in crate::broker::group) group: Option<ConsumerGroup>,
    /// A change is on its way to the log.
    is_changing: bool,
    /// What waits for that.
    waiting: VecDeque<Asked<R>>,
    /// When a member is taken for lost.
    sessions: BTreeMap<String, Duration>,
    /// Until when a member of this epoch may take to give partitions up.
    revocations: BTreeMap<String, (i32, Duration)>,
}

/// Something that may change a group.
#[derive(Debug)]
enum Asked<R> {
    Heartbeat(Box<ConsumerHeartbeat>, R),
    /// Take these members out.
    Remove(Vec<String>),
}

/// A change on its way to the log.
#[derive(Debug)]
pub(in crate::broker::group) struct Change<R> {
    after: ConsumerGroup,
    /// Who is told what once it is there.
    answer: Option<(R, ConsumerHeartbeatResponse)>,
}

impl<R> Change<R> {
    /// Answers whoever waits for it with `error`.
    pub(in crate::broker::group) fn refuse(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        if let Some((to, _)) = self.answer {
            outbox.reply(to, Response::ConsumerHeartbeat(ConsumerHeartbeatResponse::refusal(error, None)));
        }
    }
}

impl<R> Default for ConsumerSide<R> {
    fn default() -> ConsumerSide<R> {
        ConsumerSide {
            group: None,
            is_changing: false,
            waiting: VecDeque::new(),
            sessions: BTreeMap::new(),
            revocations: BTreeMap::new(),
        }
    }
}

impl<R> ConsumerSide<R> {
    /// Whether there are members, or may be when what is under way has ended.
    pub(in crate::broker::group) fn is_used(&self) -> bool {
        self.is_changing
            || !self.waiting.is_empty()
            || self.group.as_ref().is_some_and(|group| !group.is_empty())
    }

    pub(in crate::broker::group) fn is_subscribed(&self, topic: &str) -> bool {
        self.group.as_ref().is_some_and(|group| group.is_subscribed(topic))
    }

    /// Id of the static member of this instance.
    pub(in crate::broker::group) fn static_member(&self, instance: &str) -> Option<&str> {
        self.group.as_ref()?.static_member(instance)
    }

    /// The earliest of all timers.
    pub(in crate::broker::group) fn earliest_timer(&self) -> Option<Duration> {
        let revocations = self.revocations.values().map(|(_, at)| *at);
        self.sessions.values().copied().chain(revocations).min()
    }

    /// Tombstones of a group without members.
    pub(in crate::broker::group) fn tombstones(&self, id: &str) -> Vec<CoordinatorRecord> {
        self.group.as_ref().map_or_else(Vec::new, |group| difference(id, Some(group), None))
    }

    /// Answers everybody who waits with `error`.
    pub(in crate::broker::group) fn refuse_all(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        for asked in self.waiting {
            if let Asked::Heartbeat(_, to) = asked {
                let response = ConsumerHeartbeatResponse::refusal(error, None);
                outbox.reply(to, Response::ConsumerHeartbeat(response));
            }
        }
    }
}

impl<R> Group<R> {
    /// Takes a member's heartbeat; answered when what it changes is durable.
    pub(in crate::broker::group) fn hear(
        &mut self,
        request: ConsumerHeartbeat,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        self.consumer.waiting.push_back(Asked::Heartbeat(Box::new(request), to));
        self.go_on(turn);
    }

    /// Takes members out, as far as they are there.
    pub(in crate::broker::group) fn remove_consumers(&mut self, ids: Vec<String>, turn: &mut Turn<'_, R>) {
        if !ids.is_empty() {
            self.consumer.waiting.push_back(Asked::Remove(ids));
            self.go_on(turn);
        }
    }

    fn go_on(&mut self, turn: &mut Turn<'_, R>) {
        while !self.consumer.is_changing
            && let Some(asked) = self.consumer.waiting.pop_front()
        {
            match asked {
                Asked::Heartbeat(request, to) => self.answer_heartbeat(&request, to, turn),
                Asked::Remove(ids) => {
                    let mut after = self.consumer.group.clone().unwrap_or_default();
                    after.remove(ids.iter().map(String::as_str), turn.topics);
                    self.change(after, None, turn);
                }
            }
        }
    }

    fn answer_heartbeat(&mut self, request: &ConsumerHeartbeat, to: R, turn: &mut Turn<'_, R>) {
        let id = match request.member_id.as_str() {
            "" => turn.ids.next(),
            id => id.to_owned(),
        };
        let mut after = self.consumer.group.clone().unwrap_or_default();
        let around = Surroundings { config: turn.config, topics: turn.topics, now: turn.now.wall };
        let heard = self.check_heartbeat(request).and_then(|()| after.hear(request, &id, &around));
        match heard {
            Ok(response) => {
                if response.epoch >= 0 {
                    self.restart_consumer_session(&id, turn);
                }
                self.change(after, Some((to, response)), turn);
            }
            Err((error, text)) => {
                let response = ConsumerHeartbeatResponse::refusal(error, Some(text));
                turn.outbox.reply(to, Response::ConsumerHeartbeat(response));
            }
        }
    }

    /// Whether the group can have members of this protocol.
    fn check_heartbeat(&self, request: &ConsumerHeartbeat) -> Result<(), (ErrorCode, String)> {
        let group = &self.id;
        let not_found = |text: String| Err((ErrorCode::GroupIdNotFound, text));
        match self.state {
            ClassicState::Dead => Err((ErrorCode::CoordinatorNotAvailable, String::new())),
            ClassicState::Empty if self.consumer.group.is_some() || request.is_joining() => Ok(()),
            ClassicState::Empty => not_found(format!("Group {group} is not a consumer group.")),
            _ if request.is_joining() => not_found(format!(
                "Cannot upgrade classic group {group} to consumer group because online upgrade is disabled."
            )),
            _ => not_found(format!("Group {group} is not a consumer group.")),
        }
    }

    fn restart_consumer_session(&mut self, id: &str, turn: &Turn<'_, R>) {
        let at = turn.now.monotonic + turn.config.consumer_session_timeout;
        self.consumer.sessions.insert(id.to_owned(), at);
        self.wake_at(at);
    }

    /// Writes what differs from now, or answers at once when nothing does.
    fn change(
        &mut self,
        after: ConsumerGroup,
        answer: Option<(R, ConsumerHeartbeatResponse)>,
        turn: &mut Turn<'_, R>,
    ) {
        let mut records = difference(&self.id, self.consumer.group.as_ref(), Some(&after));
        if records.is_empty() {
            if let Some((to, response)) = answer {
                turn.outbox.reply(to, Response::ConsumerHeartbeat(response));
            }
            return;
        }
        if self.recorded {
            // What was a group of the classic protocol, and has no members, becomes one of this.
            let key = RecordKey::Group(self.id.to_string()).encode();
            records.insert(0, CoordinatorRecord { key, value: None });
        }
        self.consumer.is_changing = true;
        turn.outbox.append(&self.id, records, Continuation::Change(Box::new(Change { after, answer })));
    }

    /// A change is durable, or is not.
    pub(in crate::broker::group) fn changed(
        &mut self,
        change: Change<R>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        self.consumer.is_changing = false;
        match result {
            Ok(()) => {
                self.forget_classic();
                self.consumer.group = Some(change.after);
                if let Some((to, response)) = change.answer {
                    turn.outbox.reply(to, Response::ConsumerHeartbeat(response));
                }
            }
            Err(error) => change.refuse(turn.outbox, append_error(error)),
        }
        self.renew_consumer_timers(turn);
        self.go_on(turn);
    }

    /// Every member has a session, also one that could not be taken out; who is to give partitions up has the time that it
    /// asked for.
    pub(in crate::broker::group) fn renew_consumer_timers(&mut self, turn: &Turn<'_, R>) {
        let nobody = ConsumerGroup::default();
        let group = self.consumer.group.as_ref().unwrap_or(&nobody);
        let now = turn.now.monotonic;
        let mut revocations = BTreeMap::new();
        let sessions = &mut self.consumer.sessions;
        sessions.retain(|id, _| group.members.contains_key(id));
        for (id, member) in &group.members {
            sessions.entry(id.clone()).or_insert(now + turn.config.consumer_session_timeout);
            let epoch = member.current.epoch;
            if member.current.state == MemberState::UnrevokedPartitions && epoch != member::LEFT_FOR_A_WHILE {
                let known = self.consumer.revocations.get(id).filter(|(of, _)| *of == epoch).copied();
                let fresh = (epoch, now + member.metadata.rebalance_timeout);
                revocations.insert(id.clone(), known.unwrap_or(fresh));
            }
        }
        self.consumer.revocations = revocations;
        if let Some(at) = self.consumer.earliest_timer() {
            self.wake_at(at);
        }
    }

    /// Takes out whose time is up.
    pub(in crate::broker::group) fn tick_consumers(&mut self, turn: &mut Turn<'_, R>) {
        let now = turn.now.monotonic;
        let silent: Vec<String> = due(self.consumer.sessions.iter().map(|(id, at)| (id, *at)), now);
        let slow: Vec<String> = due(self.consumer.revocations.iter().map(|(id, (_, at))| (id, *at)), now);
        self.consumer.sessions.retain(|_, at| *at > now);
        self.consumer.revocations.retain(|_, (_, at)| *at > now);
        for (ids, why) in
            [(&silent, "no heartbeat in its session timeout"), (&slow, "it does not give partitions up")]
        {
            for id in ids {
                tracing::info!(group = %self.id, member = id, "removed: {why}");
            }
        }
        for id in silent.into_iter().chain(slow) {
            self.remove_consumers(vec![id], turn);
        }
    }
}

fn due<'a>(timers: impl Iterator<Item = (&'a String, Duration)>, now: Duration) -> Vec<String> {
    timers.filter(|(_, at)| *at <= now).map(|(id, _)| id.clone()).collect()
}
