//! [`Entry`]: one transactional id: who has it, what may be done next, and what it becomes then (Kafka:
//! `TransactionMetadata`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::request::{
    EndRequest, InitRequest, ListedTransaction, ProducerSession, Response, TransactionDescription,
    TransactionEnd,
};
use super::{TransactionState, TransactionVersion};
use crate::broker::transaction_schema::TransactionMetadata;
use crate::error_code::ErrorCode;
use crate::record::ControlMarker;
use crate::types::{ProducerEpoch, ProducerId, Timestamp, TopicPartition};

/// The last epoch that a producer is given: the one behind it is left for fencing.
const EPOCH_MAX: ProducerEpoch = ProducerEpoch(i16::MAX - 1);

/// What an id has become once its record is durable.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) metadata: TransactionMetadata,
    /// Who had it before, if that producer was given a new epoch: it may not have heard the answer and ask again.
    pub(super) previous: Option<(ProducerId, ProducerEpoch)>,
}

/// Gives a producer id that nobody has.
pub(super) type Fresh<'a> = dyn FnMut() -> Result<ProducerId, ErrorCode> + 'a;

/// What is missing until a transaction has ended.
#[derive(Debug)]
pub(super) struct Ending<R> {
    /// Partitions without a durable marker.
    pub(super) unmarked: BTreeSet<TopicPartition>,
    /// Those of them where one is being written.
    pub(super) in_flight: BTreeSet<TopicPartition>,
    /// Who asked for the end.
    pub(super) producer: Option<R>,
}

/// One transactional id.
#[derive(Debug)]
pub(super) struct Entry<R> {
    pub(super) id: Arc<str>,
    pub(super) metadata: TransactionMetadata,
    previous: Option<(ProducerId, ProducerEpoch)>,
    /// A record is being written.
    pub(super) is_changing: bool,
    pub(super) ending: Option<Ending<R>>,
    /// By the monotonic clock: when an open transaction has lasted too long, or when markers are tried again.
    pub(super) due: Option<Duration>,
    /// What the coordinator has noted of that.
    pub(super) scheduled: Option<Duration>,
}

impl<R> Entry<R> {
    /// An id that nobody has had.
    pub(super) fn new(id: &str, producer_id: ProducerId, timeout: Duration, now: Timestamp) -> Entry<R> {
        Entry::restored(
            id,
            TransactionMetadata {
                producer_id,
                producer_epoch: ProducerEpoch::NONE,
                timeout,
                state: TransactionState::Empty,
                partitions: BTreeSet::new(),
                last_update: now,
                start: Timestamp::NONE,
                previous_producer: None,
                next_producer: None,
                client_version: TransactionVersion::V0,
            },
        )
    }

    /// An id as the log has it.
    pub(super) fn restored(id: &str, metadata: TransactionMetadata) -> Entry<R> {
        Entry {
            id: id.into(),
            previous: metadata.previous_producer.map(|id| (id, EPOCH_MAX)),
            metadata,
            is_changing: false,
            ending: None,
            due: None,
            scheduled: None,
        }
    }

    /// A record is durable.
    pub(super) fn become_next(&mut self, next: Next) {
        let Next { metadata, previous } = next;
        self.metadata = metadata;
        self.previous = previous;
    }

    /// Whether a producer may ask for a new epoch, as who it says it was.
    pub(super) fn check_current(&self, current: (ProducerId, ProducerEpoch)) -> Result<(), ErrorCode> {
        let (producer_id, epoch) = current;
        let is_new = self.metadata.producer_epoch == ProducerEpoch::NONE;
        let has_it = producer_id == self.metadata.producer_id;
        // Its epochs were used up, it got another id, and did not hear of it.
        let had_it = self.previous.is_some_and(|(previous, _)| previous == producer_id) && epoch >= EPOCH_MAX;
        if is_new || has_it || had_it { Ok(()) } else { Err(ErrorCode::ProducerFenced) }
    }

