//! RocksDB 11 (Apache-2.0; the crate rocksdb 0.25): a key-value store on log-structured merge trees. A log is a database whose keys
//! are numbers. In C++, and slow to build: cargo feature `rocksdb`, which needs a C++ compiler and libclang.
//!
//! At its best: compression off, because the payloads do not compress; the journal is synced with fdatasync (its default), by one
//! writer for all that wait, and written in a pipeline with the memory tables; where the caller batches, one write batch; checksums
//! are verified, which is its default.

use std::sync::atomic::{AtomicU64, Ordering};

use rocksdb::{DB, DBCompressionType, IteratorMode, Options, ReadOptions, WriteBatch, WriteOptions};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{BatchLog, DurableLog, DurableWriter, LogReader, StoredLog};
use crate::payload::{Payloads, Tally};

/// Records of one write where the caller batches.
const BATCH_COUNT: u64 = 1_000;

/// Bytes that a reader asks the operating system for ahead.
const READ_AHEAD: usize = 4 << 20;

/// A database.
pub struct RocksLog {
    database: DB,
    next: AtomicU64,
}

impl RocksLog {
    fn create(job: &Job) -> Result<RocksLog, SampleError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_compression_type(DBCompressionType::None);
        options.set_enable_pipelined_write(true);
        let database = DB::open(&options, &job.dir).map_err(SampleError::of)?;
        Ok(RocksLog { database, next: AtomicU64::new(0) })
    }

    fn next(&self) -> [u8; 8] {
        self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }

    fn write<'a>(
        &self,
        payloads: impl IntoIterator<Item = &'a [u8]>,
        options: &WriteOptions,
    ) -> Result<(), SampleError> {
        let mut batch = WriteBatch::default();
        for payload in payloads {
            batch.put(self.next(), payload);
        }
        self.database.write_opt(batch, options).map_err(SampleError::of)
    }
}

fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

impl DurableLog for RocksLog {
    type Writer<'a> = RocksWriter<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        RocksLog::create(job)
    }

    fn writer(&self, _: u64) -> Result<RocksWriter<'_>, SampleError> {
        Ok(RocksWriter { log: self, options: synced() })
    }
}

/// One thread's side.
pub struct RocksWriter<'a> {
    log: &'a RocksLog,
    options: WriteOptions,
}

impl DurableWriter for RocksWriter<'_> {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.log.database.put_opt(self.log.next(), payload, &self.options).map_err(SampleError::of)
    }
}

impl BatchLog for RocksLog {
    fn open(job: &Job) -> Result<Self, SampleError> {
        RocksLog::create(job)
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        self.write(payloads.iter().copied(), &synced())
    }
}

impl StoredLog for RocksLog {
    type Reader<'a> = RocksReader<'a>;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let log = RocksLog::create(job)?;
        let mut number = 0;
        while number < count {
            let end = count.min(number + BATCH_COUNT);
            log.write((number..end).map(|number| payloads.at(number)), &WriteOptions::default())?;
            number = end;
        }
        log.database.flush().map_err(SampleError::of)?;
        Ok(log)
    }

    fn reader(&self) -> Result<RocksReader<'_>, SampleError> {
        Ok(RocksReader(&self.database))
    }
}

/// Goes through the database in the order of its keys.
pub struct RocksReader<'a>(&'a DB);

impl LogReader for RocksReader<'_> {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        let mut options = ReadOptions::default();
        options.set_readahead_size(READ_AHEAD);
        for entry in self.0.iterator_opt(IteratorMode::Start, options) {
            let (_, payload) = entry.map_err(SampleError::of)?;
            tally.see(&payload);
        }
        Ok(())
    }
}
