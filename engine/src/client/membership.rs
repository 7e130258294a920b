//! [`Membership`]: a consumer as one member of its group. A thread of its own joins, assigns when it leads, keeps the
//! member alive and leaves, whether the application polls or not (librdkafka: the consumer group handler).
//!
//! The consumer is told what to do through [`Assignee`] and says when it has done it. In reading order: `member` (the
//! states), `leader` (who gets what).

mod leader;
mod member;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Sender, unbounded};
use parking_lot::Mutex;

use self::member::{Member, Message};
use super::assignor::Strategy;
use super::subscription::{PatternList, Subscription};
use crate::broker::Broker;
use crate::broker::group::MemberIdentity;
use crate::client::KafkaError;
use crate::types::PartitionIndex;

/// What a member needs to know of its consumer's settings.
#[derive(Clone, Debug)]
pub(super) struct MemberSettings {
    pub(super) group: String,
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) rack: Option<String>,
    pub(super) session_timeout: Duration,
    pub(super) heartbeat_interval: Duration,
    pub(super) max_poll_interval: Duration,
    /// Best first, all of one rebalance protocol.
    pub(super) strategies: Vec<Strategy>,
    /// How often subscriptions are compared with the topics that exist.
    pub(super) refresh_interval: Duration,
    pub(super) blacklist: Arc<PatternList>,
}

/// A partition by name.
pub(super) type Owned = (Arc<str>, PartitionIndex);

/// A change of what a member has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// These are its partitions now, all of them (eager).
    Assign(Vec<Owned>),
    /// It has none any more (eager).
    Revoke,
    /// It has these too (cooperative).
    Add(Vec<Owned>),
    /// It has these no more (cooperative).
    Remove(Vec<Owned>),
    /// It was put out of the group: others may have its partitions already.
    Lose,
}

/// The consumer of a member. Called on the member's thread; must not wait for the application.
pub(super) trait Assignee: Send + Sync {
    /// Carries out a change, now or when the application polls, and then calls [`Membership::done`].
    fn change(&self, change: Change);

    /// Tells the application of an error.
    fn report(&self, error: KafkaError, topic: Option<&str>);

    /// Time since the application last polled.
    fn since_poll(&self) -> Duration;

    /// Called with every heartbeat, for what a consumer owes from time to time.
    fn tick(&self);
}

/// A running member. Dropping it ends the thread without leaving the group, as a crash would.
pub(super) struct Membership {
    inbox: Sender<Message>,
    identity: Arc<Mutex<MemberIdentity>>,
    thread: Option<JoinHandle<()>>,
}

impl Membership {
    /// Starts the thread. The member joins when it is told to subscribe.
    pub(super) fn start(
        settings: MemberSettings,
        broker: Arc<Broker>,
        assignee: Arc<dyn Assignee>,
    ) -> std::io::Result<Membership> {
        let (sender, inbox) = unbounded();
        let identity = Arc::new(Mutex::new(MemberIdentity {
            member_id: String::new(),
            instance_id: settings.instance_id.clone(),
            generation: -1,
        }));
        let member = Member::new(settings, broker, assignee, sender.clone(), Arc::clone(&identity));
        let thread = std::thread::Builder::new()
            .name("tidelog-member".to_owned())
            .spawn(move || member.run(&inbox))?;
        Ok(Membership { inbox: sender, identity, thread: Some(thread) })
    }

    /// Joins with a subscription, or changes it; `None` leaves the group.
    pub(super) fn subscribe(&self, subscription: Option<Subscription>) {
        self.tell(Message::Subscribe(subscription));
    }

    /// The last [`Change`] has been carried out.
    pub(super) fn done(&self) {
        self.tell(Message::Done);
    }

    /// The application polls again.
    pub(super) fn polled(&self) {
        self.tell(Message::Polled);
    }

    /// Who the member is now; without id and generation before it has joined.
    pub(super) fn identity(&self) -> MemberIdentity {
        self.identity.lock().clone()
    }

    /// Leaves the group, unless the member is a static one, and ends the thread. What the member has must have been
    /// given up before.
    pub(super) fn leave(mut self) {
        self.tell(Message::Leave);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }

    fn tell(&self, message: Message) {
        // The thread is there until it is told to end.
        drop(self.inbox.send(message));
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.tell(Message::Stop);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
