//! okaywal 0.3 (MIT or Apache-2.0): a write-ahead log whose every commit is durable, with shared fdatasyncs.
//!
//! At its best: segments of 32 MiB instead of 1 MiB, so that checkpoints are rare; a log manager whose checkpoint
//! costs nothing, so that segments are recycled at once; and enough written before the clock starts that the
//! segments in turn have been written before.

use std::io;
use std::io::Read;
use std::sync::{Arc, Mutex};

use okaywal::{
    Configuration, Entry, EntryId, LogManager, LogVoid, ReadChunkResult, SegmentReader, WriteAheadLog,
};

use crate::error::SampleError;
use crate::job::{Job, Scale};
use crate::logs::{BatchLog, DurableLog, DurableWriter, LogReader, StoredLog};
use crate::payload::{Payloads, Tally};

/// Chunks of one entry where the caller batches.
const BATCH_COUNT: u64 = 1_000;

/// A log with recycled segments.
fn open_warm(job: &Job) -> Result<WriteAheadLog, SampleError> {
    let segment_size: u32 = if job.scale == Scale::Tiny { 1 << 20 } else { 32 << 20 };
    let checkpoint_size = u64::from(segment_size) / 4 * 3;
    let log = Configuration::default_for(&job.dir)
        .preallocate_bytes(segment_size)
        .checkpoint_after_bytes(checkpoint_size)
        .buffer_bytes(64 << 10)
        .open(LogVoid)?;
    let filler = vec![0; 256 << 10];
    for _ in 0..3 * checkpoint_size / (256 << 10) {
        let mut entry = log.begin_entry()?;
        entry.write_chunk(&filler)?;
        entry.commit()?;
    }
    Ok(log)
}

/// Durable appends, one entry per record.
pub struct OkayDurable(WriteAheadLog);

impl DurableLog for OkayDurable {
    type Writer<'a> = OkayWriter<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(OkayDurable(open_warm(job)?))
    }

    fn writer(&self, _: u64) -> Result<OkayWriter<'_>, SampleError> {
        Ok(OkayWriter(&self.0))
    }
}

/// One thread's side.
pub struct OkayWriter<'a>(&'a WriteAheadLog);

impl DurableWriter for OkayWriter<'_> {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        let mut entry = self.0.begin_entry()?;
        entry.write_chunk(payload)?;
        entry.commit()?;
        Ok(())
    }
}

/// Durable batches: one entry of many chunks.
pub struct OkayBatches(WriteAheadLog);

impl BatchLog for OkayBatches {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(OkayBatches(open_warm(job)?))
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        let mut entry = self.0.begin_entry()?;
        for payload in payloads {
            entry.write_chunk(payload)?;
        }
        entry.commit()?;
        Ok(())
    }
}

/// Filled once and never checkpointed; read by recovering it, which is the only way to read it in order.
pub struct OkayStored(Configuration);

impl StoredLog for OkayStored {
    type Reader<'a> = OkayReader<'a>;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let configuration =
            Configuration::default_for(&job.dir).checkpoint_after_bytes(u64::MAX).buffer_bytes(64 << 10);
        let log = configuration.clone().open(LogVoid)?;
        let mut number = 0;
        while number < count {
            let mut entry = log.begin_entry()?;
            let end = count.min(number + BATCH_COUNT);
            for number in number..end {
                entry.write_chunk(payloads.at(number))?;
            }
            entry.commit()?;
            number = end;
        }
        log.shutdown()?;
        Ok(OkayStored(configuration))
    }

    fn reader(&self) -> Result<OkayReader<'_>, SampleError> {
        Ok(OkayReader(&self.0))
    }
}

/// Recovers the log once.
pub struct OkayReader<'a>(&'a Configuration);

impl LogReader for OkayReader<'_> {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        let seen = Arc::new(Mutex::new(Tally::default()));
        let log = self.0.clone().open(Recovery { seen: Arc::clone(&seen), chunk: Vec::new() })?;
        log.shutdown()?;
        *tally = *seen.lock().map_err(|_| SampleError::Panicked)?;
        Ok(())
    }
}

/// Shows every recovered chunk to a tally.
#[derive(Debug)]
struct Recovery {
    seen: Arc<Mutex<Tally>>,
    chunk: Vec<u8>,
}

impl LogManager for Recovery {
    fn recover(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        let mut seen = self.seen.lock().map_err(|_| io::ErrorKind::Other)?;
        while let ReadChunkResult::Chunk(mut chunk) = entry.read_chunk()? {
            self.chunk.clear();
            chunk.read_to_end(&mut self.chunk)?;
            if !chunk.check_crc()? {
                return Err(io::ErrorKind::InvalidData.into());
            }
            seen.see(&self.chunk);
        }
        Ok(())
    }

    fn checkpoint_to(&mut self, _: EntryId, _: &mut SegmentReader, _: &WriteAheadLog) -> io::Result<()> {
        Ok(())
    }
}
