//! [`Coordinator`]: the transactional ids of one partition of `__transaction_state`. Finds the id a request is about, keeps
//! its timers, and takes the acknowledgements of appends and markers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Ending, Entry, Fresh, Next};
use super::outbox::{Continuation, Effect, Mark, Outbox};
use super::request::{
    EndRequest, InitRequest, ListedTransaction, ProducerSession, Response, TransactionDescription,
};
use super::{TransactionState, TransactionVersion};
use crate::broker::coordination::{AppendId, CoordinatorRecord, Moment, TEXT_SIZE_MAX, append_error};
use crate::broker::record_fields::SchemaError;
use crate::broker::transaction_schema::{TransactionMetadata, decode_key, encode_key};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::shard::Admission;
use crate::types::{Timestamp, TopicPartition};

/// How long a partition that could not take its marker is left alone, and a record that could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The transactional ids of one partition of `__transaction_state`. `R` is where a waiting request is answered.
pub struct Coordinator<R> {
    config: Arc<EngineConfig>,
    entries: BTreeMap<Arc<str>, Entry<R>>,
    outbox: Outbox<R>,
    /// When something is due in which id.
    deadlines: BTreeSet<(Duration, Arc<str>)>,
    /// When to look for ids that nobody has used for long. `None` until the replay has ended.
    next_expiry: Option<Duration>,
}

impl<R> Coordinator<R> {
    /// A coordinator without ids. [`Coordinator::load`] gives it those of the log, and
    /// [`Coordinator::finish_loading`] must be called before anything else.
    #[must_use]
    pub fn new(config: Arc<EngineConfig>) -> Coordinator<R> {
        let (entries, deadlines) = (BTreeMap::new(), BTreeSet::new());
        Coordinator { config, entries, outbox: Outbox::new(), deadlines, next_expiry: None }
    }

    /// Replays one record of the partition, in the order of offsets.
    ///
    /// # Errors
    /// [`SchemaError`]; nothing has changed then. Records of later versions of the key are passed over.
    pub fn load(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), SchemaError> {
        let Some(id) = decode_key(key)? else { return Ok(()) };
        match value.map(TransactionMetadata::decode).transpose()? {
            Some(metadata) => {
                self.entries.insert(id.as_str().into(), Entry::restored(&id, metadata));
            }
            None => {
                self.entries.remove(id.as_str());
            }
        }
        Ok(())
    }

