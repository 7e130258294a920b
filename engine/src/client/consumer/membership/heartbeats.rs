//! Taking part by heartbeats alone (KIP-848, `group.protocol=consumer`). They say what this member reads and has, and bring
//! what it is to have: the coordinator assigns, in small moves. What librdkafka does, but that a heartbeat follows at once
//! when the group or a topic has changed: the coordinator is near.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};

use super::{Command, Membership, Owned, Phase, REJOIN_BACKOFF, Then};
use crate::broker::group::{AssignedPartitions, ConsumerHeartbeat, ConsumerHeartbeatResponse};
use crate::client::assignor::RebalanceProtocol;
use crate::client::consumer::commits::RefusedCommit;
use crate::error_code::ErrorCode;
use crate::types::TopicId;

/// Epoch of a member that joins.
const JOINING: i32 = ConsumerHeartbeat::JOINING;

/// What is under way between this member and the coordinator.
pub(super) struct Heartbeats {
    /// There was one since this member left last.
    begun: bool,
    /// One has not been answered yet.
    in_flight: bool,
    /// It did not say all that there is to say by now.
    again: bool,
    /// From one to the next. The coordinator says it.
    interval: Duration,
    /// Which topics the names in the assignment stand for.
    topics: BTreeMap<Arc<str>, TopicId>,
    /// Whether the last goodbye has been heard.
    goodbye: Option<Receiver<()>>,
    /// Commits that may have been refused only because an answer is on its way.
    refused: Vec<RefusedCommit>,
}

impl Heartbeats {
    pub(super) fn new(interval: Duration) -> Heartbeats {
        Heartbeats {
            begun: false,
            in_flight: false,
            again: false,
            interval,
            topics: BTreeMap::new(),
            goodbye: None,
            refused: Vec::new(),
        }
    }
}

impl Membership {
    /// Says what this member reads and has, unless the application is busy with that: then only that it is there.
    pub(super) fn beat(&mut self) {
        self.heartbeat_at = Some(Instant::now() + self.heartbeats.interval);
        if std::mem::replace(&mut self.heartbeats.in_flight, true) {
            self.heartbeats.again = true;
            return;
        }
        let Some(groups) = self.groups() else {
            self.heartbeats.in_flight = false;
            self.heartbeat_at = Some(Instant::now() + REJOIN_BACKOFF);
            return;
        };
        self.topics_watch.watch_topics(self.broker());
        self.group_watch.watch_group(&groups, &self.group);
        self.shared.state.lock().protocol = Some(RebalanceProtocol::Cooperative);
        self.attempt += 1;
        self.heartbeats.begun = true;
        let (attempt, commands) = (self.attempt, self.commands.clone());
        groups.consumer_heartbeat(self.next_heartbeat(), move |response| {
            drop(commands.send(Command::Beaten(attempt, Box::new(response))));
        });
    }

    fn next_heartbeat(&self) -> ConsumerHeartbeat {
        let config = &self.shared.config;
        let (heartbeat, says_all) = (self.plain_heartbeat(), self.phase == Phase::Stable);
        let Some(subscription) = self.subscription.as_ref().filter(|_| says_all) else { return heartbeat };
        ConsumerHeartbeat {
            rack_id: Some(config.client.client_rack.clone()).filter(|rack| !rack.is_empty()),
            rebalance_timeout: Some(config.max_poll_interval),
            topics: Some(subscription.names()),
            expression: Some(subscription.expression()),
            assignor: config.group_remote_assignor.clone(),
            // Who joins has nothing.
            owned: Some(if heartbeat.epoch == JOINING {
                AssignedPartitions::new()
            } else {
                self.owned_by_id()
            }),
            ..heartbeat
        }
    }

    /// One that says nothing but who sends it.
    fn plain_heartbeat(&self) -> ConsumerHeartbeat {
        let identity = self.identity();
        ConsumerHeartbeat {
            group: self.group.clone(),
            member_id: identity.member_id,
            epoch: identity.generation.max(JOINING),
            instance_id: identity.instance_id,
            rack_id: None,
            client_id: self.shared.config.client.client_id.clone(),
            client_host: "localhost".to_owned(),
            rebalance_timeout: None,
            topics: None,
            expression: None,
            assignor: None,
            owned: None,
            member_id_required: true,
        }
    }

    fn owned_by_id(&self) -> AssignedPartitions {
        let mut owned = AssignedPartitions::new();
        for (topic, partition) in &self.owned {
            if let Some(id) = self.heartbeats.topics.get(topic) {
                owned.entry(*id).or_default().insert(*partition);
            }
        }
        owned
    }

    /// A heartbeat has been answered.
    pub(super) fn beaten(&mut self, response: &ConsumerHeartbeatResponse) {
        self.heartbeats.in_flight = false;
        let again = std::mem::take(&mut self.heartbeats.again);
        let member_id = self.identity().member_id;
        match response.error {
            ErrorCode::None => {
                self.told = None;
                self.shared.set_identity(&member_id, response.epoch);
                self.heartbeats.interval = response.interval;
                self.heartbeat_at = Some(Instant::now() + response.interval);
                self.try_refused_commits();
                if self.outdated && self.phase == Phase::Stable {
                    return self.restart();
                }
                if let Some(assignment) = response.assignment.as_ref().filter(|_| self.phase == Phase::Stable)
                {
                    self.reconcile(assignment);
                }
                if again && self.phase == Phase::Stable {
                    self.beat();
                }
            }
            error => self.beat_refused(error, response.message.as_deref()),
        }
    }

