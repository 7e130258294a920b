//! Appends with `acks=all`: each waits for its own delivery report, or many batches are on their way together.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use tidelog::client::{Engine, Producer, ProducerRecord};

use super::append::queue_all;
use super::engine::{TOPIC, engine, engine_for, producer, record};
use crate::error::SampleError;
use crate::job::Job;
use crate::latency::Latencies;
use crate::logs::{BatchLog, DurableLog, DurableWriter};
use crate::payload::Payloads;
use crate::workload::durable_batches::{self, BATCH_COUNT};

/// How writers wait, and how their shard does.
pub trait Manner {
    /// Of the client that opens the engine.
    const ENGINE: &'static [(&'static str, &'static str)];
    /// Of the writers.
    const WRITERS: &'static [(&'static str, &'static str)] = Self::ENGINE;
}

/// As everybody does by default.
pub struct Usual;

impl Manner for Usual {
    const ENGINE: &'static [(&'static str, &'static str)] = &[];
}

/// Both sleep at once.
pub struct Parked;

impl Manner for Parked {
    const ENGINE: &'static [(&'static str, &'static str)] = &[("tidelog.spin.us", "0")];
}

/// Both spin, longer than a disk takes.
pub struct Spinning;

impl Manner for Spinning {
    const ENGINE: &'static [(&'static str, &'static str)] = &[("tidelog.spin.us", "1000")];
}

/// Writers sleep, the shard spins.
pub struct ShardSpins;

impl Manner for ShardSpins {
    const ENGINE: &'static [(&'static str, &'static str)] = Spinning::ENGINE;
    const WRITERS: &'static [(&'static str, &'static str)] = Parked::ENGINE;
}

/// Writers that wait for each record.
pub struct Records<M> {
    engine: Engine,
    job: Job,
    manner: PhantomData<M>,
}

fn settings<M: Manner>(linger: &'static str) -> Vec<(&'static str, &'static str)> {
    [&[("acks", "all"), ("linger.ms", linger)], M::WRITERS].concat()
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

impl<M: Manner + Sync> DurableLog for Records<M> {
    type Writer<'a>
        = Writer
    where
        M: 'a;

    fn open(job: &Job) -> Result<Self, SampleError> {
        let engine = engine_for(job, M::ENGINE, 1, &[])?;
        let records = Records { engine, job: job.clone(), manner: PhantomData };
        let mut writer = records.writer(0)?;
        for _ in 0..100 {
            writer.append(b"warm")?;
        }
        Ok(records)
    }

    fn writer(&self, _: u64) -> Result<Writer, SampleError> {
        Ok(Writer(producer(&self.job, &self.engine, &settings::<M>("0"))?))
    }
}

/// Batches of many records, each durable before the next.
pub struct Batches<M> {
    producer: Producer,
    _engine: Engine,
    manner: PhantomData<M>,
}

impl<M: Manner> BatchLog for Batches<M> {
    fn open(job: &Job) -> Result<Self, SampleError> {
        let engine = engine_for(job, M::ENGINE, 1, &[])?;
        let producer = producer(job, &engine, &settings::<M>("1000"))?;
        let mut log = Batches { producer, _engine: engine, manner: PhantomData };
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