    /// Ends the replay: transactions whose end was decided are ended, open ones go on.
    pub fn finish_loading(&mut self, now: Moment) {
        for id in self.entries.keys().cloned().collect::<Vec<_>>() {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            match entry.metadata.state {
                TransactionState::Ongoing => {
                    let partitions = entry.metadata.partitions.iter().cloned().collect();
                    self.admit(&id, partitions);
                }
                TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
                    self.begin_ending(now, &id, None);
                }
                _ => {}
            }
            self.schedule(now, &id);
        }
        self.next_expiry = Some(now.monotonic + self.config.transactional_id_check_interval);
    }

    /// Gives a transactional id to a producer, or a new epoch to the one that has it; answered with [`Response::Producer`].
    /// Whoever had it is fenced, and what it has begun is aborted: until that is done the answer is
    /// `CONCURRENT_TRANSACTIONS`. `fresh` gives a producer id that nobody has.
    pub fn init(&mut self, now: Moment, request: &InitRequest, fresh: &mut Fresh<'_>, to: R) {
        let next = self.check_init(request).and_then(|()| self.next_producer(now, request, fresh));
        let id: Arc<str> = request.transactional_id.as_str().into();
        match next {
            Err(error) => self.outbox.reply(to, Response::Producer(Err(error))),
            Ok(Some(next)) => self.append(&id, next, |next| Continuation::Init { next, to }),
            Ok(None) => self.fence(now, &id, Some(to)),
        }
    }

    fn check_init(&self, request: &InitRequest) -> Result<(), ErrorCode> {
        let InitRequest { transactional_id, timeout, .. } = request;
        if transactional_id.is_empty() || transactional_id.len() > TEXT_SIZE_MAX {
            Err(ErrorCode::InvalidRequest)
        } else if timeout.is_zero() || *timeout > self.config.transaction_timeout_max {
            Err(ErrorCode::InvalidTransactionTimeout)
        } else {
            Ok(())
        }
    }

    /// What the id is to become; `None` when a transaction has to be aborted first.
    fn next_producer(
        &mut self,
        now: Moment,
        request: &InitRequest,
        fresh: &mut Fresh<'_>,
    ) -> Result<Option<Next>, ErrorCode> {
        let id = request.transactional_id.as_str();
        if !self.entries.contains_key(id) {
            self.entries.insert(id.into(), Entry::new(id, fresh()?, request.timeout, now.wall));
        }
        let entry = self.entries.get(id).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        if entry.is_changing {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if let Some(current) = request.current {
            entry.check_current(current)?;
        }
        match entry.metadata.state {
            state if state.is_ending() => Err(ErrorCode::ConcurrentTransactions),
            state if state.is_ended() => entry.initialized(request, now.wall, fresh).map(Some),
            _ => Ok(None),
        }
    }

    /// Aborts an open transaction under a new epoch.
    fn fence(&mut self, now: Moment, id: &Arc<str>, successor: Option<R>) {
        if let Some(entry) = self.entries.get(id) {
            let next = entry.fenced(now.wall);
            self.append(id, next, |next| Continuation::Prepare { next, producer: None, successor });
        }
    }

    /// Adds partitions to a producer's transaction, which begins with the first; answered with [`Response::Done`] when they
    /// take its records.
    pub fn add_partitions(
        &mut self,
        now: Moment,
        session: &ProducerSession,
        partitions: &[TopicPartition],
        version: TransactionVersion,
        to: R,
    ) {
        let next = self
            .entry_of(session)
            .and_then(|entry| entry.with_partitions(session, partitions, version, now.wall));
        match next {
            Err(error) => self.outbox.reply(to, Response::Done(error)),
            Ok(None) => self.outbox.reply(to, Response::Done(ErrorCode::None)),
            Ok(Some(next)) => {
                let id: Arc<str> = session.transactional_id.as_str().into();
                self.append(&id, next, |next| Continuation::Add { next, to });
            }
        }
    }

    /// Ends a producer's transaction; answered with [`Response::Producer`]. `fresh` gives a producer id that nobody has.
    pub fn end(&mut self, now: Moment, request: &EndRequest, fresh: &mut Fresh<'_>, to: R) {
        let entry = self.entry_of(&request.session);
        let next = entry.and_then(|entry| Ok((entry.prepared(request, now.wall, fresh)?, entry.producer())));
        match next {
            Err(error) => self.outbox.reply(to, Response::Producer(Err(error))),
            Ok((None, producer)) => self.outbox.reply(to, Response::Producer(Ok(producer))),
            Ok((Some(next), _)) => {
                let id: Arc<str> = request.session.transactional_id.as_str().into();
                let (producer, successor) = (Some(to), None);
                self.append(&id, next, |next| Continuation::Prepare { next, producer, successor });
            }
        }
    }

    fn entry_of(&self, session: &ProducerSession) -> Result<&Entry<R>, ErrorCode> {
        if session.transactional_id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let entry = self.entries.get(session.transactional_id.as_str());
        entry.ok_or(ErrorCode::InvalidProducerIdMapping)
    }

    /// All transactional ids, in order.
    #[must_use]
    pub fn list(&self) -> Vec<ListedTransaction> {
        self.entries.values().map(Entry::listed).collect()
    }

    /// A transactional id in detail; `None` when nobody has had it.
    #[must_use]
    pub fn describe(&self, transactional_id: &str) -> Option<TransactionDescription> {
        self.entries.get(transactional_id).map(Entry::described)
    }

    /// Tells how an append went. Appends must be acknowledged in the order they were asked for.
    pub fn appended(&mut self, now: Moment, id: AppendId, result: Result<(), ErrorCode>) {
        let Some((id, then)) = self.outbox.appending.remove(&id) else { return };
        let Some(entry) = self.entries.get_mut(&id) else {
            return then.refuse(&mut self.outbox, ErrorCode::CoordinatorNotAvailable);
        };
        entry.is_changing = false;
        match result {
            Ok(()) => self.resume(now, &id, then),
            Err(error) => {
                // If it was not for a producer, nobody else will ask for it again.
                entry.due.get_or_insert(now.monotonic + RETRY_AFTER);
                if let Continuation::Complete { .. } = then {
                    self.answer_producer(&id);
                }
                then.refuse(&mut self.outbox, append_error(error));
            }
        }
        self.schedule(now, &id);
    }

    fn resume(&mut self, now: Moment, id: &Arc<str>, then: Continuation<R>) {
        match then {
            Continuation::Init { next, to } => {
                let producer = (next.metadata.producer_id, next.metadata.producer_epoch);
                self.become_next(id, next);
                self.outbox.reply(to, Response::Producer(Ok(producer)));
            }
            Continuation::Add { next, to } => {
                let before = self.entries.get(id).map(|entry| &entry.metadata.partitions);
                let is_new = |place: &&TopicPartition| before.is_none_or(|before| !before.contains(place));
                let added = next.metadata.partitions.iter().filter(is_new).cloned().collect();
                self.become_next(id, next);
                self.admit(id, added);
                self.outbox.reply(to, Response::Done(ErrorCode::None));
            }
            Continuation::Prepare { next, producer, successor } => {
                self.become_next(id, next);
                if let Some(to) = successor {
                    let error = ErrorCode::ConcurrentTransactions;
                    self.outbox.reply(to, Response::Producer(Err(error)));
                }
                self.begin_ending(now, id, producer);
            }
            Continuation::Complete { next } => {
                self.become_next(id, next);
                self.answer_producer(id);
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.ending = None;
                }
            }
            Continuation::Forget => {
                if let Some(at) = self.entries.remove(id).and_then(|entry| entry.scheduled) {
                    self.deadlines.remove(&(at, Arc::clone(id)));
                }
            }
        }
    }

    fn become_next(&mut self, id: &Arc<str>, next: Next) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.due = None;
            entry.become_next(next);
        }
    }

    fn admit(&mut self, id: &Arc<str>, partitions: Vec<TopicPartition>) {
        if let Some(entry) = self.entries.get(id) {
            let TransactionMetadata { producer_id, producer_epoch: epoch, client_version, .. } =
                entry.metadata;
            let admission = Admission { epoch, begins_at_zero: client_version == TransactionVersion::V2 };
            self.outbox.effects.push(Effect::Admit { producer_id, admission, partitions });
        }
    }

    /// The end has been decided: markers are written.
    fn begin_ending(&mut self, now: Moment, id: &Arc<str>, producer: Option<R>) {
        if let Some(entry) = self.entries.get_mut(id) {
            let unmarked = entry.metadata.partitions.clone();
            entry.ending = Some(Ending { unmarked, in_flight: BTreeSet::new(), producer });
        }
        self.go_on_ending(now, id);
    }

    /// Writes the markers that are missing; when none is, notes that the transaction has ended.
    fn go_on_ending(&mut self, now: Moment, id: &Arc<str>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let marker = entry.marker();
        let Some(ending) = entry.ending.as_mut().filter(|_| !entry.is_changing) else { return };
        if ending.unmarked.is_empty() {
            let next = entry.completed(now.wall);
            return self.append(id, next, |next| Continuation::Complete { next });
        }
        let partitions: Vec<_> = ending.unmarked.difference(&ending.in_flight).cloned().collect();
        if partitions.is_empty() {
            return;
        }
        ending.in_flight.extend(partitions.iter().cloned());
        self.outbox.effects.push(Effect::Mark(Mark {
            transactional_id: Arc::clone(id),
            producer_id: entry.metadata.producer_id,
            epoch: entry.metadata.producer_epoch,
            marker,
            partitions,
        }));
    }

    /// Tells how the marker of a partition went. A partition that does not exist any more needs none.
    pub fn marked(
        &mut self,
        now: Moment,
        transactional_id: &str,
        partition: &TopicPartition,
        result: Result<(), ErrorCode>,
    ) {
        let Some(entry) = self.entries.get_mut(transactional_id) else { return };
        let id = Arc::clone(&entry.id);
        let Some(ending) = entry.ending.as_mut() else { return };
        if !ending.in_flight.remove(partition) {
            return;
        }
        match result {
            // A later epoch has written there: whatever was open has been ended.
            Ok(()) | Err(ErrorCode::UnknownTopicOrPartition | ErrorCode::InvalidProducerEpoch) => {
                ending.unmarked.remove(partition);
            }
            Err(error) => {
                tracing::warn!(transactional_id, %partition, %error, "the end of a transaction has to wait");
                entry.due = Some(now.monotonic + RETRY_AFTER);
                self.answer_producer(&id);
            }
        }
        let ending = self.entries.get(&id).and_then(|entry| entry.ending.as_ref());
        if ending.is_some_and(|ending| ending.unmarked.is_empty()) {
            self.go_on_ending(now, &id);
        }
        self.schedule(now, &id);
    }

    /// Tells the producer that its transaction has ended.
    fn answer_producer(&mut self, id: &str) {
        if let Some((to, response)) = self.entries.get_mut(id).and_then(Entry::take_answer) {
            self.outbox.reply(to, response);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Moment) {
        while let Some((at, _)) = self.deadlines.first()
            && *at <= now.monotonic
            && let Some((_, id)) = self.deadlines.pop_first()
        {
            if let Some(entry) = self.entries.get_mut(&id) {
                (entry.due, entry.scheduled) = (None, None);
                match entry.metadata.state {
                    TransactionState::Ongoing if !entry.is_changing => {
                        tracing::info!(
                            transactional_id = &*id,
                            "a transaction has lasted too long and is aborted"
                        );
                        self.fence(now, &id, None);
                    }
                    _ => self.go_on_ending(now, &id),
                }
            }
            self.schedule(now, &id);
        }
        if self.next_expiry.is_some_and(|at| at <= now.monotonic) {
            self.next_expiry = Some(now.monotonic + self.config.transactional_id_check_interval);
            self.forget_unused(now.wall);
        }
    }

    /// Forgets ids that nobody has used for long.
    fn forget_unused(&mut self, now: Timestamp) {
        let expiration = self.config.transactional_id_expiration;
        let is_unused = |entry: &&mut Entry<R>| {
            let metadata = &entry.metadata;
            metadata.state.is_ended() && !entry.is_changing && metadata.last_update.after(expiration) <= now
        };
        for entry in self.entries.values_mut().filter(is_unused) {
            entry.is_changing = true;
            let record = CoordinatorRecord { key: encode_key(&entry.id), value: None };
            self.outbox.append(&entry.id, record, Continuation::Forget);
        }
    }

    /// When [`Coordinator::tick`] has something to do, by the monotonic clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(at, _)| *at).into_iter().chain(self.next_expiry).min()
    }

    /// Takes what is to be done outside, in order. To be called after every other call.
    pub fn effects(&mut self) -> std::vec::Drain<'_, Effect<R>> {
        self.outbox.effects.drain(..)
    }

    /// Answers everybody who waits with `error`, because the partition is closed or cannot be written any more.
    pub fn stop(&mut self, error: ErrorCode) {
        for (_, (_, then)) in std::mem::take(&mut self.outbox.appending) {
            then.refuse(&mut self.outbox, error);
        }
        for mut entry in std::mem::take(&mut self.entries).into_values() {
            // What was decided stays so: the next coordinator goes on with it.
            if let Some((to, response)) = entry.take_answer() {
                self.outbox.reply(to, response);
            }
        }
        self.deadlines.clear();
        self.next_expiry = None;
    }

    /// Notes when to look at an id again: an open transaction may last only so long.
    fn schedule(&mut self, now: Moment, id: &Arc<str>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let metadata = &entry.metadata;
        if metadata.state == TransactionState::Ongoing && !entry.is_changing && entry.due.is_none() {
            let end = metadata.start.after(metadata.timeout);
            let left = u64::try_from(end.0.saturating_sub(now.wall.0)).unwrap_or(0);
            entry.due = Some(now.monotonic + Duration::from_millis(left).min(metadata.timeout));
        }
        if entry.scheduled == entry.due {
            return;
        }
        if let Some(at) = std::mem::replace(&mut entry.scheduled, entry.due) {
            self.deadlines.remove(&(at, Arc::clone(id)));
        }
        if let Some(at) = entry.due {
            self.deadlines.insert((at, Arc::clone(id)));
        }
    }

    fn append(&mut self, id: &Arc<str>, next: Next, then: impl FnOnce(Next) -> Continuation<R>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.is_changing = true;
            let record = CoordinatorRecord { key: encode_key(id), value: Some(next.metadata.encode()) };
            self.outbox.append(id, record, then(next));
        }
    }
}
