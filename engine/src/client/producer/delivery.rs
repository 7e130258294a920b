//! Delivery reports: what became of each message. Kept by batch, as the batch's own bytes, and turned into messages
//! only when somebody looks at them, so that a report costs the hot path nothing.
//!
//! Shards push, application threads take.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use super::queue_limits::Charge;
use crate::client::signal::Signal;
use crate::client::{BatchMessages, KafkaError, Message};
use crate::shard::Notify;
use crate::types::{Offset, PartitionIndex};

/// What became of one message.
#[derive(Debug)]
pub struct DeliveryReport {
    /// The message; its offset is set when it is in the log and the producer asked to know (`acks` other than 0).
    pub message: Message,
    /// Why it is not in the log, or not known to be.
    pub error: Option<KafkaError>,
    /// From `produce()` of the first message of its batch until the acknowledgement.
    pub latency: Duration,
}

/// A callback of one message.
pub type OwnCallback = Box<dyn FnOnce(DeliveryReport) -> ControlFlow<()> + Send>;

/// What an application attaches to a message.
#[derive(Default)]
pub enum Delivery {
    /// Nothing: only the producer's own callback hears of it.
    #[default]
    Silent,
    /// A number that comes back in the report (librdkafka: `msg_opaque`).
    Opaque(usize),
    /// Called with the report, by the thread that polls. `Break` ends that call of `poll`.
    Callback(OwnCallback),
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Delivery::Silent => f.write_str("Silent"),
            Delivery::Opaque(number) => write!(f, "Opaque({number})"),
            Delivery::Callback(_) => f.write_str("Callback"),
        }
    }
}

/// What stays with the producer while a batch's bytes are on their way.
pub(super) struct Waybill {
    /// What was attached to which message of the batch, in order.
    deliveries: VecDeque<(usize, Delivery)>,
    charge: Charge,
    /// Monotonic time of the first message.
    opened: Duration,
}

impl Waybill {
    pub(super) fn new(charge: Charge, opened: Duration) -> Waybill {
        Waybill { deliveries: VecDeque::new(), charge, opened }
    }

    /// Takes a place in the queue for one more message of `size` bytes. False when the queue is full.
    #[inline]
    pub(super) fn admit(&mut self, size: usize) -> bool {
        self.charge.admit(size)
    }

    /// Gives the place of a message back that did not come.
    pub(super) fn take_back(&mut self) {
        self.charge.release_one();
    }

    /// Takes what belongs to message `index` of the batch.
    #[inline]
    pub(super) fn attach(&mut self, index: usize, delivery: &mut Delivery) {
        if !matches!(delivery, Delivery::Silent) {
            self.deliveries.push_back((index, std::mem::take(delivery)));
        }
    }

    /// No more messages come.
    pub(super) fn seal(&mut self) {
        self.charge.seal();
    }

    /// Messages in it.
    pub(super) fn count(&self) -> usize {
        self.charge.count()
    }

    pub(super) fn opened(&self) -> Duration {
        self.opened
    }
}

/// A batch whose fate is known. Its messages leave the queue limits one by one, as their reports are served.
pub(super) struct DeliveredBatch {
    pub(super) topic: Arc<str>,
    pub(super) partition: PartitionIndex,
    /// The batch; empty when its bytes are gone.
    pub(super) bytes: Bytes,
    /// Offset of the first message, if anybody knows.
    pub(super) outcome: Result<Option<Offset>, KafkaError>,
    pub(super) waybill: Waybill,
    pub(super) latency: Duration,
}

/// Reports on their way to the application.
#[derive(Default)]
pub(super) struct DeliveryQueue {
    /// Batches that are not served to their end.
    unserved: AtomicUsize,
    batches: Mutex<VecDeque<DeliveredBatch>>,
    /// The batch that is being served, message by message.
    serving: Mutex<Option<Serving>>,
    signal: Arc<Signal>,
}

impl DeliveryQueue {
    pub(super) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// Adds a batch and tells whoever polls.
    pub(super) fn push(&self, batch: DeliveredBatch) {
        if batch.waybill.count() == 0 {
            return;
        }
        self.unserved.fetch_add(1, Ordering::AcqRel);
        self.batches.lock().push_back(batch);
        self.signal.notify();
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.unserved.load(Ordering::Acquire) == 0
    }

    /// Counts all reports that are there as served, where nobody wants to see single messages. A batch with something
    /// attached ends it: that one is served message by message.
    pub(super) fn discard(&self) -> usize {
        let mut serving = self.serving.lock();
        if serving.as_ref().is_some_and(|serving| !serving.is_over()) {
            return 0;
        }
        *serving = None;
        let mut batches = self.batches.lock();
        let count = batches.iter().take_while(|batch| batch.waybill.deliveries.is_empty()).count();
        let silent: Vec<DeliveredBatch> = batches.drain(..count).collect();
        drop(batches);
        self.unserved.fetch_sub(silent.len(), Ordering::AcqRel);
        silent.iter().map(|batch| batch.waybill.charge.count()).sum()
    }

    /// The next message's report.
    pub(super) fn next(&self) -> Option<(DeliveryReport, Delivery)> {
        let mut serving = self.serving.lock();
        loop {
            if let Some(report) = serving.as_mut().and_then(Serving::next) {
                if serving.as_ref().is_some_and(Serving::is_over) {
                    self.unserved.fetch_sub(1, Ordering::AcqRel);
                }
                return Some(report);
            }
            let batch = self.batches.lock().pop_front()?;
            *serving = Some(Serving::new(batch));
        }
    }
}

/// A batch in the middle of being reported.
struct Serving {
    batch: DeliveredBatch,
    messages: Option<BatchMessages>,
    index: usize,
}

impl Serving {
    fn new(batch: DeliveredBatch) -> Serving {
        let messages = BatchMessages::new(Arc::clone(&batch.topic), batch.partition, &batch.bytes).ok();
        Serving { batch, messages, index: 0 }
    }

    fn next(&mut self) -> Option<(DeliveryReport, Delivery)> {
        if self.is_over() {
            return None;
        }
        let message = self.message();
        let waybill = &mut self.batch.waybill;
        let attached = waybill.deliveries.front().is_some_and(|(index, _)| *index == self.index);
        let delivery = if attached { waybill.deliveries.pop_front() } else { None };
        waybill.charge.release_one();
        self.index += 1;
        let report = DeliveryReport {
            message,
            error: self.batch.outcome.as_ref().err().cloned(),
            latency: self.batch.latency,
        };
        Some((report, delivery.map_or(Delivery::Silent, |(_, delivery)| delivery)))
    }

    fn is_over(&self) -> bool {
        self.batch.waybill.charge.count() == 0
    }

    fn message(&mut self) -> Message {
        let next = self.messages.as_mut().and_then(Iterator::next).and_then(Result::ok);
        let message = next
            .unwrap_or_else(|| Message::without_content(Arc::clone(&self.batch.topic), self.batch.partition));
        let base = self.batch.outcome.as_ref().ok().copied().flatten();
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        message.at_offset(base.map(|base| base.plus(index)))
    }
}
