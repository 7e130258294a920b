//! Recovery after a crash: what follows the recovery point is read, and either it is the log as it was promised, or its
//! end is torn and cut, or it is corrupt and stays closed.
//!
//! The line between torn and corrupt is an offset, the highest that is known to have been durable: behind it anything
//! may be missing, in any order; before it nothing may.

use std::path::Path;
use std::sync::Arc;

use super::aborted_transactions;
use super::closed_index;
use super::error::{Corruption, CorruptionReason, FileError, FileOperation, LogError};
use super::file_name::FileKind;
use super::index::{IndexBuilder, IndexEntries};
use super::layout::{self, Layout};
use super::leader_epochs::LeaderEpochs;
use super::opening::{OpenFrom, RecoveryReport};
use super::producer_state::ProducerStates;
use super::replay;
use super::scanner::{BatchScanner, ScanEnd, Scanned};
use super::segment::{LogHome, Segment};
use super::transaction_index::AbortedTransaction;
use crate::io::{DiskFile, OpenMode};
use crate::record::{BatchError, BatchHeader};
use crate::types::Offset;

/// Bytes of a damaged tail that are copied, or searched for their end, at once.
const COPY_SIZE: usize = 1 << 20;

/// What recovery works on, and what it finds.
pub(super) struct Recovery<'a> {
    pub(super) home: &'a Arc<LogHome>,
    pub(super) layout: &'a mut Layout,
    pub(super) from: &'a OpenFrom,
    /// As the checkpoint file has them; `None` when it is missing and they are taken from the batches.
    pub(super) known_epochs: Option<&'a LeaderEpochs>,
    /// The epochs of the batches that were read.
    pub(super) epochs: LeaderEpochs,
    pub(super) producers: ProducerStates,
    pub(super) report: RecoveryReport,
}

/// A segment that has been read.
struct ScannedSegment {
    entries: IndexEntries,
    aborted: Vec<AbortedTransaction>,
    /// Where the usable part ends.
    size: u64,
    /// Where what is known to have been durable ends.
    durable_size: u64,
    /// Offset behind it.
    end: Offset,
    /// What is wrong there; `None` when the file or its written part ends.
    reason: Option<CorruptionReason>,
}

