//! [`BatchScanner`]: reads a segment from one end to the other, a large piece at a time, and hands out its batches.
//! For recovery and for rebuilding what is derived from a log. It checks lengths; checksums and offsets are the
//! caller's.

use std::io;
use std::sync::Arc;

use zerocopy::FromBytes;

use crate::io::DiskFile;
use crate::record::{BatchError, BatchHeader, BatchView, HEADER_SIZE};

/// Bytes read at once; a batch larger than this is read whole.
const READ_SIZE: usize = 1 << 20;

/// What comes next in the file.
pub(super) enum Scanned<'a> {
    /// A batch, at this position.
    Batch(u64, BatchView<'a>),
    /// No batch: [`BatchScanner::position`] is where the usable part ends.
    End(ScanEnd),
}

/// Why there is no further batch.
#[derive(Debug)]
pub(super) enum ScanEnd {
    /// The file ends.
    File,
    /// A length of zero: the pre-written tail begins.
    Zeroes,
    /// The bytes are no batch.
    Bad(BatchError),
}

/// A position in a segment, and the bytes read ahead from there.
pub(super) struct BatchScanner {
    file: Arc<dyn DiskFile>,
    /// Where the next batch starts.
    position: u64,
    /// Nothing behind this is read.
    end: u64,
    /// `buffer[start..filled]` are the file's bytes from `position` on.
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
}

impl BatchScanner {
    /// Starts at `position`, where a batch starts, and ends at `end`.
    pub(super) fn new(file: Arc<dyn DiskFile>, position: u64, end: u64) -> BatchScanner {
        BatchScanner { file, position, end, buffer: Vec::new(), start: 0, filled: 0 }
    }

    /// Where the next batch starts.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next batch, or why there is none.
    pub(super) fn next(&mut self) -> io::Result<Scanned<'_>> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(Scanned::End(ScanEnd::File));
        }
        self.fill(HEADER_SIZE.min(left))?;
        let ahead = &self.buffer[self.start..self.filled];
        let Ok((header, _)) = BatchHeader::ref_from_prefix(ahead) else {
            return Ok(Scanned::End(short_rest(ahead)));
        };
        if header.length.get() == 0 {
            return Ok(Scanned::End(ScanEnd::Zeroes));
        }
        let size = match header.size() {
            Ok(size) if size > left => {
                let truncated = BatchError::Truncated { needed: size, available: left };
                return Ok(Scanned::End(ScanEnd::Bad(truncated)));
            }
            Ok(size) => size,
            Err(error) => return Ok(Scanned::End(ScanEnd::Bad(error))),
        };
        self.fill(size)?;
        match BatchView::parse(&self.buffer[self.start..self.filled]) {
            Ok(batch) => {
                let position = self.position;
                self.position += size as u64;
                self.start += size;
                Ok(Scanned::Batch(position, batch))
            }
            Err(error) => Ok(Scanned::End(ScanEnd::Bad(error))),
        }
    }

    /// Has at least `wanted` bytes ahead, if the file has them.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let ahead = self.filled - self.start;
        if ahead >= wanted {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        (self.start, self.filled) = (0, ahead);
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let target = wanted.max(READ_SIZE).min(left);
        if self.buffer.len() < target {
            self.buffer.resize(target, 0);
        }
        let read = self.file.read_at(&mut self.buffer[ahead..target], self.position + ahead as u64)?;
        self.filled += read;
        if self.filled < wanted {
            // The file is shorter than its size said: somebody else cuts it.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// What a rest too short for a header is.
fn short_rest(rest: &[u8]) -> ScanEnd {
    if rest.iter().all(|byte| *byte == 0) {
        ScanEnd::Zeroes
    } else {
        ScanEnd::Bad(BatchError::Truncated { needed: HEADER_SIZE, available: rest.len() })
    }
}
