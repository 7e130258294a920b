//! What all parts of one producer share: settings, buffers, limits, reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::delivery::{DeliveredBatch, DeliveryQueue, Waybill};
use super::fatal::FatalError;
use super::queue_limits::QueueLimits;
use super::transaction::Transaction;
use crate::client::KafkaError;
use crate::client::config::ProducerConfig;
use crate::io::{Clock, OwnerProcess};
use crate::record::{BufferPool, ProducerStamp};
use crate::sync::Spinner;
use crate::types::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence};

/// See the module.
pub(super) struct Shared {
    pub(super) config: ProducerConfig,
    /// Bounds of `config`, as sizes in memory.
    pub(super) message_size_max: usize,
    pub(super) batch_size_max: usize,
    pub(super) batch_messages_max: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) buffers: BufferPool,
    pub(super) limits: Arc<QueueLimits>,
    pub(super) reports: DeliveryQueue,
    /// With `enable.idempotence`: who this producer is.
    identity: Option<(ProducerId, ProducerEpoch)>,
    pub(super) fatal: Arc<FatalError>,
    /// With `transactional.id`.
    pub(super) transaction: Option<Arc<Transaction>>,
    /// Messages that were acknowledged, and the bytes of their batches.
    acknowledged: (AtomicU64, AtomicU64),
    /// The process that made the producer.
    pub(super) process: OwnerProcess,
    pub(super) spinner: Spinner,
    /// Calls of `flush` that are waiting: nothing lingers then.
    flushing: AtomicUsize,
}

impl Shared {
    pub(super) fn new(
        config: ProducerConfig,
        clock: Arc<dyn Clock>,
        identity: Option<(ProducerId, ProducerEpoch)>,
    ) -> Shared {
        let bound = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        let count_max = config.queue_messages_max.map_or(usize::MAX, bound);
        let size_max = usize::try_from(config.queue_bytes_max).unwrap_or(usize::MAX);
        let limits = Arc::new(QueueLimits::new(count_max, size_max));
        let fatal = Arc::new(FatalError::default());
        let is_transactional = config.transactional_id.is_some();
        Shared {
            message_size_max: bound(config.message_bytes_max),
            batch_size_max: bound(config.batch_bytes_max),
            batch_messages_max: bound(config.batch_messages_max),
            transaction: is_transactional.then(|| Arc::new(Transaction::new(Arc::clone(&fatal)))),
            fatal,
            spinner: Spinner::new(config.client.engine.spin),
            config,
            clock,
            buffers: BufferPool::new(BUFFERS_SIZE_MAX),
            limits,
            reports: DeliveryQueue::default(),
            identity,
            acknowledged: Default::default(),
            process: OwnerProcess::current(),
            flushing: AtomicUsize::new(0),
        }
    }

    /// Whether messages are taken: always, but after a fatal error, and for a producer of transactions outside of one.
    #[inline]
    pub(super) fn takes_messages(&self) -> bool {
        let is_open = |transaction: &Arc<Transaction>| transaction.is_open();
        self.fatal.get().is_none() && self.transaction.as_ref().is_none_or(is_open)
    }

    /// What batches say of their producer. Their sequences are given by the log: a batch that it refuses must not leave a
    /// gap before the next.
    pub(super) fn stamp(&self) -> ProducerStamp {
        let identity = match &self.transaction {
            Some(transaction) => transaction.identity(),
            None => self.identity,
        };
        identity.map_or(ProducerStamp::NONE, |(producer_id, epoch)| ProducerStamp {
            producer_id,
            epoch,
            base_sequence: Sequence(0),
            transactional: self.transaction.is_some(),
        })
    }

    /// How long an open batch waits for more records.
    pub(super) fn linger(&self) -> Duration {
        if self.flushing.load(Ordering::Acquire) > 0 { Duration::ZERO } else { self.config.linger }
    }

    /// Stops all lingering for as long as the guard lives.
    pub(super) fn stop_lingering(&self) -> StopLingering<'_> {
        self.flushing.fetch_add(1, Ordering::AcqRel);
        StopLingering(self)
    }

    /// Messages that were acknowledged, and the bytes of their batches.
    pub(super) fn acknowledged(&self) -> (u64, u64) {
        (self.acknowledged.0.load(Ordering::Relaxed), self.acknowledged.1.load(Ordering::Relaxed))
    }

    /// Queues the reports of a batch.
    pub(super) fn report(
        &self,
        topic: Arc<str>,
        partition: PartitionIndex,
        waybill: Waybill,
        bytes: Bytes,
        outcome: Result<Option<Offset>, KafkaError>,
    ) {
        if outcome.is_ok() {
            self.acknowledged.0.fetch_add(waybill.count() as u64, Ordering::Relaxed);
            self.acknowledged.1.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        if let (Some(transaction), Err(error)) = (&self.transaction, &outcome) {
            transaction.message_failed(error);
        }
        let latency = self.clock.monotonic().saturating_sub(waybill.opened());
        self.reports.push(DeliveredBatch { topic, partition, bytes, outcome, waybill, latency });
    }
}

/// Bytes of batch buffers that a producer keeps for reuse: warm memory is what makes them fast.
const BUFFERS_SIZE_MAX: usize = 64 << 20;

/// See [`Shared::stop_lingering`].
pub(super) struct StopLingering<'a>(&'a Shared);

impl Drop for StopLingering<'_> {
    fn drop(&mut self) {
        self.0.flushing.fetch_sub(1, Ordering::AcqRel);
    }
}
