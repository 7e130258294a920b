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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::{Disk, OpenMode, SimDisk};
    use crate::record::{BatchBuilder, BufferPool, Compression, ProducerStamp, RecordData};
    use crate::types::Timestamp;

    fn batch(size: usize) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BufferPool::new(0).take(size + 100), Compression::None);
        let value = vec![b'x'; size];
        let (timestamp, value) = (Timestamp(0), Some(&*value));
        builder.append(&RecordData { timestamp, key: None, value, headers: &[] }).unwrap();
        builder.seal(ProducerStamp::NONE, None).unwrap().view().bytes().to_vec()
    }

    /// Positions and sizes of the batches, and how it ended.
    fn scan(bytes: &[u8]) -> (Vec<(u64, usize)>, u64, ScanEnd) {
        let file = SimDisk::memory().open(Path::new("log"), OpenMode::Create).unwrap();
        file.write_at(bytes, 0).unwrap();
        let mut scanner = BatchScanner::new(file, 0, bytes.len() as u64);
        let mut found = Vec::new();
        loop {
            match scanner.next().unwrap() {
                Scanned::Batch(position, batch) => {
                    batch.verify().unwrap();
                    found.push((position, batch.size()));
                }
                Scanned::End(end) => return (found, scanner.position(), end),
            }
        }
    }

    #[test]
    fn batches_of_any_size_are_found_where_they_are() {
        let sizes =
            [10, READ_SIZE - 200, 10, 3 * READ_SIZE, 5, READ_SIZE, READ_SIZE / 2, READ_SIZE / 2 - 100, 1];
        let batches: Vec<_> = sizes.iter().map(|size| batch(*size)).collect();
        let (found, end, reason) = scan(&batches.concat());
        let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
        assert_eq!(found.iter().map(|(_, size)| *size).collect::<Vec<_>>(), sizes);
        assert!(found.windows(2).all(|pair| pair[0].0 + pair[0].1 as u64 == pair[1].0));
        assert_eq!(end, sizes.iter().sum::<usize>() as u64);
        assert!(matches!(reason, ScanEnd::File));
    }

    #[test]
    fn what_follows_the_last_batch_says_why_it_ends() {
        let one = batch(100);
        for zeroes in [1, 11, 60, 61, 5000] {
            let (found, end, reason) = scan(&[&one[..], &vec![0; zeroes]].concat());
            assert_eq!((found.len(), end), (1, one.len() as u64));
            assert!(matches!(reason, ScanEnd::Zeroes), "{zeroes}");
        }
        for kept in [12, 30, 61, 100] {
            let (found, end, reason) = scan(&[&one[..], &one[..kept]].concat());
            assert_eq!((found.len(), end), (1, one.len() as u64));
            assert!(matches!(reason, ScanEnd::Bad(BatchError::Truncated { .. })), "{kept}: {reason:?}");
        }
        let mut length = one.clone();
        length[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        assert!(matches!(scan(&length).2, ScanEnd::Bad(_)));
    }
}
