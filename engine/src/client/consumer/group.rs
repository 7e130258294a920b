//! The consumer as a member of its group: subscriptions, and the changes of assignment that follow from them.
//!
//! Without a callback a change is carried out at once, on the member's thread; with one it waits for the application
//! to poll.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Consumer;
use super::events::{CallError, ConsumerError};
use super::state::State;
use crate::client::config::{AutoCommit, ConsumerConfig};
use crate::client::membership::{Assignee, Change, MemberSettings, Membership, Owned};
use crate::client::signal::Signal;
use crate::client::subscription::Subscription;
use crate::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::shard::Notify;

/// A change of what a consumer reads, as its callback is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These are to be read (eager: they are all; cooperative: they are added).
    Assign(Vec<TopicPartitionOffset>),
    /// These are to be given up; the last chance to commit what was done with them.
    Revoke(Vec<TopicPartitionOffset>),
    /// These have been lost: others may read them already, committing is too late.
    Lost(Vec<TopicPartitionOffset>),
}

/// Called with each [`Rebalance`], by the thread that polls. The change is carried out when it returns, unless it has
/// called `assign` or one of its kind itself.
pub type RebalanceCallback = Arc<dyn Fn(&Consumer, &Rebalance) + Send + Sync>;

/// What a consumer knows of its group.
pub(super) struct GroupState {
    pub(super) membership: Option<Membership>,
    subscription: Option<Subscription>,
    callback: Option<RebalanceCallback>,
    /// Changes that wait for the application.
    changes: VecDeque<Change>,
    /// The application has changed the assignment itself since this was cleared.
    pub(super) assigned_by_hand: bool,
    pub(super) auto_commit: AutoCommit,
    pub(super) next_auto_commit: Option<Instant>,
}

impl GroupState {
    pub(super) fn new(config: &ConsumerConfig) -> GroupState {
        GroupState {
            membership: None,
            subscription: None,
            callback: None,
            changes: VecDeque::new(),
            assigned_by_hand: false,
            auto_commit: if config.group_id.is_some() { config.auto_commit } else { AutoCommit::Off },
            next_auto_commit: None,
        }
    }

