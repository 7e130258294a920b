//! [`Entry`]: one transactional id: who has it, what may be done next, and what it becomes then (Kafka:
//! `TransactionMetadata`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::TransactionState;
use super::request::{
    InitRequest, ListedTransaction, ProducerSession, TransactionDescription, TransactionEnd,
};
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
    /// Who had it before, if that producer asked for a new epoch: it may not have heard the answer and ask again.
    pub(super) previous: Option<(ProducerId, ProducerEpoch)>,
}

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
            },
        )
    }

    /// An id as the log has it.
    pub(super) fn restored(id: &str, metadata: TransactionMetadata) -> Entry<R> {
        Entry {
            id: id.into(),
            metadata,
            previous: None,
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

    /// The id with the next producer, or the next epoch. `fresh` gives a producer id that nobody has.
    pub(super) fn initialized(
        &self,
        request: &InitRequest,
        now: Timestamp,
        fresh: &mut dyn FnMut() -> Result<ProducerId, ErrorCode>,
    ) -> Result<Next, ErrorCode> {
        let (id, epoch) = (self.metadata.producer_id, self.metadata.producer_epoch);
        let asks_as_current = request.current.is_none_or(|(_, current)| current == epoch);
        let remembered = request.current.map(|_| (id, epoch));
        let ((producer_id, producer_epoch), previous) = if epoch >= EPOCH_MAX && asks_as_current {
            ((fresh()?, ProducerEpoch(0)), remembered)
        } else if asks_as_current || epoch == ProducerEpoch::NONE {
            ((id, ProducerEpoch(epoch.0 + 1)), remembered)
        } else if self.previous.map(|(_, epoch)| epoch) == request.current.map(|(_, epoch)| epoch) {
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
        };
        Ok(Next { metadata, previous })
    }

    /// Whether it is this producer's id.
    pub(super) fn check_session(&self, session: &ProducerSession) -> Result<(), ErrorCode> {
        if session.producer_id != self.metadata.producer_id {
            Err(ErrorCode::InvalidProducerIdMapping)
        } else if session.epoch != self.metadata.producer_epoch {
            Err(ErrorCode::ProducerFenced)
        } else if self.is_changing {
            Err(ErrorCode::ConcurrentTransactions)
        } else {
            Ok(())
        }
    }

    /// The transaction with more partitions; `None` when it has them.
    pub(super) fn with_partitions(
        &self,
        partitions: &[TopicPartition],
        now: Timestamp,
    ) -> Result<Option<Next>, ErrorCode> {
        let state = self.metadata.state;
        if state.is_ending() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let is_open = state == TransactionState::Ongoing;
        if is_open && partitions.iter().all(|partition| self.metadata.partitions.contains(partition)) {
            return Ok(None);
        }
        let mut metadata = self.metadata.clone();
        metadata.state = TransactionState::Ongoing;
        metadata.partitions.extend(partitions.iter().cloned());
        metadata.last_update = now;
        if !is_open {
            metadata.start = now;
        }
        Ok(Some(Next { metadata, previous: self.previous }))
    }

    /// The transaction with its end decided; `None` when it has ended so already.
    pub(super) fn prepared(&self, end: TransactionEnd, now: Timestamp) -> Result<Option<Next>, ErrorCode> {
        use TransactionState::{CompleteAbort, CompleteCommit, Ongoing, PrepareAbort, PrepareCommit};
        match (self.metadata.state, end) {
            (Ongoing, end) => {
                let mut metadata = self.metadata.clone();
                metadata.state = match end {
                    TransactionEnd::Commit => PrepareCommit,
                    TransactionEnd::Abort => PrepareAbort,
                };
                metadata.last_update = now;
                Ok(Some(Next { metadata, previous: self.previous }))
            }
            (CompleteCommit, TransactionEnd::Commit) | (CompleteAbort, TransactionEnd::Abort) => Ok(None),
            (PrepareCommit, TransactionEnd::Commit) | (PrepareAbort, TransactionEnd::Abort) => {
                Err(ErrorCode::ConcurrentTransactions)
            }
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// The open transaction to be aborted, under an epoch that its producer does not have.
    pub(super) fn fenced(&self, now: Timestamp) -> Next {
        let mut metadata = self.metadata.clone();
        metadata.producer_epoch = ProducerEpoch(metadata.producer_epoch.0.saturating_add(1));
        metadata.state = TransactionState::PrepareAbort;
        metadata.last_update = now;
        Next { metadata, previous: None }
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
