//! [`HeaderWalk`]: goes from batch to batch reading headers only, for the last steps of a search. Reads one block at a
//! time; for whole segments there is [`BatchScanner`](super::scanner::BatchScanner).

use std::path::Path;

use zerocopy::FromBytes;

use super::error::{Corruption, FileError, FileOperation, ReadError};
use crate::io::DiskFile;
use crate::record::{BatchError, BatchHeader, HEADER_SIZE};
use crate::types::Offset;

/// Bytes read at once.
const WINDOW_SIZE: usize = 4096;

/// A batch that was met.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderAt {
    /// Its header.
    pub(super) header: BatchHeader,
    /// Where it starts.
    pub(super) position: u64,
}

/// A position in a segment, between batches.
pub(super) struct HeaderWalk<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    position: u64,
    end: u64,
    /// Offset behind the batch before; names the place when something is wrong.
    next_offset: Offset,
    window: [u8; WINDOW_SIZE],
    window_start: u64,
    window_size: usize,
}

impl<'a> HeaderWalk<'a> {
    /// Starts at `position`, where the batch with `offset` should be; ends at `end`, where a batch ends.
    pub(super) fn new(
        file: &'a dyn DiskFile,
        path: &'a Path,
        (offset, position): (Offset, u64),
        end: u64,
    ) -> HeaderWalk<'a> {
        HeaderWalk {
            file,
            path,
            position,
            end,
            next_offset: offset,
            window: [0; WINDOW_SIZE],
            window_start: 0,
            window_size: 0,
        }
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<HeaderAt>, ReadError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let header = self.header()?;
        let size = match header.size() {
            Err(error) => return Err(self.corrupt(error)),
            Ok(_) if header.magic != 2 => return Err(self.corrupt(BatchError::Magic(header.magic))),
            Ok(size) => size as u64,
        };
        if size > self.end - self.position {
            return Err(self.corrupt(self.truncated(size)));
        }
        let at = HeaderAt { header, position: self.position };
        self.position += size;
        self.next_offset = header.next_offset();
        Ok(Some(at))
    }

    fn header(&mut self) -> Result<BatchHeader, ReadError> {
        let header_end = self.position + HEADER_SIZE as u64;
        let window_end = self.window_start + self.window_size as u64;
        if self.position < self.window_start || header_end > window_end {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let window = &mut self.window[..left.min(WINDOW_SIZE)];
            let read = self.file.read_at(window, self.position);
            self.window_size = read.map_err(FileError::of(FileOperation::Read, self.path))?;
            self.window_start = self.position;
        }
        let skip = usize::try_from(self.position - self.window_start).unwrap_or(usize::MAX);
        let ahead = self.window[..self.window_size].get(skip..).unwrap_or_default();
        match BatchHeader::read_from_prefix(ahead) {
            Ok((header, _)) => Ok(header),
            Err(_) => Err(self.corrupt(self.truncated(HEADER_SIZE as u64))),
        }
    }

    fn truncated(&self, needed: u64) -> BatchError {
        let clip = |size| usize::try_from(size).unwrap_or(usize::MAX);
        BatchError::Truncated { needed: clip(needed), available: clip(self.end - self.position) }
    }

    fn corrupt(&self, error: BatchError) -> ReadError {
        ReadError::Corrupt(Corruption {
            file: self.path.to_owned(),
            position: self.position,
            offset: self.next_offset,
            reason: error.into(),
        })
    }
}
