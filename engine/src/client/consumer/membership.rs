//! [`Membership`]: a consumer's place in its group. Runs on a thread of its own, which sleeps until a command, an
//! answer or a heartbeat is due: joins, sends heartbeats, takes part in rebalances, commits now and then, leaves.
//! With the classic protocol ([`joining`]):
//!
//! ```text
//!        subscribe            all have joined            leader has assigned         application has it
//!  Out ------------> Joining ----------------> Syncing ----------------> Assigning ----------------> Stable
//!                       ^                                                                               |
//!                       +------------------------- Revoking <-------------------------------------------+
//!                         application has given up            the group rebalances, or topics change
//! ```
//! With the consumer protocol ([`heartbeats`]) neither `Joining` nor `Syncing` is there: a heartbeat takes their place.
//! The application's part is done by its own thread, in a poll; here it is only asked for.

mod heartbeats;
mod joining;
mod topics;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};

use super::commits::RefusedCommit;
use super::events::ConsumerError;
use super::rebalance::Rebalance;
use super::shared::Shared;
use crate::broker::group::{
    ConsumerHeartbeatResponse, JoinResponse, LeavingMember, MemberIdentity, SyncResponse,
};
use crate::broker::{Broker, Groups};
use crate::client::assignor::{RebalanceProtocol, Strategy};
use crate::client::config::{AutoCommit, GroupProtocol};
use crate::client::subscription::Subscription;
use crate::client::{Engine, KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;
use heartbeats::Heartbeats;
use watch::Watch;

/// What the thread is told.
pub(super) enum Command {
    /// These topics are wanted from now on; `None` for none.
    Subscribe(Option<Subscription>),
    /// The answer to the join of this number.
    Joined(u64, Box<JoinResponse>),
    /// The answer to the sync of this number.
    Synced(u64, SyncResponse),
    /// The answer to the heartbeat of this number (consumer protocol).
    Beaten(u64, Box<ConsumerHeartbeatResponse>),
    /// A commit was refused for its epoch (consumer protocol).
    CommitRefused(Box<RefusedCommit>),
    /// The application has done its part of a rebalance.
    Rebalanced,
    /// Topics came, went or grew.
    TopicsChanged,
    /// The group has changed.
    GroupChanged,
    /// There is something to commit from time to time.
    Commit,
    /// Leave the group, unless the member is a static one, and end.
    Leave,
    /// End without a word to the group.
    Stop,
}

/// A partition that the group has given to this member.
type Owned = (Arc<str>, PartitionIndex);

/// See the module.
pub(super) struct Membership {
    shared: Arc<Shared>,
    engine: Engine,
    group: String,
    inbox: Receiver<Command>,
    /// For answers.
    commands: Sender<Command>,
    topics_watch: Arc<Watch>,
    group_watch: Arc<Watch>,
    subscription: Option<Subscription>,
    /// Topics meant, with their number of partitions, when this member joined last.
    selected: BTreeMap<String, u32>,
    /// Topics and patterns that the application has been told are missing.
    missing: BTreeSet<String>,
    /// The refusal that it has been told of last.
    told: Option<ErrorCode>,
    phase: Phase,
    /// Number of the join, sync or heartbeat that is waited for.
    attempt: u64,
    /// What is waited for is of no use any more; when it has come, [`Membership::restart`].
    outdated: bool,
    strategy: Option<Strategy>,
    owned: Vec<Owned>,
    heartbeat_at: Option<Instant>,
    heartbeats: Heartbeats,
    commit_at: Option<Instant>,
    polls: u64,
    polled_at: Instant,
}

/// See the picture.
#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Out,
    /// Until then, after a refusal.
    Resting(Instant),
    /// Until the application polls again.
    Absent,
    Joining,
    Syncing,
    /// The application is to give something up.
    Revoking(Then),
    /// It is to take something on.
    Assigning(Then),
    Stable,
    /// Fenced by another instance, or refused: for good.
    Failed,
}

/// What follows when the application has done its part.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    Stay,
    Rejoin,
    Restart,
    Leave,
    /// The application has to poll before this member joins again.
    AwaitPoll,
    /// It has to be told that all is lost, then this.
    Lose(Box<Then>),
    /// These are new; afterwards this member joins again, so that others get what it gave up.
    AssignAndRejoin(Vec<Owned>),
}

/// How long to wait after a refusal before joining again.
const REJOIN_BACKOFF: Duration = Duration::from_secs(1);

/// How often the time of the last poll is looked at, at most.
const POLL_CHECK_MIN: Duration = Duration::from_millis(50);

