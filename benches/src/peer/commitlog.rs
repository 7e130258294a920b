//! commitlog 0.2 (MIT): segments with a memory-mapped index entry per message, CRC32C per message.
//!
//! At its best: the index is given room for all messages from the start, because growing it maps it anew. It has
//! no durable append: `flush` ends in `File::flush`, which does nothing.

use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use commitlog::message::{MessageBuf, MessageSet};
use commitlog::{CommitLog, LogOptions, ReadLimit};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{Appender, CachedLog, LogReader, StoredLog, TailedLog, Tailer};
use crate::payload::{Payloads, Tally};

/// Bytes the caller gathers where it batches, and bytes asked for by one read.
const BATCH_SIZE: usize = 64 << 10;

/// Segment size; the library's default.
const SEGMENT_SIZE: usize = 1_000_000_000;

fn open(job: &Job) -> Result<CommitLog, SampleError> {
    let mut options = LogOptions::new(&job.dir);
    options.segment_max_bytes(SEGMENT_SIZE).index_max_items(SEGMENT_SIZE / job.record_size());
    Ok(CommitLog::new(options)?)
}

/// One call per record, as the crate's examples do it.
pub struct CommitlogSingle(CommitLog);

impl CachedLog for CommitlogSingle {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(CommitlogSingle(open(job)?))
    }

    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.0.append_msg(payload).map_err(SampleError::of)?;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// Batches gathered by the caller.
pub struct CommitlogBatched {
    log: CommitLog,
    batch: MessageBuf,
}

impl CachedLog for CommitlogBatched {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(CommitlogBatched { log: open(job)?, batch: MessageBuf::default() })
    }

    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.batch.push(payload).map_err(refused)?;
        if self.batch.bytes().len() >= BATCH_SIZE {
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        self.log.append(&mut self.batch).map_err(SampleError::of)?;
        self.batch.clear();
        Ok(())
    }
}

fn refused(error: commitlog::message::MessageSerializationError) -> SampleError {
    SampleError::of(format!("{error:?}"))
}

/// Filled by batches, read with checksums checked.
pub struct CommitlogStored(CommitLog);

impl StoredLog for CommitlogStored {
    type Reader<'a> = CommitlogReader<'a>;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let mut log = CommitlogBatched::open(job)?;
        for number in 0..count {
            log.append(payloads.at(number))?;
        }
        log.settle()?;
        Ok(CommitlogStored(log.log))
    }

    fn reader(&self) -> Result<CommitlogReader<'_>, SampleError> {
        Ok(CommitlogReader { log: &self.0, next: 0 })
    }
}

/// One pass over the log.
pub struct CommitlogReader<'a> {
    log: &'a CommitLog,
    next: u64,
}

impl LogReader for CommitlogReader<'_> {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while show(&read(self.log, self.next)?, &mut self.next, tally) {}
        Ok(())
    }
}

/// A read checks the checksum of every message it returns.
fn read(log: &CommitLog, from: u64) -> Result<MessageBuf, SampleError> {
    log.read(from, ReadLimit::max_bytes(BATCH_SIZE)).map_err(SampleError::of)
}

fn show(messages: &MessageBuf, next: &mut u64, tally: &mut Tally) -> bool {
    for message in messages.iter() {
        tally.see(message.payload());
        *next = message.offset() + 1;
    }
    !messages.is_empty()
}

/// Shared between a writer and a reader by a lock, for appending needs `&mut`.
pub struct CommitlogTailed {
    log: RwLock<CommitLog>,
    /// Records appended, so that the reader need not take the lock to learn that there is nothing to read.
    end: AtomicU64,
}

impl TailedLog for CommitlogTailed {
    type Appender<'a> = CommitlogAppender<'a>;
    type Tailer<'a> = CommitlogTailer<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(CommitlogTailed { log: RwLock::new(open(job)?), end: AtomicU64::new(0) })
    }

    fn appender(&self) -> Result<CommitlogAppender<'_>, SampleError> {
        Ok(CommitlogAppender(self))
    }

    fn tailer(&self) -> Result<CommitlogTailer<'_>, SampleError> {
        Ok(CommitlogTailer { log: self, next: 0 })
    }
}

/// The writer.
pub struct CommitlogAppender<'a>(&'a CommitlogTailed);

impl Appender for CommitlogAppender<'_> {
    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        let mut log = self.0.log.write().map_err(|_| SampleError::Panicked)?;
        let offset = log.append_msg(payload).map_err(SampleError::of)?;
        drop(log);
        self.0.end.store(offset + 1, Ordering::Release);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// The reader.
pub struct CommitlogTailer<'a> {
    log: &'a CommitlogTailed,
    next: u64,
}

impl Tailer for CommitlogTailer<'_> {
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        if self.log.end.load(Ordering::Acquire) == self.next {
            return Ok(());
        }
        let messages = {
            let log = self.log.log.read().map_err(|_| SampleError::Panicked)?;
            read(&log, self.next)?
        };
        show(&messages, &mut self.next, tally);
        Ok(())
    }
}
