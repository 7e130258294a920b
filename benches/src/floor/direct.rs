//! Floor of one durable record by the shortest way the kernel has: O_DIRECT with RWF_DSYNC, one system call.

use std::fs::{File, OpenOptions};
use std::io::IoSlice;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::io::ReadWriteFlags;

use super::synced::prewritten;
use crate::error::SampleError;
use crate::job::Job;
use crate::logs::DurableWriter;
use crate::payload::Payloads;
use crate::workload::durable_waiters::until;
use crate::workload::one_in_flight::figures;

const BLOCK_SIZE: usize = 4096;
const BLOCK_COUNT: u64 = 1024;

/// A file written full beforehand, of which the block at the tail is written again for every record.
struct TailBlocks {
    file: File,
    memory: Vec<u8>,
    aligned: usize,
    block: u64,
    filled: usize,
}

impl TailBlocks {
    fn new(job: &Job) -> Result<TailBlocks, SampleError> {
        let flags = i32::try_from(OFlags::DIRECT.bits()).unwrap_or(0);
        let file = prewritten(job, OpenOptions::new().custom_flags(flags))?;
        let memory = vec![0_u8; 2 * BLOCK_SIZE];
        let aligned = memory.as_ptr().align_offset(BLOCK_SIZE);
        Ok(TailBlocks { file, memory, aligned, block: 0, filled: 0 })
    }
}

impl DurableWriter for TailBlocks {
    fn append(&mut self, payload: &[u8]) -> Result<(), SampleError> {
        if self.filled + payload.len() > BLOCK_SIZE {
            self.filled = 0;
            self.block = (self.block + 1) % BLOCK_COUNT;
        }
        let block = &mut self.memory[self.aligned..self.aligned + BLOCK_SIZE];
        block[self.filled..self.filled + payload.len()].copy_from_slice(payload);
        self.filled += payload.len();
        let position = self.block * BLOCK_SIZE as u64;
        rustix::io::pwritev2(&self.file, &[IoSlice::new(block)], position, ReadWriteFlags::DSYNC)?;
        Ok(())
    }
}

/// Second floor of `one_in_flight`.
///
/// # Errors
/// When the file cannot be written, or the file system refuses O_DIRECT.
pub fn one_in_flight(job: &Job) -> Result<Vec<f64>, SampleError> {
    let payloads = Payloads::new(job.record_size());
    let mut file = TailBlocks::new(job)?;
    until(Instant::now() + job.pick_ms(10, 150, 400), &mut file, &payloads)?;
    let latencies = until(Instant::now() + job.pick_ms(20, 600, 2_000), &mut file, &payloads)?;
    Ok(figures(&latencies))
}
