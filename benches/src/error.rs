//! Why a sample could not be taken.

use std::io;

/// Why one contestant gave no figure in one round. Becomes a line in the table, never a failed run.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A file operation of the bench itself failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A contestant reported an error of its own.
    #[error("{0}")]
    Contestant(Box<dyn std::error::Error + Send + Sync>),
    /// What came back is not what went in.
    #[error(
        "read back {seen_count} records of {seen_size} bytes, or other content, instead of {count} of {size}"
    )]
    Miscounted {
        /// Records that went in.
        count: u64,
        /// Their payload in bytes.
        size: u64,
        /// Records that came back.
        seen_count: u64,
        /// Their payload in bytes.
        seen_size: u64,
    },
    /// A thread of the workload panicked.
    #[error("a thread of the workload panicked")]
    Panicked,
    /// The process of the sample ended without a figure.
    #[error("{0}")]
    Process(String),
    /// The process of the sample was stopped because it took too long.
    #[error("no figure within {0} s")]
    TimedOut(u64),
}

impl SampleError {
    /// Wraps a contestant's own error.
    pub fn of(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SampleError {
        SampleError::Contestant(error.into())
    }
}

impl From<rustix::io::Errno> for SampleError {
    fn from(error: rustix::io::Errno) -> SampleError {
        SampleError::Io(error.into())
    }
}
