//! Appends with `acks=all`: each waits for its own delivery report, or many batches are on their way together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tidelog::client::{Engine, Producer, ProducerRecord};

use super::append::queue_all;
use super::engine::{TOPIC, engine, producer, record};
use crate::error::SampleError;
use crate::job::Job;
use crate::latency::Latencies;
use crate::logs::{BatchLog, DurableLog, DurableWriter};
use crate::payload::Payloads;
use crate::workload::durable_batches::{self, BATCH_COUNT};

/// Writers that sleep while they wait.
pub struct Parked(Shared);

/// Writers that spin while they wait, and a shard that does.
pub struct Spinning(Shared);

struct Shared {
    engine: Engine,
    job: Job,
    settings: &'static [(&'static str, &'static str)],
}

const PARKED: &[(&str, &str)] = &[("acks", "all"), ("linger.ms", "0")];
const SPINNING: &[(&str, &str)] = &[("acks", "all"), ("linger.ms", "0"), ("tidelog.spin.us", "1000")];

impl Shared {
    fn open(job: &Job, settings: &'static [(&'static str, &'static str)]) -> Result<Shared, SampleError> {
        let shared = Shared { engine: engine(job, 1, &[])?, job: job.clone(), settings };
        let mut writer = shared.writer()?;
        for _ in 0..100 {
            writer.append(b"warm")?;
        }
        Ok(shared)
    }

    fn writer(&self) -> Result<Writer, SampleError> {
        Ok(Writer(producer(&self.job, &self.engine, self.settings)?))
    }
}

/// One thread's producer.
pub struct Writer(Producer);

impl DurableWriter for Writer {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.0.produce(TOPIC, record(payload)).map_err(SampleError::of)?;
        match self.0.next_report(Some(Duration::from_secs(60))) {
            Some((report, _)) => report.error.map_or(Ok(()), |error| Err(SampleError::of(error))),
            None => Err(SampleError::Process("no report within a minute".to_owned())),
        }
    }
}

impl DurableLog for Parked {
    type Writer<'a> = Writer;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(Parked(Shared::open(job, PARKED)?))
    }

    fn writer(&self, _: u64) -> Result<Writer, SampleError> {
        self.0.writer()
    }
}

impl DurableLog for Spinning {
    type Writer<'a> = Writer;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(Spinning(Shared::open(job, SPINNING)?))
    }

    fn writer(&self, _: u64) -> Result<Writer, SampleError> {
        self.0.writer()
    }
}

/// Batches of many records.
pub struct Batches {
    producer: Producer,
    _engine: Engine,
}

impl BatchLog for Batches {
    fn open(job: &Job) -> Result<Self, SampleError> {
        let engine = engine(job, 1, &[])?;
        let producer = producer(job, &engine, &[("acks", "all"), ("linger.ms", "1000")])?;
        let mut log = Batches { producer, _engine: engine };
        for _ in 0..100 {
            log.append_all(&[b"warm"])?;
        }
        Ok(log)
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        for payload in payloads {
            self.producer.produce(TOPIC, record(payload)).map_err(SampleError::of)?;
        }
        match self.producer.flush(Some(Duration::from_secs(60))) {
            0 => Ok(()),
            left => Err(SampleError::Process(format!("{left} records are not durable after a minute"))),
        }
    }
}

/// Batches that are on their way before the thread waits for the oldest: most of what the producer's queue holds by
/// default (100,000 records). librdkafka, too, sets no other limit by default.
const IN_FLIGHT_MAX: usize = 80;

/// The workload `durable_batches` as a Kafka producer does it: the thread does not wait for a batch before it makes the
/// next one, up to [`IN_FLIGHT_MAX`]. A batch's latency runs from its first record's `produce()` until all of it has
/// been reported as durable.
///
/// # Errors
/// When the log fails.
pub fn batches_in_flight(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let engine = engine(job, 1, &[])?;
    let settings =
        [("acks", "all"), ("linger.ms", "1000"), ("batch.num.messages", "1000"), ("batch.size", "10000000")];
    let producer = producer(job, &engine, &settings)?;
    let mut batches =
        InFlight { producer, started: VecDeque::new(), served: 0, latencies: Latencies::default() };
    for _ in 0..durable_batches::batch_count(job) / 4 {
        batches.append(&payloads)?;
    }
    batches.drain(0);
    job.sync_disk()?;
    batches.latencies = Latencies::default();
    let start = Instant::now();
    for _ in 0..durable_batches::batch_count(job) {
        batches.append(&payloads)?;
    }
    batches.drain(0);
    Ok(durable_batches::figures(job, start.elapsed(), &batches.latencies))
}

struct InFlight {
    producer: Producer,
    /// When each batch that is on its way was begun.
    started: VecDeque<Instant>,
    /// Records of the oldest batch that have been reported.
    served: usize,
    latencies: Latencies,
}

impl InFlight {
    fn append(&mut self, payloads: &Payloads) -> Result<(), SampleError> {
        self.started.push_back(Instant::now());
        let mut records: Vec<ProducerRecord<'_>> =
            (0..BATCH_COUNT).map(|number| record(payloads.at(number))).collect();
        queue_all(&self.producer, &self.producer.topic(TOPIC), &mut records)?;
        self.drain(IN_FLIGHT_MAX - 1);
        Ok(())
    }

    /// Waits until at most `left` batches are on their way.
    fn drain(&mut self, left: usize) {
        let batch_count = usize::try_from(BATCH_COUNT).unwrap_or(usize::MAX);
        while self.started.len() > left {
            self.served += self.producer.poll(None);
            let now = Instant::now();
            while self.served >= batch_count
                && let Some(start) = self.started.pop_front()
            {
                self.served -= batch_count;
                self.latencies.record(now - start);
            }
        }
    }
}
