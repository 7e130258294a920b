//! The open batch of one partition and those that are full but not yet taken: application threads add records, the
//! shard pulls batches.
//!
//! Shared by both sides behind one short lock. Nothing here waits for I/O. A full batch is sealed (compressed, summed)
//! by the thread that filled it, one that is not full by the shard.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use super::delivery::{Delivery, Waybill};
use super::queue_limits::Charge;
use super::record_clock::RecordClock;
use super::shared::Shared;
use crate::client::KafkaError;
use crate::client::config::TopicProducerConfig;
use crate::error_code::ErrorCode;
use crate::record::{BatchBuilder, BuildError, RecordData, SealedBatch};
use crate::shard::{
    Append, AppendReply, Appended, BatchSource, Partition, ProduceError, ProduceFailure, Pulled, Reply,
    Unavailable,
};
use crate::types::{Acks, LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicName, TopicPartition};

/// The batches of one producer for one partition.
pub(super) struct PartitionBatches {
    shared: Arc<Shared>,
    config: Arc<TopicProducerConfig>,
    topic: Arc<str>,
    partition: PartitionIndex,
    destination: Destination,
    state: Mutex<State>,
    this: Weak<PartitionBatches>,
}

/// Where batches go.
pub(super) enum Destination {
    /// To a partition's shard.
    Partition(Arc<Partition>),
    /// Nowhere yet: there is no engine. They wait for their timeout.
    Offline,
    /// Nowhere ever, for this reason.
    Refused(KafkaError),
}

struct State {
    open: Option<OpenBatch>,
    full: VecDeque<FullBatch>,
    /// What the shard has taken, oldest first; those that have been answered are forgotten now and then.
    in_flight: VecDeque<Arc<InFlight>>,
    announced: Announced,
    /// The open batch does not linger: a flush waits for it, or has waited.
    hurried: bool,
    /// Size of the last batch: what the next one's buffer starts with, so that small batches hold little memory.
    size_hint: usize,
    clock: RecordClock,
    /// Transaction of the producer that the partition has become part of last.
    joined_in: Option<u64>,
    /// The last one that it has asked to become part of.
    joining_in: Option<u64>,
}

/// What the shard knows of this source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    /// Nothing: it must be told about the next record.
    No,
    /// It has been told and has not looked yet.
    Yes,
    /// It looks again when the open batch has lingered; a full batch must be told about.
    Lingering,
}

/// A batch that takes records.
struct OpenBatch {
    builder: BatchBuilder,
    waybill: Waybill,
}

/// A batch that waits for the shard.
struct FullBatch {
    sealed: SealedBatch,
    waybill: Waybill,
}

/// What is to be reported of a batch that the shard has, once: by its answer, or when it takes too long.
struct InFlight {
    opened: Duration,
    waybill: Mutex<Option<Waybill>>,
}

impl OpenBatch {
    #[inline]
    fn add(
        &mut self,
        record: &RecordData<'_>,
        size: usize,
        delivery: &mut Delivery,
    ) -> Result<(), KafkaError> {
        if !self.waybill.admit(size) {
            return Err(KafkaError::new(ErrorCode::LocalQueueFull));
        }
        if let Err(error) = self.builder.append(record) {
            self.waybill.take_back();
            return Err(KafkaError::with_reason(ErrorCode::CorruptMessage, error.to_string()));
        }
        self.waybill.attach(self.builder.count() - 1, delivery);
        Ok(())
    }
}

