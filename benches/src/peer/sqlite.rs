//! SQLite 3 (public domain), by rusqlite (MIT): a table with a number and a blob.
//!
//! At its best: write-ahead log, `synchronous=FULL` where a commit has to be durable and `OFF` where it has not; a connection for
//! each thread, prepared statements; where the caller batches, one transaction. SQLite checks no checksums of pages unless it
//! is built for that.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::{BatchLog, DurableLog, DurableWriter, LogReader, StoredLog};
use crate::payload::{Payloads, Tally};

/// Records of one transaction where the caller batches.
const BATCH_COUNT: u64 = 1_000;

/// Longest wait for other connections.
const BUSY: Duration = Duration::from_secs(60);

const INSERT: &str = "INSERT INTO log (value) VALUES (?1)";

fn path(job: &Job) -> PathBuf {
    job.dir.join("log.sqlite")
}

fn connect(path: &PathBuf, synchronous: &str) -> Result<Connection, SampleError> {
    let connection = Connection::open(path).map_err(SampleError::of)?;
    connection.busy_timeout(BUSY).map_err(SampleError::of)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(SampleError::of)?;
    connection.pragma_update(None, "synchronous", synchronous).map_err(SampleError::of)?;
    let table = "CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, value BLOB NOT NULL)";
    connection.execute(table, ()).map_err(SampleError::of)?;
    Ok(connection)
}

fn insert<'a>(
    connection: &mut Connection,
    payloads: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), SampleError> {
    let transaction = connection.transaction().map_err(SampleError::of)?;
    {
        let mut statement = transaction.prepare_cached(INSERT).map_err(SampleError::of)?;
        for payload in payloads {
            statement.execute([payload]).map_err(SampleError::of)?;
        }
    }
    transaction.commit().map_err(SampleError::of)
}

/// Durable inserts, one transaction each.
pub struct SqliteDurable(PathBuf);

impl DurableLog for SqliteDurable {
    type Writer<'a> = SqliteWriter;

    fn open(job: &Job) -> Result<Self, SampleError> {
        connect(&path(job), "FULL")?;
        Ok(SqliteDurable(path(job)))
    }

    fn writer(&self, _: u64) -> Result<SqliteWriter, SampleError> {
        Ok(SqliteWriter(connect(&self.0, "FULL")?))
    }
}

/// One thread's connection.
pub struct SqliteWriter(Connection);

impl DurableWriter for SqliteWriter {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        let mut statement = self.0.prepare_cached(INSERT).map_err(SampleError::of)?;
        statement.execute([payload]).map_err(SampleError::of)?;
        Ok(())
    }
}

/// Durable batches, one transaction each.
pub struct SqliteBatches(Connection);

impl BatchLog for SqliteBatches {
    fn open(job: &Job) -> Result<Self, SampleError> {
        Ok(SqliteBatches(connect(&path(job), "FULL")?))
    }

    fn append_all(&mut self, payloads: &[&[u8]]) -> Result<(), SampleError> {
        insert(&mut self.0, payloads.iter().copied())
    }
}

/// A filled table.
pub struct SqliteStored(PathBuf);

impl StoredLog for SqliteStored {
    type Reader<'a> = SqliteReader;

    fn fill(job: &Job, payloads: &Payloads, count: u64) -> Result<Self, SampleError> {
        let mut connection = connect(&path(job), "OFF")?;
        let mut number = 0;
        while number < count {
            let end = count.min(number + BATCH_COUNT);
            insert(&mut connection, (number..end).map(|number| payloads.at(number)))?;
            number = end;
        }
        Ok(SqliteStored(path(job)))
    }

    fn reader(&self) -> Result<SqliteReader, SampleError> {
        Ok(SqliteReader(connect(&self.0, "OFF")?))
    }
}

/// Goes through the table in the order of its numbers.
pub struct SqliteReader(Connection);

impl LogReader for SqliteReader {
    fn read_all(&mut self, tally: &mut Tally) -> Result<(), SampleError> {
        let select = "SELECT value FROM log ORDER BY number";
        let mut statement = self.0.prepare_cached(select).map_err(SampleError::of)?;
        let mut rows = statement.query(()).map_err(SampleError::of)?;
        while let Some(row) = rows.next().map_err(SampleError::of)? {
            let value = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(SampleError::of)?;
            tally.see(value);
        }
        Ok(())
    }
}