impl Recovery<'_> {
    /// Reads, checks and repairs. Returns the log's end.
    pub(super) fn run(&mut self) -> Result<Offset, LogError> {
        let point = self.from.recovery_point;
        let first = self.layout.segments.partition_point(|base| *base <= point).saturating_sub(1);
        let last = self.last_written_segment()?;
        let first = first.min(last);
        let Some(mut end) = self.layout.segments.get(first).copied() else {
            self.sync_names()?;
            return Ok(self.from.log_start);
        };
        self.producers = replay::load(self.home, self.layout, end)?;
        // A segment is made durable before anything is written to the next one.
        let proven = self.layout.segments.get(last).copied().filter(|_| last > 0).unwrap_or_default();
        let durable = self.from.durable.max(point).max(proven);
        for slot in first..=last {
            let base = self.layout.segments[slot];
            let scanned = self.scan(base, durable)?;
            let next_base = if slot < last { self.layout.segments.get(slot + 1).copied() } else { None };
            end = scanned.end;
            if let Some(corruption) = self.corruption(base, &scanned, durable, next_base) {
                if !self.from.accept_truncation {
                    return Err(corruption.into());
                }
                tracing::warn!(%corruption, "the log is cut here, what is behind it is kept in copies");
                self.keep_copies(slot, scanned.size)?;
                self.finish_segment(base, &scanned)?;
                break;
            }
            self.finish_segment(base, &scanned)?;
        }
        self.drop_empty_segments(last + 1, end)?;
        self.layout.remove_snapshots_behind(&*self.home.disk, &self.home.directory, end)?;
        self.sync_names()?;
        Ok(end)
    }

    /// What the crash interrupted may have been the making of a file, or of the folder itself.
    fn sync_names(&self) -> Result<(), FileError> {
        for directory in [Some(&*self.home.directory), self.home.directory.parent()].into_iter().flatten() {
            self.home.disk.sync_dir(directory).map_err(FileError::of(FileOperation::Sync, directory))?;
        }
        Ok(())
    }

    /// The last segment that anything was written to: a new one is made before the old one is closed, so the newest may be
    /// empty while the one before it ends early.
    fn last_written_segment(&self) -> Result<usize, FileError> {
        let mut last = self.layout.segments.len().saturating_sub(1);
        while last > 0 {
            let path = FileKind::Log.path(&self.home.directory, self.layout.segments[last]);
            let mut start = [0; size_of::<BatchHeader>()];
            let read = open(self.home, &path, OpenMode::Read)?.read_at(&mut start, 0);
            read.map_err(FileError::of(FileOperation::Read, &path))?;
            if start.iter().any(|byte| *byte != 0) {
                break;
            }
            last -= 1;
        }
        Ok(last)
    }

    fn scan(&mut self, base: Offset, durable: Offset) -> Result<ScannedSegment, LogError> {
        let path = FileKind::Log.path(&self.home.directory, base);
        let file = open(self.home, &path, OpenMode::Read)?;
        let file_size = file.size().map_err(FileError::of(FileOperation::Read, &path))?;
        let mut scanner = BatchScanner::new(file, 0, file_size);
        let mut builder = IndexBuilder::new(base, self.home.index_interval);
        let (mut entries, mut aborted) = (IndexEntries::default(), Vec::new());
        let (mut end, mut durable_size) = (base, 0);
        let (size, reason) = loop {
            match scanner.next().map_err(FileError::of(FileOperation::Read, &path))? {
                Scanned::Batch(position, batch) => {
                    if let Err(reason) = self.check_batch(&builder, batch.header(), end, batch.verify()) {
                        break (position, Some(reason));
                    }
                    let header = batch.header();
                    if let Some(new) = builder.add(header, position, batch.size() as u64) {
                        entries.push(new);
                    }
                    self.epochs.assign(header.leader_epoch(), header.base_offset());
                    aborted.extend(self.producers.replay(&batch));
                    end = header.next_offset();
                    if end <= durable {
                        durable_size = position + batch.size() as u64;
                    }
                }
                Scanned::End(ScanEnd::Bad(error)) => break (scanner.position(), Some(error.into())),
                Scanned::End(ScanEnd::File | ScanEnd::Zeroes) => break (scanner.position(), None),
            }
        };
        entries.times.extend(builder.closing_entry());
        self.report.segments_read += 1;
        self.report.bytes_read += size;
        Ok(ScannedSegment { entries, aborted, size, durable_size, end, reason })
    }

    /// Everything that can be said of a batch behind offset `end`, also of the fields that no checksum covers.
    fn check_batch(
        &self,
        builder: &IndexBuilder,
        header: &BatchHeader,
        end: Offset,
        checksum: Result<(), BatchError>,
    ) -> Result<(), CorruptionReason> {
        let (first, last) = (header.base_offset(), header.last_offset());
        if first < end || (first > end && end >= self.home.gaps_below()) {
            return Err(CorruptionReason::Offset(first));
        }
        checksum?;
        if last < first || !builder.reaches(last) {
            return Err(CorruptionReason::LastOffset(last));
        }
        let found = header.leader_epoch();
        let expected = match self.known_epochs {
            Some(known) => known.epoch_of(first),
            None => Some(found.max(self.epochs.latest())),
        };
        if expected == Some(found) { Ok(()) } else { Err(CorruptionReason::LeaderEpoch { expected, found }) }
    }

    /// Whether the end of a scanned segment is one that no crash explains.
    fn corruption(
        &self,
        base: Offset,
        scanned: &ScannedSegment,
        durable: Offset,
        next_base: Option<Offset>,
    ) -> Option<Corruption> {
        let offset = scanned.end;
        let promised = next_base.unwrap_or(durable);
        let reason = match &scanned.reason {
            Some(reason) if offset < promised => reason.clone(),
            // Compaction may have removed the last records of a segment.
            None if offset < promised && (next_base.is_none() || offset >= self.home.gaps_below()) => {
                CorruptionReason::EndsEarly(promised)
            }
            None if next_base.is_some_and(|next| next < offset) => CorruptionReason::LastOffset(offset),
            _ => return None,
        };
        let file = FileKind::Log.path(&self.home.directory, base);
        Some(Corruption { file, position: scanned.size, offset, reason })
    }

    /// Makes the usable part of a segment all there is of it, and writes its indexes.
    fn finish_segment(&mut self, base: Offset, scanned: &ScannedSegment) -> Result<(), LogError> {
        self.cut(&FileKind::Log.path(&self.home.directory, base), scanned.durable_size, scanned.size)?;
        let segment = Segment::closed(Arc::clone(self.home), base);
        aborted_transactions::write(&segment, &scanned.aborted)?;
        Ok(closed_index::write_indexes(&segment, &scanned.entries)?)
    }

    /// Cuts a file to its first `size` bytes, and makes them durable: what survived may be nowhere but in the page cache.
    /// What lies behind the first `durable_size` is written again for that, since a flush may have failed before: the
    /// system then takes the pages for clean, and a flush alone does nothing.
    fn cut(&mut self, path: &Path, durable_size: u64, size: u64) -> Result<(), FileError> {
        let file = open(self.home, path, OpenMode::ReadWrite)?;
        let file_size = file.size().map_err(FileError::of(FileOperation::Read, path))?;
        if file_size > size {
            let torn = torn_bytes(&*file, size, file_size);
            let torn = torn.map_err(FileError::of(FileOperation::Read, path))?;
            if torn > 0 {
                tracing::warn!(file = %path.display(), position = size, bytes = torn, "cut a torn tail");
                self.report.bytes_cut += torn;
            }
            file.set_size(size).map_err(FileError::of(FileOperation::Trim, path))?;
        }
        rewrite(&*file, durable_size, size).map_err(FileError::of(FileOperation::Write, path))?;
        file.sync().map_err(FileError::of(FileOperation::Sync, path))
    }

    /// Copies the tail of the damaged segment, and renames the segments behind it.
    fn keep_copies(&mut self, slot: usize, position: u64) -> Result<(), LogError> {
        let disk = &*self.home.disk;
        let damaged = FileKind::Log.path(&self.home.directory, self.layout.segments[slot]);
        let copy = layout::corrupt_copy_path(disk, &damaged)?;
        copy_tail(self.home, &damaged, &copy, position)?;
        self.report.copies.push(copy);
        for base in self.layout.segments.split_off(slot + 1) {
            let path = FileKind::Log.path(&self.home.directory, base);
            let copy = layout::corrupt_copy_path(disk, &path)?;
            disk.rename(&path, &copy).map_err(FileError::of(FileOperation::Rename, &path))?;
            layout::remove_indexes(disk, &self.home.directory, base)?;
            self.report.copies.push(copy);
        }
        disk.sync_dir(&self.home.directory)
            .map_err(FileError::of(FileOperation::Sync, &self.home.directory))?;
        Ok(())
    }

    /// Removes the empty segments behind the `written` ones, except the one that starts at the log's end.
    fn drop_empty_segments(&mut self, written: usize, end: Offset) -> Result<(), FileError> {
        let behind = written.min(self.layout.segments.len());
        for base in self.layout.segments.split_off(behind) {
            if base == end {
                let path = FileKind::Log.path(&self.home.directory, base);
                self.cut(&path, 0, 0)?;
                self.layout.segments.push(base);
                continue;
            }
            layout::remove(&*self.home.disk, &FileKind::Log.path(&self.home.directory, base))?;
            layout::remove_indexes(&*self.home.disk, &self.home.directory, base)?;
        }
        Ok(())
    }
}

