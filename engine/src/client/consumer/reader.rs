//! [`PartitionReader`]: reads one partition for one consumer, batch by batch. Runs on the thread that polls; knows
//! nothing of groups or of other partitions.

use std::sync::Arc;

use bytes::Bytes;

use super::partition::Position;
use crate::client::BatchMessages;
use crate::client::config::ConsumerConfig;
use crate::log::{AbortedTransaction, ReadCursor, ReadError};
use crate::record::{BatchError, BatchHeader, BatchView, Batches};
use crate::shard::{Fetched, Partition, Unavailable};
use crate::types::{Isolation, Offset};

/// How partitions are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadSettings {
    pub(super) isolation: Isolation,
    /// Most bytes of one read, but for a batch that is larger.
    size_max: usize,
    check_crcs: bool,
}

impl ReadSettings {
    pub(super) fn new(config: &ConsumerConfig) -> ReadSettings {
        let fetch = &config.fetch;
        let size_max = usize::try_from(fetch.partition_bytes_max.min(fetch.bytes_max)).unwrap_or(usize::MAX);
        ReadSettings { isolation: config.isolation, size_max, check_crcs: config.check_crcs }
    }
}

/// One partition, its next offset, and what has been read ahead.
pub(super) struct PartitionReader {
    topic: Arc<str>,
    log: Arc<Partition>,
    settings: ReadSettings,
    /// Where the next read goes on.
    cursor: ReadCursor,
    /// Records before it are not wanted.
    start: Offset,
    chunk: Chunk,
    messages: Option<BatchMessages>,
    /// Aborted transactions in what was read last.
    aborted: Vec<AbortedTransaction>,
}

/// Whole batches that were read and not looked at.
#[derive(Default)]
struct Chunk {
    pieces: std::vec::IntoIter<Bytes>,
    rest: Bytes,
}

/// What came next of what was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// A batch that has something to hand out.
    Messages,
    /// The end of a transaction, which applications do not see but get past.
    Marker(Position),
    /// All has been looked at.
    Nothing,
}

/// How a read ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is something to hand out, or to skip.
    Some,
    /// The partition has no more than this for now.
    AtEnd(Offset),
}

/// Why a read failed.
#[derive(Debug)]
pub(super) enum FillError {
    /// The topic has been deleted.
    Deleted,
    /// The next offset is not in the log.
    OutOfRange(Offset),
    /// The disk, or what is on it.
    Storage(ReadError),
}

/// A batch that cannot be handed out; reading goes on behind it.
#[derive(Debug)]
pub(super) struct BadBatch {
    pub(super) offset: Offset,
    pub(super) reason: BatchError,
}

impl PartitionReader {
    pub(super) fn new(
        topic: Arc<str>,
        log: Arc<Partition>,
        settings: ReadSettings,
        start: Offset,
    ) -> PartitionReader {
        PartitionReader {
            topic,
            log,
            settings,
            cursor: start.into(),
            start,
            chunk: Chunk::default(),
            messages: None,
            aborted: Vec::new(),
        }
    }

    pub(super) fn log(&self) -> &Arc<Partition> {
        &self.log
    }

    /// Gives up what was read ahead and goes on at `offset`.
    pub(super) fn seek(&mut self, offset: Offset) {
        self.cursor = offset.into();
        self.start = offset;
        self.chunk = Chunk::default();
        self.messages = None;
        self.aborted = Vec::new();
    }

    /// Offset behind what was read.
    pub(super) fn next_read(&self) -> Offset {
        self.cursor.offset()
    }

    /// The batch being handed out. None when it is used up, or there is none.
    #[inline]
    pub(super) fn messages(&mut self) -> Option<&mut BatchMessages> {
        self.messages.as_mut()
    }

    /// Whether the batch being handed out has more.
    pub(super) fn has_messages(&self) -> bool {
        self.messages.as_ref().is_some_and(|messages| !messages.is_used_up())
    }

    /// The rest of the batch being handed out.
    pub(super) fn take_batch(&mut self) -> Option<BatchMessages> {
        self.messages.take().filter(|messages| !messages.is_used_up())
    }

