//! Floors of reading: pread and CRC32C over the payload bytes, alone and behind a writer.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crc_fast::{CrcAlgorithm, checksum};

use crate::error::SampleError;
use crate::job::Job;
use crate::payload::Payloads;
use crate::workload::append_cached::record_count;
use crate::workload::{catch_up, per_second, tail};

/// Bytes of one pread or write: fits the second-level cache together with its source.
const CHUNK_SIZE: usize = 256 << 10;

fn open(path: &Path) -> Result<File, SampleError> {
    Ok(OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?)
}

fn chunk() -> Vec<u8> {
    Payloads::new(CHUNK_SIZE).at(0).to_vec()
}

/// Floor of `catch_up`.
///
/// # Errors
/// When the file cannot be written or read.
pub fn sample(job: &Job) -> Result<Vec<f64>, SampleError> {
    let chunk_count = record_count(job) * job.size / CHUNK_SIZE as u64;
    let mut file = open(&job.dir.join("floor"))?;
    let mut buffer = chunk();
    for _ in 0..chunk_count {
        file.write_all(&buffer)?;
    }
    job.sync_disk()?;
    read(&file, &mut buffer, 0..chunk_count)?;
    let start = Instant::now();
    read(&file, &mut buffer, 0..chunk_count)?;
    let records = chunk_count * CHUNK_SIZE as u64 / job.size;
    Ok(catch_up::figures(per_second(records, start.elapsed()), job))
}

fn read(file: &File, buffer: &mut [u8], chunks: std::ops::Range<u64>) -> Result<(), SampleError> {
    for number in chunks {
        file.read_exact_at(buffer, number * CHUNK_SIZE as u64)?;
        black_box(checksum(CrcAlgorithm::Crc32Iscsi, buffer));
    }
    Ok(())
}

/// Floor of `tail`: a thread that writes chunks and one that reads each as soon as it is there.
///
/// # Errors
/// When the file cannot be written or read.
pub fn tail(job: &Job) -> Result<Vec<f64>, SampleError> {
    let chunk_count = record_count(job) / 2 * job.size / CHUNK_SIZE as u64;
    let file = open(&job.dir.join("floor"))?;
    through(&file, 0, chunk_count / 8)?;
    job.sync_disk()?;
    let start = Instant::now();
    through(&file, chunk_count / 8, chunk_count)?;
    let records = chunk_count * CHUNK_SIZE as u64 / job.size;
    Ok(tail::figures(per_second(records, start.elapsed()), job))
}

fn through(file: &File, first: u64, chunk_count: u64) -> Result<(), SampleError> {
    let written = AtomicU64::new(first);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<(), SampleError> {
            let chunk = chunk();
            for number in first..first + chunk_count {
                file.write_all_at(&chunk, number * CHUNK_SIZE as u64)?;
                written.store(number + 1, Ordering::Release);
            }
            Ok(())
        });
        let mut buffer = chunk();
        let mut next = first;
        while next < first + chunk_count {
            let end = written.load(Ordering::Acquire);
            if end > next {
                read(file, &mut buffer, next..end)?;
                next = end;
            } else if writer.is_finished() && written.load(Ordering::Acquire) == next {
                break;
            } else {
                thread::yield_now();
            }
        }
        writer.join().map_err(|_| SampleError::Panicked)?
    })
}
