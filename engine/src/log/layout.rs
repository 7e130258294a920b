//! [`Layout`]: which files a partition's folder holds, read from their names alone, and the removal of what a crash or
//! a deletion left behind.

use std::path::{Path, PathBuf};

use super::error::{FileError, FileOperation, LogError, ReadError};
use super::file_name::{FileKind, with_suffix};
use super::header_walk::HeaderWalk;
use crate::io::{Disk, OpenMode};
use crate::types::Offset;

/// Suffix of a segment that is being deleted.
pub(super) const DELETED: &str = ".deleted";

/// Suffix of a compacted segment that is not whole yet.
pub(super) const CLEANED: &str = ".cleaned";

/// Suffix of a compacted segment that is whole and durable: it takes the place of those whose offsets it covers.
pub(super) const SWAP: &str = ".swap";

/// Suffixes of files that no reader will miss: half-written replacements and what was to be deleted.
const LEFTOVERS: [&str; 3] = [DELETED, ".tmp", CLEANED];

/// A `.log`, wherever it is.
#[derive(Debug)]
pub(super) struct SegmentFile {
    pub(super) base: Offset,
    pub(super) path: PathBuf,
    /// It is a compacted one that has not taken its place.
    pub(super) is_waiting: bool,
}

/// The files of a log, by base offset.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Base offsets of the segments, ascending.
    pub(super) segments: Vec<Offset>,
    /// Offsets of the producer snapshots, ascending.
    pub(super) snapshots: Vec<Offset>,
    /// Index files, whose segment may be gone.
    indexes: Vec<(Offset, FileKind)>,
    leftovers: Vec<String>,
    /// Base offsets of compacted segments that wait to take their place.
    swaps: Vec<Offset>,
}

impl Layout {
    /// Lists `directory`; `None` when there is no such folder.
    pub(super) fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Layout>, FileError> {
        let names = match disk.list(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            names => names.map_err(FileError::of(FileOperation::List, directory))?,
        };
        let mut layout = Layout::default();
        // Names come sorted, and offsets sort as their digits do.
        for name in names {
            match FileKind::parse(&name) {
                Some((base, FileKind::Log)) => layout.segments.push(base),
                Some((base, FileKind::Snapshot)) => layout.snapshots.push(base),
                Some(index) => layout.indexes.push(index),
                None if name.ends_with(SWAP) => {
                    let log = FileKind::parse(name.trim_end_matches(SWAP));
                    layout.swaps.extend(log.map(|(base, _)| base));
                }
                None if LEFTOVERS.iter().any(|suffix| name.ends_with(suffix)) => layout.leftovers.push(name),
                None => {}
            }
        }
        Ok(Some(layout))
    }

    /// The segments that opening will find: with the compacted ones that wait in the place of those that they cover.
    pub(super) fn segment_files(
        &self,
        disk: &dyn Disk,
        directory: &Path,
    ) -> Result<Vec<SegmentFile>, ReadError> {
        let file = |base: &Offset| {
            let path = FileKind::Log.path(directory, *base);
            SegmentFile { base: *base, path, is_waiting: false }
        };
        let mut files: Vec<SegmentFile> = self.segments.iter().map(file).collect();
        for base in self.swaps.iter().copied() {
            let path = with_suffix(&FileKind::Log.path(directory, base), SWAP);
            let end = end_of(disk, &path, base)?;
            files.retain(|file| file.base < base || file.base > base && file.base >= end);
            let place = files.partition_point(|file| file.base < base);
            files.insert(place, SegmentFile { base, path, is_waiting: true });
        }
        Ok(files)
    }

    /// Lets compacted segments take their place, where a crash came between.
    fn finish_swaps(&mut self, disk: &dyn Disk, directory: &Path) -> Result<(), LogError> {
        if self.swaps.is_empty() {
            return Ok(());
        }
        let files = self.segment_files(disk, directory)?;
        let kept: Vec<Offset> = files.iter().map(|file| file.base).collect();
        // The one that has the name of a compacted one is replaced by the renaming.
        for covered in self.segments.iter().filter(|segment| kept.binary_search(segment).is_err()) {
            remove(disk, &FileKind::Log.path(directory, *covered))?;
            remove_indexes(disk, directory, *covered)?;
        }
        for file in files.iter().filter(|file| file.is_waiting) {
            put_in_place(disk, directory, file.base)?;
        }
        self.segments = kept;
        self.swaps.clear();
        Ok(())
    }

