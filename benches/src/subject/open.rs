//! A log that was closed in order and is opened again.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use tidelog::client::Engine;
use tidelog::client::config::ProducerConfig;
use tidelog::config::{AlterOperation, Alteration};

use super::engine::{self, TOPIC, config, producer, record};
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::ReopenedLog;

/// Size of a segment, as it is by default.
const SEGMENT_SIZE: u64 = 1 << 30;

/// Size at which segments roll while the log is made: one record each.
const ROLL_SIZE: &str = "1048576";

/// A record that leaves no room for a second one in its segment.
const RECORD_SIZE: usize = 900_000;

/// A log of many segments.
pub struct Reopened(Engine);

impl ReopenedLog for Reopened {
    /// Makes small segments by rolling, then stretches all that are full to 1 GiB without writing anything.
    fn prepare(job: &Job) -> Result<(), SampleError> {
        let engine = engine::engine(job, 1, &[("segment.bytes", ROLL_SIZE)])?;
        let producer = producer(job, &engine, &[])?;
        let payload = vec![0; RECORD_SIZE];
        for _ in 0..segment_count(job) {
            producer.produce(TOPIC, record(&payload)).map_err(SampleError::of)?;
            producer.flush(None);
        }
        let default = Alteration { name: "segment.bytes".to_owned(), operation: AlterOperation::Delete };
        engine.broker().alter_topic(TOPIC, &[default], false).map_err(SampleError::of)?;
        engine.broker().close();
        let mut segments = segments(job)?;
        segments.pop();
        for segment in segments {
            OpenOptions::new().write(true).open(segment)?.set_len(SEGMENT_SIZE)?;
        }
        Ok(())
    }

    fn reopen(job: &Job) -> Result<Self, SampleError> {
        let client = ProducerConfig::new(&config(job, &[])?).map_err(SampleError::of)?.client;
        Ok(Reopened(engine::open(&client)?))
    }

    fn close(self) -> Result<(), SampleError> {
        self.0.broker().close();
        Ok(())
    }
}

/// Segments of the log; few where figures mean nothing.
fn segment_count(job: &Job) -> u64 {
    let count = job.size / SEGMENT_SIZE;
    job.pick(count.min(3), count, count)
}

/// The segments of the log, oldest first.
fn segments(job: &Job) -> Result<Vec<PathBuf>, SampleError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(job.dir.join(format!("{TOPIC}-0")))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            paths.push(path);
        }
    }
    paths.sort();
    let count = segment_count(job);
    if paths.len() as u64 == count {
        return Ok(paths);
    }
    Err(SampleError::Process(format!("{} segments were made instead of {count}", paths.len())))
}
