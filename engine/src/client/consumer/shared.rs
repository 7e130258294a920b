//! [`Shared`]: what a consumer's application threads, its background thread and the answers of the coordinator share.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crossbeam::channel::Sender;
use crossbeam::queue::SegQueue;
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::commits::CommitAnswer;
use super::events::{CallError, ConsumerError};
use super::membership::Command;
use super::state::{Notice, State};
use crate::broker::group::MemberIdentity;
use crate::client::config::{ConsumerConfig, GroupProtocol};
use crate::client::signal::Signal;
use crate::client::statistics::StatisticsClock;
use crate::client::{Engine, KafkaError};
use crate::io::OwnerProcess;
use crate::shard::Notify;
use crate::sync::Spinner;

/// See the module.
pub(super) struct Shared {
    pub(super) config: ConsumerConfig,
    pub(super) state: Mutex<State>,
    pub(super) signal: Arc<Signal>,
    spinner: Spinner,
    /// Answers to commits nobody waits for. They come on the coordinator's thread, which must not wait for `state`.
    answers: SegQueue<CommitAnswer>,
    answered: AtomicBool,
    identity: Mutex<MemberIdentity>,
    /// The thread that takes part in the group, once there is one.
    pub(super) membership: OnceLock<Sender<Command>>,
    pub(super) statistics: StatisticsClock,
    /// The process that made the consumer.
    process: OwnerProcess,
    /// Threads that sleep in a poll: they count as polling all the time.
    pub(super) sleepers: AtomicU32,
}

impl Shared {
    pub(super) fn new(config: ConsumerConfig, engine: Option<Engine>) -> Shared {
        let state = State::new(&config, engine);
        let signal = Arc::clone(state.fetcher.queue.signal());
        // Members of the consumer protocol choose their names.
        let is_named = config.group_protocol == GroupProtocol::Consumer && config.group_id.is_some();
        let identity = MemberIdentity {
            member_id: if is_named { uuid::Uuid::new_v4().to_string() } else { String::new() },
            instance_id: config.group_instance_id.clone(),
            generation: -1,
        };
        Shared {
            statistics: StatisticsClock::new(config.client.statistics_interval),
            spinner: Spinner::new(config.client.engine.spin),
            config,
            state: Mutex::new(state),
            signal,
            answers: SegQueue::new(),
            answered: AtomicBool::new(false),
            identity: Mutex::new(identity),
            membership: OnceLock::new(),
            process: OwnerProcess::current(),
            sleepers: AtomicU32::new(0),
        }
    }

    /// # Errors
    /// `_STATE` in a forked child, where locks may be held by threads that are not there.
    pub(super) fn check_process(&self) -> Result<(), CallError> {
        Ok(self.process.check().map_err(KafkaError::from)?)
    }

    /// # Errors
    /// [`CallError::Closed`]; `_STATE` in a forked child.
    pub(super) fn lock(&self) -> Result<MappedMutexGuard<'_, State>, CallError> {
        self.check_process()?;
        MutexGuard::try_map(self.state.lock(), |state| if state.is_closed() { None } else { Some(state) })
            .map_err(|_| CallError::Closed)
    }

    /// Lets threads that wait look again.
    pub(super) fn wake(&self) {
        self.signal.notify();
    }

    /// Sleeps until there may be something, at most until `until`. False when the deadline is over.
    pub(super) fn sleep(&self, seen: u64, deadline: Option<Instant>, until: Option<Instant>) -> bool {
        let wake_at = [deadline, until].into_iter().flatten().min();
        let woken = self.signal.wait(seen, wake_at, &self.spinner);
        woken || deadline.is_none_or(|deadline| deadline > Instant::now())
    }

    /// The engine, unless there is none or the consumer has been closed.
    pub(super) fn engine(&self) -> Option<Engine> {
        self.state.lock().engine.clone()
    }

    /// Who this consumer is in its group.
    pub(super) fn identity(&self) -> MemberIdentity {
        self.identity.lock().clone()
    }

    /// Who this consumer is from now on.
    pub(super) fn set_identity(&self, member_id: &str, generation: i32) {
        let mut identity = self.identity.lock();
        member_id.clone_into(&mut identity.member_id);
        identity.generation = generation;
    }

    /// Tells the application of an error that comes from outside a poll.
    pub(super) fn report(&self, error: ConsumerError) {
        self.state.lock().push_notice(Notice::Error(error));
        self.wake();
    }

    /// Queues the answer to a commit, from any thread, without waiting.
    pub(super) fn push_answer(&self, answer: CommitAnswer) {
        self.answers.push(answer);
        self.answered.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether [`Shared::take_answers`] has something to do.
    #[inline]
    pub(super) fn has_answers(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Notes what has been committed, and that the application is to be told.
    pub(super) fn take_answers(&self, state: &mut State) {
        if !self.answered.swap(false, Ordering::AcqRel) {
            return;
        }
        while let Some(answer) = self.answers.pop() {
            state.note_committed(&answer.partitions);
            state.push_notice(Notice::Committed(answer));
        }
    }
}
