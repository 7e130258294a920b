//! Appends that do not wait for the disk: `acks=1` into a topic whose records may be read before they are flushed
//! (`write.caching`), which is what the peers do.

use std::sync::Arc;
use std::time::Duration;

use tidelog::client::producer::ProducerTopic;
use tidelog::client::{Engine, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;

use super::engine::{TOPIC, engine, producer, record};
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{CachedBatchLog, CachedLog};

/// One producer that serves its reports now and then.
pub struct Cached {
    producer: Producer,
    topic: Arc<ProducerTopic>,
    unserved: u32,
    _engine: Engine,
}

/// Records between two looks at the reports.
const SERVE_INTERVAL: u32 = 4096;

impl Cached {
    /// A producer on `engine`.
    ///
    /// # Errors
    /// When a setting is refused.
    pub fn on(job: &Job, engine: &Engine) -> Result<Cached, SampleError> {
        let producer = producer(job, engine, &[("acks", "1")])?;
        let topic = producer.topic(TOPIC);
        Ok(Cached { producer, topic, unserved: 0, _engine: engine.clone() })
    }
}

impl CachedLog for Cached {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Cached::on(job, &engine(job, 1, &[("write.caching", "true")])?)
    }

    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.unserved += 1;
        if self.unserved == SERVE_INTERVAL {
            self.unserved = 0;
            self.producer.poll(Some(Duration::ZERO));
        }
        while let Err(error) = self.producer.produce_to(&self.topic, record(payload)) {
            if error.code() != ErrorCode::LocalQueueFull {
                return Err(SampleError::of(error));
            }
            self.producer.poll(None);
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        self.producer.flush(None);
        Ok(())
    }
}

impl CachedBatchLog for Cached {
    fn open(job: &Job) -> Result<Self, SampleError> {
        <Cached as CachedLog>::open(job)
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        let mut records: Vec<ProducerRecord<'_>> = payloads.iter().map(|payload| record(payload)).collect();
        self.unserved += 1;
        if self.unserved == SERVE_INTERVAL / 64 {
            self.unserved = 0;
            self.producer.poll(Some(Duration::ZERO));
        }
        queue_all(&self.producer, &self.topic, &mut records)
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        CachedLog::settle(self)
    }
}

/// Queues all of `records`, serving reports while the queue is full.
///
/// # Errors
/// When one is refused for another reason.
pub fn queue_all(
    producer: &Producer,
    topic: &ProducerTopic,
    records: &mut [ProducerRecord<'_>],
) -> Result<(), SampleError> {
    let mut first = 0;
    while let Some(refused) = producer.produce_batch(topic, &mut records[first..]).into_iter().next() {
        if refused.error.code() != ErrorCode::LocalQueueFull {
            return Err(SampleError::of(refused.error));
        }
        // All behind the first that found no place are still here: their order is kept.
        first += refused.index;
        producer.poll(None);
    }
    Ok(())
}
