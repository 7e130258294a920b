//! Taking compacted segments into a log: the owner's part of [`Compaction`](super::Compaction). After a crash at any
//! point the log has either the old segments or the new one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::compaction::CompactedSegment;
use super::error::{FileError, FileOperation, LogError};
use super::file_name::{FileKind, with_suffix};
use super::layout::{self, SWAP};
use super::partition_log::Log;
use super::segment::Segment;
use super::view::SegmentList;
use crate::types::Offset;

impl Log {
    /// From now on gaps before `upto` are no damage. [`Log::checkpoint`] tells it; that must be durable before anything
    /// is taken in.
    pub fn allow_gaps_below(&mut self, upto: Offset) {
        self.home.gaps_below.fetch_max(upto.0, Ordering::AcqRel);
    }

    /// Takes a new segment in, in the place of those that it was made of. Waits for the disk. Returns the files that
    /// are left to be unlinked; `None` when the old segments have gone meanwhile, and the new one with them.
    ///
    /// # Errors
    /// When the disk refuses; the next opening goes on where this stopped.
    pub fn take_in(&mut self, compacted: CompactedSegment) -> Result<Option<Vec<PathBuf>>, LogError> {
        self.check_online()?;
        let CompactedSegment { replaces, path, file, aborted } = compacted;
        let disk = Arc::clone(&self.home.disk);
        let directory = self.home.directory.clone();
        let segments = self.view.segments().as_slice().to_vec();
        let start = segments.iter().position(|segment| Some(&segment.base()) == replaces.first());
        let place = start.map(|start| start..start + replaces.len());
        let old = place.clone().and_then(|place| segments.get(place)).unwrap_or_default();
        let (Some(place), true) =
            (place, !old.is_empty() && old.iter().map(|segment| segment.base()).eq(replaces.iter().copied()))
        else {
            layout::remove(&*disk, &path)?;
            return Ok(None);
        };
        let base = segments[place.start].base();
        let log = FileKind::Log.path(&directory, base);
        let swap = with_suffix(&log, SWAP);
        disk.rename(&path, &swap).map_err(FileError::of(FileOperation::Rename, &path))?;
        disk.sync_dir(&directory).map_err(FileError::of(FileOperation::Sync, &directory))?;
        // From here on the new segment is the one that counts: opening would finish this.
        let segment = Arc::new(Segment::compacted(Arc::clone(&self.home), base, file, aborted));
        let mut published = segments.clone();
        published.splice(place.clone(), [segment]);
        self.view.set_segments(SegmentList::new(published));
        let mut retired = Vec::new();
        for gone in &segments[place.start + 1..place.end] {
            retired.push(layout::retire_segment(&*disk, &directory, gone.base())?);
            layout::remove_indexes(&*disk, &directory, gone.base())?;
        }
        layout::put_in_place(&*disk, &directory, base)?;
        Ok(Some(retired))
    }

    /// All before `upto` has been compacted.
    pub fn compacted_to(&mut self, upto: Offset) {
        self.view.set_compacted(upto);
    }
}
