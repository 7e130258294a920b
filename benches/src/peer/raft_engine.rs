//! raft-engine 0.4 (Apache-2.0): TiKV's log of many Raft groups in one stream of files, with group commit.
//!
//! At its best: every thread writes its own Raft group, as TiKV does; `write` with `sync` joins concurrent writers in
//! one fdatasync; log files are prefilled and recycled (`prefill_for_recycle`), so that a sync journals no extents,
//! and the first file, which is never prefilled, is left behind before the clock starts; compression is off
//! because the payloads do not compress.

use std::sync::atomic::{AtomicU64, Ordering};

use protobuf::well_known_types::BytesValue;
use raft_engine::{Config, Engine, LogBatch, MessageExt, ReadableSize};

use crate::error::SampleError;
use crate::job::{Job, Scale};
use crate::logs::{
    Appender, BatchLog, CachedLog, DurableLog, DurableWriter, LogReader, StoredLog, TailedLog, Tailer,
};
use crate::payload::{Payloads, Tally};

/// Raft group whose entries only fill the first file.
const FILLER_GROUP: u64 = u64::MAX;

/// Entries of one write where the caller batches, and of one read.
const BATCH_COUNT: u64 = 500;

/// An entry is a record; its first eight bytes carry the index that a Raft entry must know.
struct Entries;

impl MessageExt for Entries {
    type Entry = BytesValue;

    fn index(entry: &BytesValue) -> u64 {
        entry.value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

fn open(job: &Job) -> Result<Engine, SampleError> {
    let config = Config { dir: dir(job), batch_compression_threshold: ReadableSize(0), ..Config::default() };
    Engine::open(config).map_err(SampleError::of)
}

/// An engine whose active file is one of the prefilled ones.
fn open_prefilled(job: &Job) -> Result<Engine, SampleError> {
    let file_size = if job.scale == Scale::Tiny { 1 << 20 } else { 32 << 20 };
    let config = Config {
        dir: dir(job),
        batch_compression_threshold: ReadableSize(0),
        target_file_size: ReadableSize(file_size),
        prefill_for_recycle: true,
        prefill_limit: Some(ReadableSize(4 * file_size)),
        ..Config::default()
    };
    let engine = Engine::open(config).map_err(SampleError::of)?;
    let mut filler = Group::new(FILLER_GROUP);
    let payload = vec![0; 64 << 10];
    for _ in 0..=file_size / (64 << 10) {
        filler.add(&payload)?;
        filler.write(&engine, false)?;
    }
    Ok(engine)
}

fn dir(job: &Job) -> String {
    job.dir.to_string_lossy().into_owned()
}

/// One Raft group's entries on their way into the engine.
struct Group {
    id: u64,
    last: u64,
    count: u64,
    batch: LogBatch,
    entry: BytesValue,
}

impl Group {
    fn new(id: u64) -> Group {
        Group { id, last: 0, count: 0, batch: LogBatch::with_capacity(16), entry: BytesValue::new() }
    }

    #[inline]
    fn add(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.last += 1;
        self.count += 1;
        let (_, rest) = payload.split_at(8);
        self.entry.value.clear();
        self.entry.value.extend_from_slice(&self.last.to_le_bytes());
        self.entry.value.extend_from_slice(rest);
        let entry = std::slice::from_ref(&self.entry);
        self.batch.add_entries::<Entries>(self.id, entry).map_err(SampleError::of)
    }

    #[inline]
    fn write(&mut self, engine: &Engine, sync: bool) -> Result<(), SampleError> {
        self.count = 0;
        engine.write(&mut self.batch, sync).map_err(SampleError::of)?;
        Ok(())
    }
}

/// Appends without sync, one write per record.
pub struct RaftCached {
    engine: Engine,
    group: Group,
}

impl CachedLog for RaftCached {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(RaftCached { engine: open(job)?, group: Group::new(1) })
    }

    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.group.add(payload)?;
        self.group.write(&self.engine, false)
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// Durable appends, a Raft group per thread.
pub struct RaftDurable(Engine);

impl DurableLog for RaftDurable {
    type Writer<'a> = RaftWriter<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(RaftDurable(open_prefilled(job)?))
    }

    fn writer(&self, number: u64) -> Result<RaftWriter<'_>, SampleError> {
        Ok(RaftWriter { engine: &self.0, group: Group::new(number + 1) })
    }
}

