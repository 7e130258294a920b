//! Why the broker refuses: one enum for opening, one for what it is asked afterwards.

use std::io;
use std::path::PathBuf;

use super::catalog::{CatalogError, TopicError};
use super::producer_ids::ProducerIdError;
use crate::config::ConfigError;
use crate::error_code::ErrorCode;
use crate::io::{Forked, LockError};
use crate::log::{DataDirectoryError, DeleteRecordsError, LogError, ReadError};
use crate::shard::{ProduceError, ShardStopped};
use crate::types::{PartitionIndex, TopicNameError};

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it, or it cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The folder cannot be made or read.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file at the root is damaged.
    #[error(transparent)]
    Directory(#[from] DataDirectoryError),
    /// The list of topics is damaged.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The record of producer ids is damaged.
    #[error(transparent)]
    ProducerId(#[from] ProducerIdError),
    /// A topic's settings, which were right when they were stored, are not any more.
    #[error("settings of topic {topic}: {source}")]
    Config {
        /// The topic.
        topic: String,
        /// What is wrong.
        source: ConfigError,
    },
    /// A shard cannot be started.
    #[error("cannot start shard {shard}: {source}")]
    Shard {
        /// Its number.
        shard: usize,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The thread for housekeeping cannot be started.
    #[error("cannot start a thread: {source}")]
    Thread {
        /// The operating system's reason.
        source: io::Error,
    },
    /// A shard ended while it opened logs.
    #[error(transparent)]
    Stopped(#[from] ShardStopped),
}

/// Why the broker does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The name is none.
    #[error(transparent)]
    TopicName(#[from] TopicNameError),
    /// The list of topics refuses.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Internal topics are made and kept by the engine.
    #[error("topic {0} is internal")]
    Internal(String),
    /// A request names a topic twice, so that none of it is done.
    #[error("Duplicate topic name.")]
    RepeatedTopic,
    /// A request names what has settings twice, so that none of it is done.
    #[error("Each resource must appear at most once.")]
    RepeatedResource,
    /// Records of the topic cannot be deleted: they are kept for their keys.
    #[error("Records of topic {0} can not be deleted due to the configured policy")]
    KeepsRecords(String),
    /// The topic has no partition of this number.
    #[error("topic {topic} has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The number.
        partition: PartitionIndex,
    },
    /// The engine belongs to the parent of this process.
    #[error(transparent)]
    Forked(#[from] Forked),
    /// The disk is full (Kafka: `KAFKA_STORAGE_ERROR`).
    #[error("the disk is full: nothing can be created until there is space")]
    DiskFull,
    /// Copies are asked for that a single node cannot keep.
    #[error("{text}")]
    Replication {
        /// What Kafka answers.
        code: ErrorCode,
        /// Why.
        text: String,
    },
    /// No leader is elected.
    #[error("{}", .0.description())]
    Election(ErrorCode),
    /// The partition could not be opened.
    #[error("partition {topic}-{partition} is offline: {reason}")]
    Offline {
        /// The topic.
        topic: String,
        /// The number.
        partition: PartitionIndex,
        /// Why.
        reason: String,
    },
    /// A log refused or failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Records cannot be deleted as asked.
    #[error(transparent)]
    DeleteRecords(#[from] DeleteRecordsError),
    /// A batch was not appended.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// No producer id can be had.
    #[error(transparent)]
    ProducerId(#[from] ProducerIdError),
    /// The checkpoints cannot be written.
    #[error(transparent)]
    Directory(#[from] DataDirectoryError),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// The list of topics cannot be written.
    #[error("cannot write the list of topics: {0}")]
    Catalog(io::Error),
    /// The engine has stopped.
    #[error(transparent)]
    Stopped(#[from] ShardStopped),
}

impl BrokerError {
    /// What Kafka answers.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            BrokerError::TopicName(_) | BrokerError::Internal(_) => ErrorCode::InvalidTopicException,
            BrokerError::RepeatedTopic | BrokerError::RepeatedResource => ErrorCode::InvalidRequest,
            BrokerError::KeepsRecords(_) => ErrorCode::PolicyViolation,
            BrokerError::Topic(error) => error.code(),
            BrokerError::Config(error) => error.code(),
            BrokerError::Replication { code, .. } | BrokerError::Election(code) => *code,
            BrokerError::UnknownPartition { .. } => ErrorCode::UnknownTopicOrPartition,
            BrokerError::Read(error) => read_error_code(error),
            BrokerError::DeleteRecords(_) => ErrorCode::OffsetOutOfRange,
            BrokerError::Produce(error) => produce_error_code(error),
            BrokerError::ProducerId(_) => ErrorCode::CoordinatorNotAvailable,
            BrokerError::Forked(_) => ErrorCode::LocalState,
            BrokerError::DiskFull
            | BrokerError::Offline { .. }
            | BrokerError::Log(_)
            | BrokerError::Catalog(_)
            | BrokerError::Directory(_) => ErrorCode::KafkaStorageError,
            BrokerError::Thread(_) => ErrorCode::CoordinatorNotAvailable,
            BrokerError::Stopped(_) => ErrorCode::NotLeaderOrFollower,
        }
    }
}

/// What Kafka answers to a read that failed.
#[must_use]
pub fn read_error_code(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Corrupt(_) | ReadError::File(_) => ErrorCode::KafkaStorageError,
    }
}

/// What Kafka answers to a batch that was not appended.
#[must_use]
pub fn produce_error_code(error: &ProduceError) -> ErrorCode {
    use crate::log::AppendError;
    use crate::record::ValidationError;
    match error {
        ProduceError::Storage(_) => ErrorCode::KafkaStorageError,
        ProduceError::Deleted => ErrorCode::UnknownTopicOrPartition,
        ProduceError::Stopped => ErrorCode::LocalDestroy,
        ProduceError::Refused(error) => match error {
            AppendError::TooLarge { .. } => ErrorCode::MessageTooLarge,
            AppendError::Invalid(
                ValidationError::Timestamp { .. }
                | ValidationError::TooLate { .. }
                | ValidationError::AppendTime,
            ) => ErrorCode::InvalidTimestamp,
            AppendError::Invalid(_) => ErrorCode::InvalidRecord,
            AppendError::Repack(_) => ErrorCode::CorruptMessage,
            AppendError::NotEnoughReplicas(_) => ErrorCode::NotEnoughReplicas,
            AppendError::LastOffsetDelta(_) | AppendError::MalformedMarker => ErrorCode::InvalidRecord,
            AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
            AppendError::ProducerFenced { .. } => ErrorCode::InvalidProducerEpoch,
            AppendError::NotTransactional(_) | AppendError::NotInTransaction(_) => ErrorCode::InvalidTxnState,
            AppendError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
            AppendError::OffsetsExhausted | AppendError::Offline => ErrorCode::KafkaStorageError,
        },
    }
}
