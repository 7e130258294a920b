//! [`Transaction`]: where a producer with a `transactional.id` stands, and which partitions its transaction has. Producing
//! threads ask it whether they may; partitions join the transaction by themselves, with their first message, and no thread
//! waits for that: until the coordinator has taken a partition in, its messages stay in their batches.
//!
//! The phases, and what an application is told in the wrong one, are librdkafka's.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::fatal::FatalError;
use super::partition_batches::PartitionBatches;
use crate::broker::Transactions;
use crate::broker::transaction::{ProducerSession, TransactionVersion};
use crate::client::KafkaError;
use crate::error_code::ErrorCode;
use crate::types::{ProducerEpoch, ProducerId, TopicPartition};

/// How long to wait before asking a coordinator again that is busy with the transaction before.
pub(super) const BUSY_BACKOFF: Duration = Duration::from_millis(2);

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Get a producer id.
    Init,
    /// Begin.
    Ready,
    /// Produce.
    InTransaction,
    /// Wait for the commit.
    Committing,
    /// Wait for the abort.
    Aborting,
    /// Abort.
    AbortableError,
    /// Nothing: the producer is of no use any more.
    FatalError,
}

impl Phase {
    pub(super) const ALL: [Phase; 7] = [
        Phase::Init,
        Phase::Ready,
        Phase::InTransaction,
        Phase::Committing,
        Phase::Aborting,
        Phase::AbortableError,
        Phase::FatalError,
    ];

    /// librdkafka's name.
    fn name(self) -> &'static str {
        match self {
            Phase::Init => "Init",
            Phase::Ready => "Ready",
            Phase::InTransaction => "InTransaction",
            Phase::Committing => "CommittingTransaction",
            Phase::Aborting => "AbortingTransaction",
            Phase::AbortableError => "AbortableError",
            Phase::FatalError => "FatalError",
        }
    }
}

/// See the module.
pub(super) struct Transaction {
    /// Messages are taken.
    is_open: AtomicBool,
    /// Which transaction of this producer it is; 0 before the first.
    number: AtomicU64,
    /// Of the producer.
    fatal: Arc<FatalError>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    pub(super) phase: Phase,
    /// Why only aborting is left, or nothing.
    error: Option<KafkaError>,
    /// Who the producer is, and who coordinates it; there since it has its id.
    pub(super) parties: Option<(ProducerSession, Arc<Transactions>)>,
    /// Partitions that want to join.
    joining: Vec<Arc<PartitionBatches>>,
    /// The coordinator is being asked to take partitions in.
    is_adding: bool,
    /// Those that have joined.
    joined: HashSet<TopicPartition>,
    /// What the coordinator was asked: a call that has timed out goes on with it.
    pub(super) asked: Asked,
    /// The call that is being made, or that has timed out and is to be made again.
    call: Option<&'static str>,
    is_calling: bool,
}

/// A question to the coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// It has not answered yet.
    Something,
    /// It has answered; with a producer id if that was the question.
    Answered(Answer),
}

/// An answer of the coordinator.
pub(super) type Answer = Result<Option<(ProducerId, ProducerEpoch)>, ErrorCode>;

/// A call of the application, one at a time.
pub(super) struct CallGuard<'a> {
    transaction: &'a Transaction,
    /// It has timed out: the next call must be the same.
    is_resumable: bool,
}

