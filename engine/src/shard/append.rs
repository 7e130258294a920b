//! What goes into a shard to be appended, and the answer that comes back exactly once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::log::AppendError;
use crate::record::SealedBatch;
use crate::types::{Acks, LeaderEpoch, Offset, Timestamp};

/// One batch on its way to one partition.
#[derive(Debug)]
pub struct Append {
    /// The batch; the shard assigns its offsets.
    pub batch: SealedBatch,
    /// When to answer.
    pub acks: Acks,
    /// Monotonic time of its first record, from the engine's clock: where its latency counts from.
    pub since: Duration,
    /// Where to answer.
    pub reply: Reply,
}

impl Append {
    /// Answers that the batch was not appended.
    pub fn refuse(self, error: ProduceError) {
        refuse(self.batch, self.reply, error);
    }
}

/// Gives a batch back to its sender.
pub(super) fn refuse(batch: SealedBatch, reply: Reply, error: ProduceError) {
    let batch = batch.assign(Offset::ZERO, LeaderEpoch(0));
    reply.send(Err(ProduceFailure { error, batch }));
}

/// A batch that is in the log.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// When the log took it, if the topic stamps records itself (`message.timestamp.type=LogAppendTime`); else
    /// [`Timestamp::NONE`].
    pub append_time: Timestamp,
    /// First offset of the partition that can be read.
    pub log_start: Offset,
    /// The batch as it is in the log. Empty for a duplicate, whose bytes were dropped.
    pub batch: Bytes,
}

/// Why a batch is not in the log, or not known to be.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// The log refused it; nothing was written.
    #[error(transparent)]
    Refused(#[from] AppendError),
    /// A write or flush of the partition failed: it is offline until it has been reopened
    /// (Kafka: `KAFKA_STORAGE_ERROR`). Whether the batch is in the log is not known.
    #[error("partition is offline after a failed write: {0}")]
    Storage(String),
    /// The partition has been deleted.
    #[error("partition does not exist any more")]
    Deleted,
    /// The shard stopped before the batch was committed. Whether it is in the log is not known.
    #[error("the engine has stopped")]
    Stopped,
}

/// A batch that is not in the log, or not known to be, with its bytes: whoever sent it may want to show or resend them.
#[derive(Debug)]
pub struct ProduceFailure {
    /// Why.
    pub error: ProduceError,
    /// The batch; empty when its bytes are gone with a shard that broke.
    pub batch: Bytes,
}

/// Who gets the answer to an [`Append`].
pub trait AppendReply: Send {
    /// Called once, on the shard's thread (or on the sender's when the shard has stopped). Must not block.
    fn answer(self: Box<Self>, result: Result<Appended, ProduceFailure>);
}

impl<F: FnOnce(Result<Appended, ProduceFailure>) + Send> AppendReply for F {
    fn answer(self: Box<Self>, result: Result<Appended, ProduceFailure>) {
        self(result);
    }
}

/// An [`AppendReply`] that cannot be forgotten: dropping it answers [`ProduceError::Stopped`].
pub struct Reply(Option<Box<dyn AppendReply>>);

impl Reply {
    /// Wraps `reply`.
    #[must_use]
    pub fn new(reply: Box<dyn AppendReply>) -> Reply {
        Reply(Some(reply))
    }

    /// Answers.
    pub fn send(mut self, result: Result<Appended, ProduceFailure>) {
        if let Some(reply) = self.0.take() {
            reply.answer(result);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            reply.answer(Err(ProduceFailure { error: ProduceError::Stopped, batch: Bytes::new() }));
        }
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// What a [`BatchSource`] still has after a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Nothing: it will announce itself again.
    Empty,
    /// An open batch that lingers until this monotonic time.
    Until(Duration),
}

/// A producer's open batches of one partition. The shard pulls when it can write, so that what arrives during a write
/// joins the next one.
pub trait BatchSource: Send + Sync {
    /// Moves all batches that are due at `now` (monotonic) into `into`, oldest first. Called on the shard's thread.
    fn pull(&self, now: Duration, into: &mut Vec<Append>) -> Pulled;

    /// Nobody will pull what was announced: the shard has stopped, or the partition is gone.
    fn abandoned(&self);
}

/// A [`BatchSource`] that has announced something. Dropping it without [`Announced::take`] tells the source.
pub(super) struct Announced(Option<Arc<dyn BatchSource>>);

impl Announced {
    pub(super) fn new(source: Arc<dyn BatchSource>) -> Announced {
        Announced(Some(source))
    }

    /// The source, for whoever will pull.
    pub(super) fn take(mut self) -> Option<Arc<dyn BatchSource>> {
        self.0.take()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        if let Some(source) = self.0.take() {
            source.abandoned();
        }
    }
}
