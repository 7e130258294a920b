//! Floor of appending without waiting: a loop of 1 MiB writes into a growing file.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use crate::error::SampleError;
use crate::job::Job;
use crate::payload::Payloads;
use crate::workload::append_cached::{figures, record_count};
use crate::workload::{per_second, processor_time};

const WRITE_SIZE: usize = 1 << 20;

/// Writes as many bytes as the workload's payloads have; its rate in records is bytes per second over payload size.
///
/// # Errors
/// When the file cannot be written.
pub fn sample(job: &Job) -> Result<Vec<f64>, SampleError> {
    let block = Payloads::new(WRITE_SIZE).at(0).to_vec();
    let size = record_count(job) * job.size;
    let mut file = File::create(job.dir.join("floor"))?;
    write(&mut file, &block, size / 8)?;
    job.sync_disk()?;
    let (start, processor) = (Instant::now(), processor_time());
    write(&mut file, &block, size)?;
    let (elapsed, processor) = (start.elapsed(), processor_time().saturating_sub(processor));
    let count = record_count(job);
    Ok(figures(per_second(count, elapsed), job, 1e9 / per_second(count, processor)))
}

fn write(file: &mut File, block: &[u8], size: u64) -> Result<(), SampleError> {
    let mut left = size;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.write_all(&block[..now])?;
        left -= now as u64;
    }
    Ok(())
}