impl Transaction {
    pub(super) fn new(fatal: Arc<FatalError>) -> Transaction {
        Transaction {
            is_open: AtomicBool::new(false),
            number: AtomicU64::new(0),
            fatal,
            state: Mutex::new(State {
                phase: Phase::Init,
                error: None,
                parties: None,
                joining: Vec::new(),
                is_adding: false,
                joined: HashSet::new(),
                asked: Asked::Nothing,
                call: None,
                is_calling: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Whether messages are taken.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Which transaction it is; a partition that has joined another one has to join again.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Who the producer is, with its first epoch.
    pub(super) fn identity(&self) -> Option<(ProducerId, ProducerEpoch)> {
        self.lock().parties.as_ref().map(|(session, _)| (session.producer_id, session.epoch))
    }

    /// Steps to `phase`.
    pub(super) fn enter(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        match phase {
            Phase::InTransaction => {
                state.joined.clear();
                self.number.fetch_add(1, Ordering::AcqRel);
            }
            Phase::Ready => state.error = None,
            _ => {}
        }
        self.is_open.store(phase == Phase::InTransaction, Ordering::Release);
    }

    /// Begins a call that is allowed in one of `phases`.
    ///
    /// # Errors
    /// `_CONFLICT`, retriable, when another call is made, or has timed out and was not made again; the fatal error, once
    /// there is one; `_STATE` in another phase, or the error that has led there.
    pub(super) fn begin_call(
        &self,
        name: &'static str,
        phases: &[Phase],
    ) -> Result<CallGuard<'_>, KafkaError> {
        let mut state = self.lock();
        if let Some(other) = state.call.filter(|call| state.is_calling || *call != name) {
            let text = format!("Conflicting {other} API call is already in progress");
            return Err(KafkaError::with_reason(ErrorCode::LocalConflict, text).into_retriable());
        }
        if let Some(fatal) = self.fatal.get() {
            return Err(fatal.clone());
        }
        if !phases.contains(&state.phase) {
            let text = format!("Operation not valid in state {}", state.phase.name());
            let state_error = KafkaError::with_reason(ErrorCode::LocalState, text);
            return Err(state.error.clone().unwrap_or(state_error));
        }
        (state.call, state.is_calling) = (Some(name), true);
        Ok(CallGuard { transaction: self, is_resumable: false })
    }

    /// Waits for a change of `state`. False when the time is over.
    pub(super) fn wait(&self, state: &mut MutexGuard<'_, State>, deadline: Option<Instant>) -> bool {
        match deadline {
            Some(deadline) => !self.changed.wait_until(state, deadline).timed_out(),
            None => {
                self.changed.wait(state);
                true
            }
        }
    }

    /// Tells whoever waits that something has changed.
    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Notes the answer to what the coordinator was asked.
    pub(super) fn answered(&self, answer: Answer) {
        self.lock().asked = Asked::Answered(answer);
        self.notify();
    }

    /// Asks the coordinator, unless that has been done by a call that has timed out, and waits for the answer; asks again
    /// as long as it is busy with the transaction before. `None` when the time is over.
    pub(super) fn ask(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        ask: impl Fn(Arc<Transaction>),
    ) -> Option<Answer> {
        let mut state = self.lock();
        loop {
            match state.asked {
                Asked::Nothing => {
                    state.asked = Asked::Something;
                    drop(state);
                    ask(Arc::clone(self));
                    state = self.lock();
                }
                Asked::Something => {
                    let is_over = !self.wait(&mut state, deadline);
                    if is_over && state.asked == Asked::Something {
                        return None;
                    }
                }
                Asked::Answered(answer) => {
                    state.asked = Asked::Nothing;
                    if answer != Err(ErrorCode::ConcurrentTransactions) {
                        return Some(answer);
                    }
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return None;
                    }
                    let again = Instant::now() + BUSY_BACKOFF;
                    while self.wait(&mut state, Some(again)) {}
                }
            }
        }
    }

    /// Waits until no partitions are being added and makes sure that none will be, until [`Transaction::let_join`]. False
    /// when the time is over.
    pub(super) fn stop_joining(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.is_adding {
            if !self.wait(&mut state, deadline) && state.is_adding {
                return false;
            }
        }
        state.is_adding = true;
        true
    }

    /// Something has failed: a fenced producer is of no use any more, for everything else the transaction can be aborted.
    pub(super) fn fail(&self, error: &KafkaError) -> KafkaError {
        let mut state = self.lock();
        if state.phase == Phase::FatalError {
            return state.error.clone().unwrap_or_else(|| error.clone());
        }
        let (phase, error) = if is_fenced(error.code()) {
            let fenced = KafkaError::with_reason(ErrorCode::LocalFenced, error.reason().to_owned());
            (Phase::FatalError, fenced.into_fatal())
        } else if state.phase == Phase::Init {
            (Phase::FatalError, error.clone().into_fatal())
        } else {
            (Phase::AbortableError, error.clone().into_txn_requires_abort())
        };
        // The first error is the one that is shown.
        let error = match &state.error {
            Some(first) if phase == Phase::AbortableError => first.clone(),
            _ => error,
        };
        state.error = Some(error.clone());
        if state.phase != Phase::Aborting || phase == Phase::FatalError {
            self.enter(&mut state, phase);
        }
        if phase == Phase::FatalError {
            self.fatal.set(error.clone());
        }
        drop(state);
        self.notify();
        error
    }

    /// A message has failed for good: what remains is to abort. Messages that an abort has dropped have not failed.
    pub(super) fn message_failed(&self, error: &KafkaError) {
        let dropped = [ErrorCode::LocalPurgeQueue, ErrorCode::LocalPurgeInflight];
        let ends = matches!(self.lock().phase, Phase::InTransaction | Phase::Committing);
        if !ends || dropped.contains(&error.code()) {
            return;
        }
        if is_fenced(error.code()) {
            let text = format!("{}: the producer is fenced by a newer instance", error.reason());
            self.fail(&KafkaError::with_reason(error.code(), text));
        } else {
            self.fail(error);
        }
    }

    /// Lets a partition join the transaction.
    pub(super) fn join(self: &Arc<Self>, batches: Arc<PartitionBatches>) {
        let mut state = self.lock();
        state.joining.push(batches);
        if !state.is_adding {
            self.add_joining(state);
        }
    }

    /// Asks the coordinator to take in the partitions that want to join.
    fn add_joining(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let joining = std::mem::take(&mut state.joining);
        if !matches!(state.phase, Phase::InTransaction | Phase::Committing | Phase::Aborting) {
            drop(state);
            // They were produced while the transaction ended, and are part of none.
            let error = KafkaError::new(ErrorCode::LocalState);
            return joining.iter().for_each(|batches| batches.fail_all(&error));
        }
        let places: Vec<TopicPartition> = joining.iter().filter_map(|batches| batches.place()).collect();
        let Some((session, coordinator)) = state.parties.clone() else { return };
        if places.is_empty() {
            return;
        }
        state.is_adding = true;
        drop(state);
        let this = Arc::clone(self);
        coordinator.add_partitions(&session, &places.clone(), TransactionVersion::V0, move |code| {
            this.added(&joining, places, code);
        });
    }

    /// The coordinator has answered. On its thread.
    fn added(
        self: &Arc<Self>,
        joining: &[Arc<PartitionBatches>],
        places: Vec<TopicPartition>,
        code: ErrorCode,
    ) {
        match code {
            ErrorCode::None => {
                self.lock().joined.extend(places);
                let number = self.number();
                joining.iter().for_each(|batches| batches.join_transaction(number));
            }
            ErrorCode::ConcurrentTransactions => return self.add_later(joining.to_vec()),
            code => {
                let error = self.fail(&refusal("Failed to add partitions to transaction", code));
                joining.iter().for_each(|batches| batches.fail_all(&error));
            }
        }
        self.let_join();
    }

    /// Lets partitions be added: those that have asked meanwhile are.
    pub(super) fn let_join(self: &Arc<Self>) {
        let mut state = self.lock();
        state.is_adding = false;
        self.notify();
        if !state.joining.is_empty() {
            self.add_joining(state);
        }
    }

    /// The markers of the transaction before could not be written yet. That is rare enough for a thread that waits.
    fn add_later(self: &Arc<Self>, joining: Vec<Arc<PartitionBatches>>) {
        let this = Arc::clone(self);
        let later = move || {
            std::thread::sleep(BUSY_BACKOFF);
            this.lock().joining.extend(joining);
            this.let_join();
        };
        if let Err(error) = std::thread::Builder::new().name("tidelog-retry".to_owned()).spawn(later) {
            tracing::error!(%error, "cannot wait for the end of a transaction");
            self.fail(&KafkaError::new(ErrorCode::LocalCritSysResource));
            self.let_join();
        }
    }
}

impl State {
    /// Whether anything is part of the transaction.
    pub(super) fn has_joined(&self) -> bool {
        !self.joined.is_empty()
    }

    pub(super) fn joined(&mut self, place: TopicPartition) {
        self.joined.insert(place);
    }

    /// Who the producer is, and who coordinates it.
    ///
    /// # Errors
    /// `_STATE` when it has no id.
    pub(super) fn parties(&self) -> Result<(ProducerSession, Arc<Transactions>), KafkaError> {
        self.parties.clone().ok_or_else(|| ErrorCode::LocalState.into())
    }

    /// Why only aborting is left, or nothing.
    pub(super) fn error(&self) -> Option<KafkaError> {
        self.error.clone()
    }
}

impl CallGuard<'_> {
    /// The time is over: the call is to be made again.
    pub(super) fn timed_out(mut self, text: String) -> KafkaError {
        self.is_resumable = true;
        KafkaError::with_reason(ErrorCode::LocalTimedOut, text).into_retriable()
    }
}

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.transaction.lock();
        state.is_calling = false;
        if !self.is_resumable {
            state.call = None;
        }
    }
}

/// An error after which the same call can be made again: the coordinator cannot write now.
pub(super) fn is_passing(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable)
}

/// Whether another producer has the transactional id.
fn is_fenced(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::LocalFenced
            | ErrorCode::ProducerFenced
            | ErrorCode::InvalidProducerEpoch
            | ErrorCode::InvalidProducerIdMapping
    )
}

/// What the coordinator has refused, by what it was asked.
pub(super) fn refusal(what: &str, code: ErrorCode) -> KafkaError {
    let code = if is_fenced(code) { ErrorCode::LocalFenced } else { code };
    KafkaError::with_reason(code, format!("{what}: {}", code.description()))
}
