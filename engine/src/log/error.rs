//! Why an operation on a log fails: one enum per operation, made of two shared pieces, [`FileError`] (the disk
//! refused) and [`Corruption`] (the disk returned other bytes than were written).

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::checkpoint::MalformedFile;
use crate::io::is_disk_full;
use crate::record::{BatchError, RepackError, ValidationError};
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TopicId};

/// What was being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is its own text")]
pub enum FileOperation {
    Open,
    Create,
    Read,
    Write,
    Sync,
    Rename,
    Remove,
    List,
    Trim,
}

/// A file operation that the operating system refused.
#[derive(Debug, thiserror::Error)]
#[error("{operation:?} of {} failed: {source}", path.display())]
pub struct FileError {
    /// What was being done.
    pub operation: FileOperation,
    /// To which file.
    pub path: PathBuf,
    /// The operating system's answer.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: an error of `operation` on `path`.
    pub(super) fn of(operation: FileOperation, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |source| FileError { operation, path: path.to_owned(), source }
    }

    /// Whether the disk is full: the operation may succeed when space returns.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        is_disk_full(&self.source)
    }

    /// Whether there is no file descriptor left, of the process or of the system.
    fn lacks_descriptors(&self) -> bool {
        let errno = Errno::from_io_error(&self.source);
        errno.is_some_and(|errno| errno == Errno::MFILE || errno == Errno::NFILE)
    }
}

/// A place in a segment that does not hold what was written there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is corrupt at byte {position}, offset {offset}: {reason}", file.display())]
pub struct Corruption {
    /// The segment.
    pub file: PathBuf,
    /// Byte in the file where the first unusable batch starts.
    pub position: u64,
    /// Offset that the batch should have.
    pub offset: Offset,
    /// What is wrong.
    pub reason: CorruptionReason,
}

/// What is wrong with a place in a segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorruptionReason {
    /// The bytes are no batch.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The batch is another one than the one that belongs here.
    #[error("the batch starts at offset {0}")]
    Offset(Offset),
    /// The last offset is before the first, or too far from the segment's base.
    #[error("the batch says that its last offset is {0}")]
    LastOffset(Offset),
    /// The batch names an epoch that did not write here.
    #[error("the batch has leader epoch {found}, the epoch here is {}", known(expected.as_ref()))]
    LeaderEpoch {
        /// By `leader-epoch-checkpoint`.
        expected: Option<LeaderEpoch>,
        /// By the batch.
        found: LeaderEpoch,
    },
    /// The file ends, or holds only zeroes, where a batch was.
    #[error("the segment ends here, but the log reached offset {0}")]
    EndsEarly(Offset),
}

/// Why a log cannot be created, opened, rolled or closed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Records that were durable are damaged. The partition stays closed until the damage is accepted: see
    /// [`OpenFrom::accept_truncation`](super::OpenFrom::accept_truncation).
    #[error(
        "{0}; its records were durable before, so the partition stays closed: `tidelog repair` cuts it there and keeps a copy"
    )]
    Corrupt(#[from] Corruption),
    /// The folder says which offsets there were, but has no segment.
    #[error("{} has no segment, but the log reached offset {reached}", directory.display())]
    NoSegments {
        /// The partition's folder.
        directory: PathBuf,
        /// Highest offset that is known to have been durable.
        reached: Offset,
    },
    /// The folder is missing, was never finished, or has lost its `partition.metadata`. [`Log::create`](super::Log::create)
    /// finishes one that holds no records yet.
    #[error("{} has no partition.metadata", directory.display())]
    NoMetadata {
        /// The partition's folder.
        directory: PathBuf,
    },
    /// The folder belongs to another topic of the same name.
    #[error("{} belongs to topic id {found:?}, not to {expected:?}", directory.display())]
    OtherTopic {
        /// The partition's folder.
        directory: PathBuf,
        /// By its `partition.metadata`.
        found: TopicId,
        /// By whoever opened it.
        expected: TopicId,
    },
    /// A new log was to be made where there is one of the same topic.
    #[error("{} is a log already", directory.display())]
    Exists {
        /// The partition's folder.
        directory: PathBuf,
    },
    /// A small text file is malformed.
    #[error(transparent)]
    Malformed(#[from] MalformedFile),
    /// A write of this log has failed: it takes part in nothing until it is opened again.
    #[error("{} is offline after a failed write", directory.display())]
    Offline {
        /// The partition's folder.
        directory: PathBuf,
    },
}

impl LogError {
    /// Whether the disk is full: the operation may succeed when space returns.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, LogError::File(error) if error.is_disk_full())
    }

    /// Whether it is the want of something that may come back: space, file descriptors.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, LogError::File(error) if error.is_disk_full() || error.lacks_descriptors())
    }
}

