//! [`Log`]: one partition's log, as its shard owns it. It decides what is appended, where and when a new segment starts;
//! bytes are written by the shard's commit queue, and the log is told how far they got.
//!
//! Never shared: everything takes `&mut self`. What other threads see is its [`LogView`].

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::active_segment::ActiveSegment;
use super::error::{AppendError, FileError, FileOperation, LogError};
use super::leader_epochs::{self, LeaderEpochs};
use super::producer_state::{KnownBatch, ProducerStates};
use super::segment::LogHome;
use super::view::LogView;
use crate::config::topic::LogConfig;
use crate::io::AppendHandle;
use crate::record::{BatchHeader, BatchView, SealedBatch, TimestampType};
use crate::types::{LeaderEpoch, Offset, ProducerId, Timestamp, TopicId};

/// One partition's log.
pub struct Log {
    pub(super) home: Arc<LogHome>,
    pub(super) topic_id: TopicId,
    pub(super) config: Arc<LogConfig>,
    pub(super) view: Arc<LogView>,
    /// `None` before [`Log::start`] and after [`Log::close`].
    pub(super) active: Option<ActiveSegment>,
    pub(super) end: Offset,
    pub(super) written: Offset,
    pub(super) durable: Offset,
    pub(super) epochs: LeaderEpochs,
    pub(super) producers: ProducerStates,
    /// Offsets of the producer snapshots on disk, ascending.
    pub(super) snapshots: Vec<Offset>,
    pub(super) offline: bool,
}

/// What becomes of a batch.
#[derive(Debug)]
pub enum Prepared {
    /// It has its place: the caller appends `bytes` to [`Log::handle`], in the order of the calls.
    Write {
        /// The batch as it goes to disk.
        bytes: Bytes,
        /// Offset of its first record.
        base_offset: Offset,
        /// Offset of its last record.
        last_offset: Offset,
        /// Time that the log gave to the records; [`Timestamp::NONE`] when they keep the producer's.
        append_time: Timestamp,
    },
    /// The producer has sent it before. It may still be in flight: it is acknowledged when its last offset is.
    Duplicate {
        /// Offset that its first record got.
        base_offset: Offset,
        /// Offset that its last record got.
        last_offset: Offset,
        /// As of [`Prepared::Write`].
        append_time: Timestamp,
    },
}

/// A batch that is not appended, given back.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// Why.
    pub error: AppendError,
    /// The batch, unchanged.
    pub batch: SealedBatch,
}

/// Offsets of a log that outlive the process in the root's checkpoint files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCheckpoint {
    /// All before it is on stable storage.
    pub recovery_point: Offset,
    /// First offset that can be read.
    pub log_start: Offset,
    /// All before it may be seen by consumers.
    pub high_watermark: Offset,
    /// Before it compaction may have removed records.
    pub gaps_below: Offset,
    /// All before it has been compacted.
    pub compacted: Offset,
}

/// What a batch turns out to be.
enum Checked {
    New { last_offset: Offset },
    Known(KnownBatch),
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("view", &self.view)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// What other threads read from.
    #[must_use]
    pub fn view(&self) -> Arc<LogView> {
        Arc::clone(&self.view)
    }

