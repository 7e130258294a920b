//! Reading everything back, and reading behind a writer.

use std::sync::Arc;

use tidelog::client::Engine;
use tidelog::log::ReadCursor;
use tidelog::record::Batches;
use tidelog::shard::Partition;
use tidelog::types::{Isolation, Offset, PartitionIndex};

use super::append::Cached;
use super::engine::{TOPIC, engine};
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{Appender, CachedLog, LogReader, StoredLog, TailedLog, Tailer};
use crate::payload::{Payloads, Tally};

/// Bytes asked for by one read.
const READ_SIZE: usize = 1 << 20;

/// A log filled by a producer.
pub struct Stored {
    _log: Cached,
    partition: Arc<Partition>,
}

fn partition(engine: &Engine) -> Result<Arc<Partition>, SampleError> {
    engine.broker().served_partition(TOPIC, PartitionIndex(0)).map_err(SampleError::of)
}

impl StoredLog for Stored {
    type Reader<'a> = Reader;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let engine = engine(job, 1, &[("write.caching", "true")])?;
        let mut log = Cached::on(job, &engine)?;
        for number in 0..count {
            CachedLog::append(&mut log, payloads.at(number))?;
        }
        CachedLog::settle(&mut log)?;
        Ok(Stored { _log: log, partition: partition(&engine)? })
    }

    fn reader(&self) -> Result<Reader, SampleError> {
        Ok(Reader { partition: Arc::clone(&self.partition), next: Offset::ZERO.into() })
    }
}

/// Reads whole batches and compares their checksums.
pub struct Reader {
    partition: Arc<Partition>,
    next: ReadCursor,
}

impl Reader {
    /// Shows what one read returns; false when there was nothing.
    fn read(&mut self, tally: &mut Tally) -> Result<bool, SampleError> {
        let fetched =
            self.partition.read(self.next, READ_SIZE, Isolation::ReadUncommitted).map_err(SampleError::of)?;
        for piece in &fetched.pieces {
            for batch in Batches::new(piece) {
                let batch = batch.map_err(SampleError::of)?;
                batch.verify().map_err(SampleError::of)?;
                for record in batch.records().map_err(SampleError::of)? {
                    tally.see(record.map_err(SampleError::of)?.value.unwrap_or_default());
                }
            }
        }
        self.next = fetched.next;
        Ok(!fetched.pieces.is_empty())
    }
}

impl LogReader for Reader {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while self.read(tally)? {}
        Ok(())
    }
}

impl Tailer for Reader {
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        self.read(tally).map(drop)
    }
}

/// A log that is read while it is written.
pub struct Tailed {
    job: Job,
    engine: Engine,
}

impl TailedLog for Tailed {
    type Appender<'a> = Cached;
    type Tailer<'a> = Reader;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(Tailed { job: job.clone(), engine: engine(job, 1, &[("write.caching", "true")])? })
    }

    fn appender(&self) -> Result<Cached, SampleError> {
        Cached::on(&self.job, &self.engine)
    }

    fn tailer(&self) -> Result<Reader, SampleError> {
        Ok(Reader { partition: partition(&self.engine)?, next: Offset::ZERO.into() })
    }
}

impl Appender for Cached {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        CachedLog::append(self, payload)
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        CachedLog::settle(self)
    }
}
