//! The seam: what a log must offer to take part in a workload. One trait per way of using a log; whoever
//! implements it is added to the workload's list of contestants with one line.
//!
//! Every `open` is given an empty [`Job::dir`] and may use the job's size to set itself up at its best. Nothing in
//! these traits is timed unless it says so. Calls are generic, never through a vtable.

use crate::error::SampleError;
use crate::job::Job;
use crate::payload::{Payloads, Tally};

/// Appends by one thread that do not wait for the disk (Kafka: `acks=1`). Used by `append_cached`.
pub trait CachedLog: Sized {
    /// Opens an empty log.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn open(job: &Job) -> Result<Self, SampleError>;

    /// Appends one record; it may still be in a batch of this process. Timed.
    ///
    /// # Errors
    /// When the log refuses it.
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError>;

    /// Returns once the operating system has every record appended so far. Timed.
    ///
    /// # Errors
    /// When any of them failed.
    fn settle(&mut self) -> Result<(), SampleError>;
}

/// As [`CachedLog`], by a thread that has many records at hand and passes them in one call.
pub trait CachedBatchLog: Sized {
    /// Opens an empty log.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn open(job: &Job) -> Result<Self, SampleError>;

    /// Appends these records; they may still be in a batch of this process. Timed.
    ///
    /// # Errors
    /// When the log refuses one.
    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError>;

    /// Returns once the operating system has every record appended so far. Timed.
    ///
    /// # Errors
    /// When any of them failed.
    fn settle(&mut self) -> Result<(), SampleError>;
}

/// Appends that return when the record would survive a power cut (Kafka: `acks=all`), by many threads. Used by
/// `durable_waiters`, `durable_paced` and `one_in_flight`.
pub trait DurableLog: Sized + Sync {
    /// What one thread appends with.
    type Writer<'a>: DurableWriter + Send
    where
        Self: 'a;

    /// Opens an empty log with its files warm: what happens once per segment has happened.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn open(job: &Job) -> Result<Self, SampleError>;

    /// The writer of the thread of this number, counted from 0; each is asked for once.
    ///
    /// # Errors
    /// When the log refuses another writer.
    fn writer(&self, number: u64) -> Result<Self::Writer<'_>, SampleError>;
}

/// One thread's side of a [`DurableLog`].
pub trait DurableWriter {
    /// Appends one record and returns when it is on stable storage. Timed.
    ///
    /// # Errors
    /// When the record may not be durable.
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError>;
}

/// Appends many records at once and returns when all are durable. Used by `durable_batches`.
pub trait BatchLog: Sized {
    /// Opens an empty log with its files warm.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn open(job: &Job) -> Result<Self, SampleError>;

    /// Appends these records and returns when all are on stable storage. Timed.
    ///
    /// # Errors
    /// When any of them may not be durable.
    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError>;
}

/// A log that holds records and hands them all back, checksums checked. Used by `catch_up`.
pub trait StoredLog: Sized {
    /// A reader's state.
    type Reader<'a>: LogReader
    where
        Self: 'a;

    /// Opens a log and fills it with the first `count` payloads, in whatever batches it likes best.
    ///
    /// # Errors
    /// When the log cannot be opened or filled.
    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError>;

    /// A reader that stands before the first record. Asked for again for each pass.
    ///
    /// # Errors
    /// When the log refuses a reader.
    fn reader(&self) -> Result<Self::Reader<'_>, SampleError>;
}

/// One pass over a [`StoredLog`].
pub trait LogReader {
    /// Reads to the end and shows each record to the tally, in order. Timed.
    ///
    /// # Errors
    /// When a record is missing or its checksum does not fit.
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError>;
}

/// A log that is read while it is written. Used by `tail`.
pub trait TailedLog: Sized + Sync {
    /// What the writing thread appends with.
    type Appender<'a>: Appender + Send
    where
        Self: 'a;
    /// What the reading thread reads with.
    type Tailer<'a>: Tailer + Send
    where
        Self: 'a;

    /// Opens an empty log.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn open(job: &Job) -> Result<Self, SampleError>;

    /// The one writer.
    ///
    /// # Errors
    /// When the log refuses it.
    fn appender(&self) -> Result<Self::Appender<'_>, SampleError>;

    /// The one reader, standing before the first record.
    ///
    /// # Errors
    /// When the log refuses it.
    fn tailer(&self) -> Result<Self::Tailer<'_>, SampleError>;
}

/// The writing side of a [`TailedLog`]; appends do not wait for the disk.
pub trait Appender {
    /// Appends one record; it may wait in a batch. Timed.
    ///
    /// # Errors
    /// When the log refuses it.
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError>;

    /// Returns once a reader can see every record appended so far. Timed.
    ///
    /// # Errors
    /// When any of them failed.
    fn settle(&mut self) -> Result<(), SampleError>;
}

/// The reading side of a [`TailedLog`].
pub trait Tailer {
    /// Shows the tally what has arrived since the last call. May wait a little for the first record; may show
    /// nothing. Timed.
    ///
    /// # Errors
    /// When a record's checksum does not fit.
    fn poll(&mut self, tally: &mut Tally) -> Result<(), SampleError>;
}

/// A log that was stopped cleanly and is opened again. Used by `open`.
pub trait ReopenedLog: Sized {
    /// Leaves in [`Job::dir`] a cleanly stopped log of [`Job::size`] bytes. Files may be sparse: what matters is
    /// how many and how long they are.
    ///
    /// # Errors
    /// When the files cannot be made.
    fn prepare(job: &Job) -> Result<(), SampleError>;

    /// Opens that log until it could serve. Timed.
    ///
    /// # Errors
    /// When the log cannot be opened.
    fn reopen(job: &Job) -> Result<Self, SampleError>;

    /// Stops it cleanly again.
    ///
    /// # Errors
    /// When the log cannot be stopped cleanly.
    fn close(self) -> Result<(), SampleError>;
}

/// An engine that is open and has nothing to do. Used by `idle`.
pub trait IdleEngine: Sized {
    /// Opens an engine with this many partitions, each written to once.
    ///
    /// # Errors
    /// When the engine cannot be opened.
    fn open(job: &Job, partition_count: u32) -> Result<Self, SampleError>;
}
