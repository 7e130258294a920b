//! [`AssignedPartition`]: one partition of a consumer's assignment: where the application is in it, what it has stored
//! and committed, and whether it is being read. Changed under the consumer's lock only.

use std::sync::Arc;
use std::time::Instant;

use super::lines::LineId;
use super::reader::PartitionReader;
use super::readiness::Waker;
use crate::client::{BatchMessages, Message, MessageRef, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::record::{BatchError, BatchHeader};
use crate::types::{LeaderEpoch, Offset, PartitionIndex};

/// A place between two records, as it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The next offset to be read.
    pub(super) offset: Offset,
    /// Epoch of the leader that the record before it came from.
    pub(super) leader_epoch: Option<LeaderEpoch>,
}

impl Position {
    /// Behind all records of a batch.
    pub(super) fn behind(batch: &BatchHeader) -> Position {
        Position { offset: batch.next_offset(), leader_epoch: Some(batch.leader_epoch()) }
    }
}

/// Where reading starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At a place that has to be found out first.
    Wanted(OffsetSpec),
    /// It has been found.
    Found,
    /// Nowhere, until the application seeks: `auto.offset.reset` is `error`.
    Nowhere,
}

/// See the module.
pub(super) struct AssignedPartition {
    pub(super) topic: Arc<str>,
    pub(super) partition: PartitionIndex,
    /// The offset that was asked for when it was assigned.
    pub(super) asked: OffsetSpec,
    pub(super) start: Start,
    /// `None` while there is no such partition.
    pub(super) reader: Option<PartitionReader>,
    pub(super) waker: Arc<Waker>,
    pub(super) paused: bool,
    /// Where it waits for its turn.
    pub(super) line: LineId,
    /// Whether it waits for its turn, or has it.
    pub(super) in_line: bool,
    position: Option<Position>,
    pub(super) stored: Option<Position>,
    /// Goes with `stored` when the application stored it.
    pub(super) stored_metadata: Option<Arc<str>>,
    /// The highest that was committed in this assignment.
    pub(super) committed: Option<Offset>,
    /// The end that was reported last.
    pub(super) eof: Option<Offset>,
    /// The failure that was reported last; not reported again until something else happens.
    pub(super) reported: Option<ErrorCode>,
    /// Not to be looked at before.
    pub(super) retry_at: Option<Instant>,
}

impl AssignedPartition {
    pub(super) fn new(topic: Arc<str>, partition: PartitionIndex, asked: OffsetSpec, waker: Waker) -> Self {
        AssignedPartition {
            topic,
            partition,
            asked,
            start: Start::Wanted(asked),
            reader: None,
            waker: Arc::new(waker),
            paused: false,
            line: LineId::CONSUMER,
            in_line: false,
            position: None,
            stored: None,
            stored_metadata: None,
            committed: None,
            eof: None,
            reported: None,
            retry_at: None,
        }
    }

    /// The next message of the batch being handed out; moves the position. `store` says whether it counts as
    /// processed at once.
    #[inline(always)]
    pub(super) fn next_message(&mut self, store: AutoStore) -> Option<Result<Message, BatchError>> {
        let messages = self.reader.as_mut()?.messages()?;
        let next = messages.next()?;
        if let Ok(message) = &next
            && let Some(offset) = message.offset()
        {
            let leader_epoch = Some(message.leader_epoch());
            self.move_to(Position { offset: offset.plus(1), leader_epoch }, store);
        }
        Some(next)
    }

    /// Gives the next messages of the batch being handed out to `take`, `count_max` at most; moves the position. Returns
    /// how many there were.
    ///
    /// # Errors
    /// As [`AssignedPartition::next_message`]: those before it have been given.
    pub(super) fn give(
        &mut self,
        count_max: usize,
        store: AutoStore,
        take: impl FnMut(MessageRef<'_>),
    ) -> (usize, Result<(), BatchError>) {
        let Some(messages) = self.reader.as_mut().and_then(PartitionReader::messages) else {
            return (0, Ok(()));
        };
        let leader_epoch = Some(messages.header().leader_epoch());
        let (count, end, outcome) = messages.give(count_max, take);
        if let Some(offset) = end {
            self.move_to(Position { offset, leader_epoch }, store);
        }
        (count, outcome)
    }

    /// The rest of the batch being handed out; moves the position behind it.
    pub(super) fn take_batch(&mut self, store: AutoStore) -> Option<BatchMessages> {
        let batch = self.reader.as_mut()?.take_batch()?;
        self.move_to(Position::behind(batch.header()), store);
        Some(batch)
    }

    /// The application gets to `position`.
    #[inline]
    pub(super) fn move_to(&mut self, position: Position, store: AutoStore) {
        self.position = Some(position);
        if store == AutoStore::On {
            self.stored = Some(position);
        }
    }

    /// Behind the last message that was handed out since the start or the last seek, and behind the ends of
    /// transactions that followed it and were passed when more was asked for.
    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    /// Forgets what was read ahead and where the application was: reading goes on at `spec`.
    pub(super) fn restart(&mut self, spec: OffsetSpec) {
        self.start = Start::Wanted(spec);
        self.position = None;
        self.eof = None;
        self.reported = None;
        self.retry_at = None;
        if let Some(reader) = &mut self.reader {
            reader.seek(Offset::ZERO);
        }
    }

    /// What commits without a list of their own are to commit: what is stored, if that is further than what is
    /// committed.
    pub(super) fn to_commit(&self) -> TopicPartitionOffset {
        self.stored_if(|stored, committed| stored > committed)
    }

    /// What is to be committed when the partition is given up: what is stored, also when it is behind what is committed,
    /// as after a seek. Who gets the partition next reads again what this consumer has not got to again.
    pub(super) fn to_commit_at_last(&self) -> TopicPartitionOffset {
        self.stored_if(|stored, committed| stored != committed)
    }

    /// What is stored, if nothing is committed or the two compare like that.
    fn stored_if(&self, compare: impl Fn(Offset, Offset) -> bool) -> TopicPartitionOffset {
        let is_due = |stored: &Position| self.committed.is_none_or(|done| compare(stored.offset, done));
        let stored = self.stored.filter(is_due);
        let mut element = self.element(OffsetSpec::Invalid);
        if let Some(stored) = stored {
            element.offset = stored.offset.into();
            element.leader_epoch = stored.leader_epoch;
            element.metadata.clone_from(&self.stored_metadata);
        }
        element
    }

    /// This partition as an element of a list.
    pub(super) fn element(&self, offset: OffsetSpec) -> TopicPartitionOffset {
        TopicPartitionOffset::new(Arc::clone(&self.topic), self.partition, offset)
    }
}

/// `enable.auto.offset.store`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AutoStore {
    /// What is handed out is stored.
    On,
    /// The application stores.
    Off,
}
