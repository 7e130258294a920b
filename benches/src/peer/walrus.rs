//! walrus-rust 0.2 (MIT): topics in blocks of 10 MiB of shared sparse files of 1 GB, FNV-1a per entry.
//!
//! Read with a limit of fewer bytes than its 2,000 entries take, it skips the rest of a sealed block when it goes on
//! to the next one; so reads ask for more.
//!
//! It is set up by environment variables and by globals that the first log of a process decides, which is one reason
//! why every sample has a process of its own. At its best: memory-mapped files, which beat its default in every
//! workload here; a topic per thread, because a topic has one lock; reads that persist their position once in a very
//! long while.

use std::path::Path;

use walrus_rust::{FsyncSchedule, ReadConsistency, Walrus};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{
    Appender, BatchLog, CachedLog, DurableLog, DurableWriter, LogReader, StoredLog, TailedLog, Tailer,
};
use crate::payload::{Payloads, Tally};

const TOPIC: &str = "topic";

/// Most entries that one read returns.
const READ_COUNT_MAX: usize = 2_000;

/// Bytes that walrus puts before each entry.
const PREFIX_SIZE: usize = 64;

/// What must be in the environment of a process that uses walrus: where its files go, and no tracing on the
/// standard output.
#[must_use]
pub fn environment(dir: &Path) -> [(&'static str, &Path); 2] {
    [("WALRUS_DATA_DIR", dir), ("WALRUS_QUIET", Path::new("1"))]
}

fn open(schedule: FsyncSchedule) -> Result<Walrus, SampleError> {
    walrus_rust::disable_fd_backend();
    let consistency = ReadConsistency::AtLeastOnce { persist_every: u32::MAX };
    Ok(Walrus::with_consistency_and_schedule(consistency, schedule)?)
}

/// Bytes to ask for by one read of records of this job's size.
fn read_size(job: &Job) -> usize {
    (READ_COUNT_MAX + 1) * (PREFIX_SIZE + job.record_size())
}

fn show(log: &Walrus, read_size: usize, tally: &mut Tally) -> Result<bool, SampleError> {
    let entries = log.batch_read_for_topic(TOPIC, read_size, true)?;
    entries.iter().for_each(|entry| tally.see(&entry.data));
    Ok(!entries.is_empty())
}

/// Appends that are never synced.
pub struct WalrusCached(Walrus);

impl CachedLog for WalrusCached {
    fn open(_: &Job) -> Result<Self, SampleError> {
        Ok(WalrusCached(open(FsyncSchedule::NoFsync)?))
    }

    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        Ok(self.0.append_for_topic(TOPIC, payload)?)
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// Appends that are synced one by one: there is no group commit.
pub struct WalrusDurable(Walrus);

impl DurableLog for WalrusDurable {
    type Writer<'a> = WalrusWriter<'a>;

    fn open(_: &Job) -> Result<Self, SampleError> {
        Ok(WalrusDurable(open(FsyncSchedule::SyncEach)?))
    }

    fn writer(&self, number: u64) -> Result<WalrusWriter<'_>, SampleError> {
        Ok(WalrusWriter { log: &self.0, topic: format!("{TOPIC}-{number}") })
    }
}

/// One thread's topic.
pub struct WalrusWriter<'a> {
    log: &'a Walrus,
    topic: String,
}

impl DurableWriter for WalrusWriter<'_> {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        Ok(self.log.append_for_topic(&self.topic, payload)?)
    }
}

/// Batches, which are synced whatever the schedule says.
pub struct WalrusBatches(Walrus);

impl BatchLog for WalrusBatches {
    fn open(_: &Job) -> Result<Self, SampleError> {
        Ok(WalrusBatches(open(FsyncSchedule::NoFsync)?))
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        Ok(self.0.batch_append_for_topic(TOPIC, payloads)?)
    }
}

/// Filled by single appends, read by a second instance that finds everything on disk.
pub struct WalrusStored {
    read_size: usize,
}

impl StoredLog for WalrusStored {
    type Reader<'a> = WalrusReader;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let log = open(FsyncSchedule::NoFsync)?;
        for number in 0..count {
            log.append_for_topic(TOPIC, payloads.at(number))?;
        }
        Ok(WalrusStored { read_size: read_size(job) })
    }

    fn reader(&self) -> Result<WalrusReader, SampleError> {
        Ok(WalrusReader { log: open(FsyncSchedule::NoFsync)?, read_size: self.read_size })
    }
}

/// One pass over the topic.
pub struct WalrusReader {
    log: Walrus,
    read_size: usize,
}

impl LogReader for WalrusReader {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while show(&self.log, self.read_size, tally)? {}
        Ok(())
    }
}

/// Read while it is written.
pub struct WalrusTailed {
    log: Walrus,
    read_size: usize,
}

impl TailedLog for WalrusTailed {
    type Appender<'a> = WalrusAppender<'a>;
    type Tailer<'a> = WalrusTailer<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(WalrusTailed { log: open(FsyncSchedule::NoFsync)?, read_size: read_size(job) })
    }

    fn appender(&self) -> Result<WalrusAppender<'_>, SampleError> {
        Ok(WalrusAppender(&self.log))
    }

    fn tailer(&self) -> Result<WalrusTailer<'_>, SampleError> {
        Ok(WalrusTailer { log: &self.log, read_size: self.read_size })
    }
}

/// The writer.
pub struct WalrusAppender<'a>(&'a Walrus);

impl Appender for WalrusAppender<'_> {
    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        Ok(self.0.append_for_topic(TOPIC, payload)?)
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// The reader.
pub struct WalrusTailer<'a> {
    log: &'a Walrus,
    read_size: usize,
}

impl Tailer for WalrusTailer<'_> {
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        show(self.log, self.read_size, tally)?;
        Ok(())
    }
}
