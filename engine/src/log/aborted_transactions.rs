//! Which transactions have their abort marker in a closed segment: a reader of committed records leaves their records out, and
//! a compaction removes them. So the list is durable before the segment is closed, and it is believed only with its checksum,
//! which Kafka's `.txnindex` lacks and a file of ours beside it has. What is not whole is made anew from the log.

use std::path::Path;

use super::error::{Corruption, FileError, FileOperation, ReadError};
use super::file_name::FileKind;
use super::layout::{self, Layout};
use super::replay;
use super::scanner::{BatchScanner, ScanEnd, Scanned};
use super::segment::Segment;
use super::transaction_index::{self, AbortedTransaction};
use crate::io::Disk;
use crate::types::Offset;

/// Largest `.txnindex` that is read.
const SIZE_MAX: usize = 1 << 30;

/// The list of a closed segment.
///
/// # Errors
/// When the disk refuses, or the list is damaged and the segment, from which it would be made anew, as well.
pub(super) fn load(segment: &Segment) -> Result<Vec<AbortedTransaction>, ReadError> {
    match stored(&*segment.home().disk, &segment.home().directory, segment.base())? {
        Some(aborted) => Ok(aborted),
        None => rebuild(segment),
    }
}

/// Replaces the list of a segment, durably: what it lacks would be read as committed.
pub(super) fn write(segment: &Segment, aborted: &[AbortedTransaction]) -> Result<(), FileError> {
    let disk = &*segment.home().disk;
    let (list, checksum) =
        (segment.path(FileKind::TransactionIndex), segment.path(FileKind::TransactionChecksum));
    if aborted.is_empty() {
        layout::remove(disk, &list)?;
        return layout::remove(disk, &checksum);
    }
    let bytes = transaction_index::encode(aborted);
    // The checksum first: a crash in between leaves a list that is not believed, and none that is without protection.
    let sum = transaction_index::checksum(&bytes);
    disk.write_file(&checksum, &sum).map_err(FileError::of(FileOperation::Write, &checksum))?;
    disk.write_file(&list, &bytes).map_err(FileError::of(FileOperation::Write, &list))
}

/// What the files say of the segment that starts at `base`: nothing aborted when there are none. `None` when one of them is
/// damaged, or has gone without the other.
pub(super) fn stored(
    disk: &dyn Disk,
    directory: &Path,
    base: Offset,
) -> Result<Option<Vec<AbortedTransaction>>, FileError> {
    let read = |kind: FileKind| {
        let path = kind.path(directory, base);
        match disk.read_file(&path, SIZE_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::of(FileOperation::Read, &path)(error)),
        }
    };
    Ok(match (read(FileKind::TransactionIndex)?, read(FileKind::TransactionChecksum)?) {
        (None, None) => Some(Vec::new()),
        (None, Some(_)) => None,
        // A list without a checksum is Kafka's own.
        (Some(list), sum) if sum.as_ref().is_none_or(|sum| *sum == transaction_index::checksum(&list)) => {
            transaction_index::decode(&list)
        }
        _ => None,
    })
}

/// Reads the segment with the producers' state that it began with. The files are replaced as far as the disk allows.
fn rebuild(segment: &Segment) -> Result<Vec<AbortedTransaction>, ReadError> {
    let (home, path) = (segment.home(), segment.path(FileKind::Log));
    tracing::warn!(segment = %path.display(), "its list of aborted transactions is damaged: it is made anew from the log");
    let layout = Layout::read(&*home.disk, &home.directory)?.unwrap_or_default();
    let mut producers = replay::load(home, &layout, segment.base())?;
    let mut scanner = BatchScanner::new(segment.log_file()?, 0, segment.visible()?);
    let (mut aborted, mut offset) = (Vec::new(), segment.base());
    loop {
        let reason = match scanner.next().map_err(FileError::of(FileOperation::Read, &path))? {
            Scanned::Batch(_, batch) => match batch.verify() {
                Ok(()) => {
                    offset = batch.header().next_offset();
                    aborted.extend(producers.replay(&batch));
                    continue;
                }
                Err(error) => error.into(),
            },
            Scanned::End(ScanEnd::File | ScanEnd::Zeroes) => break,
            Scanned::End(ScanEnd::Bad(error)) => error.into(),
        };
        return Err(Corruption { file: path, position: scanner.position(), offset, reason }.into());
    }
    if let Err(error) = write(segment, &aborted) {
        tracing::warn!(%error, "the list of aborted transactions that was made anew stays in memory");
    }
    Ok(aborted)
}
