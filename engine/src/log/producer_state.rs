//! [`ProducerStates`]: what a log remembers of each idempotent or transactional producer, so that a repeated batch is
//! recognized and a missing one noticed (KIP-98). A state machine without I/O: the log's owner feeds it every batch,
//! recovery feeds it those behind the newest snapshot.
//!
//! Source: Kafka's `ProducerStateManager`, `ProducerAppendInfo`, `ProducerStateEntry`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::error::AppendError;
use super::transaction_index::AbortedTransaction;
use crate::record::{BatchHeader, BatchView, ControlMarker, ControlRecord};
use crate::types::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Batches of a producer that are recognized when they come again. Five is what a producer may have in flight.
const RECENT_BATCHES_MAX: usize = 5;

/// A batch that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownBatch {
    /// Sequence of its last record.
    pub(super) last_sequence: Sequence,
    /// Offset of its last record.
    pub(super) last_offset: Offset,
    /// Its last offset minus its first.
    pub(super) offset_delta: i32,
    /// Its largest timestamp.
    pub(super) timestamp: Timestamp,
}

/// What a log knows of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProducerState {
    /// Newest epoch seen.
    pub(super) epoch: ProducerEpoch,
    /// Epoch of the coordinator that ended its last transaction, -1 for none.
    pub(super) coordinator_epoch: i32,
    /// When it was last heard of.
    pub(super) last_timestamp: Timestamp,
    /// First offset of its open transaction.
    pub(super) transaction_start: Option<Offset>,
    /// Its newest batches of this epoch, oldest first.
    recent: [Option<KnownBatch>; RECENT_BATCHES_MAX],
}

/// A producer as it is described (KIP-664).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerDescription {
    /// Its id.
    pub id: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// Sequence of its last record; [`Sequence::NONE`] when it has written none in this epoch.
    pub last_sequence: Sequence,
    /// When it was last heard of.
    pub last_timestamp: Timestamp,
    /// Epoch of the coordinator that ended its last transaction, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
}

/// A transaction that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndedTransaction {
    /// Whose it was.
    pub(super) producer_id: ProducerId,
    /// Its first offset.
    pub(super) first_offset: Offset,
    /// Offset of the marker.
    pub(super) last_offset: Offset,
    /// Whether its records are to be ignored.
    pub(super) aborted: bool,
}

/// The producers of one log. Owned by the log.
#[derive(Clone, Debug, Default)]
pub(super) struct ProducerStates {
    producers: HashMap<ProducerId, ProducerState>,
    /// First offset of each transaction that a reader of stable records must not pass, and the offset of its marker once it
    /// has ended: until that is below the high watermark it may still be lost.
    unstable: BTreeMap<Offset, Option<Offset>>,
}

impl KnownBatch {
    fn of(header: &BatchHeader) -> KnownBatch {
        KnownBatch {
            last_sequence: header.base_sequence().plus(header.last_offset_delta.get()),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta.get(),
            timestamp: header.max_timestamp(),
        }
    }

    /// Offset of its first record.
    pub(super) fn first_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }

    fn has_sequences_of(&self, header: &BatchHeader) -> bool {
        self.last_sequence.plus(-self.offset_delta) == header.base_sequence()
            && self.last_sequence == header.base_sequence().plus(header.last_offset_delta.get())
    }
}

impl ProducerState {
    /// A producer of whom no batch is known.
    pub(super) fn new(epoch: ProducerEpoch) -> ProducerState {
        ProducerState {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: Timestamp::NONE,
            transaction_start: None,
            recent: [None; RECENT_BATCHES_MAX],
        }
    }

    /// The newest batch of the current epoch.
    pub(super) fn last_batch(&self) -> Option<KnownBatch> {
        self.recent.last().copied().flatten()
    }

    /// The known batches before that one, oldest first.
    pub(super) fn earlier_batches(&self) -> impl Iterator<Item = KnownBatch> {
        self.recent[..RECENT_BATCHES_MAX - 1].iter().flatten().copied()
    }