impl PartitionBatches {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: Arc<TopicProducerConfig>,
        topic: Arc<str>,
        partition: PartitionIndex,
        destination: Destination,
    ) -> Arc<PartitionBatches> {
        let state = Mutex::new(State {
            open: None,
            full: VecDeque::new(),
            in_flight: VecDeque::new(),
            announced: Announced::No,
            hurried: false,
            size_hint: 0,
            clock: RecordClock::default(),
            joined_in: None,
            joining_in: None,
        });
        Arc::new_cyclic(|this| PartitionBatches {
            shared,
            config,
            topic,
            partition,
            destination,
            state,
            this: this.clone(),
        })
    }

    /// Whether messages for here fail at once.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.destination, Destination::Refused(_))
    }

    /// The batches, held for records to be added: for a moment, because the shard waits meanwhile.
    #[inline]
    pub(super) fn hold(&self) -> Held<'_> {
        Held { batches: self, state: self.state.lock(), tell: false }
    }

    /// Number of the partition, messages that no shard has taken, and messages that one has.
    pub(super) fn counts(&self) -> (PartitionIndex, usize, usize) {
        let state = self.state.lock();
        let open = state.open.as_ref().map_or(0, |open| open.builder.count());
        let full: usize = state.full.iter().map(|full| full.waybill.count()).sum();
        let taken = state.in_flight.iter().map(|one| one.waybill.lock().as_ref().map_or(0, Waybill::count));
        (self.partition, open + full, taken.sum())
    }

    /// Messages of the open batch.
    pub(super) fn open_count(&self) -> usize {
        self.state.lock().open.as_ref().map_or(0, |open| open.builder.count())
    }

    fn has_room(&self, open: &OpenBatch, size: usize) -> bool {
        open.builder.size() + size <= self.shared.batch_size_max
    }

    fn open_batch(&self, size: usize) -> OpenBatch {
        let buffer = self.shared.buffers.take(size);
        OpenBatch {
            builder: BatchBuilder::new(buffer, self.config.compression),
            waybill: Waybill::new(Charge::new(&self.shared.limits), self.shared.clock.monotonic()),
        }
    }

    /// Moves the open batch behind the full ones.
    fn seal_open(&self, state: &mut State) {
        let Some(OpenBatch { builder, mut waybill }) = state.open.take() else { return };
        waybill.seal();
        state.hurried = false;
        state.size_hint = builder.size();
        match builder.seal(self.shared.stamp(), self.config.compression_level) {
            Ok(sealed) => state.full.push_back(FullBatch { sealed, waybill }),
            Err(error) => self.report_unbuildable(&error, waybill),
        }
    }

    /// Tells whoever takes the batches. What can never be taken is reported as failed.
    fn announce(&self) {
        match &self.destination {
            Destination::Offline => (),
            Destination::Refused(error) => self.fail_all(error),
            Destination::Partition(_) if self.must_join() => self.join(),
            Destination::Partition(partition) => {
                let announced = self.this.upgrade().map(|this| partition.announce(this));
                if let Some(Err(error)) = announced {
                    self.fail_all(&KafkaError::from(error));
                }
            }
        }
    }

    /// Whether the partition is not part of the producer's transaction yet.
    fn must_join(&self) -> bool {
        let transaction = self.shared.transaction.as_ref();
        transaction.is_some_and(|transaction| self.state.lock().joined_in != Some(transaction.number()))
    }

    /// Asks for the partition to become part of the transaction; what is there is announced then.
    fn join(&self) {
        let (Some(transaction), Some(this)) = (&self.shared.transaction, self.this.upgrade()) else { return };
        let number = Some(transaction.number());
        if std::mem::replace(&mut self.state.lock().joining_in, number) != number {
            transaction.join(this);
        }
    }

    /// The partition has become part of this transaction of the producer.
    pub(super) fn join_transaction(&self, number: u64) {
        let mut state = self.state.lock();
        state.joined_in = Some(number);
        if state.open.is_some() || !state.full.is_empty() {
            state.announced = Announced::Yes;
            drop(state);
            self.announce();
        }
    }

    /// Topic and number; `None` for a topic that cannot exist.
    pub(super) fn place(&self) -> Option<TopicPartition> {
        let topic = TopicName::new(&self.topic).ok()?;
        Some(TopicPartition { topic, partition: self.partition })
    }

    /// Makes the shard pull even what still lingers, if there is anything.
    pub(super) fn push_out(&self) {
        let mut state = self.state.lock();
        if state.open.is_none() && state.full.is_empty() {
            return;
        }
        state.announced = Announced::Yes;
        state.hurried = state.open.is_some();
        drop(state);
        self.announce();
    }

    /// Reports all batches that no shard has taken as failed with `error`.
    pub(super) fn fail_all(&self, error: &KafkaError) {
        let mut state = self.state.lock();
        state.announced = Announced::No;
        self.seal_open(&mut state);
        for FullBatch { sealed, waybill } in std::mem::take(&mut state.full) {
            let bytes = sealed.assign(Offset::ZERO, LeaderEpoch(0));
            self.report(waybill, bytes, Err(error.clone()));
        }
    }

    /// Reports batches that have not been answered within `message.timeout.ms`. Those that a shard has taken may be in
    /// the log all the same; their reports are without content, which is the shard's.
    pub(super) fn expire(&self, now: Duration) {
        let Some(timeout) = self.config.message_timeout else { return };
        let mut state = self.state.lock();
        while let Some(oldest) = state.in_flight.front() {
            if now.saturating_sub(oldest.opened) <= timeout && oldest.waybill.lock().is_some() {
                break;
            }
            if let Some(waybill) = state.in_flight.pop_front().and_then(|oldest| oldest.waybill.lock().take())
            {
                self.report(waybill, Bytes::new(), Err(KafkaError::new(ErrorCode::LocalMsgTimedOut)));
            }
        }
        let open = state.open.as_ref().map(|open| open.waybill.opened());
        let oldest = state.full.front().map(|full| full.waybill.opened()).or(open);
        drop(state);
        if oldest.is_some_and(|opened| now.saturating_sub(opened) > timeout) {
            self.fail_all(&KafkaError::new(ErrorCode::LocalMsgTimedOut));
        }
    }

    fn report(&self, waybill: Waybill, bytes: Bytes, outcome: Result<Option<Offset>, KafkaError>) {
        self.shared.report(Arc::clone(&self.topic), self.partition, waybill, bytes, outcome);
    }

    fn report_unbuildable(&self, error: &BuildError, waybill: Waybill) {
        let error = KafkaError::with_reason(ErrorCode::LocalBadMsg, error.to_string());
        self.report(waybill, Bytes::new(), Err(error));
    }
}

