//! Transactions as applications make them (librdkafka: `rd_kafka_init_transactions` and those behind it):
//! `init_transactions`, then any number of times `begin_transaction`, messages and offsets, and `commit_transaction` or
//! `abort_transaction`.
//!
//! An error says what is left: with [`KafkaError::is_retriable`] the same call can be made again and goes on where it was,
//! with [`KafkaError::txn_requires_abort`] the transaction is to be aborted, with [`KafkaError::is_fatal`] the producer
//! is of no use any more.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::Producer;
use super::transaction::{Answer, Asked, CallGuard, Phase, Transaction, is_passing, refusal};
use crate::broker::group::{CommitOffset, MemberIdentity, OffsetsResponse, TransactionalCommit};
use crate::broker::transaction::{
    EndRequest, InitRequest, ProducerSession, TransactionEnd, TransactionVersion,
};
use crate::client::consumer::GroupMetadata;
use crate::client::{KafkaError, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::TopicName;

/// What a call says whose offsets have been refused.
const OFFSETS_FAILED: &str = "Failed to commit offsets to transaction";

/// What a call that has timed out says.
const TIMED_OUT: &str = "Timed out waiting for operation to finish, retry call to resume";

impl Producer {
    /// Whether it has a `transactional.id`: it can then only produce in transactions.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.shared.transaction.is_some()
    }

    /// Whether a transaction has begun and not ended.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        let ended = [Phase::Init, Phase::Ready, Phase::FatalError];
        self.shared.transaction.as_ref().is_some_and(|transaction| !ended.contains(&transaction.lock().phase))
    }

    fn transaction(&self) -> Result<&Arc<Transaction>, KafkaError> {
        self.shared.process.check()?;
        self.shared.transaction.as_ref().ok_or_else(|| {
            let text = "The Transactional API requires transactional.id to be configured";
            KafkaError::with_reason(ErrorCode::LocalNotConfigured, text)
        })
    }

    /// How long [`Producer::init_transactions`] waits when it is not told.
    #[must_use]
    pub fn init_timeout(&self) -> Duration {
        self.shared.config.transaction_timeout * 2
    }

    /// Makes this producer the one of its `transactional.id`: an earlier one is fenced, and what it has begun is aborted.
    /// Waits at most `timeout` (`None`: [`Producer::init_timeout`]).
    ///
    /// # Errors
    /// `_TIMED_OUT`, retriable. `_STATE`, when it has been called before. `_CONFLICT`, retriable, during another call.
    /// `_NOT_CONFIGURED` without `transactional.id`. Fatal: what the coordinator says.
    pub fn init_transactions(&self, timeout: Option<Duration>) -> Result<(), KafkaError> {
        let transaction = self.transaction()?;
        let call = transaction.begin_call("init_transactions", &[Phase::Init])?;
        let config = &self.shared.config;
        let deadline = Instant::now() + timeout.unwrap_or(self.init_timeout());
        let Some(engine) = self.engine() else {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            return Err(call.timed_out(TIMED_OUT.to_owned()));
        };
        let coordinator = engine.broker().transactions()?;
        let transactional_id = config.transactional_id.clone().unwrap_or_default();
        let request = InitRequest { transactional_id, timeout: config.transaction_timeout, current: None };
        let ask = |transaction: Arc<Transaction>| {
            coordinator.init(&request, move |answer| transaction.answered(answer.map(Some)));
        };
        let Some(answer) = transaction.ask(Some(deadline), ask) else {
            return Err(call.timed_out(TIMED_OUT.to_owned()));
        };
        let identity =
            answer.map_err(|code| failed(transaction, "Failed to initialize Producer ID", code))?;
        let (producer_id, epoch) = identity.ok_or(ErrorCode::LocalState)?;
        let mut state = transaction.lock();
        let transactional_id = request.transactional_id.clone();
        state.parties = Some((ProducerSession { transactional_id, producer_id, epoch }, coordinator));
        transaction.enter(&mut state, Phase::Ready);
        Ok(())
    }

    /// Begins a transaction: messages can be produced.
    ///
    /// # Errors
    /// `_STATE` before [`Producer::init_transactions`] and in a transaction; a fatal error. `_CONFLICT` and
    /// `_NOT_CONFIGURED` as there.
    pub fn begin_transaction(&self) -> Result<(), KafkaError> {
        let transaction = self.transaction()?;
        let _call = transaction.begin_call("begin_transaction", &[Phase::Ready])?;
        transaction.enter(&mut transaction.lock(), Phase::InTransaction);
        Ok(())
    }

    /// Keeps the offsets of a consumer, which become the committed ones of its group when the transaction is committed
    /// (KIP-447). Elements without a valid offset are passed over; without any other nothing is done, in a transaction or
    /// not. Waits at most `timeout`.
    ///
    /// # Errors
    /// `_TIMED_OUT`, retriable. `_STATE` outside of a transaction. With `txn_requires_abort`: what the group says. A fatal
    /// error; `_CONFLICT` and `_NOT_CONFIGURED` as for [`Producer::init_transactions`].
    pub fn send_offsets_to_transaction(
        &self,
        offsets: &[TopicPartitionOffset],
        group: &GroupMetadata,
        timeout: Option<Duration>,
    ) -> Result<(), KafkaError> {
        let transaction = self.transaction()?;
        let offsets: Vec<CommitOffset> = offsets.iter().filter_map(commit_offset).collect();
        let phases = if offsets.is_empty() { &Phase::ALL[..] } else { &[Phase::InTransaction] };
        let call = transaction.begin_call("send_offsets_to_transaction", phases)?;
        if offsets.is_empty() {
            return Ok(());
        }
        let engine = self.engine().ok_or(ErrorCode::LocalState)?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let groups = engine.broker().groups()?;
        let place = groups.partition_of(&group.group);
        let (session, coordinator) = transaction.lock().parties()?;
        if !transaction.stop_joining(deadline) {
            return Err(call.timed_out(TIMED_OUT.to_owned()));
        }
        let ask = |transaction: Arc<Transaction>| {
            let places = std::slice::from_ref(&place);
            coordinator.add_partitions(&session, places, TransactionVersion::V0, move |code| {
                transaction.answered(done(code));
            });
        };
        let added = transaction.ask(deadline, ask);
        transaction.let_join();
        match added {
            None => return Err(call.timed_out(TIMED_OUT.to_owned())),
            Some(Err(code)) => return Err(failed(transaction, "Failed to add offsets to transaction", code)),
            Some(Ok(_)) => transaction.lock().joined(place),
        }
        let commit = TransactionalCommit {
            group: group.group.clone(),
            member: MemberIdentity {
                member_id: group.member_id.clone(),
                instance_id: group.instance_id.clone(),
                generation: group.generation,
            },
            producer: (session.producer_id, session.epoch),
            offsets,
        };
        let (sender, answer) = channel::<OffsetsResponse>();
        groups.commit_in_transaction(commit, move |response| drop(sender.send(response)));
        let answer = match deadline {
            Some(deadline) => answer.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => answer.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match answer {
            Err(RecvTimeoutError::Timeout) => Err(call.timed_out(TIMED_OUT.to_owned())),
            Err(RecvTimeoutError::Disconnected) => {
                Err(failed(transaction, OFFSETS_FAILED, ErrorCode::CoordinatorNotAvailable))
            }
            Ok(response) => {
                let errors = response.partitions.iter().map(|outcome| outcome.error);
                let first = errors.chain([response.error]).find(|error| *error != ErrorCode::None);
                first.map_or(Ok(()), |code| Err(failed(transaction, OFFSETS_FAILED, code)))
            }
        }
    }

    /// Delivers what is queued, serves its reports as [`Producer::flush`] does, and commits the transaction: readers of
    /// committed records see its records when this returns. Waits at most `timeout`.
    ///
    /// # Errors
    /// `_TIMED_OUT`, retriable. `_STATE` outside of a transaction. With `txn_requires_abort`: why a message was not
    /// delivered, or what the coordinator says. A fatal error; `_CONFLICT` and `_NOT_CONFIGURED` as for
    /// [`Producer::init_transactions`].
    pub fn commit_transaction(&self, timeout: Option<Duration>) -> Result<(), KafkaError> {
        let transaction = self.transaction()?;
        let call =
            transaction.begin_call("commit_transaction", &[Phase::InTransaction, Phase::Committing])?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        transaction.enter(&mut transaction.lock(), Phase::Committing);
        self.end(transaction, TransactionEnd::Commit, call, deadline)
    }

    /// Drops what is queued, with reports that say `_PURGE_QUEUE`, waits for what the engine has taken, serves reports, and
    /// aborts the transaction. Waits at most `timeout`.
    ///
    /// # Errors
    /// `_TIMED_OUT`, retriable. `_STATE` outside of a transaction. A fatal error; `_CONFLICT` and `_NOT_CONFIGURED` as for
    /// [`Producer::init_transactions`].
    pub fn abort_transaction(&self, timeout: Option<Duration>) -> Result<(), KafkaError> {
        let transaction = self.transaction()?;
        let phases = [Phase::InTransaction, Phase::AbortableError, Phase::Aborting];
        let call = transaction.begin_call("abort_transaction", &phases)?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        transaction.enter(&mut transaction.lock(), Phase::Aborting);
        self.purge();
        self.end(transaction, TransactionEnd::Abort, call, deadline)
    }

    fn end(
        &self,
        transaction: &Arc<Transaction>,
        end: TransactionEnd,
        call: CallGuard<'_>,
        deadline: Option<Instant>,
    ) -> Result<(), KafkaError> {
        // A call that has timed out may have asked already: there is nothing to deliver any more.
        let is_asked = transaction.lock().asked != Asked::Nothing;
        let left = match is_asked {
            true => 0,
            false => self.flush(deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))),
        };
        if left > 0 {
            return Err(call.timed_out(format!(
                "Failed to flush all outstanding messages within the API timeout: {left} message(s) remaining"
            )));
        }
        if !transaction.stop_joining(deadline) {
            return Err(call.timed_out(TIMED_OUT.to_owned()));
        }
        let ended = self.ask_for_end(transaction, end, deadline);
        transaction.let_join();
        match ended? {
            Some(()) => Ok(()),
            None => Err(call.timed_out(TIMED_OUT.to_owned())),
        }
    }

    /// Asks the coordinator to end the transaction, if there is anything in it. `None` when the time is over.
    fn ask_for_end(
        &self,
        transaction: &Arc<Transaction>,
        end: TransactionEnd,
        deadline: Option<Instant>,
    ) -> Result<Option<()>, KafkaError> {
        let mut state = transaction.lock();
        if let Some(error) = state.error().filter(|error| end == TransactionEnd::Commit || error.is_fatal()) {
            return Err(error);
        }
        if !state.has_joined() {
            transaction.enter(&mut state, Phase::Ready);
            return Ok(Some(()));
        }
        let (session, coordinator) = state.parties()?;
        drop(state);
        let request = EndRequest { session, end, version: TransactionVersion::V0 };
        let ask = |transaction: Arc<Transaction>| {
            coordinator.end(&request, move |result| transaction.answered(result.map(|_| None)));
        };
        match transaction.ask(deadline, ask) {
            None => Ok(None),
            Some(Ok(_)) => {
                transaction.enter(&mut transaction.lock(), Phase::Ready);
                Ok(Some(()))
            }
            Some(Err(code)) => Err(failed(transaction, "Failed to end transaction", code)),
        }
    }
}

/// What a call says that the coordinator has refused.
fn failed(transaction: &Transaction, what: &str, code: ErrorCode) -> KafkaError {
    let error = refusal(what, code);
    if is_passing(code) { error.into_retriable() } else { transaction.fail(&error) }
}

/// An answer that brings no producer id.
fn done(code: ErrorCode) -> Answer {
    if code == ErrorCode::None { Ok(None) } else { Err(code) }
}

/// An offset as the group keeps it; `None` for one that is not valid.
fn commit_offset(element: &TopicPartitionOffset) -> Option<CommitOffset> {
    Some(CommitOffset {
        topic: TopicName::new(&element.topic).ok()?,
        topic_id: None,
        partition: element.partition,
        offset: element.offset.offset()?,
        leader_epoch: element.leader_epoch,
        metadata: element.metadata.as_deref().unwrap_or_default().to_owned(),
    })
}
