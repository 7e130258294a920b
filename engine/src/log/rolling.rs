//! Starting, rolling and closing: the moments at which a log's active segment changes. All of them wait for the disk.

use std::sync::Arc;
use std::time::Duration;

use super::active_segment::ActiveSegment;
use super::error::{Corruption, CorruptionReason, FileError, FileOperation, LogError};
use super::file_name::FileKind;
use super::header_walk::HeaderWalk;
use super::index::{IndexBuilder, IndexEntries};
use super::layout;
use super::partition_log::Log;
use super::producer_snapshot;
use super::segment::{ActiveIndex, LoadedPart, Segment};
use super::view::SegmentList;
use crate::io::{CommitQueue, OpenMode};
use crate::types::{Offset, Timestamp};

impl Log {
    /// Opens the newest segment for appending, or makes the first one. Before anything is appended, the end of the
    /// segment is held against what opening found: this reads the last few headers.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when the segment does not end where the log does, and when the disk refuses.
    pub fn start(&mut self, queue: &mut dyn CommitQueue) -> Result<(), LogError> {
        self.check_online()?;
        if self.active.is_some() {
            return Ok(());
        }
        let last = self.view.segments().as_slice().last().cloned();
        let Some(closed) = last else {
            let active = self.new_segment(queue, self.end)?;
            self.publish(active);
            return Ok(());
        };
        let size = closed.visible()?;
        self.check_end(&closed, size)?;
        let (entries, max_timestamp) = closed.load_index()?;
        let first_timestamp = first_timestamp(&closed, size)?;
        let path = closed.path(FileKind::Log);
        let handle = queue.open(&path, size).map_err(FileError::of(FileOperation::Open, &path))?;
        let interval = self.home.index_interval;
        let index = IndexBuilder::resume(closed.base(), interval, size, &entries, max_timestamp);
        let (offset_entries, time_entries) = (entries.offsets.len(), entries.times.len());
        let aborted = closed.with_aborted(<[_]>::to_vec)?;
        let loaded = Some(LoadedPart { size, offsets: offset_entries, times: time_entries });
        let content = ActiveIndex { entries, loaded, max_timestamp, aborted };
        let active = ActiveSegment {
            segment: Arc::new(closed.to_active(size, content)),
            handle,
            size,
            first_timestamp,
            index,
            offset_entries,
            time_entries,
            jitter: self.jitter(closed.base()),
            unpublished: std::collections::VecDeque::new(),
        };
        // Readers see one list or the other, never one without the segment.
        self.change_segments(|segments| {
            segments.pop();
            segments.push(Arc::clone(&active.segment));
        });
        self.active = Some(active);
        Ok(())
    }

    /// Closes the active segment and starts the next one. Nothing may be in flight. Afterwards everything that was
    /// appended is durable, and below the high watermark.
    ///
    /// # Errors
    /// When the disk refuses. Unless the log is [offline](LogError::Offline) then, nothing has changed: it goes on with
    /// the old segment, and may be rolled later, for example when a full disk has space again.
    pub fn roll(&mut self, queue: &mut dyn CommitQueue) -> Result<(), LogError> {
        self.check_online()?;
        let Some(active) = self.active.as_mut().filter(|active| active.size > 0) else { return Ok(()) };
        write_active_indexes(active)?;
        self.write_snapshot()?;
        // The new file first: that it cannot be made is no reason to lose the old one. It makes the names durable, too.
        let next = match self.new_segment(queue, self.end) {
            Ok(next) => next,
            Err(error) => {
                self.undo_new_segment();
                return Err(error.into());
            }
        };
        self.close_active(queue)?;
        self.publish(next);
        Ok(())
    }

    /// Ends the log's work: the segment is trimmed to what Kafka expects, indexes and producers' state are
    /// written, everything is durable. Readers go on. Nothing may be in flight. Returns the recovery point that
    /// [`OpenFrom`](super::OpenFrom) wants to see again.
    ///
    /// # Errors
    /// When the disk refuses, or the log is offline: then the stop is not a clean one.
    pub fn close(&mut self, queue: &mut dyn CommitQueue) -> Result<Offset, LogError> {
        if self.offline {
            if let Some(active) = self.active.take() {
                // After a failed write this only forgets the handle.
                drop(queue.close(active.handle));
            }
            return self.check_online().map(|()| self.durable);
        }
        let Some(active) = self.active.as_mut() else {
            // Nothing was appended, but the last stop may have been a crash.
            if self.snapshots.last() != Some(&self.end) {
                self.write_snapshot()?;
            }
            return Ok(self.durable);
        };
        let written = write_active_indexes(active);
        let snapshot = self.write_snapshot();
        self.close_active(queue)?;
        written?;
        snapshot?;
        Ok(self.durable)
    }

    /// Removes what may be left of a segment that could not be started. An empty one must not come back once the log
    /// has gone past its base.
    fn undo_new_segment(&mut self) {
        let path = FileKind::Log.path(&self.home.directory, self.end);
        let removed = layout::remove(&*self.home.disk, &path);
        self.offline = removed.is_err() || self.home.disk.sync_dir(&self.home.directory).is_err();
    }

