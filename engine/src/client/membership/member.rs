//! [`Member`]: the states of a member and what leads from one to the next. Lives on the member's thread; waits only for
//! its inbox.
//!
//! ```text
//!  Outside --subscribe--> Joining --> Syncing --> Changing --done--> Stable
//!     ^                      ^                                         |
//!     +------ leave          +---- done ---- Changing <---- rebalance -+
//! ```
//! Eager members give up everything before they join again; cooperative ones join with what they have, and once more
//! after they gave up what the leader took from them (KIP-429).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use parking_lot::Mutex;

use super::{Assignee, Change, MemberSettings, Owned, leader};
use crate::broker::group::{
    JoinRequest, JoinResponse, LeavingMember, MemberIdentity, Protocol, SyncRequest, SyncResponse,
};
use crate::broker::{Broker, Groups};
use crate::client::KafkaError;
use crate::client::assignor::{
    MemberAssignment, MemberSubscription, RebalanceProtocol, Strategy, TopicPartitions,
};
use crate::client::subscription::Subscription;
use crate::error_code::ErrorCode;
use crate::types::TopicName;

/// What the thread is told.
pub(super) enum Message {
    Subscribe(Option<Subscription>),
    /// The change that was asked for has been carried out.
    Done,
    /// The application polls again after it had been silent for too long.
    Polled,
    Joined(u64, JoinResponse),
    Synced(u64, SyncResponse),
    Leave,
    /// End without leaving.
    Stop,
}

/// Where the member is.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// In no group: not subscribed, or the application does not poll.
    Outside,
    /// The coordinator has been asked, and answers with this number.
    Joining(u64),
    Syncing(u64),
    /// The consumer carries out a change.
    Changing(Then),
    Stable,
    /// Asks again at this time.
    Retrying(Instant),
}

/// What follows a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stay,
    Join,
    Leave,
}

/// See the module.
pub(super) struct Member {
    settings: MemberSettings,
    broker: Arc<Broker>,
    assignee: Arc<dyn Assignee>,
    replies: Sender<Message>,
    identity: Arc<Mutex<MemberIdentity>>,
    subscription: Option<Subscription>,
    /// Topics that the subscription meant when the member joined.
    topics: Vec<TopicName>,
    /// Partitions of those topics at that time, if this member leads.
    led: Option<Vec<usize>>,
    state: State,
    /// Changes that wait for the one under way.
    changes: Vec<(Change, Then)>,
    owned: BTreeSet<Owned>,
    protocol: RebalanceProtocol,
    requests: u64,
    next_heartbeat: Instant,
    next_refresh: Instant,
    /// Missing topics that the application has been told of.
    reported: BTreeSet<String>,
    silent: bool,
    /// The lasting error that the application was told of.
    told: Option<ErrorCode>,
}

/// How often a member looks for topics that it subscribed to and that do not exist yet.
const MISSING_INTERVAL: Duration = Duration::from_millis(500);

/// How long a member waits before it asks again after an error.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The same, after one that Kafka does not call retriable.
const LASTING_RETRY_INTERVAL: Duration = Duration::from_secs(1);

impl Member {
    pub(super) fn new(
        settings: MemberSettings,
        broker: Arc<Broker>,
        assignee: Arc<dyn Assignee>,
        replies: Sender<Message>,
        identity: Arc<Mutex<MemberIdentity>>,
    ) -> Member {
        let now = Instant::now();
        let protocol = settings.strategies.first().map_or(RebalanceProtocol::Eager, |first| first.protocol());
        Member {
            settings,
            broker,
            assignee,
            replies,
            identity,
            subscription: None,
            topics: Vec::new(),
            led: None,
            state: State::Outside,
            changes: Vec::new(),
            owned: BTreeSet::new(),
            protocol,
            requests: 0,
            next_heartbeat: now,
            next_refresh: now,
            reported: BTreeSet::new(),
            silent: false,
            told: None,
        }
    }