fn open(home: &LogHome, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, FileError> {
    home.disk.open(path, mode).map_err(FileError::of(FileOperation::Open, path))
}

/// Bytes from `position` up to the last one that is not zero, before a long stretch of zeroes.
fn torn_bytes(file: &dyn DiskFile, position: u64, file_size: u64) -> std::io::Result<u64> {
    let mut piece = vec![0; COPY_SIZE];
    let (mut at, mut torn) = (position, 0);
    while at < file_size {
        let read = file.read_at(&mut piece, at)?;
        match piece[..read].iter().rposition(|byte| *byte != 0) {
            Some(last) => torn = at + last as u64 + 1 - position,
            None => break,
        }
        at += read as u64;
    }
    Ok(torn)
}

/// Writes what a file holds from `position` up to `end` over itself.
fn rewrite(file: &dyn DiskFile, mut position: u64, end: u64) -> std::io::Result<()> {
    let mut piece =
        vec![0; COPY_SIZE.min(usize::try_from(end.saturating_sub(position)).unwrap_or(COPY_SIZE))];
    while position < end {
        let left = usize::try_from(end - position).unwrap_or(usize::MAX);
        let wanted = piece.len().min(left);
        let read = file.read_at(&mut piece[..wanted], position)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        file.write_at(&piece[..read], position)?;
        position += read as u64;
    }
    Ok(())
}

fn copy_tail(home: &LogHome, from: &Path, to: &Path, position: u64) -> Result<(), FileError> {
    let (source, target) = (open(home, from, OpenMode::Read)?, open(home, to, OpenMode::Create)?);
    let mut piece = vec![0; COPY_SIZE];
    let mut done = 0;
    loop {
        let read = source.read_at(&mut piece, position + done);
        let read = read.map_err(FileError::of(FileOperation::Read, from))?;
        if read == 0 {
            return target.sync().map_err(FileError::of(FileOperation::Sync, to));
        }
        target.write_at(&piece[..read], done).map_err(FileError::of(FileOperation::Write, to))?;
        done += read as u64;
    }
}
