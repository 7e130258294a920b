//! [`Group`]: one group's members and state, and the operations on them that need nothing from outside (Kafka:
//! `ClassicGroup`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::consumer::ConsumerSide;
use super::member::{Member, MemberSettings};
use super::offsets::Offsets;
use super::outbox::{Continuation, Turn};
use super::request::{JoinResponse, JoinedMember, Protocol, Response};
use super::state::ClassicState;
use crate::broker::consumer_protocol::{MemberSubscription, PROTOCOL_TYPE};
use crate::error_code::ErrorCode;
use crate::types::Timestamp;

/// Shortest time that members are waited for, so that an absurd timeout costs no busy loop.
const REBALANCE_TIMEOUT_MIN: Duration = Duration::from_millis(1);

/// Until when a generation waits for members to join.
#[derive(Clone, Copy, Debug)]
pub(super) enum JoinTimer {
    /// The first generation: every new member extends it by `delay`, as long as there is some `remaining`.
    Initial { at: Duration, delay: Duration, remaining: Duration },
    /// Every other generation.
    Rebalance { at: Duration },
}

impl JoinTimer {
    pub(super) fn at(self) -> Duration {
        match self {
            JoinTimer::Initial { at, .. } | JoinTimer::Rebalance { at } => at,
        }
    }
}

/// One group. Members are kept by id, so that every run goes through them in the same order.
#[derive(Debug)]
pub(super) struct Group<R> {
    pub(super) id: Arc<str>,
    pub(super) state: ClassicState,
    pub(super) previous_state: ClassicState,
    pub(super) state_time: Option<Timestamp>,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member<R>>,
    /// Member ids by instance id.
    pub(super) static_members: BTreeMap<String, String>,
    /// Ids of static members that could not be kept while the next one was on its way to the log already, with the id and
    /// the settings that the log has instead.
    pub(super) unkept: BTreeMap<String, (String, MemberSettings)>,
    /// Ids that were given out and not joined with, and when they lapse (KIP-394).
    pub(super) pending_join: BTreeMap<String, Duration>,
    /// Members of this generation that have not asked for their assignment.
    pub(super) pending_sync: BTreeSet<String>,
    /// A member came during the wait before the first generation.
    pub(super) new_member_added: bool,
    /// Topics the members read, if they are consumers and say so.
    pub(super) subscribed: Option<BTreeSet<String>>,
    pub(super) join_timer: Option<JoinTimer>,
    pub(super) sync_timer: Option<Duration>,
    /// No timer of the group is due before this.
    pub(super) next_wake: Option<Duration>,
    /// When the coordinator will look at the group, if it has noted a time.
    pub(super) scheduled: Option<Duration>,
    /// A record of the group's state is in the log.
    pub(super) recorded: bool,
    pub(super) offsets: Offsets,
    /// Members of the consumer protocol. While there are some, none of the classic protocol can join.
    pub(super) consumer: ConsumerSide<R>,
}

impl<R> Group<R> {
    pub(super) fn new(id: &str, state_time: Timestamp) -> Group<R> {
        Group {
            id: id.into(),
            state: ClassicState::Empty,
            previous_state: ClassicState::Dead,
            state_time: Some(state_time),
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            unkept: BTreeMap::new(),
            pending_join: BTreeMap::new(),
            pending_sync: BTreeSet::new(),
            new_member_added: false,
            subscribed: None,
            join_timer: None,
            sync_timer: None,
            next_wake: None,
            scheduled: None,
            recorded: false,
            offsets: Offsets::default(),
            consumer: ConsumerSide::default(),
        }
    }

    /// Steps to another state.
    pub(super) fn step(&mut self, state: ClassicState, now: Timestamp) {
        assert!(self.state.may_become(state), "group {}: {:?} cannot become {state:?}", self.id, self.state);
        self.previous_state = self.state;
        self.state = state;
        self.state_time = Some(now);
    }

    /// Makes sure that the group is looked at by then.
    pub(super) fn wake_at(&mut self, at: Duration) {
        self.next_wake = Some(self.next_wake.map_or(at, |known| known.min(at)));
    }

    /// The earliest of all timers. While the group changes its protocol those of the classic one stand still.
    pub(super) fn earliest_timer(&self) -> Option<Duration> {
        let consumers = self.consumer.timers().earliest();
        if self.consumer.is_changing() {
            return consumers;
        }
        let join = self.join_timer.map(JoinTimer::at);
        let members = self.members.values().filter_map(|member| member.deadline);
        let pending = self.pending_join.values().copied();
        join.into_iter().chain(self.sync_timer).chain(members).chain(pending).chain(consumers).min()
    }

    /// Makes sure that the group is looked at when its next timer is due.
    pub(super) fn wake_for_timers(&mut self) {
        if let Some(at) = self.earliest_timer() {
            self.wake_at(at);
        }
    }

    /// Restarts the time after which a member is taken for lost.
    pub(super) fn restart_session(&mut self, member_id: &str, now: Duration) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        let at = now + member.settings.session_timeout;
        member.deadline = Some(at);
        self.wake_at(at);
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    pub(super) fn is_consumer(&self) -> bool {
        self.protocol_type.as_deref() == Some(PROTOCOL_TYPE)
    }

