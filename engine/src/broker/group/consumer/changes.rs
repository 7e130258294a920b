//! Changes of a group of the consumer protocol, one after the other: each is written before it counts, and before the next
//! one begins. What arrives meanwhile waits.

use std::collections::VecDeque;

use super::ConsumerGroup;
use super::heartbeat::Surroundings;
use super::migration::{self, Downgrade};
use super::records::difference;
use super::subscription::Refusal;
use super::timers::Timers;
use crate::broker::coordination::{CoordinatorRecord, append_error};
use crate::broker::group::classic_group::Group;
use crate::broker::group::outbox::{Continuation, Outbox, Turn};
use crate::broker::group::request::{
    ConsumerHeartbeat, ConsumerHeartbeatResponse, JoinRequest, JoinResponse, LeavingMember, Response,
    SyncRequest, SyncResponse,
};
use crate::broker::group::state::ClassicState;
use crate::broker::offsets_schema::RecordKey;
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
    /// Version of the topics that `group` is known to be up to date with.
    checked: Option<u64>,
    pub(super) timers: Timers,
}

/// Something that may change a group.
#[derive(Debug)]
enum Asked<R> {
    Heartbeat(Box<ConsumerHeartbeat>, R),
    /// A member of the classic protocol joins.
    Join(Box<JoinRequest>, R),
    /// Such a member asks for its assignment.
    Sync(Box<SyncRequest>, R),
    /// Members go, or are made to.
    Leave(Vec<LeavingMember>, R),
    /// A member's time is up.
    Remove(String),
}

/// A change on its way to the log.
#[derive(Debug)]
pub(in crate::broker::group) struct Change<R> {
    next: Next,
    /// Who is told what once it is there.
    answer: Option<(R, Response)>,
}

/// What a group becomes.
#[derive(Debug)]
enum Next {
    Consumer(ConsumerGroup),
    /// The last member of the consumer protocol has gone: those of the classic one are among themselves again.
    Classic(Box<Downgrade>),
}

/// A response with an error in place of what it says.
fn failed(response: &Response, error: ErrorCode) -> Response {
    match response {
        Response::Join(joined) => Response::Join(JoinResponse::refusal(&joined.member_id, error)),
        Response::Sync(_) => Response::Sync(SyncResponse::refusal(error)),
        Response::Left(_) => Response::Left(Err(error)),
        _ => Response::ConsumerHeartbeat(ConsumerHeartbeatResponse::refusal(error, None)),
    }
}

impl<R> Change<R> {
    /// Answers whoever waits for it with `error`.
    pub(in crate::broker::group) fn refuse(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        if let Some((to, response)) = self.answer {
            outbox.reply(to, failed(&response, error));
        }
    }
}

impl<R> Default for ConsumerSide<R> {
    fn default() -> ConsumerSide<R> {
        ConsumerSide {
            group: None,
            is_changing: false,
            waiting: VecDeque::new(),
            checked: None,
            timers: Timers::default(),
        }
    }
}

impl<R> ConsumerSide<R> {
    /// Whether there are members, or may be when what is under way has ended.
    pub(in crate::broker::group) fn is_used(&self) -> bool {
        self.is_changing || !self.waiting.is_empty() || self.has_members()
    }

    pub(in crate::broker::group) fn has_members(&self) -> bool {
        self.group.as_ref().is_some_and(|group| !group.is_empty())
    }

    pub(in crate::broker::group) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Whether a group of the classic protocol is on its way to become one of this.
    pub(in crate::broker::group) fn is_changing(&self) -> bool {
        self.is_changing
    }

    pub(in crate::broker::group) fn is_subscribed(&self, topic: &str) -> bool {
        self.group.as_ref().is_some_and(|group| group.is_subscribed(topic))
    }

    /// Tombstones of a group.
    pub(in crate::broker::group) fn tombstones(&self, id: &str) -> Vec<CoordinatorRecord> {
        self.group.as_ref().map_or_else(Vec::new, |group| difference(id, Some(group), None))
    }

