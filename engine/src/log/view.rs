//! [`LogView`]: a log as every other thread sees it. Marks are atomics and the list of segments is swapped whole, so
//! reading takes no lock and needs no hop to the shard that appends. It never writes a log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::{ArcSwap, Guard};

use super::error::FileError;
use super::leader_epochs::{EpochEnd, LeaderEpochs};
use super::segment::{LogHome, Segment};
use crate::types::{Isolation, LeaderEpoch, Offset};

/// Segments in the order of their offsets.
#[derive(Default)]
pub(super) struct SegmentList {
    segments: Vec<Arc<Segment>>,
}

/// The shared, readable side of a log. `Send + Sync`; lives as long as anybody holds it, also when the log is closed.
pub struct LogView {
    pub(super) home: Arc<LogHome>,
    log_start: AtomicI64,
    high_watermark: AtomicI64,
    last_stable: AtomicI64,
    end: AtomicI64,
    /// All before it has been compacted.
    compacted: AtomicI64,
    segments: ArcSwap<SegmentList>,
    epochs: ArcSwap<LeaderEpochs>,
}

impl std::fmt::Debug for LogView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogView")
            .field("directory", &self.home.directory)
            .field("log_start", &self.log_start())
            .field("high_watermark", &self.high_watermark())
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

impl SegmentList {
    /// `segments` must ascend by base offset.
    pub(super) fn new(segments: Vec<Arc<Segment>>) -> SegmentList {
        SegmentList { segments }
    }

    /// All of them.
    pub(super) fn as_slice(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// The one that would hold `offset` and those behind it.
    pub(super) fn holding(&self, offset: Offset) -> &[Arc<Segment>] {
        let behind = self.segments.partition_point(|segment| segment.base() <= offset);
        self.segments.get(behind.saturating_sub(1)..).unwrap_or_default()
    }
}

impl LogView {
    pub(super) fn new(home: Arc<LogHome>, segments: SegmentList, start: Offset, end: Offset) -> LogView {
        LogView {
            compacted: AtomicI64::new(0),
            home,
            log_start: AtomicI64::new(start.0),
            high_watermark: AtomicI64::new(end.0),
            last_stable: AtomicI64::new(end.0),
            end: AtomicI64::new(end.0),
            segments: ArcSwap::from_pointee(segments),
            epochs: ArcSwap::default(),
        }
    }

    /// First offset that can be read (Kafka: `logStartOffset`).
    #[must_use]
    pub fn log_start(&self) -> Offset {
        Offset(self.log_start.load(Ordering::Acquire))
    }

    /// Offset behind the last record that consumers may see (Kafka: `highWatermark`).
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark.load(Ordering::Acquire))
    }

    /// Offset behind the last record that `read_committed` consumers may see: the high watermark, or the start of
    /// the first transaction that is still open (KIP-98). Never before the log's start, where nothing can be read.
    #[must_use]
    pub fn last_stable_offset(&self) -> Offset {
        Offset(self.last_stable.load(Ordering::Acquire)).max(self.log_start())
    }

    /// Offset behind the last record that a reader of this isolation may see.
    #[must_use]
    pub fn end_for(&self, isolation: Isolation) -> Offset {
        isolation.end(self.high_watermark(), self.last_stable_offset())
    }

    /// Offset that the next record gets (Kafka: `logEndOffset`).
    #[must_use]
    pub fn end(&self) -> Offset {
        Offset(self.end.load(Ordering::Acquire))
    }

    /// Bytes that readers may see, of all segments.
    ///
    /// # Errors
    /// When a segment's size cannot be read.
    pub fn size(&self) -> Result<u64, FileError> {
        self.segments().as_slice().iter().map(|segment| segment.visible()).sum()
    }

    /// Base offsets of the segments, oldest first.
    #[must_use]
    pub fn segment_bases(&self) -> Vec<Offset> {
        self.segments().as_slice().iter().map(|segment| segment.base()).collect()
    }

    /// The newest leader epoch.
    #[must_use]
    pub fn latest_epoch(&self) -> LeaderEpoch {
        self.epochs.load().latest()
    }

    /// The leader epoch that wrote `offset`.
    #[must_use]
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs.load().epoch_of(offset)
    }

    /// Where `epoch` ends (Kafka: OffsetsForLeaderEpoch, KIP-101, KIP-320); `None` when the epoch is newer than all known ones.
    #[must_use]
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.epochs.load().end_of(epoch, self.high_watermark())
    }

    /// The segments now. Cheap; not to be kept.
    pub(super) fn segments(&self) -> Guard<Arc<SegmentList>> {
        self.segments.load()
    }

    pub(super) fn set_segments(&self, segments: SegmentList) {
        self.segments.store(Arc::new(segments));
    }

    pub(super) fn set_epochs(&self, epochs: LeaderEpochs) {
        self.epochs.store(Arc::new(epochs));
    }

    /// Offset before which no record is superseded by another one before it, as far as compaction has come.
    pub(super) fn compacted(&self) -> Offset {
        Offset(self.compacted.load(Ordering::Acquire))
    }

    pub(super) fn set_compacted(&self, offset: Offset) {
        self.compacted.store(offset.0, Ordering::Release);
    }

    pub(super) fn set_log_start(&self, offset: Offset) {
        self.log_start.store(offset.0, Ordering::Release);
    }

    /// What the segments publish must have been published before.
    pub(super) fn set_high_watermark(&self, high_watermark: Offset, last_stable: Offset) {
        self.last_stable.store(last_stable.0, Ordering::Release);
        self.high_watermark.store(high_watermark.0, Ordering::Release);
    }

    pub(super) fn set_end(&self, offset: Offset) {
        self.end.store(offset.0, Ordering::Release);
    }
}