    /// Makes the active segment's bytes durable, and the segment a closed one. On failure the log is offline.
    fn close_active(&mut self, queue: &mut dyn CommitQueue) -> Result<(), LogError> {
        let Some(active) = self.active.take() else { return Ok(()) };
        let path = active.segment.path(FileKind::Log);
        if let Err(source) = queue.close(active.handle) {
            self.offline = true;
            return Err(FileError { operation: FileOperation::Sync, path, source }.into());
        }
        let closed = Arc::new(active.segment.to_closed(active.size, active.index.max_timestamp()));
        self.change_segments(|segments| {
            segments.pop();
            segments.push(closed);
        });
        self.mark_durable(self.end);
        self.set_high_watermark(self.end);
        Ok(())
    }

    fn new_segment(&self, queue: &mut dyn CommitQueue, base: Offset) -> Result<ActiveSegment, FileError> {
        let index = IndexBuilder::new(base, self.home.index_interval);
        let content = ActiveIndex {
            entries: IndexEntries::default(),
            loaded: None,
            max_timestamp: index.max_timestamp(),
            aborted: Vec::new(),
        };
        let segment = Segment::active(Arc::clone(&self.home), base, 0, content);
        let path = segment.path(FileKind::Log);
        let handle = queue.open(&path, 0).map_err(FileError::of(FileOperation::Create, &path))?;
        Ok(ActiveSegment {
            segment: Arc::new(segment),
            handle,
            size: 0,
            first_timestamp: None,
            index,
            offset_entries: 0,
            time_entries: 0,
            jitter: self.jitter(base),
            unpublished: std::collections::VecDeque::new(),
        })
    }

    /// Makes `active` the newest segment.
    fn publish(&mut self, active: ActiveSegment) {
        self.change_segments(|segments| segments.push(Arc::clone(&active.segment)));
        self.active = Some(active);
    }

    fn change_segments(&self, change: impl FnOnce(&mut Vec<Arc<Segment>>)) {
        let mut segments = self.view.segments().as_slice().to_vec();
        change(&mut segments);
        self.view.set_segments(SegmentList::new(segments));
    }

    /// Writes the producers' state at the log's end, and removes all older ones but that of the newest segment's base.
    /// Its bytes are made durable; whether its name is, is the caller's. A lost one costs reading the log from the one
    /// before.
    fn write_snapshot(&mut self) -> Result<(), FileError> {
        let disk = &*self.home.disk;
        let path = FileKind::Snapshot.path(&self.home.directory, self.end);
        let file = disk.open(&path, OpenMode::Create).map_err(FileError::of(FileOperation::Create, &path))?;
        let bytes = producer_snapshot::encode(&self.producers);
        file.write_at(&bytes, 0).map_err(FileError::of(FileOperation::Write, &path))?;
        file.sync().map_err(FileError::of(FileOperation::Sync, &path))?;
        let base = self.view.segments().as_slice().last().map_or(self.end, |newest| newest.base());
        let mut kept = vec![self.end];
        for known in std::mem::take(&mut self.snapshots) {
            if known == base && known != self.end {
                kept.insert(0, known);
            } else if known != self.end {
                layout::remove(disk, &FileKind::Snapshot.path(&self.home.directory, known))?;
            }
        }
        self.snapshots = kept;
        Ok(())
    }

    /// The last batch must end where the log ends, and with it the file: new batches are put there.
    fn check_end(&self, segment: &Segment, size: u64) -> Result<(), LogError> {
        let file = segment.path(FileKind::Log);
        let ends_early = |position| {
            let reason = CorruptionReason::EndsEarly(self.end);
            Corruption { file: file.clone(), position, offset: self.end, reason }
        };
        if self.end == segment.base() && size == 0 {
            return Ok(());
        }
        let last = self.end.plus(-1);
        let Some(position) = segment.seek(last)? else {
            return Err(ends_early(size).into());
        };
        let log = segment.log_file()?;
        let mut walk = HeaderWalk::new(&*log, &file, (last, position), size);
        let found = walk.next()?;
        if found.is_none_or(|found| found.header.next_offset() != self.end) {
            return Err(ends_early(position).into());
        }
        if let Some(behind) = walk.next()? {
            let (position, offset) = (behind.position, self.end);
            let reason = CorruptionReason::Offset(behind.header.base_offset());
            return Err(Corruption { file, position, offset, reason }.into());
        }
        Ok(())
    }

    /// A part of `segment.jitter.ms` that is always the same for one segment, and spread over the logs.
    fn jitter(&self, base: Offset) -> Duration {
        let name = self.home.directory.as_os_str().as_encoded_bytes();
        let bytes = self.topic_id.0.iter().chain(name).copied().chain(base.0.to_be_bytes());
        // FNV-1a
        let bits = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |bits, byte| {
            (bits ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let span = u64::try_from(self.config.segment_jitter.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(bits.checked_rem(span).unwrap_or(0))
    }
}

fn write_active_indexes(active: &mut ActiveSegment) -> Result<(), FileError> {
    if let Some(closing) = active.index.closing_entry() {
        active.time_entries += 1;
        active.segment.update_active_index(|index| index.entries.times.push(closing));
    }
    active.segment.write_active_index()
}

fn first_timestamp(segment: &Segment, size: u64) -> Result<Option<Timestamp>, LogError> {
    let path = segment.path(FileKind::Log);
    let log = segment.log_file()?;
    let mut walk = HeaderWalk::new(&*log, &path, (segment.base(), 0), size);
    let first = walk.next()?.map(|at| at.header.max_timestamp());
    Ok(first.filter(|timestamp| *timestamp != Timestamp::NONE))
}