/// The batches of one partition while one thread adds to them.
pub(super) struct Held<'a> {
    batches: &'a PartitionBatches,
    state: MutexGuard<'a, State>,
    /// The shard has to be told.
    tell: bool,
}

impl Held<'_> {
    /// The time for a record that comes without one. `coarse` is what the coarse clock says now.
    #[inline]
    pub(super) fn now(&mut self, coarse: Duration) -> Timestamp {
        self.state.clock.now(&*self.batches.shared.clock, coarse)
    }

    /// Adds a record of at most `size` encoded bytes and takes its `delivery`.
    ///
    /// # Errors
    /// `_QUEUE_FULL`; or when the record cannot be encoded. Nothing has changed then.
    #[inline]
    pub(super) fn add(
        &mut self,
        record: &RecordData<'_>,
        size: usize,
        delivery: &mut Delivery,
    ) -> Result<(), KafkaError> {
        let (batches, state) = (self.batches, &mut *self.state);
        let mut filled = state.open.as_ref().is_some_and(|open| !batches.has_room(open, size));
        if filled {
            batches.seal_open(state);
        }
        let size_hint = state.size_hint.max(size);
        let open = state.open.get_or_insert_with(|| batches.open_batch(size_hint));
        if let Err(error) = open.add(record, size, delivery) {
            if open.builder.is_empty() {
                state.open = None;
            }
            return Err(error);
        }
        if open.builder.count() >= batches.shared.batch_messages_max {
            // It need not linger for a record that it could not take.
            batches.seal_open(state);
            filled = true;
        }
        self.tell |= match state.announced {
            Announced::No => true,
            Announced::Yes => false,
            Announced::Lingering => filled,
        };
        if let Some(transaction) = &batches.shared.transaction {
            self.tell |= state.joining_in != Some(transaction.number());
        }
        Ok(())
    }

    /// Lets go, and tells the shard if it has to look.
    #[inline]
    pub(super) fn release(mut self) {
        if self.tell {
            self.state.announced = Announced::Yes;
            drop(self.state);
            self.batches.announce();
        }
    }
}

impl BatchSource for PartitionBatches {
    fn abandoned(&self) {
        let gone = match &self.destination {
            Destination::Partition(partition) => partition.unavailable(),
            Destination::Offline | Destination::Refused(_) => None,
        };
        let error = match gone.as_deref() {
            Some(Unavailable::Deleted) => ProduceError::Deleted,
            Some(Unavailable::Offline(reason)) => ProduceError::Storage(reason.clone()),
            None => ProduceError::Stopped,
        };
        self.fail_all(&KafkaError::from(error));
    }

    fn pull(&self, now: Duration, into: &mut Vec<Append>) -> Pulled {
        if self.must_join() {
            // It has lingered since the transaction before. It is announced when it has joined this one.
            self.state.lock().announced = Announced::No;
            return Pulled::Empty;
        }
        let mut state = self.state.lock();
        let due = state.open.as_ref().map(|open| open.waybill.opened().saturating_add(self.shared.linger()));
        if state.hurried || due.is_some_and(|due| due <= now) {
            self.seal_open(&mut state);
        }
        while state.in_flight.front().is_some_and(|oldest| oldest.waybill.lock().is_none()) {
            state.in_flight.pop_front();
        }
        let state = &mut *state;
        for FullBatch { sealed, waybill } in state.full.drain(..) {
            let since = waybill.opened();
            let in_flight = Arc::new(InFlight { opened: since, waybill: Mutex::new(Some(waybill)) });
            let reply = BatchReply {
                shared: Arc::clone(&self.shared),
                topic: Arc::clone(&self.topic),
                partition: self.partition,
                acks: self.config.acks,
                in_flight: Arc::clone(&in_flight),
            };
            state.in_flight.push_back(in_flight);
            into.push(Append {
                batch: sealed,
                acks: self.config.acks,
                since,
                reply: Reply::new(Box::new(reply)),
            });
        }
        match due.filter(|_| state.open.is_some()) {
            Some(due) => {
                state.announced = Announced::Lingering;
                Pulled::Until(due)
            }
            None => {
                state.announced = Announced::No;
                Pulled::Empty
            }
        }
    }
}

/// Turns the shard's answer for a batch into delivery reports.
struct BatchReply {
    shared: Arc<Shared>,
    topic: Arc<str>,
    partition: PartitionIndex,
    acks: Acks,
    in_flight: Arc<InFlight>,
}

impl AppendReply for BatchReply {
    fn answer(self: Box<Self>, result: Result<Appended, ProduceFailure>) {
        // Too late: the application has been told that it took too long.
        let Some(waybill) = self.in_flight.waybill.lock().take() else { return };
        let (bytes, outcome) = match result {
            // Nobody promised an offset for acks=0: librdkafka reports none either.
            Ok(appended) if self.acks == Acks::None => (appended.batch, Ok(None)),
            Ok(appended) => (appended.batch, Ok(Some(appended.base_offset))),
            Err(failure) => (failure.batch, Err(KafkaError::from(failure.error))),
        };
        self.shared.report(self.topic, self.partition, waybill, bytes, outcome);
    }
}
