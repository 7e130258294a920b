//! Delivery reports: what became of each message. Kept by batch, as the batch's own bytes, and turned into messages
//! only when somebody looks at them, so that a report costs the hot path nothing.
//!
//! Shards push, application threads take.

use std::cell::RefCell;
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
    /// Batches that wait.
    waiting: AtomicUsize,
    batches: Mutex<VecDeque<BatchReports>>,
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
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.batches.lock().push_back(BatchReports::new(batch));
        self.signal.notify();
    }

    /// Whether none waits. Other threads may be serving some.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Counts all reports that are there as served, where nobody wants to see single messages. A batch with something
    /// attached ends it: that one is served message by message.
    pub(super) fn discard(&self) -> usize {
        let mut batches = self.batches.lock();
        let silent = |reports: &&BatchReports| reports.batch.waybill.deliveries.is_empty();
        let count = batches.iter().take_while(silent).count();
        let silent: Vec<BatchReports> = batches.drain(..count).collect();
        drop(batches);
        self.waiting.fetch_sub(silent.len(), Ordering::AcqRel);
        silent.iter().map(|reports| reports.batch.waybill.count()).sum()
    }

    /// The next message's report.
    pub(super) fn next(&self) -> Option<(DeliveryReport, Delivery)> {
        let mut batches = self.batches.lock();
        let report = batches.front_mut()?.next();
        if batches.front().is_some_and(BatchReports::is_over) {
            batches.pop_front();
            self.waiting.fetch_sub(1, Ordering::AcqRel);
        }
        report
    }

    /// The next batch, to be served by this thread: no lock is held meanwhile, and what is not served goes back.
    pub(super) fn take(&self) -> Option<TakenReports<'_>> {
        let reports = self.batches.lock().pop_front()?;
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        SERVED_HERE.with_borrow_mut(|queues| queues.push(std::ptr::from_ref(self).addr()));
        Some(TakenReports { queue: self, reports: Some(reports) })
    }

    /// Whether this thread is serving a batch of this queue right now: it calls from within a callback.
    pub(super) fn is_served_here(&self) -> bool {
        SERVED_HERE.with_borrow(|queues| queues.contains(&std::ptr::from_ref(self).addr()))
    }
}

thread_local! {
    /// Queues of which this thread is serving a batch: the outermost first.
    static SERVED_HERE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// See [`DeliveryQueue::take`].
pub(super) struct TakenReports<'a> {
    queue: &'a DeliveryQueue,
    reports: Option<BatchReports>,
}

impl TakenReports<'_> {
    #[inline]
    pub(super) fn next(&mut self) -> Option<(DeliveryReport, Delivery)> {
        self.reports.as_mut()?.next()
    }
}

impl Drop for TakenReports<'_> {
    fn drop(&mut self) {
        SERVED_HERE.with_borrow_mut(Vec::pop);
        let Some(reports) = self.reports.take().filter(|reports| !reports.is_over()) else { return };
        self.queue.waiting.fetch_add(1, Ordering::AcqRel);
        self.queue.batches.lock().push_front(reports);
        self.queue.signal.notify();
    }
}

/// The reports of a batch that have not been served.
struct BatchReports {
    batch: DeliveredBatch,
    /// From the first report on.
    messages: Option<BatchMessages>,
    index: usize,
}

impl BatchReports {
    fn new(batch: DeliveredBatch) -> BatchReports {
        BatchReports { batch, messages: None, index: 0 }
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
        let DeliveredBatch { topic, partition, bytes, outcome, .. } = &self.batch;
        if self.index == 0 {
            self.messages = BatchMessages::new(Arc::clone(topic), *partition, bytes).ok();
        }
        let next = self.messages.as_mut().and_then(Iterator::next).and_then(Result::ok);
        let message = next.unwrap_or_else(|| Message::without_content(Arc::clone(topic), *partition));
        let base = outcome.as_ref().ok().copied().flatten();
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        message.at_offset(base.map(|base| base.plus(index)))
    }
}
