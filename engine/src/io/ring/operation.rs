//! What the kernel is doing for a queue, with everything it may touch meanwhile: an operation owns its buffer and its
//! descriptor until its completion has been seen, so that no type error short of `unsafe` can free them earlier.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use io_uring::{opcode, squeue, types};

use crate::io::aligned::AlignedBuffer;
use crate::io::{CompletionKind, Token};
use crate::limits::BLOCK_SIZE;

/// How often a write is submitted before it counts as failed.
const RETRIES_MAX: u32 = 64;

/// One operation in flight.
#[derive(Debug)]
pub(super) struct Operation {
    /// The open file it belongs to.
    pub(super) slot: u32,
    pub(super) file: Arc<File>,
    pub(super) step: Step,
}

#[derive(Debug)]
pub(super) enum Step {
    /// A durable append past the page cache.
    Append(AppendWrite),
    /// An fdatasync, which ends an append or a flush.
    Sync { token: Token, kind: CompletionKind },
    /// Blocks given to the file ahead of its data.
    Allocate { range: Range<u64> },
    /// Zeroes written ahead of the data.
    Zero { zeroes: Arc<AlignedBuffer>, range: Range<u64> },
    /// A unit of a side file.
    Unit(UnitWrite),
}

#[derive(Debug)]
pub(super) struct AppendWrite {
    pub(super) token: Token,
    pub(super) write: DirectWrite,
    /// Bytes by which the file grows; the write holds more.
    pub(super) appended: u64,
}

#[derive(Debug)]
pub(super) struct UnitWrite {
    pub(super) unit: usize,
    /// The sector writes that it ends.
    pub(super) tokens: Vec<Token>,
    pub(super) write: DirectWrite,
}

/// Whole blocks (sectors, in a side file) on their way to the device.
#[derive(Debug)]
pub(super) struct DirectWrite {
    pub(super) buffer: AlignedBuffer,
    /// Where the buffer's first byte goes.
    pub(super) position: u64,
    /// Bytes of the buffer that have been written.
    done: usize,
    /// How often the kernel did less than it was asked for.
    retries: u32,
}

/// Where a write stands after the kernel has answered.
pub(super) enum Progress {
    /// It has to be submitted again, for the rest.
    Unfinished,
    /// The file system does not write past the page cache; nothing is written.
    Refused(io::Error),
    Ended(io::Result<()>),
}

impl DirectWrite {
    pub(super) fn new(buffer: AlignedBuffer, position: u64) -> DirectWrite {
        DirectWrite { buffer, position, done: 0, retries: 0 }
    }

    /// Takes the kernel's answer to the last submission.
    pub(super) fn answered(&mut self, result: i32) -> Progress {
        self.retries += 1;
        match outcome(result) {
            Ok(0) => Progress::Ended(Err(io::ErrorKind::WriteZero.into())),
            Ok(count) if self.done + count >= self.buffer.len() => Progress::Ended(Ok(())),
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EINTR) if self.retries < RETRIES_MAX => Progress::Unfinished,
                Some(libc::EINVAL | libc::EOPNOTSUPP) if self.done == 0 => Progress::Refused(error),
                _ => Progress::Ended(Err(error)),
            },
            Ok(_) if self.retries >= RETRIES_MAX => Progress::Ended(Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => {
                // Whole blocks: the rest has to begin on a boundary, and writing bytes twice does no harm.
                self.done += count / BLOCK_SIZE * BLOCK_SIZE;
                Progress::Unfinished
            }
        }
    }

    fn entry(&self, file: &File, flags: i32) -> squeue::Entry {
        let rest = &self.buffer[self.done..];
        opcode::Write::new(types::Fd(file.as_raw_fd()), rest.as_ptr(), length(rest.len()))
            .offset(self.position + self.done as u64)
            .rw_flags(flags)
            .build()
    }
}

impl Operation {
    /// The submission entry. Its pointers lead into heap memory that `self` owns.
    pub(super) fn entry(&self) -> squeue::Entry {
        let descriptor = types::Fd(self.file.as_raw_fd());
        match &self.step {
            Step::Append(append) => append.write.entry(&self.file, libc::RWF_DSYNC),
            Step::Unit(unit) => unit.write.entry(&self.file, 0),
            Step::Sync { .. } => opcode::Fsync::new(descriptor).flags(types::FsyncFlags::DATASYNC).build(),
            Step::Allocate { range } => {
                opcode::Fallocate::new(descriptor, range.end - range.start).offset(range.start).build()
            }
            Step::Zero { zeroes, range } => {
                let size = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(zeroes.len());
                opcode::Write::new(descriptor, zeroes.as_ptr(), length(size)).offset(range.start).build()
            }
        }
    }
}

/// A length for the kernel, which writes at most 2^31 bytes at a time anyway; the rest follows as after a short write.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(1 << 30)
}

/// A completion's result: a count, or an error.
pub(super) fn outcome(result: i32) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(result.saturating_neg()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write() -> DirectWrite {
        DirectWrite::new(AlignedBuffer::zeroed(3 * BLOCK_SIZE), 0)
    }

    #[test]
    fn a_short_write_goes_on_at_a_block_boundary() {
        let mut write = write();
        assert!(matches!(write.answered(5000), Progress::Unfinished));
        assert_eq!(write.done, 4096);
        assert!(matches!(write.answered(-libc::EAGAIN), Progress::Unfinished));
        assert!(matches!(write.answered(-libc::EINTR), Progress::Unfinished));
        assert!(matches!(write.answered(8192), Progress::Ended(Ok(()))));
    }

    #[test]
    fn errors_end_a_write() {
        let error = |result| match write().answered(result) {
            Progress::Ended(Err(error)) => error,
            _ => panic!("{result} ended nothing"),
        };
        assert_eq!(error(-libc::EIO).raw_os_error(), Some(libc::EIO));
        assert_eq!(error(-libc::ENOSPC).raw_os_error(), Some(libc::ENOSPC));
        assert_eq!(error(0).kind(), io::ErrorKind::WriteZero);
        assert!(matches!(write().answered(-libc::EINVAL), Progress::Refused(_)));
    }

    #[test]
    fn a_write_that_gets_nowhere_ends() {
        let mut write = write();
        let turns =
            (0..1000).take_while(|_| matches!(write.answered(-libc::EAGAIN), Progress::Unfinished)).count();
        assert!(turns < 100);
    }
}
