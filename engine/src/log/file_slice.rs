//! [`FileSlice`]: record batches that a reader wants but does not look at, as a range of a segment's file. What leaves by
//! sendfile(2) is found here.

use std::sync::Arc;

use super::error::{FileError, FileOperation, ReadError};
use super::file_name::FileKind;
use super::segment::Segment;
use zerocopy::FromBytes;

use crate::io::DiskFile;
use crate::record::{BatchHeader, HEADER_SIZE};
use crate::types::Offset;

/// A range of a segment's file: batches back to back, the last of which may be cut off, as Kafka's answers have it.
#[derive(Clone)]
pub struct FileSlice {
    /// The file. It can be read also after the segment has been deleted.
    pub file: Arc<dyn DiskFile>,
    /// Where the first batch starts.
    pub position: u64,
    /// Bytes.
    pub size: usize,
    segment: Arc<Segment>,
}

impl std::fmt::Debug for FileSlice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSlice({} bytes at {})", self.size, self.position)
    }
}

impl FileSlice {
    /// Whether it can be sent without waiting for the disk, as far as a few looks tell.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.file.is_cached(self.position, self.size)
    }

    /// Reads it into the operating system's cache. Blocks.
    ///
    /// # Errors
    /// The operating system's.
    pub fn read_ahead(&self) -> std::io::Result<()> {
        self.file.read_ahead(self.position, self.size)
    }

    /// Offset behind all batches that start in it; `None` when its segment ends with it.
    pub(super) fn end(&self) -> Result<Option<Offset>, ReadError> {
        self.segment.offset_from(self.position + self.size as u64)
    }

    /// The segment that it is of.
    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// What lies in `segment` from `position` on, where a batch starts, below the offset `upto`.
    pub(super) fn of(
        segment: &Arc<Segment>,
        position: u64,
        size_max: usize,
        upto: Offset,
    ) -> Result<Option<FileSlice>, ReadError> {
        let file = segment.log_file()?;
        if file.descriptor().is_none() {
            return Ok(None);
        }
        // Searched for first: what is visible may only grow meanwhile.
        let end = match segment.seek(upto)? {
            Some(end) => end,
            None => segment.visible()?,
        };
        let available = usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX);
        let size = size_max.max(first_size(segment, position)?).min(available);
        Ok((size > 0).then(|| FileSlice { file, position, size, segment: Arc::clone(segment) }))
    }
}

/// Size of the batch at `position`, by its header.
fn first_size(segment: &Segment, position: u64) -> Result<usize, ReadError> {
    let mut header = [0; HEADER_SIZE];
    let read = segment.log_file()?.read_at(&mut header, position);
    let path = segment.path(FileKind::Log);
    read.map_err(FileError::of(FileOperation::Read, &path))?;
    // What stands there has been walked over before; should it be damaged, whoever reads it will find out.
    let header = BatchHeader::ref_from_bytes(&header).ok();
    Ok(header.and_then(|header| header.size().ok()).unwrap_or(HEADER_SIZE))
}