    /// Whether the members read a topic; yes if they may.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        let in_classic = self.subscribed.as_ref().map_or(self.is_consumer(), |topics| topics.contains(topic));
        in_classic || self.consumer.is_subscribed(topic)
    }

    /// The group becomes one of the classic protocol, if it has no members of the other.
    pub(super) fn forget_consumers(&mut self, turn: &mut Turn<'_, R>) {
        let tombstones = self.consumer.tombstones(&self.id);
        if !self.consumer.is_used() && !tombstones.is_empty() && self.state != ClassicState::Dead {
            self.consumer.group = None;
            turn.outbox.append(&self.id, tombstones, Continuation::Nothing);
        }
    }

    /// Whether a request comes from who it says, and that is a member.
    pub(super) fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance_id {
            match self.static_members.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        match self.members.contains_key(member_id) {
            true => Ok(()),
            false => Err(ErrorCode::UnknownMemberId),
        }
    }

    pub(super) fn all_joined(&self) -> bool {
        self.pending_join.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// The longest time any member gives a rebalance; none without members.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        let timeouts = self.members.values().map(|member| member.settings.rebalance_timeout);
        timeouts.max().map_or(Duration::ZERO, |longest| longest.max(REBALANCE_TIMEOUT_MIN))
    }

    pub(super) fn add_member(&mut self, id: &str, member: Member<R>, protocol_type: &str) {
        if let Some(instance) = &member.instance_id {
            self.static_members.insert(instance.clone(), id.to_owned());
        }
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        if self.leader.is_none() {
            self.leader = Some(id.to_owned());
        }
        self.members.insert(id.to_owned(), member);
        self.pending_join.remove(id);
    }

    /// Takes a member out, whatever it waits for answered: it is not known any more.
    pub(super) fn remove_member(&mut self, id: &str, turn: &mut Turn<'_, R>) {
        self.pending_join.remove(id);
        self.pending_sync.remove(id);
        let Some(mut member) = self.members.remove(id) else { return };
        turn.outbox.tell_change();
        if let Some(instance) = &member.instance_id {
            self.static_members.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        member.refuse_waiting("", ErrorCode::UnknownMemberId, turn.outbox);
    }

    /// Gives a static member a new id. Whoever waits under the old one is fenced.
    pub(super) fn rename_member(&mut self, old_id: &str, new_id: &str, turn: &mut Turn<'_, R>) {
        let Some(mut member) = self.members.remove(old_id) else { return };
        turn.outbox.tell_change();
        member.refuse_waiting(old_id, ErrorCode::FencedInstanceId, turn.outbox);
        if self.is_leader(old_id) {
            self.leader = Some(new_id.to_owned());
        }
        if let Some(instance) = &member.instance_id {
            self.static_members.insert(instance.clone(), new_id.to_owned());
        }
        if self.pending_sync.remove(old_id) {
            self.pending_sync.insert(new_id.to_owned());
        }
        member.is_new = false;
        self.members.insert(new_id.to_owned(), member);
        self.restart_session(new_id, turn.now.monotonic);
    }

    /// Takes over what a member says of itself, and lets its request wait.
    pub(super) fn update_member(
        &mut self,
        id: &str,
        settings: MemberSettings,
        waiting: Option<R>,
        turn: &mut Turn<'_, R>,
    ) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.settings = settings;
        if let Some(earlier) = std::mem::replace(&mut member.joining, waiting) {
            // The client gave up on its earlier request: this answer reaches nobody, or makes it ask again.
            let response = JoinResponse::refusal(id, ErrorCode::RebalanceInProgress);
            turn.outbox.reply(earlier, Response::Join(response));
        }
    }

    /// Whether a member with these protocols can be part of the group.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == ClassicState::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let by_all = |name: &str| self.members.values().all(|member| member.supports(name));
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|protocol| by_all(&protocol.name))
    }

    /// The protocol that all members support and most like best; of several the first by name.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let names = |member: &'_ Member<R>| -> BTreeSet<String> {
            member.settings.protocols.iter().map(|protocol| protocol.name.clone()).collect()
        };
        let mut members = self.members.values();
        let first = names(members.next()?);
        let common: Vec<&String> =
            first.iter().filter(|name| self.members.values().all(|member| member.supports(name))).collect();
        let candidates: BTreeSet<&str> = common.iter().map(|name| name.as_str()).collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            *votes.entry(member.vote(&candidates)?).or_default() += 1;
        }
        let winner = votes.iter().rev().max_by_key(|(_, count)| **count)?;
        Some((*winner.0).to_owned())
    }

    /// Reads which topics the members subscribe to.
    pub(super) fn read_subscriptions(&mut self) {
        self.subscribed = self.is_consumer().then(BTreeSet::new).and_then(|mut topics| {
            for member in self.members.values() {
                // Without a protocol, or with metadata of another kind, nothing is known.
                let metadata = member.metadata(Some(self.protocol.as_deref()?));
                topics.extend(MemberSubscription::decode(&metadata).ok()?.topics);
            }
            Some(topics)
        });
    }

    /// All members, as the leader sees them.
    pub(super) fn roster(&self) -> Vec<JoinedMember> {
        let joined = |(id, member): (&String, &Member<R>)| JoinedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(self.protocol.as_deref()),
        };
        self.members.iter().map(joined).collect()
    }

    /// What a member of this generation is told when it joins.
    pub(super) fn joined(&self, member_id: &str) -> JoinResponse {
        JoinResponse {
            error: ErrorCode::None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: if self.is_leader(member_id) { self.roster() } else { Vec::new() },
        }
    }
}
