//! Floor of opening a log: open and stat every segment file of the directory.

use std::fs::{self, File};
use std::time::Instant;

use crate::error::SampleError;
use crate::job::Job;
use crate::workload::micros;

const SEGMENT_SIZE: u64 = 1 << 30;

/// Makes sparse segments of 1 GiB, then looks at all of them, once as warm-up and once on the clock.
///
/// # Errors
/// When the files cannot be made or opened.
pub fn sample(job: &Job) -> Result<Vec<f64>, SampleError> {
    for number in 0..job.size / SEGMENT_SIZE {
        File::create(job.dir.join(format!("{number:020}.log")))?.set_len(SEGMENT_SIZE)?;
    }
    look(job)?;
    let start = Instant::now();
    look(job)?;
    Ok(vec![micros(start.elapsed())])
}

fn look(job: &Job) -> Result<u64, SampleError> {
    let mut size = 0;
    for entry in fs::read_dir(&job.dir)? {
        size += File::open(entry?.path())?.metadata()?.len();
    }
    Ok(size)
}