    /// Gives up the rest of the batch being handed out.
    pub(super) fn skip_batch(&mut self) {
        self.messages = None;
    }

    /// Goes on to what comes next of what was read; aborted batches are left out.
    ///
    /// # Errors
    /// [`BadBatch`]; the next call goes on behind it.
    pub(super) fn open_next(&mut self) -> Result<Opened, BadBatch> {
        self.messages = None;
        while let Some(next) = self.chunk.next_batch() {
            let bad = |reason| BadBatch { offset: self.cursor.offset(), reason };
            let batch = next.map_err(bad)?;
            let view = BatchView::parse(&batch).map_err(bad)?;
            if let Some(messages) = self.open(&batch, &view)? {
                self.messages = Some(messages);
                return Ok(Opened::Messages);
            }
            let header = view.header();
            if header.attributes().is_control() {
                return Ok(Opened::Marker(Position::behind(header)));
            }
        }
        Ok(Opened::Nothing)
    }

    fn open(&self, batch: &Bytes, view: &BatchView<'_>) -> Result<Option<BatchMessages>, BadBatch> {
        let header = view.header();
        let bad = |reason| BadBatch { offset: header.base_offset(), reason };
        if self.settings.check_crcs {
            view.verify().map_err(bad)?;
        }
        if header.attributes().is_control() || self.is_aborted(header) {
            return Ok(None);
        }
        let partition = self.log.id().partition;
        let mut messages = BatchMessages::new(Arc::clone(&self.topic), partition, batch).map_err(bad)?;
        if header.base_offset() < self.start {
            messages.skip_below(self.start).map_err(bad)?;
        }
        Ok(Some(messages))
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        self.aborted.iter().any(|transaction| transaction.covers(header))
    }

    /// Reads on. What was read before must have been used up.
    ///
    /// # Errors
    /// [`FillError`].
    pub(super) fn fill(&mut self) -> Result<Filled, FillError> {
        if self.log.unavailable().is_some_and(|why| *why == Unavailable::Deleted) {
            return Err(FillError::Deleted);
        }
        let ReadSettings { isolation, size_max, .. } = self.settings;
        let fetched = match self.log.read(self.cursor, size_max, isolation) {
            Ok(fetched) => fetched,
            Err(ReadError::OutOfRange { offset, .. }) => return Err(FillError::OutOfRange(offset)),
            Err(error) => return Err(FillError::Storage(error)),
        };
        if fetched.pieces.is_empty() {
            return Ok(Filled::AtEnd(isolation.end(fetched.high_watermark, fetched.last_stable)));
        }
        self.aborted = match isolation {
            Isolation::ReadUncommitted => Vec::new(),
            Isolation::ReadCommitted => self.find_aborted(&fetched).map_err(FillError::Storage)?,
        };
        self.cursor = fetched.next;
        self.chunk = Chunk { pieces: fetched.pieces.into_iter(), rest: Bytes::new() };
        Ok(Filled::Some)
    }

    /// The aborted transactions in `fetched`. Looks them up only if there are transactions at all.
    fn find_aborted(&self, fetched: &Fetched) -> Result<Vec<AbortedTransaction>, ReadError> {
        let batches = || fetched.pieces.iter().flat_map(|piece| Batches::new(piece)).flatten();
        let mut transactional = batches().filter(|batch| batch.header().attributes().is_transactional());
        match transactional.next() {
            Some(first) => {
                let from = first.header().base_offset();
                self.log.view().aborted_transactions(from, fetched.next.offset())
            }
            None => Ok(Vec::new()),
        }
    }
}

impl Chunk {
    fn next_batch(&mut self) -> Option<Result<Bytes, BatchError>> {
        while self.rest.is_empty() {
            self.rest = self.pieces.next()?;
        }
        match BatchView::parse(&self.rest).map(|view| view.size()) {
            Ok(size) => Some(Ok(self.rest.split_to(size))),
            Err(error) => {
                // There is no telling where the next one would start.
                self.rest = Bytes::new();
                Some(Err(error))
            }
        }
    }
}