    /// The id with the next producer, or the next epoch.
    pub(super) fn initialized(
        &self,
        request: &InitRequest,
        now: Timestamp,
        fresh: &mut Fresh<'_>,
    ) -> Result<Next, ErrorCode> {
        let (id, epoch) = (self.metadata.producer_id, self.metadata.producer_epoch);
        let asks_as_current = request.current.is_none_or(|(_, current)| current == epoch);
        let asks_as_previous =
            self.previous.map(|(_, epoch)| epoch) == request.current.map(|(_, epoch)| epoch);
        // Nobody is given the epoch behind the last one.
        let is_used_up = epoch >= EPOCH_MAX && asks_as_current || epoch > EPOCH_MAX && asks_as_previous;
        let ((producer_id, producer_epoch), previous) = if is_used_up {
            ((fresh()?, ProducerEpoch(0)), request.current)
        } else if asks_as_current || epoch == ProducerEpoch::NONE {
            ((id, ProducerEpoch(epoch.0 + 1)), request.current.map(|_| (id, epoch)))
        } else if asks_as_previous {
            // It asks again because it has not heard the answer.
            ((id, epoch), self.previous)
        } else {
            return Err(ErrorCode::ProducerFenced);
        };
        let metadata = TransactionMetadata {
            producer_id,
            producer_epoch,
            timeout: request.timeout,
            state: TransactionState::Empty,
            partitions: BTreeSet::new(),
            last_update: now,
            start: Timestamp::NONE,
            previous_producer: previous.map(|(previous, _)| previous).filter(|_| is_used_up),
            next_producer: None,
            client_version: self.metadata.client_version,
        };
        Ok(Next { metadata, previous })
    }

    /// Who the producer is once the transaction has ended.
    pub(super) fn producer(&self) -> (ProducerId, ProducerEpoch) {
        match self.metadata.next_producer {
            Some(next) => (next, ProducerEpoch(0)),
            None => (self.metadata.producer_id, self.metadata.producer_epoch),
        }
    }

    /// The producer that waits for the end, and its answer: that is decided, whatever is still missing.
    pub(super) fn take_answer(&mut self) -> Option<(R, Response)> {
        let producer = self.producer();
        let to = self.ending.as_mut()?.producer.take()?;
        Some((to, Response::Producer(Ok(producer))))
    }

    /// Whether it is this producer's id.
    fn check_session(&self, session: &ProducerSession) -> Result<(), ErrorCode> {
        if session.producer_id != self.metadata.producer_id {
            Err(ErrorCode::InvalidProducerIdMapping)
        } else if session.epoch != self.metadata.producer_epoch {
            Err(ErrorCode::ProducerFenced)
        } else {
            Ok(())
        }
    }

    /// Whether nothing has to be waited for.
    fn check_settled(&self) -> Result<(), ErrorCode> {
        let is_settled = !self.is_changing && !self.metadata.state.is_ending();
        if is_settled { Ok(()) } else { Err(ErrorCode::ConcurrentTransactions) }
    }

    /// The transaction with more partitions; `None` when it has them.
    pub(super) fn with_partitions(
        &self,
        session: &ProducerSession,
        partitions: &[TopicPartition],
        version: TransactionVersion,
        now: Timestamp,
    ) -> Result<Option<Next>, ErrorCode> {
        // First: a producer may have been told already who it will be.
        self.check_settled()?;
        self.check_session(session)?;
        let is_open = self.metadata.state == TransactionState::Ongoing;
        if is_open && partitions.iter().all(|partition| self.metadata.partitions.contains(partition)) {
            return Ok(None);
        }
        let mut metadata = self.metadata.clone();
        metadata.state = TransactionState::Ongoing;
        metadata.partitions.extend(partitions.iter().cloned());
        metadata.last_update = now;
        metadata.client_version = version;
        metadata.previous_producer = None;
        if !is_open {
            metadata.start = now;
        }
        let previous = self.previous.filter(|(producer_id, _)| *producer_id == metadata.producer_id);
        Ok(Some(Next { metadata, previous }))
    }

    /// The transaction with its end decided; `None` when it has ended so already.
    pub(super) fn prepared(
        &self,
        request: &EndRequest,
        now: Timestamp,
        fresh: &mut Fresh<'_>,
    ) -> Result<Option<Next>, ErrorCode> {
        match request.version {
            TransactionVersion::V0 => self.prepared_in_its_epoch(request, now),
            TransactionVersion::V2 => self.prepared_under_next_epoch(request, now, fresh),
        }
    }