    /// The batch with these sequences, if it is one of the newest.
    fn known(&self, header: &BatchHeader) -> Option<KnownBatch> {
        let may_be = self.epoch == header.producer_epoch() && !header.attributes().is_control();
        let mut recent = self.recent.iter().flatten().filter(|_| may_be);
        recent.find(|known| known.has_sequences_of(header)).copied()
    }

    /// Notes the newest batch.
    pub(super) fn remember(&mut self, batch: KnownBatch) {
        self.recent.rotate_left(1);
        if let Some(newest) = self.recent.last_mut() {
            *newest = Some(batch);
        }
    }

    fn enter_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.recent = [None; RECENT_BATCHES_MAX];
        }
    }

    /// Sequence of the first record that is to come in this epoch.
    fn next_sequence(&self, epoch: ProducerEpoch) -> Sequence {
        match self.last_batch() {
            Some(last) if epoch == self.epoch => last.last_sequence.plus(1),
            _ => Sequence(0),
        }
    }

    /// Kafka's `checkProducerEpoch` and `checkSequence`.
    fn check(&self, header: &BatchHeader) -> Result<(), AppendError> {
        let (producer_id, found) = (header.producer_id(), header.producer_epoch());
        if found < self.epoch {
            return Err(AppendError::ProducerFenced { producer_id, current: self.epoch, found });
        }
        if header.attributes().is_control() {
            return Ok(());
        }
        if self.transaction_start.is_some() && !header.attributes().is_transactional() {
            return Err(AppendError::NotTransactional(producer_id));
        }
        let last = match self.last_batch() {
            Some(last) if found == self.epoch => last.last_sequence,
            _ => Sequence::NONE,
        };
        let found = header.base_sequence();
        let in_order = if last == Sequence::NONE { found == Sequence(0) } else { found == last.plus(1) };
        if in_order { Ok(()) } else { Err(AppendError::OutOfOrderSequence { producer_id, last, found }) }
    }
}

impl ProducerStates {
    /// Sequence that a producer's next record must have.
    pub(super) fn next_sequence(&self, producer_id: ProducerId, epoch: ProducerEpoch) -> Sequence {
        self.producers.get(&producer_id).map_or(Sequence(0), |state| state.next_sequence(epoch))
    }

    pub(super) fn knows(&self, producer_id: ProducerId) -> bool {
        self.producers.contains_key(&producer_id)
    }

    /// Whether a batch would begin a transaction, if it is taken: there is none open in its epoch, and its producer has not
    /// been fenced.
    pub(super) fn begins_transaction(&self, header: &BatchHeader) -> bool {
        let attributes = header.attributes();
        if !attributes.is_transactional() || attributes.is_control() {
            return false;
        }
        self.producers.get(&header.producer_id()).is_none_or(|state| {
            let is_open = state.transaction_start.is_some() && state.epoch == header.producer_epoch();
            state.epoch <= header.producer_epoch() && !is_open
        })
    }

    /// Whether a batch may be appended; `Some` when it has been appended before. A producer that is not known
    /// may start anywhere: its state may have expired.
    pub(super) fn check(&self, batch: &BatchView<'_>) -> Result<Option<KnownBatch>, AppendError> {
        let header = batch.header();
        if header.producer_id() == ProducerId::NONE {
            return Ok(None);
        }
        let state = self.producers.get(&header.producer_id());
        if header.attributes().is_control() {
            let record = control_record(batch).ok_or(AppendError::MalformedMarker)?;
            let (current, found) =
                (state.map_or(-1, |state| state.coordinator_epoch), record.coordinator_epoch);
            if found < current {
                return Err(AppendError::CoordinatorFenced { current, found });
            }
        }
        let Some(state) = state else { return Ok(None) };
        if let Some(known) = state.known(header) {
            return Ok(Some(known));
        }
        state.check(header).map(|()| None)
    }