    /// Whether the application must be asked before more messages are handed out.
    #[inline]
    pub(super) fn is_rebalancing(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// When the application polled last.
#[derive(Debug)]
pub(super) struct LastPoll {
    start: Instant,
    millis: AtomicU64,
}

impl Default for LastPoll {
    fn default() -> LastPoll {
        LastPoll { start: Instant::now(), millis: AtomicU64::new(0) }
    }
}

impl LastPoll {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes a poll; returns how long the last one is ago.
    fn touch(&self) -> Duration {
        let now = self.now();
        Duration::from_millis(now.saturating_sub(self.millis.swap(now, Ordering::Relaxed)))
    }

    fn since(&self) -> Duration {
        Duration::from_millis(self.now().saturating_sub(self.millis.load(Ordering::Relaxed)))
    }
}

impl Consumer {
    /// Reads what the group assigns of these topics; a name that starts with `^` is a pattern. Replaces an earlier
    /// subscription.
    ///
    /// # Errors
    /// `_UNKNOWN_GROUP` without `group.id`; `_INVALID_ARG` for no topics, an empty or repeated name, a pattern that
    /// cannot be read.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), CallError> {
        self.subscribe_with(topics, None)
    }

    /// As [`Consumer::subscribe`], with a callback for changes of the assignment.
    ///
    /// # Errors
    /// As [`Consumer::subscribe`].
    pub fn subscribe_with(
        &self,
        topics: &[&str],
        callback: Option<RebalanceCallback>,
    ) -> Result<(), CallError> {
        let subscription = Subscription::new(topics)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalInvalidArg, error.to_string()))?;
        self.last_poll.touch();
        let mut state = self.lock()?;
        let Some(group) = &self.config.group_id else { return Err(ErrorCode::LocalUnknownGroup.into()) };
        state.group.callback = callback;
        state.group.subscription = Some(subscription.clone());
        // Offline there is nothing to join; the subscription is only kept.
        let Some(engine) = state.engine.clone() else { return Ok(()) };
        if state.group.membership.is_none() {
            let assignee = GroupAssignee {
                state: Arc::clone(&self.state),
                signal: Arc::clone(&self.signal),
                last_poll: Arc::clone(&self.last_poll),
                config: Arc::clone(&self.config),
            };
            let settings = self.member_settings(group);
            let started = Membership::start(settings, Arc::clone(engine.broker()), Arc::new(assignee));
            state.group.membership = Some(started.map_err(|error| {
                KafkaError::with_reason(
                    ErrorCode::LocalCritSysResource,
                    format!("cannot start a thread: {error}"),
                )
            })?);
        }
        if let Some(membership) = &state.group.membership {
            membership.subscribe(Some(subscription));
        }
        Ok(())
    }

    fn member_settings(&self, group: &str) -> MemberSettings {
        const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let config = &self.config;
        MemberSettings {
            group: group.to_owned(),
            instance_id: config.group_instance_id.clone(),
            client_id: config.client.client_id.clone(),
            rack: Some(config.client.client_rack.clone()).filter(|rack| !rack.is_empty()),
            session_timeout: config.session_timeout,
            heartbeat_interval: config.heartbeat_interval,
            max_poll_interval: config.max_poll_interval,
            strategies: config.strategies.clone(),
            refresh_interval: config.client.metadata_refresh_interval.unwrap_or(NEVER),
            blacklist: Arc::clone(&config.topic_blacklist),
        }
    }

    /// Gives up the subscription and leaves the group.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn unsubscribe(&self) -> Result<(), CallError> {
        let mut state = self.lock()?;
        state.group.subscription = None;
        if let Some(membership) = &state.group.membership {
            membership.subscribe(None);
        }
        Ok(())
    }

    /// Names and patterns that the consumer has subscribed to.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn subscription(&self) -> Result<Vec<String>, CallError> {
        let state = self.lock()?;
        Ok(state
            .group
            .subscription
            .as_ref()
            .map(|subscription| subscription.topics().to_vec())
            .unwrap_or_default())
    }

    /// The name that the coordinator gave this member; `None` before it has joined.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn member_id(&self) -> Result<Option<String>, CallError> {
        let state = self.lock()?;
        let identity = state.group.membership.as_ref().map(Membership::identity);
        Ok(identity.map(|identity| identity.member_id).filter(|id| !id.is_empty()))
    }

    /// What a poll owes to the group: being alive, changes that wait for the application, commits that are due.
    pub(super) fn serve_group(&self) -> Result<(), CallError> {
        let silence = self.last_poll.touch();
        let mut state = self.lock()?;
        if silence >= self.config.max_poll_interval
            && let Some(membership) = &state.group.membership
        {
            membership.polled();
        }
        while let Some(change) = state.group.changes.pop_front() {
            let callback = state.group.callback.clone();
            let rebalance = rebalance_of(&state, &change);
            state.group.assigned_by_hand = false;
            drop(state);
            if let (Some(callback), Some(rebalance)) = (callback, &rebalance) {
                callback(self, rebalance);
            }
            state = self.lock()?;
            carry_out(&mut state, &change, &self.config);
        }
        let due = state.take_due_commit();
        drop(state);
        if let Some(commit) = due {
            commit.send(&self.config, |_| {});
        }
        Ok(())
    }

    /// Gives up the assignment and leaves the group, as `close` does.
    pub(super) fn leave_group(&self) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        state.group.changes.clear();
        let callback = state.group.callback.take();
        let rebalance = rebalance_of(&state, &Change::Revoke);
        drop(state);
        if let (Some(callback), Some(rebalance)) = (callback, &rebalance) {
            callback(self, rebalance);
        }
        // While it is still a member: the group takes offsets from nobody else.
        commit_and_wait(&self.state, &self.config);
        let membership = self.state.lock().group.membership.take();
        if let Some(membership) = membership {
            membership.leave();
        }
    }
}