    fn prepared_in_its_epoch(&self, request: &EndRequest, now: Timestamp) -> Result<Option<Next>, ErrorCode> {
        use TransactionState::{CompleteAbort, CompleteCommit, Ongoing, PrepareAbort, PrepareCommit};
        self.check_session(&request.session)?;
        if self.is_changing {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        match (self.metadata.state, request.end) {
            (Ongoing, end) => {
                let metadata = self.decided(end, TransactionVersion::V0, now);
                Ok(Some(Next { metadata, previous: self.previous }))
            }
            (CompleteCommit, TransactionEnd::Commit) | (CompleteAbort, TransactionEnd::Abort) => Ok(None),
            (PrepareCommit, TransactionEnd::Commit) | (PrepareAbort, TransactionEnd::Abort) => {
                Err(ErrorCode::ConcurrentTransactions)
            }
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// What is asked again is known by its epoch, which is the last one. There may be nothing to abort: a producer cannot know
    /// whether what it has written has arrived.
    fn prepared_under_next_epoch(
        &self,
        request: &EndRequest,
        now: Timestamp,
        fresh: &mut Fresh<'_>,
    ) -> Result<Option<Next>, ErrorCode> {
        use TransactionState::{CompleteAbort, CompleteCommit, Empty, Ongoing};
        let EndRequest { session, end, version } = request;
        self.check_settled()?;
        let is_repeated = self.was_answered(session);
        if !is_repeated {
            self.check_session(session)?;
        }
        match (self.metadata.state, end) {
            (Ongoing | Empty, _) if is_repeated => Err(ErrorCode::ProducerFenced),
            (CompleteCommit, TransactionEnd::Commit) | (CompleteAbort, TransactionEnd::Abort)
                if is_repeated =>
            {
                Ok(None)
            }
            (Ongoing, _) | (Empty | CompleteCommit | CompleteAbort, TransactionEnd::Abort)
                if !is_repeated =>
            {
                let is_used_up = self.metadata.producer_epoch >= EPOCH_MAX;
                let next_producer = if is_used_up { Some(fresh()?) } else { None };
                let next = self.under_next_epoch(self.decided(*end, *version, now));
                Ok(Some(Next { metadata: TransactionMetadata { next_producer, ..next.metadata }, ..next }))
            }
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// Whether an end may have been answered that this producer has asked for: it has got its next epoch, or the first one of
    /// its next id.
    fn was_answered(&self, session: &ProducerSession) -> bool {
        let (id, epoch) = (self.metadata.producer_id, self.metadata.producer_epoch);
        let has_next_epoch =
            session.producer_id == id && i32::from(session.epoch.0) + 1 == i32::from(epoch.0);
        let has_next_id = session.epoch == EPOCH_MAX
            && self.metadata.previous_producer == Some(session.producer_id)
            && epoch == ProducerEpoch(0);
        has_next_epoch || has_next_id
    }

    fn decided(
        &self,
        end: TransactionEnd,
        version: TransactionVersion,
        now: Timestamp,
    ) -> TransactionMetadata {
        let mut metadata = self.metadata.clone();
        if metadata.state != TransactionState::Ongoing {
            metadata.start = now;
        }
        metadata.state = match end {
            TransactionEnd::Commit => TransactionState::PrepareCommit,
            TransactionEnd::Abort => TransactionState::PrepareAbort,
        };
        metadata.client_version = version;
        metadata.previous_producer = None;
        metadata.last_update = now;
        metadata
    }

    fn under_next_epoch(&self, mut metadata: TransactionMetadata) -> Next {
        let ProducerEpoch(epoch) = metadata.producer_epoch;
        metadata.producer_epoch = ProducerEpoch(epoch.saturating_add(1));
        Next { metadata, previous: Some((self.metadata.producer_id, self.metadata.producer_epoch)) }
    }

    /// The open transaction to be aborted, under an epoch that its producer does not have. It may get that by asking who it
    /// is (KIP-588), while nobody else has asked.
    pub(super) fn fenced(&self, now: Timestamp) -> Next {
        self.under_next_epoch(self.decided(TransactionEnd::Abort, TransactionVersion::NEWEST, now))
    }

    /// The transaction when all its markers are durable.
    pub(super) fn completed(&self, now: Timestamp) -> Next {
        let mut metadata = self.metadata.clone();
        metadata.state = match self.marker() {
            ControlMarker::Commit => TransactionState::CompleteCommit,
            ControlMarker::Abort => TransactionState::CompleteAbort,
        };
        metadata.partitions.clear();
        metadata.last_update = now;
        (metadata.producer_id, metadata.producer_epoch) = self.producer();
        metadata.previous_producer = metadata.next_producer.take().map(|_| self.metadata.producer_id);
        Next { metadata, previous: self.previous }
    }

    /// What partitions are told of a transaction whose end has been decided.
    pub(super) fn marker(&self) -> ControlMarker {
        match self.metadata.state {
            TransactionState::PrepareCommit => ControlMarker::Commit,
            _ => ControlMarker::Abort,
        }
    }

    pub(super) fn listed(&self) -> ListedTransaction {
        ListedTransaction {
            transactional_id: self.id.to_string(),
            producer_id: self.metadata.producer_id,
            state: self.metadata.state,
            start: self.metadata.start,
        }
    }

    pub(super) fn described(&self) -> TransactionDescription {
        let TransactionMetadata { producer_id, producer_epoch, timeout, state, partitions, start, .. } =
            self.metadata.clone();
        TransactionDescription { producer_id, producer_epoch, timeout, state, start, partitions }
    }
}