impl Membership {
    pub(super) fn new(
        shared: Arc<Shared>,
        engine: Engine,
        group: String,
        (commands, inbox): (Sender<Command>, Receiver<Command>),
    ) -> Membership {
        let commit_at = match shared.config.auto_commit {
            AutoCommit::Every(interval) => Some(Instant::now() + interval),
            AutoCommit::Off | AutoCommit::OnClose => None,
        };
        Membership {
            heartbeats: Heartbeats::new(shared.config.heartbeat_interval),
            topics_watch: Watch::new(commands.clone(), || Command::TopicsChanged),
            group_watch: Watch::new(commands.clone(), || Command::GroupChanged),
            shared,
            engine,
            group,
            inbox,
            commands,
            subscription: None,
            selected: BTreeMap::new(),
            missing: BTreeSet::new(),
            told: None,
            phase: Phase::Out,
            attempt: 0,
            outdated: false,
            strategy: None,
            owned: Vec::new(),
            heartbeat_at: None,
            commit_at,
            polls: 0,
            polled_at: Instant::now(),
        }
    }

    /// The thread.
    pub(super) fn run(mut self) {
        loop {
            let command = match self.next_wake() {
                Some(at) => self.inbox.recv_deadline(at),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match command {
                Ok(Command::Leave) => {
                    self.leave();
                    self.await_goodbye();
                    return self.forget();
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return self.forget(),
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => self.tick(Instant::now()),
            }
        }
    }

    fn forget(mut self) {
        self.shared.set_identity(&self.identity().member_id, -1);
        self.try_refused_commits();
        self.topics_watch.forget_topics(self.broker());
        if let Ok(Some(groups)) = self.broker().existing_groups() {
            self.group_watch.forget_group(&groups, &self.group);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Subscribe(subscription) => self.subscribe(subscription),
            Command::Joined(attempt, response) if attempt == self.attempt && self.phase == Phase::Joining => {
                self.joined(*response);
            }
            Command::Synced(attempt, response) if attempt == self.attempt && self.phase == Phase::Syncing => {
                self.synced(&response);
            }
            Command::Beaten(attempt, response) if attempt == self.attempt => self.beaten(&response),
            Command::Joined(..) | Command::Synced(..) | Command::Beaten(..) => {}
            Command::CommitRefused(commit) => self.commit_refused(*commit),
            Command::Rebalanced => self.rebalanced(),
            Command::TopicsChanged if !self.speaks_consumer_protocol() => self.topics_changed(),
            // With the consumer protocol the coordinator knows best what a change of topics means.
            Command::TopicsChanged | Command::GroupChanged if self.heartbeat_at.is_some() => {
                self.heartbeat(Instant::now());
            }
            Command::TopicsChanged | Command::GroupChanged => {}
            Command::Commit | Command::Leave | Command::Stop => {}
        }
    }

    fn broker(&self) -> &Arc<Broker> {
        self.engine.broker()
    }

    /// The coordinator; `None` while the engine stops.
    fn groups(&self) -> Option<Arc<Groups>> {
        self.broker().groups().ok()
    }

    fn identity(&self) -> MemberIdentity {
        self.shared.identity()
    }

    /// When [`Membership::tick`] has something to do.
    fn next_wake(&self) -> Option<Instant> {
        let resting = match self.phase {
            Phase::Resting(until) => Some(until),
            Phase::Absent => Some(Instant::now() + POLL_CHECK_MIN),
            _ => None,
        };
        let polls = self.heartbeat_at.map(|_| Instant::now() + self.poll_check_interval());
        [self.heartbeat_at, self.commit_at, resting, polls].into_iter().flatten().min()
    }

    /// How often to look whether the application still polls: often enough for the setting, seldom enough to cost
    /// nothing.
    fn poll_check_interval(&self) -> Duration {
        (self.shared.config.max_poll_interval / 16).max(POLL_CHECK_MIN)
    }

    fn tick(&mut self, now: Instant) {
        let polled = self.note_polls(now);
        if self.commit_at.is_some_and(|at| at <= now) {
            self.commit(now);
        }
        match self.phase {
            Phase::Resting(until) if until <= now => self.join(),
            Phase::Absent if polled => self.restart(),
            _ => {}
        }
        if self.heartbeat_at.is_some() && self.has_stopped_polling(now) {
            return self.give_up(now);
        }
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            self.heartbeat(now);
        }
    }

    /// Whether the application has polled since the last call.
    fn note_polls(&mut self, now: Instant) -> bool {
        let polls = self.shared.state.lock().polls;
        let polled = polls != self.polls || self.shared.sleepers.load(Ordering::SeqCst) > 0;
        if polled {
            (self.polls, self.polled_at) = (polls, now);
        }
        polled
    }

    fn has_stopped_polling(&self, now: Instant) -> bool {
        now.duration_since(self.polled_at) > self.shared.config.max_poll_interval
    }

    /// The application has stopped polling: others get its partitions until it does again.
    fn give_up(&mut self, now: Instant) {
        let limit = self.shared.config.max_poll_interval;
        let over = now.duration_since(self.polled_at).saturating_sub(limit);
        let reason = format!(
            "Application maximum poll interval ({}ms) exceeded by {}ms",
            limit.as_millis(),
            over.as_millis()
        );
        let error = KafkaError::with_reason(ErrorCode::LocalMaxPollExceeded, reason);
        self.shared.report(ConsumerError::new(error));
        self.say_goodbye();
        self.lose(Then::AwaitPoll);
    }

    fn commit(&mut self, now: Instant) {
        let AutoCommit::Every(interval) = self.shared.config.auto_commit else { return };
        self.commit_at = Some(now + interval);
        // While the group is between two generations it takes no commits.
        if !matches!(self.phase, Phase::Joining | Phase::Syncing | Phase::Absent | Phase::Resting(_)) {
            self.shared.auto_commit();
        }
    }

    fn speaks_consumer_protocol(&self) -> bool {
        self.shared.config.group_protocol == GroupProtocol::Consumer
    }

    fn heartbeat(&mut self, now: Instant) {
        if self.speaks_consumer_protocol() {
            return self.beat();
        }
        self.heartbeat_at = Some(now + self.shared.config.heartbeat_interval);
        let Some(groups) = self.groups() else { return };
        self.group_watch.watch_group(&groups, &self.group);
        match groups.heartbeat(&self.group, &self.identity()) {
            ErrorCode::RebalanceInProgress if self.phase == Phase::Stable => self.rejoin(),
            ErrorCode::UnknownMemberId => {
                self.shared.set_identity("", -1);
                self.lose(Then::Rejoin);
            }
            ErrorCode::IllegalGeneration => {
                let member_id = self.identity().member_id;
                self.shared.set_identity(&member_id, -1);
                self.lose(Then::Rejoin);
            }
            ErrorCode::FencedInstanceId => self.fence(),
            _ => {}
        }
    }

    /// Tells the application of a refusal that will hardly get better.
    fn tell_once(&mut self, error: ErrorCode, reason: String) {
        if self.told.replace(error) != Some(error) {
            self.shared.report(ConsumerError::new(KafkaError::with_reason(error, reason)));
        }
    }

    /// A member of the same `group.instance.id` has taken this one's place.
    fn fence(&mut self) {
        let code = ErrorCode::FencedInstanceId;
        self.shared.set_identity("", -1);
        self.fail(code, format!("Fatal consumer error: {}", code.description()));
    }

    /// This member can never be one again.
    fn fail(&mut self, code: ErrorCode, reason: String) {
        self.heartbeat_at = None;
        self.phase = Phase::Failed;
        self.shared.fail(KafkaError::with_reason(code, reason));
    }

    fn subscribe(&mut self, subscription: Option<Subscription>) {
        self.subscription = subscription;
        self.polled_at = Instant::now();
        match self.phase {
            Phase::Failed => {}
            Phase::Joining | Phase::Syncing => self.outdated = true,
            Phase::Revoking(Then::Lose(ref mut then)) => **then = Then::Restart,
            Phase::Revoking(ref mut then) | Phase::Assigning(ref mut then) => *then = Then::Restart,
            Phase::Out | Phase::Resting(_) | Phase::Absent | Phase::Stable => self.restart(),
        }
    }

    /// Starts anew with what is subscribed now: gives up what it has to, then joins or leaves.
    fn restart(&mut self) {
        if self.has_to_hear_first() {
            (self.phase, self.outdated) = (Phase::Stable, true);
            return;
        }
        self.outdated = false;
        match &self.subscription {
            None if self.owned.is_empty() => self.leave(),
            None => self.revoke_all(Then::Leave),
            Some(_) if self.protocol() == Some(RebalanceProtocol::Cooperative) => self.revoke_unwanted(),
            Some(_) => self.rejoin(),
        }
    }

    fn protocol(&self) -> Option<RebalanceProtocol> {
        self.strategy.map(Strategy::protocol)
    }

    /// Takes part in the next generation. With the eager protocol everything is given up first.
    fn rejoin(&mut self) {
        if self.protocol() == Some(RebalanceProtocol::Eager) && !self.owned.is_empty() {
            self.revoke_all(Then::Rejoin);
        } else {
            self.join();
        }
    }

    fn revoke_all(&mut self, then: Then) {
        let owned = std::mem::take(&mut self.owned);
        self.phase = Phase::Revoking(then);
        self.ask(Rebalance::Revoke(elements(&owned)));
    }

    /// Gives up what is of topics that are not subscribed any more, then joins; stays as it is when neither has changed
    /// anything.
    fn revoke_unwanted(&mut self) {
        let Some(subscription) = &self.subscription else { return };
        let owned = std::mem::take(&mut self.owned);
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            owned.into_iter().partition(|(topic, _)| subscription.matches(topic));
        self.owned = wanted;
        if unwanted.is_empty() {
            return if self.phase == Phase::Stable { self.topics_changed() } else { self.join() };
        }
        self.phase = Phase::Revoking(Then::Rejoin);
        self.ask(Rebalance::Revoke(elements(&unwanted)));
    }

    /// The group has gone on without this member: what it had may be others' already.
    fn lose(&mut self, then: Then) {
        self.heartbeat_at = None;
        let mut state = self.shared.state.lock();
        // What it was asked to do and has not begun is of no use any more.
        drop(state.withdraw_rebalance());
        if state.is_rebalancing() {
            // What it is doing right now ends first.
            drop(state);
            self.phase = Phase::Revoking(Then::Lose(Box::new(then)));
            return;
        }
        let lost: Vec<_> = state.assigned();
        state.lost = !lost.is_empty();
        drop(state);
        self.owned.clear();
        self.phase = Phase::Revoking(then);
        if lost.is_empty() { self.rebalanced() } else { self.ask(Rebalance::Lost(lost)) }
    }

    /// Has the application do its part, or does it where it does not want to be asked.
    fn ask(&mut self, rebalance: Rebalance) {
        let mut state = self.shared.state.lock();
        if state.asks {
            state.ask(rebalance);
            drop(state);
            return self.shared.wake();
        }
        drop(state);
        self.shared.apply(&rebalance);
        self.shared.state.lock().end_rebalance();
        self.rebalanced();
    }

    /// The application has done its part.
    fn rebalanced(&mut self) {
        let phase = std::mem::replace(&mut self.phase, Phase::Stable);
        let (Phase::Revoking(then) | Phase::Assigning(then)) = phase else {
            self.phase = phase;
            return;
        };
        match then {
            Then::Stay => {}
            Then::Rejoin => self.rejoin(),
            Then::Restart => self.restart(),
            Then::Leave => self.leave(),
            Then::AwaitPoll => self.phase = Phase::Absent,
            Then::Lose(then) => self.lose(*then),
            Then::AssignAndRejoin(added) => self.add(added, Then::Rejoin),
        }
    }

    /// Has the application take these on beside what it has.
    fn add(&mut self, added: Vec<Owned>, then: Then) {
        let assigned = elements(&added);
        self.owned.extend(added);
        self.owned.sort_unstable();
        self.phase = Phase::Assigning(then);
        self.ask(Rebalance::Assign(assigned));
    }

    /// Is no member any more.
    fn leave(&mut self) {
        self.heartbeat_at = None;
        self.strategy = None;
        self.attempt += 1;
        self.shared.state.lock().protocol = None;
        if self.phase != Phase::Failed {
            self.phase = Phase::Out;
            self.say_goodbye();
        }
    }

    /// Tells the group. A static member keeps its place until it comes back; with the classic protocol it says nothing, unless
    /// it has unsubscribed.
    fn say_goodbye(&mut self) {
        let MemberIdentity { member_id, instance_id, generation } = self.identity();
        if self.speaks_consumer_protocol() {
            return self.say_goodbye_by_heartbeat();
        }
        let keeps_its_place = instance_id.is_some() && self.subscription.is_some();
        if member_id.is_empty() || keeps_its_place {
            return;
        }
        // With a generation it is not taken for a committer without a group: commits of who has left are refused.
        self.shared.set_identity("", generation);
        if let Some(groups) = self.groups() {
            let group = self.group.clone();
            groups.leave(&self.group, vec![LeavingMember { member_id, instance_id }], move |left| {
                tracing::debug!(group, ?left, "left the group");
            });
        }
    }
}

/// Partitions as elements of a list, as rebalances have them.
fn elements(partitions: &[Owned]) -> Vec<TopicPartitionOffset> {
    let element = |(topic, partition): &Owned| {
        TopicPartitionOffset::new(Arc::clone(topic), *partition, OffsetSpec::Invalid)
    };
    partitions.iter().map(element).collect()
}