/// Commits what is stored, if the consumer commits by itself, and waits until that is durable.
fn commit_and_wait(state: &Mutex<State>, config: &ConsumerConfig) {
    const PATIENCE: Duration = Duration::from_secs(60);
    let commit = state.lock().take_auto_commit();
    let Some(commit) = commit else { return };
    let (sender, answer) = crossbeam::channel::bounded::<()>(1);
    commit.send(config, move |_| drop(sender));
    // A commit that fails, or takes too long, is as good as one that was never asked for: the messages come again.
    let (Ok(()) | Err(_)) = answer.recv_timeout(PATIENCE);
}

fn list_of(owned: &[Owned]) -> Vec<TopicPartitionOffset> {
    let element = |(topic, partition): &Owned| {
        TopicPartitionOffset::new(Arc::clone(topic), *partition, OffsetSpec::Stored)
    };
    owned.iter().map(element).collect()
}

/// What the application is told of a change; `None` when it has nothing to give up.
fn rebalance_of(state: &State, change: &Change) -> Option<Rebalance> {
    let all = || -> Vec<TopicPartitionOffset> {
        let assignment = state.fetcher.assignment.iter();
        assignment.map(|partition| partition.element(OffsetSpec::Invalid)).collect()
    };
    let unless_empty = |list: Vec<TopicPartitionOffset>| if list.is_empty() { None } else { Some(list) };
    match change {
        Change::Assign(owned) | Change::Add(owned) => Some(Rebalance::Assign(list_of(owned))),
        Change::Remove(owned) => unless_empty(list_of(owned)).map(Rebalance::Revoke),
        Change::Revoke => unless_empty(all()).map(Rebalance::Revoke),
        Change::Lose => unless_empty(all()).map(Rebalance::Lost),
    }
}

/// Makes the assignment what the change wants, unless the application has, and tells the member so.
fn carry_out(state: &mut State, change: &Change, config: &ConsumerConfig) {
    if !matches!(change, Change::Lose | Change::Assign(_) | Change::Add(_))
        && let Some(commit) = state.take_auto_commit()
    {
        commit.send(config, |_| {});
    }
    if !std::mem::take(&mut state.group.assigned_by_hand) {
        let fetcher = &mut state.fetcher;
        match change {
            Change::Assign(owned) => {
                let places = fetcher.assignment.places().to_vec();
                drop(fetcher.unassign(&places));
                // A partition that was added by hand stays as it is.
                drop(fetcher.assign(&list_of(owned)));
            }
            Change::Add(owned) => drop(fetcher.assign(&list_of(owned))),
            Change::Remove(owned) => {
                let find = |(topic, partition): &Owned| fetcher.assignment.find(topic, *partition);
                let places: Vec<usize> = owned.iter().filter_map(find).collect();
                drop(fetcher.unassign(&places));
            }
            Change::Revoke | Change::Lose => {
                let places = fetcher.assignment.places().to_vec();
                drop(fetcher.unassign(&places));
            }
        }
    }
    if let Some(membership) = &state.group.membership {
        membership.done();
    }
}

/// The consumer's side of its [`Membership`].
struct GroupAssignee {
    state: Arc<Mutex<State>>,
    signal: Arc<Signal>,
    last_poll: Arc<LastPoll>,
    config: Arc<ConsumerConfig>,
}

impl Assignee for GroupAssignee {
    fn change(&self, change: Change) {
        if matches!(change, Change::Revoke | Change::Remove(_)) && self.state.lock().group.callback.is_none()
        {
            commit_and_wait(&self.state, &self.config);
        }
        let mut state = self.state.lock();
        if state.group.callback.is_some() {
            state.group.changes.push_back(change);
        } else {
            carry_out(&mut state, &change, &self.config);
        }
        drop(state);
        self.signal.notify();
    }

    fn report(&self, error: KafkaError, topic: Option<&str>) {
        let event = ConsumerError { topic: topic.map(Arc::from), ..ConsumerError::new(error) };
        self.state.lock().fetcher.errors.push_back(event);
        self.signal.notify();
    }

    fn since_poll(&self) -> Duration {
        self.last_poll.since()
    }

    fn tick(&self) {
        let due = self.state.lock().take_due_commit();
        if let Some(commit) = due {
            commit.send(&self.config, |_| {});
        }
    }
}