    /// Notes a batch that is in the log, or will be; it is not checked. Returns the transaction that it ends.
    /// `now` is when it was appended.
    pub(super) fn apply(&mut self, batch: &BatchView<'_>, now: Timestamp) -> Option<EndedTransaction> {
        let header = batch.header();
        if header.producer_id() == ProducerId::NONE {
            return None;
        }
        let state = self
            .producers
            .entry(header.producer_id())
            .or_insert_with(|| ProducerState::new(header.producer_epoch()));
        state.enter_epoch(header.producer_epoch());
        state.last_timestamp = now;
        if header.attributes().is_control() {
            let record = control_record(batch)?;
            state.coordinator_epoch = record.coordinator_epoch;
            let first_offset = state.transaction_start.take()?;
            self.unstable.insert(first_offset, Some(header.last_offset()));
            return Some(EndedTransaction {
                producer_id: header.producer_id(),
                first_offset,
                last_offset: header.last_offset(),
                aborted: record.marker == ControlMarker::Abort,
            });
        }
        state.remember(KnownBatch::of(header));
        if header.attributes().is_transactional() && state.transaction_start.is_none() {
            state.transaction_start = Some(header.base_offset());
            self.unstable.insert(header.base_offset(), None);
        }
        None
    }

    /// As [`ProducerStates::apply`], for a batch of the past: what it ends is stable at once. Returns the transaction that
    /// it aborts.
    pub(super) fn replay(&mut self, batch: &BatchView<'_>) -> Option<AbortedTransaction> {
        let ended = self.apply(batch, batch.header().max_timestamp())?;
        self.unstable.remove(&ended.first_offset);
        ended.aborted.then(|| self.aborted(&ended))
    }

    /// First offset that a reader of stable records must not see, for a log with this high watermark.
    pub(super) fn last_stable_offset(&mut self, high_watermark: Offset) -> Offset {
        if self.unstable.is_empty() {
            return high_watermark;
        }
        self.unstable.retain(|_, marker| marker.is_none_or(|marker| marker >= high_watermark));
        self.unstable.first_key_value().map_or(high_watermark, |(first, _)| (*first).min(high_watermark))
    }

    /// What `.txnindex` says of an aborted transaction, with the last stable offset that Kafka notes there: the start
    /// of the oldest transaction that is still open.
    pub(super) fn aborted(&self, ended: &EndedTransaction) -> AbortedTransaction {
        let oldest_open = self.unstable.iter().find(|(_, marker)| marker.is_none());
        AbortedTransaction {
            producer_id: ended.producer_id,
            first_offset: ended.first_offset,
            last_offset: ended.last_offset,
            last_stable_offset: oldest_open.map_or(ended.last_offset.plus(1), |(first, _)| *first),
        }
    }

    /// Adds a producer that a snapshot knew.
    pub(super) fn restore(&mut self, producer_id: ProducerId, state: ProducerState) {
        if let Some(first) = state.transaction_start {
            self.unstable.insert(first, None);
        }
        self.producers.insert(producer_id, state);
    }

    /// Forgets producers that have been idle for `idle_max` or longer (`producer.id.expiration.ms`).
    pub(super) fn expire(&mut self, now: Timestamp, idle_max: Duration) {
        self.producers.retain(|_, state| {
            state.transaction_start.is_some() || state.last_timestamp.after(idle_max) > now
        });
    }

    /// All producers as they are described, in the order of their ids.
    pub(super) fn describe(&self) -> Vec<ProducerDescription> {
        let describe = |(id, state): (ProducerId, &ProducerState)| ProducerDescription {
            id,
            epoch: state.epoch,
            last_sequence: state.last_batch().map_or(Sequence::NONE, |batch| batch.last_sequence),
            last_timestamp: state.last_timestamp,
            coordinator_epoch: state.coordinator_epoch,
            transaction_start: state.transaction_start,
        };
        self.sorted().into_iter().map(describe).collect()
    }

    /// All producers, in the order of their ids.
    pub(super) fn sorted(&self) -> Vec<(ProducerId, &ProducerState)> {
        let mut all: Vec<_> = self.producers.iter().map(|(id, state)| (*id, state)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}

/// The end of a transaction in a control batch; `None` when it holds another kind of record, or none.
pub(super) fn control_record(batch: &BatchView<'_>) -> Option<ControlRecord> {
    batch.control_record().ok().flatten()
}
