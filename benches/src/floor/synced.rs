//! Floors of durable appends: pwrite + fdatasync by one thread into a file that has been written before, so that no
//! extent and no file size changes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::DurableWriter;
use crate::payload::Payloads;
use crate::workload::durable_waiters::until;
use crate::workload::{durable_batches, durable_paced, one_in_flight, per_second};

const FILE_SIZE: u64 = 64 << 20;

/// Bytes of one write of the filling. Small on purpose: a file filled by large writes sits in the page cache in large
/// folios, and syncing one dirty block of such a folio takes some 10 us longer.
const FILL_SIZE: usize = 16 << 10;

/// A file written full beforehand, and the place of the next record in it.
struct PrewrittenFile {
    file: File,
    position: u64,
}

impl PrewrittenFile {
    fn new(job: &Job) -> Result<PrewrittenFile, SampleError> {
        Ok(PrewrittenFile { file: prewritten(job, &mut OpenOptions::new())?, position: 0 })
    }
}

impl DurableWriter for PrewrittenFile {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        if self.position + payload.len() as u64 > FILE_SIZE {
            self.position = 0;
        }
        self.file.write_all_at(payload, self.position)?;
        self.file.sync_data()?;
        self.position += payload.len() as u64;
        Ok(())
    }
}

/// Writes the floor's file full, syncs it, and opens it again by `options`.
///
/// # Errors
/// When the file cannot be written or opened.
pub fn prewritten(job: &Job, options: &mut OpenOptions) -> Result<File, SampleError> {
    let path = job.dir.join("floor");
    let mut file = File::create(&path)?;
    let zeroes = vec![0; FILL_SIZE];
    for _ in 0..FILE_SIZE / FILL_SIZE as u64 {
        file.write_all(&zeroes)?;
    }
    file.sync_all()?;
    Ok(options.read(true).write(true).open(path)?)
}

/// Floor of `durable_waiters`: one thread, one record at a time.
///
/// # Errors
/// When the file cannot be written.
pub fn waiter(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let mut file = PrewrittenFile::new(job)?;
    until(Instant::now() + job.pick_ms(10, 200, 500), &mut file, &payloads)?;
    let start = Instant::now();
    let latencies = until(start + job.pick_ms(20, 800, 2_500), &mut file, &payloads)?;
    Ok(vec![
        per_second(latencies.count(), start.elapsed()),
        latencies.quantile_us(0.5),
        latencies.quantile_us(0.99),
    ])
}

/// Floor of `one_in_flight`.
///
/// # Errors
/// When the file cannot be written.
pub fn one_in_flight(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let mut file = PrewrittenFile::new(job)?;
    until(Instant::now() + job.pick_ms(10, 150, 400), &mut file, &payloads)?;
    let latencies = until(Instant::now() + job.pick_ms(20, 600, 2_000), &mut file, &payloads)?;
    Ok(one_in_flight::figures(&latencies))
}

/// Floor of `durable_batches`: the payload bytes of a batch in one write.
///
/// # Errors
/// When the file cannot be written.
pub fn batches(job: &Job) -> Result<Vec<f64>, SampleError> {
    let batch_size = job.record_size() * usize::try_from(durable_batches::BATCH_COUNT).unwrap_or(usize::MAX);
    let batch = Payloads::new(batch_size).at(0).to_vec();
    let mut file = PrewrittenFile::new(job)?;
    for _ in 0..durable_batches::batch_count(job) / 4 {
        file.append(&batch)?;
    }
    durable_batches::timed(job, || file.append(&batch))
}

/// Floor of `durable_paced`: one of its writers alone, which meets nobody.
///
/// # Errors
/// When the file cannot be written.
pub fn paced(job: &Job) -> Result<Vec<f64>, SampleError> {
    durable_paced::run(job, vec![PrewrittenFile::new(job)?])
}