    /// The partition's folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.home.directory
    }

    /// The topic that the folder belongs to.
    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Arc<LogConfig> {
        &self.config
    }

    /// Changes the settings, from the next batch on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// Offset that the next record gets.
    #[must_use]
    pub fn end(&self) -> Offset {
        self.end
    }

    /// Where the bytes of [`Prepared::Write`] go. Changes with every roll.
    ///
    /// # Panics
    /// When the log has not been [started](Log::start).
    #[must_use]
    pub fn handle(&self) -> AppendHandle {
        self.active.as_ref().expect("the shard starts a log before it appends").handle
    }

    /// The offsets that belong into the root's checkpoint files.
    #[must_use]
    pub fn checkpoint(&self) -> LogCheckpoint {
        LogCheckpoint {
            gaps_below: self.home.gaps_below(),
            compacted: self.view.compacted(),
            recovery_point: self.durable,
            log_start: self.view.log_start(),
            high_watermark: self.view.high_watermark(),
        }
    }

    /// Gives a batch its place in the log, or finds that it has one. Changes memory only: nothing is read or written.
    ///
    /// # Errors
    /// [`Refused`]; the log is unchanged.
    ///
    /// # Panics
    /// When the log has not been [started](Log::start), or the batch [needs a new segment](Log::needs_roll).
    pub fn prepare(&mut self, mut batch: SealedBatch, now: Timestamp) -> Result<Prepared, Refused> {
        self.number(&mut batch);
        let last_offset = match self.check(&batch) {
            Ok(Checked::New { last_offset }) => last_offset,
            Ok(Checked::Known(known)) => {
                return Ok(Prepared::Duplicate {
                    base_offset: known.first_offset(),
                    last_offset: known.last_offset,
                    append_time: match self.config.timestamp_type {
                        TimestampType::CreateTime => Timestamp::NONE,
                        TimestampType::LogAppendTime => known.timestamp,
                    },
                });
            }
            Err(error) => return Err(Refused { error, batch }),
        };
        let append_time = match self.config.timestamp_type {
            TimestampType::CreateTime => Timestamp::NONE,
            TimestampType::LogAppendTime => {
                batch.set_log_append_time(now);
                now
            }
        };
        let active = self.active.as_mut().expect("the shard starts a log before it appends");
        assert!(active.index.reaches(last_offset), "the shard rolls a full segment before it appends");
        let base_offset = self.end;
        let bytes = batch.assign(base_offset, self.epochs.latest());
        let assigned = BatchView::parse(&bytes).expect("a sealed batch was parsed or built");
        active.add(assigned.header(), bytes.len() as u64, now);
        if let Some(ended) = self.producers.apply(&assigned, now).filter(|ended| ended.aborted) {
            let aborted = self.producers.aborted(&ended);
            active.segment.update_active_index(|index| index.aborted.push(aborted));
        }
        self.end = last_offset.plus(1);
        self.view.set_end(self.end);
        Ok(Prepared::Write { bytes, base_offset, last_offset, append_time })
    }

    /// Numbers the records of a producer in the same process: his batches come once and in order, so that what is to be
    /// noticed in those of others cannot happen, and one that was refused leaves no gap.
    fn number(&self, batch: &mut SealedBatch) {
        let header = batch.header();
        let (producer_id, epoch) = (header.producer_id(), header.producer_epoch());
        let numbered = producer_id != ProducerId::NONE && !header.attributes().is_control();
        if numbered && !batch.is_foreign() {
            batch.set_base_sequence(self.producers.next_sequence(producer_id, epoch));
        }
    }

    /// Whether a batch would begin a transaction, if it is taken.
    #[must_use]
    pub fn begins_transaction(&self, batch: &SealedBatch) -> bool {
        self.producers.begins_transaction(batch.header())
    }

    /// Whether there is anything of this producer, or has been lately.
    #[must_use]
    pub fn knows_producer(&self, producer_id: ProducerId) -> bool {
        self.producers.knows(producer_id)
    }

    /// What [`Log::prepare`] would say, without changing anything.
    fn check(&self, batch: &SealedBatch) -> Result<Checked, AppendError> {
        if self.offline {
            return Err(AppendError::Offline);
        }
        let last_offset = self.last_offset_of(batch.header())?;
        match self.producers.check(&batch.view())? {
            Some(known) => Ok(Checked::Known(known)),
            None => Ok(Checked::New { last_offset }),
        }
    }

    /// Whether [`Log::roll`] must come before this batch: the segment would be too large, too old, or its
    /// indexes too full.
    ///
    /// # Panics
    /// When the log has not been [started](Log::start).
    #[must_use]
    pub fn needs_roll(&self, header: &BatchHeader, now: Timestamp) -> bool {
        let active = self.active.as_ref().expect("the shard starts a log before it appends");
        let size = header.size().map_or(0, |size| size as u64);
        let last_offset = self.end.plus(i64::from(header.last_offset_delta.get()));
        active.is_full_for(&self.config, header, size, last_offset, now)
    }

    /// The operating system has everything before `upto`.
    pub fn mark_written(&mut self, upto: Offset) {
        assert!(upto <= self.end, "what was written has been prepared");
        self.written = self.written.max(upto);
    }

    /// Offset behind what the operating system has.
    #[must_use]
    pub fn written(&self) -> Offset {
        self.written
    }

    /// Offset behind what is on stable storage: the recovery point.
    #[must_use]
    pub fn durable(&self) -> Offset {
        self.durable
    }

    /// Everything before `upto` is on stable storage. Returns the new recovery point.
    pub fn mark_durable(&mut self, upto: Offset) -> Offset {
        self.mark_written(upto);
        self.durable = self.durable.max(upto);
        self.durable
    }

    /// Lets consumers see everything before `upto`. Never moves backwards.
    pub fn set_high_watermark(&mut self, upto: Offset) {
        assert!(upto <= self.end, "the high watermark is in the log");
        let upto = upto.max(self.view.high_watermark());
        if let Some(active) = self.active.as_mut() {
            active.publish(upto);
        }
        self.view.set_high_watermark(upto, self.producers.last_stable_offset(upto));
    }

    /// Starts a new leader epoch, if `epoch` is one.
    ///
    /// # Errors
    /// When `leader-epoch-checkpoint` cannot be written; the epoch is unchanged then.
    pub fn set_leader_epoch(&mut self, epoch: LeaderEpoch) -> Result<(), FileError> {
        let mut epochs = self.epochs.clone();
        if epochs.assign(epoch, self.end) {
            write_epochs(&self.home, &epochs)?;
            self.view.set_epochs(epochs.clone());
            self.epochs = epochs;
        }
        Ok(())
    }

    /// Takes the log out of service after a failed write: nothing is known of its unsynced bytes. Readers go on.
    pub fn take_offline(&mut self) {
        self.offline = true;
    }

    pub(super) fn check_online(&self) -> Result<(), LogError> {
        let directory = self.home.directory.clone();
        if self.offline { Err(LogError::Offline { directory }) } else { Ok(()) }
    }

    fn last_offset_of(&self, header: &BatchHeader) -> Result<Offset, AppendError> {
        let delta = header.last_offset_delta.get();
        if delta < 0 {
            return Err(AppendError::LastOffsetDelta(delta));
        }
        // One more than the last offset must be a number, too: it is the log's end.
        let last = self.end.0.checked_add(i64::from(delta)).filter(|last| *last < i64::MAX);
        last.map(Offset).ok_or(AppendError::OffsetsExhausted)
    }
}

/// Writes the epochs of a log, durably.
pub(super) fn write_epochs(home: &LogHome, epochs: &LeaderEpochs) -> Result<(), FileError> {
    write_file(home, &home.directory.join(leader_epochs::FILE_NAME), &epochs.encode())
}

/// Replaces a small file, durably.
pub(super) fn write_file(home: &LogHome, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    home.disk.write_file(path, bytes).map_err(FileError::of(FileOperation::Write, path))
}