    /// The thread.
    pub(super) fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            let wait =
                self.next_due().map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
            match inbox.recv_timeout(wait) {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Message::Leave) => return self.leave_group(),
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => self.tick(),
            }
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.subscription.as_ref()?;
        let state = match self.state {
            State::Outside => None,
            State::Retrying(at) => Some(at),
            _ => Some(self.next_heartbeat),
        };
        let poll = self.settings.max_poll_interval.saturating_sub(self.assignee.since_poll());
        let poll =
            (self.state != State::Outside).then(|| Instant::now() + poll.max(Duration::from_millis(1)));
        [state, poll, Some(self.next_refresh)].into_iter().flatten().min()
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Subscribe(subscription) => self.subscribe(subscription),
            Message::Done => self.change_done(),
            Message::Polled => self.polled(),
            Message::Joined(request, response) if self.state == State::Joining(request) => {
                self.joined(response)
            }
            Message::Synced(request, response) if self.state == State::Syncing(request) => {
                self.synced(&response)
            }
            // Answers to what has been given up, and the two that `run` takes.
            Message::Joined(..) | Message::Synced(..) | Message::Leave | Message::Stop => {}
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        if self.state != State::Outside && self.assignee.since_poll() >= self.settings.max_poll_interval {
            return self.fall_silent();
        }
        if let State::Retrying(at) = self.state
            && at <= now
        {
            self.join();
        }
        if self.next_refresh <= now {
            let waits = !self.reported.is_empty();
            let interval = self.settings.refresh_interval;
            self.next_refresh = now + if waits { interval.min(MISSING_INTERVAL) } else { interval };
            self.refresh();
        }
        if self.next_heartbeat <= now {
            self.next_heartbeat = now + self.settings.heartbeat_interval;
            self.heartbeat();
            self.assignee.tick();
        }
    }

    fn groups(&self) -> Result<Arc<Groups>, KafkaError> {
        Ok(self.broker.groups()?)
    }

    // Joining.

    fn subscribe(&mut self, subscription: Option<Subscription>) {
        self.reported.clear();
        let leaves = subscription.is_none();
        self.subscription = subscription;
        if leaves {
            return match self.state {
                State::Outside => {}
                _ => self.begin(Change::Revoke, Then::Leave),
            };
        }
        self.next_refresh = Instant::now() + self.settings.refresh_interval;
        self.rejoin();
    }

    /// Joins again, giving up first what must be given up.
    fn rejoin(&mut self) {
        let keeps = self.protocol == RebalanceProtocol::Cooperative || self.owned.is_empty();
        if keeps && !matches!(self.state, State::Changing(_)) {
            self.join();
        } else if keeps {
            self.state = State::Changing(Then::Join);
        } else {
            self.begin(Change::Revoke, Then::Join);
        }
    }

    fn join(&mut self) {
        let Some(subscription) = &self.subscription else { return };
        let existing: Vec<TopicName> =
            self.broker.topics().iter().map(|topic| topic.name().clone()).collect();
        self.topics = subscription.select(&existing, &self.settings.blacklist);
        let missing: Vec<String> = subscription.missing(&self.topics).map(str::to_owned).collect();
        if !missing.is_empty() {
            self.next_refresh = self.next_refresh.min(Instant::now() + MISSING_INTERVAL);
        }
        for topic in missing {
            self.report_missing(topic);
        }
        let groups = match self.groups() {
            Ok(groups) => groups,
            Err(error) => return self.retry(error),
        };
        self.requests += 1;
        self.state = State::Joining(self.requests);
        let (request, replies) = (self.requests, self.replies.clone());
        groups.join(&self.join_request(), move |response| {
            drop(replies.send(Message::Joined(request, response)))
        });
    }

    fn report_missing(&mut self, topic: String) {
        if self.reported.insert(topic.clone()) {
            let code = ErrorCode::UnknownTopicOrPartition;
            let reason = format!("Subscribed topic not available: {topic}: {}", code.description());
            self.assignee.report(KafkaError::with_reason(code, reason), Some(&topic));
        }
    }

    fn join_request(&self) -> JoinRequest {
        let identity = self.identity.lock();
        let mut metadata = MemberSubscription::new(self.topics.iter().map(ToString::to_string).collect());
        metadata.rack = self.settings.rack.clone();
        if self.protocol == RebalanceProtocol::Cooperative {
            metadata.owned = by_topic(&self.owned);
            metadata.generation_id = identity.generation;
        }
        let metadata = Bytes::from(metadata.encode());
        let protocol =
            |strategy: &Strategy| Protocol { name: strategy.name().to_owned(), metadata: metadata.clone() };
        JoinRequest {
            group: self.settings.group.clone(),
            member_id: identity.member_id.clone(),
            instance_id: identity.instance_id.clone(),
            client_id: self.settings.client_id.clone(),
            client_host: "in process".to_owned(),
            rebalance_timeout: self.settings.max_poll_interval,
            session_timeout: self.settings.session_timeout,
            protocol_type: "consumer".to_owned(),
            protocols: self.settings.strategies.iter().map(protocol).collect(),
            member_id_required: false,
            skip_assignment_supported: true,
        }
    }

    fn joined(&mut self, response: JoinResponse) {
        if response.error != ErrorCode::None {
            return self.refused(response.error);
        }
        let identity = {
            let mut identity = self.identity.lock();
            identity.member_id.clone_from(&response.member_id);
            identity.generation = response.generation;
            identity.clone()
        };
        let strategy = response.protocol.as_deref().and_then(Strategy::from_name);
        let leads = response.leader == response.member_id;
        let assignments = match strategy.filter(|_| leads && !response.skip_assignment) {
            Some(strategy) => leader::assignments(&self.broker, &response, strategy),
            None => Vec::new(),
        };
        self.led = leads.then(|| self.partition_counts());
        let Ok(groups) = self.groups() else { return self.refused(ErrorCode::CoordinatorNotAvailable) };
        self.requests += 1;
        self.state = State::Syncing(self.requests);
        let (request, replies) = (self.requests, self.replies.clone());
        let sync = SyncRequest {
            group: self.settings.group.clone(),
            member: identity,
            protocol_type: response.protocol_type,
            protocol: response.protocol,
            assignments,
        };
        groups.sync(sync, move |response| drop(replies.send(Message::Synced(request, response))));
    }

    fn partition_counts(&self) -> Vec<usize> {
        let count =
            |topic: &TopicName| self.broker.topic(topic.as_str()).map_or(0, |topic| topic.partition_count());
        self.topics.iter().map(count).collect()
    }

    fn synced(&mut self, response: &SyncResponse) {
        if response.error != ErrorCode::None {
            return self.refused(response.error);
        }
        let Ok(assignment) = MemberAssignment::decode(&response.assignment) else {
            return self.refused(ErrorCode::InconsistentGroupProtocol);
        };
        self.told = None;
        self.next_heartbeat = Instant::now() + self.settings.heartbeat_interval;
        let assigned = by_partition(&assignment.partitions);
        if self.protocol == RebalanceProtocol::Eager {
            let change = Change::Assign(assigned.iter().cloned().collect());
            self.owned = assigned;
            return self.begin(change, Then::Stay);
        }
        let added: Vec<Owned> = assigned.difference(&self.owned).cloned().collect();
        let removed: Vec<Owned> = self.owned.difference(&assigned).cloned().collect();
        self.owned = assigned;
        // What was taken away goes to others once this member has joined again without it.
        let then = if removed.is_empty() { Then::Stay } else { Then::Join };
        if !removed.is_empty() {
            self.begin(Change::Remove(removed), Then::Stay);
        }
        self.begin(Change::Add(added), then);
    }

    // Changes, one after the other.

    fn begin(&mut self, change: Change, then: Then) {
        if matches!(change, Change::Revoke | Change::Lose) {
            self.owned.clear();
        }
        if matches!(self.state, State::Changing(_)) {
            return self.changes.push((change, then));
        }
        self.state = State::Changing(then);
        self.assignee.change(change);
    }

    fn change_done(&mut self) {
        let State::Changing(then) = self.state else { return };
        if !self.changes.is_empty() {
            let (change, then) = self.changes.remove(0);
            self.state = State::Changing(then);
            return self.assignee.change(change);
        }
        self.state = State::Stable;
        match then {
            Then::Stay => {}
            Then::Join => self.join(),
            Then::Leave => self.leave_group(),
        }
    }

    // Staying and leaving.

    fn heartbeat(&mut self) {
        if !matches!(self.state, State::Stable | State::Changing(_)) {
            return;
        }
        let Ok(groups) = self.groups() else { return };
        let identity = self.identity.lock().clone();
        match groups.heartbeat(&self.settings.group, &identity) {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => {
                if self.state == State::Stable {
                    self.rejoin();
                }
            }
            error => self.refused(error),
        }
    }

    /// Compares the subscription with the topics that exist now.
    fn refresh(&mut self) {
        let Some(subscription) = &self.subscription else { return };
        let existing: Vec<TopicName> =
            self.broker.topics().iter().map(|topic| topic.name().clone()).collect();
        let topics = subscription.select(&existing, &self.settings.blacklist);
        let grown = self.led.as_ref().is_some_and(|led| *led != self.partition_counts());
        if self.state == State::Stable && (topics != self.topics || grown) {
            self.rejoin();
        }
    }

    /// The coordinator does not want the member as it is.
    fn refused(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::RebalanceInProgress => self.rejoin(),
            ErrorCode::MemberIdRequired => self.join(),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                let mut identity = self.identity.lock();
                identity.generation = -1;
                if error == ErrorCode::UnknownMemberId {
                    identity.member_id.clear();
                }
                drop(identity);
                if self.owned.is_empty() {
                    self.rejoin();
                } else {
                    self.begin(Change::Lose, Then::Join);
                }
            }
            ErrorCode::FencedInstanceId => {
                self.assignee.report(KafkaError::new(error).into_fatal(), None);
                self.subscription = None;
                self.begin(Change::Lose, Then::Stay);
                self.state = State::Outside;
            }
            error => self.retry(KafkaError::new(error)),
        }
    }

    /// Asks again later. What will hardly get better is told to the application, once, and asked for less often.
    fn retry(&mut self, error: KafkaError) {
        let wait = if error.code().is_retriable() { RETRY_INTERVAL } else { LASTING_RETRY_INTERVAL };
        if wait == LASTING_RETRY_INTERVAL && self.told.replace(error.code()) != Some(error.code()) {
            self.assignee.report(error, None);
        }
        self.state = State::Retrying(Instant::now() + wait);
    }

    /// The application has not polled for too long: the group goes on without it (`max.poll.interval.ms`).
    fn fall_silent(&mut self) {
        let millis = self.settings.max_poll_interval.as_millis();
        let reason = format!(
            "Application maximum poll interval ({millis}ms) exceeded by {}ms",
            self.assignee.since_poll().as_millis().saturating_sub(millis)
        );
        self.assignee.report(KafkaError::with_reason(ErrorCode::LocalMaxPollExceeded, reason), None);
        self.silent = true;
        self.leave_group();
        self.changes.clear();
        self.state = State::Changing(Then::Stay);
        self.owned.clear();
        self.assignee.change(Change::Lose);
        self.state = State::Outside;
    }

    fn polled(&mut self) {
        if std::mem::take(&mut self.silent) && self.subscription.is_some() {
            self.join();
        }
    }

    /// Static members stay in the group until their session ends (KIP-345).
    fn leave_group(&mut self) {
        self.state = State::Outside;
        let identity = {
            let mut identity = self.identity.lock();
            let left = identity.clone();
            identity.generation = -1;
            if identity.instance_id.is_none() {
                identity.member_id.clear();
            }
            left
        };
        if identity.member_id.is_empty() || identity.instance_id.is_some() {
            return;
        }
        if let Ok(groups) = self.groups() {
            let leaving = LeavingMember { member_id: identity.member_id, instance_id: None };
            // Whether the group knew the member does not matter any more.
            drop(groups.leave(&self.settings.group, vec![leaving]));
        }
    }
}

fn by_partition(topics: &[TopicPartitions]) -> BTreeSet<Owned> {
    let of_topic = |topic: &TopicPartitions| {
        let name: Arc<str> = topic.topic.as_str().into();
        topic.partitions.clone().into_iter().map(move |partition| (Arc::clone(&name), partition))
    };
    topics.iter().flat_map(of_topic).collect()
}

fn by_topic(owned: &BTreeSet<Owned>) -> Vec<TopicPartitions> {
    let mut topics: Vec<TopicPartitions> = Vec::new();
    for (topic, partition) in owned {
        match topics.last_mut().filter(|last| *last.topic == **topic) {
            Some(last) => last.partitions.push(*partition),
            None => topics.push(TopicPartitions { topic: topic.to_string(), partitions: vec![*partition] }),
        }
    }
    topics
}
