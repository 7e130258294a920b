//! fjall 3 (MIT or Apache-2.0): a key-value store on log-structured merge trees, with a journal. A log is a keyspace whose keys
//! are numbers.
//!
//! At its best: compression off, because the payloads do not compress; the journal is synced with fdatasync
//! (`PersistMode::SyncData`); where the caller batches, one write batch.

use std::sync::atomic::{AtomicU64, Ordering};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{BatchLog, DurableLog, DurableWriter, LogReader, StoredLog};
use crate::payload::{Payloads, Tally};

/// Records of one write where the caller batches.
const BATCH_COUNT: u64 = 1_000;

/// A database with one keyspace.
pub struct FjallLog {
    database: Database,
    keyspace: Keyspace,
    next: AtomicU64,
}

impl FjallLog {
    fn create(job: &Job) -> Result<FjallLog, SampleError> {
        let database = Database::builder(&job.dir).open().map_err(SampleError::of)?;
        let keyspace = database.keyspace("log", KeyspaceCreateOptions::default).map_err(SampleError::of)?;
        Ok(FjallLog { database, keyspace, next: AtomicU64::new(0) })
    }

    fn next(&self) -> [u8; 8] {
        self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }

    fn write<'a>(
        &self,
        payloads: impl IntoIterator<Item = &'a [u8]>,
        durability: Option<PersistMode>,
    ) -> Result<(), SampleError> {
        let mut batch = self.database.batch().durability(durability);
        for payload in payloads {
            batch.insert(&self.keyspace, self.next(), payload);
        }
        batch.commit().map_err(SampleError::of)
    }
}

impl DurableLog for FjallLog {
    type Writer<'a> = FjallWriter<'a>;

    fn open(job: &Job) -> Result<Self, SampleError> {
        FjallLog::create(job)
    }

    fn writer(&self, _: u64) -> Result<FjallWriter<'_>, SampleError> {
        Ok(FjallWriter(self))
    }
}

/// One thread's side.
pub struct FjallWriter<'a>(&'a FjallLog);

impl DurableWriter for FjallWriter<'_> {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        self.0.keyspace.insert(self.0.next(), payload).map_err(SampleError::of)?;
        self.0.database.persist(PersistMode::SyncData).map_err(SampleError::of)
    }
}

impl BatchLog for FjallLog {
    fn open(job: &Job) -> Result<Self, SampleError> {
        FjallLog::create(job)
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        self.write(payloads.iter().copied(), Some(PersistMode::SyncData))
    }
}

impl StoredLog for FjallLog {
    type Reader<'a> = FjallReader<'a>;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let log = FjallLog::create(job)?;
        let mut number = 0;
        while number < count {
            let end = count.min(number + BATCH_COUNT);
            log.write((number..end).map(|number| payloads.at(number)), None)?;
            number = end;
        }
        log.database.persist(PersistMode::SyncData).map_err(SampleError::of)?;
        Ok(log)
    }

    fn reader(&self) -> Result<FjallReader<'_>, SampleError> {
        Ok(FjallReader(&self.keyspace))
    }
}

/// Goes through the keyspace in the order of its keys.
pub struct FjallReader<'a>(&'a Keyspace);

impl LogReader for FjallReader<'_> {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        for entry in self.0.iter() {
            tally.see(&entry.value().map_err(SampleError::of)?);
        }
        Ok(())
    }
}
