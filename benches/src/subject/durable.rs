//! Appends with `acks=all`: each waits for its own delivery report.

use std::time::Duration;

use tidelog::client::{Engine, Producer};

use super::engine::{TOPIC, engine, producer, record};
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{BatchLog, DurableLog, DurableWriter};

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
