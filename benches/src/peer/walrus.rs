//! walrus-rust 0.2 (MIT): topics in blocks of 10 MiB of shared sparse files of 1 GB, FNV-1a per entry.
//!
//! It is set up by environment variables and by globals that the first log of a process decides, which is one reason
//! why every sample has a process of its own. At its best: a topic per thread, because a topic has one lock; reads
//! that persist their position once in a very long while.

use std::path::Path;

use walrus_rust::{FsyncSchedule, ReadConsistency, Walrus};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{
    Appender, BatchLog, CachedLog, DurableLog, DurableWriter, LogReader, StoredLog, TailedLog, Tailer,
};
use crate::payload::{Payloads, Tally};

const TOPIC: &str = "topic";

/// What must be in the environment of a process that uses walrus: where its files go, and no tracing on the
/// standard output.
#[must_use]
pub fn environment(dir: &Path) -> [(&'static str, &Path); 2] {
    [("WALRUS_DATA_DIR", dir), ("WALRUS_QUIET", Path::new("1"))]
}

fn open(schedule: FsyncSchedule) -> Result<Walrus, SampleError> {
    let consistency = ReadConsistency::AtLeastOnce { persist_every: u32::MAX };
    Ok(Walrus::with_consistency_and_schedule(consistency, schedule)?)
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

/// Batches through io_uring. They are synced whatever the schedule says, so the one that does not open files with
/// O_SYNC on top is the faster.
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
pub struct WalrusStored;

impl StoredLog for WalrusStored {
    type Reader<'a> = WalrusReader;

    fn fill(_: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let log = open(FsyncSchedule::NoFsync)?;
        for number in 0..count {
            log.append_for_topic(TOPIC, payloads.at(number))?;
        }
        Ok(WalrusStored)
    }

    fn reader(&self) -> Result<WalrusReader, SampleError> {
        Ok(WalrusReader(open(FsyncSchedule::NoFsync)?))
    }
}

/// One pass over the topic.
pub struct WalrusReader(Walrus);

impl LogReader for WalrusReader {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while let Some(entry) = self.0.read_next(TOPIC, true)? {
            tally.see(&entry.data);
        }
        Ok(())
    }
}

/// Read while it is written.
pub struct WalrusTailed(Walrus);

impl TailedLog for WalrusTailed {
    type Appender<'a> = WalrusAppender<'a>;
    type Tailer<'a> = WalrusTailer<'a>;

    fn open(_: &Job) -> Result<Self, SampleError> {
        Ok(WalrusTailed(open(FsyncSchedule::NoFsync)?))
    }

    fn appender(&self) -> Result<WalrusAppender<'_>, SampleError> {
        Ok(WalrusAppender(&self.0))
    }

    fn tailer(&self) -> Result<WalrusTailer<'_>, SampleError> {
        Ok(WalrusTailer(&self.0))
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
pub struct WalrusTailer<'a>(&'a Walrus);

impl Tailer for WalrusTailer<'_> {
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while let Some(entry) = self.0.read_next(TOPIC, true)? {
            tally.see(&entry.data);
        }
        Ok(())
    }
}
