//! Producers' state at an offset, from the newest usable snapshot and the batches between the two.

use std::sync::Arc;

use super::error::{FileError, FileOperation};
use super::file_name::FileKind;
use super::layout::Layout;
use super::producer_snapshot;
use super::producer_state::ProducerStates;
use super::scanner::{BatchScanner, ScanEnd, Scanned};
use super::segment::LogHome;
use crate::io::OpenMode;
use crate::types::Offset;

/// Largest snapshot that is read: some twenty million producers.
const SNAPSHOT_SIZE_MAX: usize = 1 << 30;

/// The snapshot at `offset`; `None` when it is not usable, which costs reading more of the log.
pub(super) fn read_snapshot(home: &LogHome, offset: Offset) -> Option<ProducerStates> {
    let path = FileKind::Snapshot.path(&home.directory, offset);
    let bytes = home.disk.read_file(&path, SNAPSHOT_SIZE_MAX);
    match bytes.map(|bytes| producer_snapshot::decode(&bytes)) {
        Ok(Ok(producers)) => Some(producers),
        Ok(Err(error)) => {
            tracing::warn!(file = %path.display(), %error, "ignored a producer snapshot");
            None
        }
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "ignored a producer snapshot");
            None
        }
    }
}

/// Producers' state at `upto`, where a segment starts.
pub(super) fn load(home: &Arc<LogHome>, layout: &Layout, upto: Offset) -> Result<ProducerStates, FileError> {
    let usable = layout.snapshots.iter().rev().filter(|offset| **offset <= upto);
    let newest = usable.copied().find_map(|offset| Some((offset, read_snapshot(home, offset)?)));
    let (from, mut producers) = newest.unwrap_or_default();
    let first = layout.segments.partition_point(|base| *base <= from).saturating_sub(1);
    let segments = layout.segments.get(first..).unwrap_or_default();
    for base in segments.iter().take_while(|base| **base < upto) {
        if from < upto {
            replay_segment(home, *base, from, &mut producers)?;
        }
    }
    Ok(producers)
}

/// Feeds the batches of a segment from offset `from` on. One that cannot be read ends this segment only: whoever reads
/// its records is told.
fn replay_segment(
    home: &LogHome,
    base: Offset,
    from: Offset,
    producers: &mut ProducerStates,
) -> Result<(), FileError> {
    let path = FileKind::Log.path(&home.directory, base);
    let file = home.disk.open(&path, OpenMode::Read).map_err(FileError::of(FileOperation::Open, &path))?;
    let size = file.size().map_err(FileError::of(FileOperation::Read, &path))?;
    let mut scanner = BatchScanner::new(file, 0, size);
    loop {
        match scanner.next().map_err(FileError::of(FileOperation::Read, &path))? {
            Scanned::Batch(_, batch) => {
                if batch.header().base_offset() >= from {
                    producers.replay(&batch);
                }
            }
            Scanned::End(ScanEnd::Bad(error)) => {
                let position = scanner.position();
                tracing::warn!(file = %path.display(), position, %error, "producers are known up to here only");
                return Ok(());
            }
            Scanned::End(ScanEnd::File | ScanEnd::Zeroes) => return Ok(()),
        }
    }
}