    fn beat_refused(&mut self, error: ErrorCode, message: Option<&str>) {
        let identity = self.identity();
        let is_member = identity.generation > JOINING;
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch | ErrorCode::GroupIdNotFound
                if is_member =>
            {
                self.shared.set_identity(&identity.member_id, JOINING);
                self.lose(Then::Restart);
            }
            ErrorCode::InvalidRequest
            | ErrorCode::GroupMaxSizeReached
            | ErrorCode::UnsupportedAssignor
            | ErrorCode::UnreleasedInstanceId
            | ErrorCode::FencedInstanceId
            | ErrorCode::GroupAuthorizationFailed => {
                self.fail(error, format!("ConsumerGroupHeartbeat fatal error: {}", error.description()));
            }
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorLoadInProgress => {
                self.heartbeat_at = Some(Instant::now() + REJOIN_BACKOFF);
            }
            error => {
                let colon = if message.is_some() { ": " } else { "" };
                let (description, message) = (error.description(), message.unwrap_or_default());
                let reason = format!("ConsumerGroupHeartbeat failed: {description}{colon}{message}");
                self.tell_once(error, reason);
                self.heartbeat_at = Some(Instant::now() + REJOIN_BACKOFF);
            }
        }
        self.try_refused_commits();
    }

    /// The coordinator has told what this member is to have. When the application has done its part, the next heartbeat says
    /// so.
    fn reconcile(&mut self, assignment: &AssignedPartitions) {
        let mut topics = BTreeMap::new();
        let mut target: Vec<Owned> = Vec::new();
        for (id, partitions) in assignment {
            let Some(topic) = self.broker().topic_by_id(*id) else { continue };
            let name: Arc<str> = topic.name().as_str().into();
            topics.insert(Arc::clone(&name), *id);
            target.extend(partitions.iter().map(|partition| (Arc::clone(&name), *partition)));
        }
        target.sort_unstable();
        let before = std::mem::replace(&mut self.heartbeats.topics, topics);
        let topics = &self.heartbeats.topics;
        // A topic that was deleted and made again is another one.
        let is_same = |(topic, _): &Owned| before.get(topic) == topics.get(topic);
        let kept: Vec<Owned> =
            self.owned.iter().filter(|one| is_same(one) && target.contains(one)).cloned().collect();
        if kept.len() < self.owned.len() || kept.len() < target.len() {
            self.change_to(&target, kept, Then::Rejoin);
        }
    }

    /// Says that this member goes. A static one keeps its place for a while.
    pub(super) fn say_goodbye_by_heartbeat(&mut self) {
        let identity = self.identity();
        if !std::mem::take(&mut self.heartbeats.begun) {
            return;
        }
        // What is still to be answered is of no use any more.
        self.attempt += 1;
        (self.heartbeats.in_flight, self.heartbeats.again) = (false, false);
        let epoch = match identity.instance_id {
            Some(_) => ConsumerHeartbeat::LEAVING_FOR_A_WHILE,
            None => ConsumerHeartbeat::LEAVING,
        };
        let goodbye = ConsumerHeartbeat { epoch, ..self.plain_heartbeat() };
        self.shared.set_identity(&identity.member_id, -1);
        self.try_refused_commits();
        if let Some(groups) = self.groups() {
            let (group, (answered, answer)) = (self.group.clone(), bounded(1));
            self.heartbeats.goodbye = Some(answer);
            groups.consumer_heartbeat(goodbye, move |response| {
                tracing::debug!(group, error = ?response.error, "left the group");
                answered.send(()).ok();
            });
        }
    }

    /// Waits until the group knows that this member has gone, if it does not hear that at once.
    pub(super) fn await_goodbye(&mut self) {
        if let Some(answer) = self.heartbeats.goodbye.take() {
            answer.recv_timeout(self.shared.config.client.request_timeout).ok();
        }
    }

    /// Whether what is to be given up for good waits for an answer: without it this member may not know the epoch it needs for
    /// the commit that belongs to that.
    pub(super) fn has_to_hear_first(&self) -> bool {
        self.heartbeats.in_flight && self.subscription.is_none() && !self.owned.is_empty()
    }

    /// A commit was refused because the member's epoch is another one by now. This member may just not know it yet.
    pub(super) fn commit_refused(&mut self, commit: RefusedCommit) {
        self.heartbeats.refused.push(commit);
        if !self.heartbeats.in_flight {
            self.try_refused_commits();
        }
    }

    /// Tries those again that were refused at another epoch than this; that is it for the others.
    pub(super) fn try_refused_commits(&mut self) {
        let identity = self.identity();
        for commit in std::mem::take(&mut self.heartbeats.refused) {
            if identity.generation > JOINING && commit.epoch() != identity.generation {
                self.shared.commit_again(commit);
            } else {
                commit.give_up();
            }
        }
    }
}
