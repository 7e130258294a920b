//! Starting, rolling and closing: the moments at which a log's active segment changes. All of them wait for the disk.

use std::sync::Arc;
use std::time::Duration;

use super::active_segment::ActiveSegment;
use super::error::{Corruption, CorruptionReason, FileError, FileOperation, LogError, ReadError};
use super::file_name::FileKind;
use super::header_walk::HeaderWalk;
use super::index::{IndexBuilder, IndexEntries};
use super::layout;
use super::partition_log::Log;
use super::producer_snapshot;
use super::segment::{ActiveIndex, Segment};
use super::view::SegmentList;
use crate::io::{CommitQueue, OpenMode};
use crate::types::{Offset, Timestamp};

/// Producer snapshots that are kept: the newest and, should it be damaged, the one before.
const SNAPSHOTS_KEPT: usize = 2;

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
        let (entries, max_timestamp) = closed.load_index().map_err(into_log_error)?;
        self.check_end(&closed, &entries, size)?;
        let first_timestamp = first_timestamp(&closed, size)?;
        let path = closed.path(FileKind::Log);
        let handle = queue.open(&path, size).map_err(FileError::of(FileOperation::Open, &path))?;
        let interval = self.home.index_interval;
        let index = IndexBuilder::resume(closed.base(), interval, size, &entries, max_timestamp);
        let (offset_entries, time_entries) = (entries.offsets.len(), entries.times.len());
        let aborted = closed.aborted().map_err(into_log_error)?;
        let content = ActiveIndex { entries, max_timestamp, aborted };
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
        // The new file first: that it cannot be made is no reason to lose the old one.
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

    /// Writes the producers' state at the log's end, without waiting for stable storage: should it be lost, the log is
    /// read instead.
    fn write_snapshot(&mut self) -> Result<(), FileError> {
        let disk = &*self.home.disk;
        let path = FileKind::Snapshot.path(&self.home.directory, self.end);
        let file = disk.open(&path, OpenMode::Create).map_err(FileError::of(FileOperation::Create, &path))?;
        let bytes = producer_snapshot::encode(&self.producers);
        file.write_at(&bytes, 0).map_err(FileError::of(FileOperation::Write, &path))?;
        if self.snapshots.last() != Some(&self.end) {
            self.snapshots.push(self.end);
        }
        while self.snapshots.len() > SNAPSHOTS_KEPT {
            let oldest = self.snapshots.remove(0);
            layout::remove(disk, &FileKind::Snapshot.path(&self.home.directory, oldest))?;
        }
        Ok(())
    }

    /// The segment's last batch must end at the log's end, and with it the file: new batches are put there.
    fn check_end(&self, segment: &Segment, entries: &IndexEntries, size: u64) -> Result<(), LogError> {
        let last = entries.offsets.last();
        let start =
            last.map_or((segment.base(), 0), |entry| (entry.last_offset(segment.base()), entry.position()));
        let path = segment.path(FileKind::Log);
        let mut walk = HeaderWalk::new(&**segment.log_file()?, &path, start, size);
        let mut end = segment.base();
        while let Some(at) = walk.next().map_err(into_log_error)? {
            end = at.header.next_offset();
        }
        if end == self.end {
            return Ok(());
        }
        let reason = if end < self.end {
            CorruptionReason::EndsEarly(self.end)
        } else {
            CorruptionReason::LastOffset(end.plus(-1))
        };
        Err(Corruption { file: path, position: size, offset: end, reason }.into())
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
    let mut walk = HeaderWalk::new(&**segment.log_file()?, &path, (segment.base(), 0), size);
    let first = walk.next().map_err(into_log_error)?.map(|at| at.header.max_timestamp());
    Ok(first.filter(|timestamp| *timestamp != Timestamp::NONE))
}

/// Opening asks a segment as a reader does.
fn into_log_error(error: ReadError) -> LogError {
    match error {
        ReadError::Corrupt(corruption) => LogError::Corrupt(corruption),
        ReadError::File(error) => LogError::File(error),
        ReadError::TransactionIndex { file } => LogError::TransactionIndex { file },
        ReadError::OutOfRange { .. } => unreachable!("a segment is asked by position"),
    }
}