/// One thread's Raft group.
pub struct RaftWriter<'a> {
    engine: &'a Engine,
    group: Group,
}

impl DurableWriter for RaftWriter<'_> {
    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.group.add(payload)?;
        self.group.write(self.engine, true)
    }
}

/// Durable batches of one Raft group.
pub struct RaftBatches {
    engine: Engine,
    group: Group,
}

impl BatchLog for RaftBatches {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(RaftBatches { engine: open_prefilled(job)?, group: Group::new(1) })
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        for payload in payloads {
            self.group.add(payload)?;
        }
        self.group.write(&self.engine, true)
    }
}

/// Filled by batches of one Raft group, read by ranges of indexes.
pub struct RaftStored {
    engine: Engine,
    last: u64,
}

impl StoredLog for RaftStored {
    type Reader<'a> = RaftReader<'a>;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let engine = open(job)?;
        let mut group = Group::new(1);
        for number in 0..count {
            group.add(payloads.at(number))?;
            if group.count == BATCH_COUNT {
                group.write(&engine, false)?;
            }
        }
        group.write(&engine, false)?;
        Ok(RaftStored { engine, last: group.last })
    }

    fn reader(&self) -> Result<RaftReader<'_>, SampleError> {
        Ok(RaftReader { engine: &self.engine, next: 1, end: self.last + 1, entries: Vec::new() })
    }
}

/// Reads one Raft group in order.
pub struct RaftReader<'a> {
    engine: &'a Engine,
    next: u64,
    end: u64,
    entries: Vec<BytesValue>,
}

impl LogReader for RaftReader<'_> {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        while self.next < self.end {
            self.entries.clear();
            let end = self.end.min(self.next + BATCH_COUNT);
            self.engine
                .fetch_entries_to::<Entries>(1, self.next, end, None, &mut self.entries)
                .map_err(SampleError::of)?;
            self.entries.iter().for_each(|entry| tally.see(&entry.value));
            self.next = end;
        }
        Ok(())
    }
}

/// Read while it is written.
pub struct RaftTailed {
    engine: Engine,
    written: AtomicU64,
}

impl TailedLog for RaftTailed {
    type Appender<'a> = RaftAppender<'a>;
    type Tailer<'a> = RaftTailer<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(RaftTailed { engine: open(job)?, written: AtomicU64::new(0) })
    }

    fn appender(&self) -> Result<RaftAppender<'_>, SampleError> {
        Ok(RaftAppender { log: self, group: Group::new(1) })
    }

    fn tailer(&self) -> Result<RaftTailer<'_>, SampleError> {
        let reader = RaftReader { engine: &self.engine, next: 1, end: 1, entries: Vec::new() };
        Ok(RaftTailer { log: self, reader })
    }
}

/// The writer.
pub struct RaftAppender<'a> {
    log: &'a RaftTailed,
    group: Group,
}

impl Appender for RaftAppender<'_> {
    #[inline]
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.group.add(payload)?;
        self.group.write(&self.log.engine, false)?;
        // Cheaper for the reader than asking the engine for its last index, which takes a lock of the group.
        self.log.written.store(self.group.last, Ordering::Release);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), SampleError> {
        Ok(())
    }
}

/// The reader.
pub struct RaftTailer<'a> {
    log: &'a RaftTailed,
    reader: RaftReader<'a>,
}

impl Tailer for RaftTailer<'_> {
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        self.reader.end = self.log.written.load(Ordering::Acquire) + 1;
        self.reader.read_all(tally)
    }
}