/// Why a batch is not appended. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Larger than `max.message.bytes` (Kafka: `MESSAGE_TOO_LARGE`).
    #[error("the batch has {size} bytes, at most {size_max} are allowed")]
    TooLarge {
        /// Bytes of the batch.
        size: usize,
        /// `max.message.bytes`, or `segment.bytes` when that is less.
        size_max: usize,
    },
    /// The records break a rule of the topic, or of the format (Kafka: `INVALID_RECORD` or `INVALID_TIMESTAMP`).
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    /// The records cannot be packed with the topic's `compression.type` (Kafka: `CORRUPT_MESSAGE`).
    #[error("the records cannot be packed with the topic's compression.type: {0}")]
    Repack(#[from] RepackError),
    /// The topic wants more copies than one node has (Kafka: `NOT_ENOUGH_REPLICAS`).
    #[error("acks=all needs min.insync.replicas={0} copies of the partition, a single node has 1")]
    NotEnoughReplicas(u32),
    /// The batch's counts are impossible (Kafka: `INVALID_RECORD`).
    #[error("the batch's last offset delta is {0}")]
    LastOffsetDelta(i32),
    /// The producer left out records, or repeats some that are too old to be known (Kafka:
    /// `OUT_OF_ORDER_SEQUENCE_NUMBER`).
    #[error("producer {producer_id} sends sequence {found} behind {last}")]
    OutOfOrderSequence {
        /// Who.
        producer_id: ProducerId,
        /// Last sequence known of it, [`Sequence::NONE`] at the start of an epoch.
        last: Sequence,
        /// First sequence of the batch.
        found: Sequence,
    },
    /// A newer instance of the producer has taken over (Kafka: `INVALID_PRODUCER_EPOCH`).
    #[error("producer {producer_id} has epoch {current}, the batch has {found}")]
    ProducerFenced {
        /// Who.
        producer_id: ProducerId,
        /// Its newest epoch.
        current: ProducerEpoch,
        /// The batch's epoch.
        found: ProducerEpoch,
    },
    /// A plain batch within a transaction of the same producer (Kafka: `INVALID_TXN_STATE`).
    #[error("producer {0} has an open transaction, the batch is not part of one")]
    NotTransactional(ProducerId),
    /// The partition was not added to a transaction of this producer (Kafka: `INVALID_TXN_STATE`).
    #[error("the partition is not part of an open transaction of producer {0}")]
    NotInTransaction(ProducerId),
    /// A marker of a coordinator that has been replaced (Kafka: `TRANSACTION_COORDINATOR_FENCED`).
    #[error("the marker has coordinator epoch {found}, {current} is known")]
    CoordinatorFenced {
        /// Newest epoch seen.
        current: i32,
        /// The marker's.
        found: i32,
    },
    /// A control batch that is not a transaction's end (Kafka: `INVALID_RECORD`).
    #[error("the control batch is malformed")]
    MalformedMarker,
    /// There are no offsets left.
    #[error("the log has reached the largest offset")]
    OffsetsExhausted,
    /// A write of this log has failed (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error("the log is offline after a failed write")]
    Offline,
}

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log (Kafka: `OFFSET_OUT_OF_RANGE`).
    #[error("offset {offset} is outside {log_start}..={end}")]
    OutOfRange {
        /// The asked offset.
        offset: Offset,
        /// First offset that can be read.
        log_start: Offset,
        /// Offset behind the last record.
        end: Offset,
    },
    /// What lies on disk is not what was written (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// The disk refused (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error(transparent)]
    File(#[from] FileError),
}

/// What opening a log reads is not asked for by an offset.
impl From<ReadError> for LogError {
    fn from(error: ReadError) -> LogError {
        match error {
            ReadError::Corrupt(corruption) => LogError::Corrupt(corruption),
            ReadError::File(error) => LogError::File(error),
            ReadError::OutOfRange { log_start, end, .. } => {
                unreachable!("{log_start}..{end} was not searched")
            }
        }
    }
}

/// Why records cannot be deleted (Kafka: `OFFSET_OUT_OF_RANGE`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("records before offset {before} cannot be deleted, the high watermark is {high_watermark}")]
pub struct DeleteRecordsError {
    /// The asked offset.
    pub before: Offset,
    /// Nothing behind it may be deleted.
    pub high_watermark: Offset,
}

fn known(epoch: Option<&LeaderEpoch>) -> String {
    epoch.map_or_else(|| "unknown".to_owned(), LeaderEpoch::to_string)
}
