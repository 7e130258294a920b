//! Delivery reports: what became of each message. Kept by batch, as the batch's own bytes, and turned into messages
//! only when somebody looks at them, so that a report costs the hot path nothing.
//!
//! Shards push, application threads take.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use super::DeliveryReport;
use super::queue_limits::Charge;
use crate::client::signal::Signal;
use crate::client::{BatchMessages, KafkaError};
use crate::shard::Notify;
use crate::types::{Offset, PartitionIndex, TopicName};

/// What an application attached to a message.
pub enum Delivery {
    /// Nothing: only the producer's own callback hears of it.
    Silent,
    /// A number that comes back in the report (librdkafka: `msg_opaque`).
    Opaque(usize),
    /// Called with the report, by the thread that polls.
    Callback(Box<dyn FnOnce(&DeliveryReport) + Send>),
}

/// A batch whose fate is known. Its messages leave the queue limits one by one, as their reports are served.
pub(super) struct DeliveredBatch {
    pub(super) topic: TopicName,
    pub(super) partition: PartitionIndex,
    /// The batch; empty when its bytes are gone.
    pub(super) bytes: Bytes,
    pub(super) outcome: Result<Option<Offset>, KafkaError>,
    /// What was attached to which message of the batch, in order.
    pub(super) deliveries: VecDeque<(u32, Delivery)>,
    pub(super) charge: Charge,
    /// From the opening of the batch to its acknowledgement.
    pub(super) latency: Duration,
}

/// Reports on their way to the application.
#[derive(Default)]
pub(super) struct DeliveryQueue {
    batches: Mutex<VecDeque<DeliveredBatch>>,
    /// The batch that is being served, message by message.
    current: Mutex<Option<Serving>>,
    signal: Arc<Signal>,
}

/// A batch in the middle of being reported.
struct Serving {
    batch: DeliveredBatch,
    messages: BatchMessages,
    index: u32,
}

impl DeliveryQueue {
    pub(super) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// Adds a batch and tells whoever polls.
    pub(super) fn push(&self, batch: DeliveredBatch) {
        self.batches.lock().push_back(batch);
        self.signal.notify();
    }

    /// Takes all whole batches at once, when nobody wants to see single messages.
    pub(super) fn discard_all(&self) -> usize {
        let served: usize = self.batches.lock().drain(..).map(|batch| batch.charge.count()).sum();
        served + self.current.lock().take().map_or(0, |serving| serving.batch.charge.count())
    }

    /// The next message's report.
    pub(super) fn next(&self) -> Option<(DeliveryReport, Delivery)> {
        let mut current = self.current.lock();
        loop {
            if let Some(report) = current.as_mut().and_then(Serving::next) {
                return Some(report);
            }
            let batch = self.batches.lock().pop_front()?;
            *current = Some(Serving::new(batch));
        }
    }
}

impl Serving {
    fn new(batch: DeliveredBatch) -> Serving {
        let base = batch.outcome.as_ref().ok().copied().flatten();
        let messages = BatchMessages::new(batch.topic.clone(), batch.partition, base, batch.bytes.clone());
        Serving { batch, messages, index: 0 }
    }

    fn next(&mut self) -> Option<(DeliveryReport, Delivery)> {
        let batch = &mut self.batch;
        if batch.charge.count() == 0 {
            return None;
        }
        let delivery = match batch.deliveries.front() {
            Some((index, _)) if *index == self.index => batch.deliveries.pop_front().map(|(_, delivery)| delivery),
            _ => None,
        };
        self.index += 1;
        let message = self.messages.next();
        batch.charge.release_one();
        let error = batch.outcome.as_ref().err().cloned();
        Some((DeliveryReport { message, error, latency: batch.latency }, delivery.unwrap_or(Delivery::Silent)))
    }
}