    /// Finishes what a crash has cut short of a compaction; removes leftovers, and indexes without a segment.
    pub(super) fn clean(&mut self, disk: &dyn Disk, directory: &Path) -> Result<(), LogError> {
        self.finish_swaps(disk, directory)?;
        for name in self.leftovers.drain(..) {
            remove(disk, &directory.join(name))?;
        }
        for (base, kind) in self.indexes.drain(..) {
            if self.segments.binary_search(&base).is_err() {
                remove(disk, &kind.path(directory, base))?;
            }
        }
        Ok(())
    }

    /// Removes the producer snapshots behind `end`.
    pub(super) fn remove_snapshots_behind(
        &mut self,
        disk: &dyn Disk,
        directory: &Path,
        end: Offset,
    ) -> Result<(), FileError> {
        let kept = self.snapshots.partition_point(|offset| *offset <= end);
        for offset in self.snapshots.split_off(kept) {
            remove(disk, &FileKind::Snapshot.path(directory, offset))?;
        }
        Ok(())
    }
}

/// Gives a compacted segment its name, durably, in the place of the one that has it. The indexes go with that one.
pub(super) fn put_in_place(disk: &dyn Disk, directory: &Path, base: Offset) -> Result<(), FileError> {
    let log = FileKind::Log.path(directory, base);
    let swap = with_suffix(&log, SWAP);
    remove_indexes(disk, directory, base)?;
    disk.rename(&swap, &log).map_err(FileError::of(FileOperation::Rename, &swap))?;
    disk.sync_dir(directory).map_err(FileError::of(FileOperation::Sync, directory))
}

/// Offset behind the last batch of a segment that is whole.
fn end_of(disk: &dyn Disk, path: &Path, base: Offset) -> Result<Offset, ReadError> {
    let file = disk.open(path, OpenMode::Read).map_err(FileError::of(FileOperation::Open, path))?;
    let size = file.size().map_err(FileError::of(FileOperation::Read, path))?;
    let mut walk = HeaderWalk::new(&*file, path, (base, 0), size);
    let mut end = base;
    while let Some(at) = walk.next()? {
        end = at.header.next_offset();
    }
    Ok(end)
}

/// Takes a segment's `.log` out of the log by renaming it, durably, so that after a crash no later segment is gone while
/// this one is there. Readers that have it open go on. Returns the new name, which is to be unlinked.
pub(super) fn retire_segment(disk: &dyn Disk, directory: &Path, base: Offset) -> Result<PathBuf, FileError> {
    let path = FileKind::Log.path(directory, base);
    let retired = with_suffix(&path, DELETED);
    disk.rename(&path, &retired).map_err(FileError::of(FileOperation::Rename, &path))?;
    disk.sync_dir(directory).map_err(FileError::of(FileOperation::Sync, directory))?;
    Ok(retired)
}

/// Removes everything that belongs to a segment besides its `.log`.
pub(super) fn remove_indexes(disk: &dyn Disk, directory: &Path, base: Offset) -> Result<(), FileError> {
    for kind in FileKind::INDEXES {
        remove(disk, &kind.path(directory, base))?;
    }
    Ok(())
}

/// Removes a file; fine when it is gone.
pub(super) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), FileError> {
    match disk.remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::of(FileOperation::Remove, path)(error))
        }
        _ => Ok(()),
    }
}

/// The first name `<path>.corrupt-<n>` that is free.
pub(super) fn corrupt_copy_path(disk: &dyn Disk, path: &Path) -> Result<PathBuf, FileError> {
    let directory = path.parent().unwrap_or(path);
    let names = disk.list(directory).map_err(FileError::of(FileOperation::List, directory))?;
    let is_taken =
        |copy: &PathBuf| names.iter().any(|name| copy.file_name().is_some_and(|taken| taken == &**name));
    let mut number = 0_u64;
    loop {
        let copy = with_suffix(path, &format!(".corrupt-{number}"));
        if !is_taken(&copy) {
            return Ok(copy);
        }
        number += 1;
    }
}
