//! Retention: which segments are old enough, or too many, and their removal. Only whole segments go, oldest first, and none
//! that consumers have not been allowed to see.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::{DeleteRecordsError, LogError, ReadError};
use super::layout;
use super::partition_log::Log;
use super::producer_state::ProducerDescription;
use super::segment::Segment;
use super::view::SegmentList;
use crate::types::{Offset, Timestamp};

/// What [`Log::apply_retention`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Files of segments that are gone from the log, oldest first. The caller unlinks them, where it may take as
    /// long as a large file takes; the next opening removes what stays.
    pub removed: Vec<PathBuf>,
    /// Bytes in them.
    pub bytes_removed: u64,
    /// The active segment is expired, too: once the caller has rolled it, the next call removes it.
    pub roll_wanted: bool,
}

impl Log {
    /// Removes the oldest segments as long as they lie before the log's start, are older than
    /// `retention.ms`, or the log has more than `retention.bytes` without them. Waits for the disk.
    ///
    /// # Errors
    /// When the disk refuses. What has been removed is gone.
    pub fn apply_retention(&mut self, now: Timestamp) -> Result<Retention, RetentionError> {
        self.check_online()?;
        let mut retention = Retention::default();
        let mut size = if self.config.retention_bytes.is_some() { self.size()? } else { 0 };
        loop {
            let segments = self.view.segments();
            let [oldest, rest @ ..] = segments.as_slice() else { return Ok(retention) };
            let next_base = rest.first().map_or(self.end, |next| next.base());
            if next_base > self.view.high_watermark() || !self.is_expired(oldest, next_base, size, now)? {
                return Ok(retention);
            }
            if rest.is_empty() {
                retention.roll_wanted = next_base > oldest.base();
                return Ok(retention);
            }
            let (oldest, rest) = (Arc::clone(oldest), rest.to_vec());
            let bytes = oldest.visible()?;
            retention.removed.push(self.remove_oldest(&oldest, rest, next_base)?);
            size = size.saturating_sub(bytes);
            retention.bytes_removed += bytes;
        }
    }

    /// Deletes all records before `before`, by moving the log's start: the space comes back with the next
    /// [`Log::apply_retention`]. Changes memory only; [`Log::checkpoint`] tells what must be kept. Returns
    /// the log's start.
    ///
    /// # Errors
    /// When `before` is behind the high watermark.
    pub fn delete_records(&mut self, before: Offset) -> Result<Offset, DeleteRecordsError> {
        let high_watermark = self.view.high_watermark();
        if before < Offset::ZERO || before > high_watermark {
            return Err(DeleteRecordsError { before, high_watermark });
        }
        let log_start = self.view.log_start().max(before);
        self.view.set_log_start(log_start);
        Ok(log_start)
    }

    /// The producers that this log remembers, by id.
    #[must_use]
    pub fn describe_producers(&self) -> Vec<ProducerDescription> {
        self.producers.describe()
    }

    /// Forgets idle producers (`producer.id.expiration.ms`, one day in Kafka).
    pub fn expire_producers(&mut self, now: Timestamp, idle_max: Duration) {
        self.producers.expire(now, idle_max);
    }

    fn size(&self) -> Result<u64, LogError> {
        let segments = self.view.segments();
        let closed = segments.as_slice().iter().take(segments.as_slice().len().saturating_sub(1));
        let closed = closed.map(|segment| segment.visible()).sum::<Result<u64, _>>()?;
        let last = match (&self.active, segments.as_slice().last()) {
            (Some(active), _) => active.size,
            (None, Some(last)) => last.visible()?,
            (None, None) => 0,
        };
        Ok(closed + last)
    }

    fn is_expired(
        &self,
        segment: &Segment,
        next_base: Offset,
        log_size: u64,
        now: Timestamp,
    ) -> Result<bool, RetentionError> {
        if next_base <= self.view.log_start() && next_base > segment.base() {
            return Ok(true);
        }
        if !self.config.cleanup_policy.delete {
            return Ok(false);
        }
        if let Some(size_max) = self.config.retention_bytes {
            // The newest segment goes only where nothing is to be kept.
            if next_base > segment.base() && log_size.saturating_sub(segment.visible()?) >= size_max {
                return Ok(true);
            }
        }
        let Some(age_max) = self.config.retention else { return Ok(false) };
        let newest = segment.max_timestamp()?.timestamp;
        // Without a timestamp nothing is known of its age. A clock that went backwards makes it young.
        let age = u64::try_from(now.0.saturating_sub(newest.0)).unwrap_or(0);
        Ok(newest != Timestamp::NONE && Duration::from_millis(age) > age_max)
    }

    /// Drops the segment from what readers see, then from the log's files. A reader that has it open keeps its bytes,
    /// which is why nothing waits for `file.delete.delay.ms`. Returns the file that is left to be unlinked.
    fn remove_oldest(
        &mut self,
        oldest: &Segment,
        rest: Vec<Arc<Segment>>,
        next_base: Offset,
    ) -> Result<PathBuf, LogError> {
        self.view.set_log_start(self.view.log_start().max(next_base));
        self.view.set_segments(SegmentList::new(rest));
        let removed = layout::retire_segment(&*self.home.disk, &self.home.directory, oldest.base())?;
        layout::remove_indexes(&*self.home.disk, &self.home.directory, oldest.base())?;
        Ok(removed)
    }
}

/// Why retention stopped.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The log is offline, or a file cannot be removed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A segment's age cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<super::error::FileError> for RetentionError {
    fn from(error: super::error::FileError) -> RetentionError {
        RetentionError::Log(error.into())
    }
}