    /// Answers everybody who waits with `error`.
    pub(in crate::broker::group) fn refuse_all(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        for asked in self.waiting {
            let (to, response) = match asked {
                Asked::Heartbeat(_, to) => {
                    (to, Response::ConsumerHeartbeat(ConsumerHeartbeatResponse::refusal(error, None)))
                }
                Asked::Join(request, to) => {
                    (to, Response::Join(JoinResponse::refusal(&request.member_id, error)))
                }
                Asked::Sync(_, to) => (to, Response::Sync(SyncResponse::refusal(error))),
                Asked::Leave(_, to) => (to, Response::Left(Err(error))),
                Asked::Remove(_) => continue,
            };
            outbox.reply(to, response);
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
        self.take(Asked::Heartbeat(Box::new(request), to), turn);
    }

    /// Lets a member of the classic protocol join members of the other; answered when that is durable.
    pub(in crate::broker::group) fn join_consumers(
        &mut self,
        request: JoinRequest,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        self.take(Asked::Join(Box::new(request), to), turn);
    }

    /// Answers such a member with its assignment.
    pub(in crate::broker::group) fn sync_consumer(
        &mut self,
        request: SyncRequest,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        self.take(Asked::Sync(Box::new(request), to), turn);
    }

    /// Takes members of either protocol out; answered when that is durable.
    pub(in crate::broker::group) fn leave_consumers(
        &mut self,
        members: Vec<LeavingMember>,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        self.take(Asked::Leave(members, to), turn);
    }

    /// Takes a member out, if it is there.
    pub(super) fn remove_consumer(&mut self, id: String, turn: &mut Turn<'_, R>) {
        self.take(Asked::Remove(id), turn);
    }

    fn take(&mut self, asked: Asked<R>, turn: &mut Turn<'_, R>) {
        self.consumer.waiting.push_back(asked);
        self.go_on(turn);
    }

    fn go_on(&mut self, turn: &mut Turn<'_, R>) {
        while !self.consumer.is_changing
            && let Some(asked) = self.consumer.waiting.pop_front()
        {
            match asked {
                Asked::Heartbeat(request, to) => self.answer_heartbeat(&request, to, turn),
                Asked::Join(request, to) if self.consumer.has_members() => {
                    self.answer_join(&request, to, turn)
                }
                Asked::Sync(request, to) if self.consumer.has_members() => {
                    self.answer_sync(&request, to, turn)
                }
                // Meanwhile they are among themselves.
                Asked::Join(request, to) => {
                    self.forget_consumers(turn);
                    self.join(&request, to, turn);
                }
                Asked::Sync(request, to) => self.sync(*request, to, turn),
                Asked::Leave(members, to) => match &self.consumer.group {
                    Some(group) => {
                        let (left, ids) = group.find_leaving(members);
                        self.take_out(&ids, Some((to, Response::Left(Ok(left)))), turn);
                    }
                    None => self.leave_classic(members, to, turn),
                },
                Asked::Remove(id) => self.take_out(&[id], None, turn),
            }
        }
    }

    fn take_out(&mut self, ids: &[String], answer: Option<(R, Response)>, turn: &mut Turn<'_, R>) {
        let mut after = self.consumer.group.clone().unwrap_or_default();
        after.remove(ids.iter().map(String::as_str), turn.topics);
        self.change(after, answer, turn);
    }

    fn answer_heartbeat(&mut self, request: &ConsumerHeartbeat, to: R, turn: &mut Turn<'_, R>) {
        let id = match request.member_id.as_str() {
            "" => turn.ids.next(),
            id => id.to_owned(),
        };
        let around = Surroundings { config: turn.config, topics: turn.topics, now: turn.now.wall };
        let topics_version = turn.topics.version();
        if let Some(group) = self.consumer.group.as_ref().filter(|_| self.state == ClassicState::Empty)
            && self.consumer.checked == Some(topics_version)
            && let Some(response) = group.hear_nothing_new(request, &around)
        {
            self.restart_consumer_session(&id, turn.config.consumer_session_timeout, turn);
            return turn.outbox.reply(to, Response::ConsumerHeartbeat(response));
        }
        let heard = self.group_to_hear(request, &around).and_then(|mut after| {
            let response = after.hear(request, &id, &around)?;
            Ok((after, response))
        });
        match heard {
            Ok((after, response)) => {
                if response.epoch >= 0 {
                    self.restart_consumer_session(&id, turn.config.consumer_session_timeout, turn);
                }
                self.change(after, Some((to, Response::ConsumerHeartbeat(response))), turn);
                // What has led to no change was held against these topics.
                self.consumer.checked = (!self.consumer.is_changing).then_some(topics_version);
            }
            Err((error, text)) => {
                let text = Some(text).filter(|text| !text.is_empty());
                let response = ConsumerHeartbeatResponse::refusal(error, text);
                turn.outbox.reply(to, Response::ConsumerHeartbeat(response));
            }
        }
    }

    /// The group that a heartbeat is about. One of the classic protocol becomes one of this with the first member that joins.
    fn group_to_hear(
        &self,
        request: &ConsumerHeartbeat,
        around: &Surroundings<'_>,
    ) -> Result<ConsumerGroup, Refusal> {
        match self.state {
            ClassicState::Dead => Err((ErrorCode::CoordinatorNotAvailable, String::new())),
            ClassicState::Empty if self.consumer.group.is_some() || request.is_joining() => {
                Ok(self.consumer.group.clone().unwrap_or_default())
            }
            _ if request.is_joining() => self.upgraded(around),
            _ => {
                let text = format!("Group {} is not a consumer group.", self.id);
                Err((ErrorCode::GroupIdNotFound, text))
            }
        }
    }

    /// Writes what differs from now, or answers at once when nothing does. Who is left alone with members of the classic
    /// protocol is one of theirs again.
    pub(super) fn change(
        &mut self,
        after: ConsumerGroup,
        answer: Option<(R, Response)>,
        turn: &mut Turn<'_, R>,
    ) {
        let before = self.consumer.group.as_ref();
        let has_lost =
            before.is_some_and(|before| before.members.keys().any(|id| !after.members.contains_key(id)));
        if let Some(before) = before.filter(|_| has_lost)
            && let Some(downgrade) = migration::downgrade(before, &after, turn)
        {
            return self.downgrade(downgrade, answer, turn);
        }
        let mut records = difference(&self.id, before, Some(&after));
        if records.is_empty() {
            return self.send(answer, turn);
        }
        self.send_back_to_join(turn);
        if self.recorded {
            // What was a group of the classic protocol becomes one of this.
            let key = RecordKey::Group(self.id.to_string()).encode();
            records.insert(0, CoordinatorRecord { key, value: None });
        }
        self.write(records, Next::Consumer(after), answer, turn);
    }

    /// What was asked for counts.
    fn send(&mut self, answer: Option<(R, Response)>, turn: &mut Turn<'_, R>) {
        if let Some((to, response)) = answer {
            self.note_answer(&response, turn);
            turn.outbox.reply(to, response);
        }
    }

    /// Writes the group as one of the classic protocol.
    pub(super) fn downgrade(
        &mut self,
        downgrade: Downgrade,
        answer: Option<(R, Response)>,
        turn: &mut Turn<'_, R>,
    ) {
        let mut records = self.consumer.tombstones(&self.id);
        records.push(downgrade.record(&self.id));
        self.write(records, Next::Classic(Box::new(downgrade)), answer, turn);
    }

    fn write(
        &mut self,
        records: Vec<CoordinatorRecord>,
        next: Next,
        answer: Option<(R, Response)>,
        turn: &mut Turn<'_, R>,
    ) {
        self.consumer.is_changing = true;
        turn.outbox.append(&self.id, records, Continuation::Change(Box::new(Change { next, answer })));
    }

    /// A change is durable, or is not.
    pub(in crate::broker::group) fn changed(
        &mut self,
        change: Change<R>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) {
        (self.consumer.is_changing, self.consumer.checked) = (false, None);
        if let Err(error) = result {
            change.refuse(turn.outbox, append_error(error));
        } else {
            match change.next {
                Next::Consumer(after) => {
                    self.forget_classic(turn);
                    self.consumer.group = Some(after);
                }
                Next::Classic(downgrade) => self.become_classic(*downgrade, turn),
            }
            self.send(change.answer, turn);
            turn.outbox.tell_change();
        }
        self.renew_consumer_timers(turn);
        self.go_on(turn);
        self.wake_for_timers();
    }
}
