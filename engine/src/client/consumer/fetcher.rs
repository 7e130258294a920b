//! [`Fetcher`]: takes messages from the assigned partitions, one after the other in turns, so that a full partition
//! does not keep the others waiting. Lives under the consumer's lock; reads on the thread that polls; never waits.
//!
//! A partition stands in line while it may have something ([`super::lines`]). The one in front is read, and goes to the
//! back once what one read brought has been handed out. One that is at its end leaves the line, and its shard puts it back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::assignment::Assignment;
use super::events::ConsumerError;
use super::lines::{LineId, Lines};
use super::partition::{AssignedPartition, AutoStore, Start};
use super::reader::{BadBatch, FillError, Filled, Opened, ReadSettings};
use super::readiness::ReadyQueue;
use super::resets::{self, Reset};
use super::topics_watch::TopicsWatch;
use crate::broker::{Broker, read_error_code};
use crate::client::config::{ConsumerConfig, OffsetReset};
use crate::client::subscription::PatternList;
use crate::client::{BatchMessages, KafkaError, Message, MessageRef};
use crate::error_code::ErrorCode;
use crate::record::BatchError;
use crate::shard::Notify;
use crate::types::{Offset, PartitionIndex};

/// See the module.
pub(super) struct Fetcher {
    pub(super) assignment: Assignment,
    pub(super) broker: Option<Arc<Broker>>,
    pub(super) queue: Arc<ReadyQueue>,
    pub(super) topics: Arc<TopicsWatch>,
    pub(super) settings: ReadSettings,
    pub(super) reset: OffsetReset,
    /// Topics that do not exist for this consumer.
    pub(super) blacklist: Arc<PatternList>,
    pub(super) lines: Lines,
    /// Whether there is a group that may have committed.
    pub(super) has_group: bool,
    /// Whether a partition came to wait for what the group has committed.
    pub(super) wants_committed: bool,
    /// Messages in batches that were opened to be handed out, and the batches' bytes.
    pub(super) received: (u64, u64),
    store: AutoStore,
    reports_eof: bool,
    error_backoff: Duration,
    /// When to look at partitions that failed.
    retry_at: Option<Instant>,
}

/// How far [`Fetcher::advance`] got.
pub(super) enum Advance {
    /// There is a batch to hand out.
    Ready,
    /// Something is to be told.
    Error(ConsumerError),
    /// There is nothing until the signal says so, or until this time.
    Idle(Option<Instant>),
}

impl Fetcher {
    pub(super) fn new(config: &ConsumerConfig, broker: Option<Arc<Broker>>) -> Fetcher {
        let queue: Arc<ReadyQueue> = Arc::default();
        Fetcher {
            assignment: Assignment::default(),
            broker,
            topics: TopicsWatch::new(Arc::clone(queue.signal())),
            queue,
            settings: ReadSettings::new(config),
            reset: config.auto_offset_reset,
            blacklist: Arc::clone(&config.topic_blacklist),
            lines: Lines::default(),
            has_group: config.group_id.is_some(),
            wants_committed: false,
            received: (0, 0),
            store: if config.auto_offset_store { AutoStore::On } else { AutoStore::Off },
            reports_eof: config.partition_eof,
            error_backoff: config.fetch.error_backoff,
            retry_at: None,
        }
    }

    /// The next message of the batch being handed out. `None` when [`Fetcher::advance`] has to look for the next one.
    #[inline(always)]
    pub(super) fn next_message(&mut self, line: LineId) -> Option<Message> {
        let place = self.lines.get(line).front()?;
        let partition = self.assignment.get_mut(place)?;
        match partition.next_message(self.store)? {
            Ok(message) => Some(message),
            Err(reason) => {
                let error = skip(partition, reason);
                self.lines.get_mut(line).errors.push_back(error);
                None
            }
        }
    }

    /// Gives the next messages of the batch being handed out to `take`, `count_max` at most. Returns how many; 0 when
    /// [`Fetcher::advance`] has to look for the next one.
    pub(super) fn give(&mut self, line: LineId, count_max: usize, take: impl FnMut(MessageRef<'_>)) -> usize {
        let Some(place) = self.lines.get(line).front() else { return 0 };
        let Some(partition) = self.assignment.get_mut(place) else { return 0 };
        let (count, outcome) = partition.give(count_max, self.store, take);
        if let Err(reason) = outcome {
            let error = skip(partition, reason);
            self.lines.get_mut(line).errors.push_back(error);
        }
        count
    }

    /// The rest of the batch being handed out.
    pub(super) fn take_batch(&mut self, line: LineId) -> Option<BatchMessages> {
        let place = self.lines.get(line).front()?;
        self.assignment.get_mut(place)?.take_batch(self.store)
    }

    /// Looks for the next batch.
    pub(super) fn advance(&mut self, line: LineId) -> Advance {
        loop {
            self.take_ready();
            let waiting = self.lines.get_mut(line);
            if let Some(error) = waiting.errors.pop_front() {
                return Advance::Error(error);
            }
            let Some(place) = waiting.front() else { return Advance::Idle(self.retry_at) };
            if self.turn(line, place) {
                return Advance::Ready;
            }
        }
    }

    /// One step for the partition in front. True when it has a batch to hand out.
    fn turn(&mut self, line: LineId, place: usize) -> bool {
        let Some(partition) = self.assignment.get_mut(place) else { return false };
        let Some(reader) = &mut partition.reader else {
            self.leave_line(place);
            return false;
        };
        if reader.has_messages() {
            // It has left the line within a batch and come back.
            return true;
        }
        match reader.open_next() {
            Ok(Opened::Messages) => {
                let header = reader.messages().map(|messages| *messages.header());
                let count = header.map_or(0, |header| header.records_count.get());
                self.received.0 += u64::try_from(count).unwrap_or(0);
                self.received.1 += header.and_then(|header| header.size().ok()).unwrap_or(0) as u64;
                return true;
            }
            Ok(Opened::Marker(behind)) => {
                partition.move_to(behind, self.store);
                return false;
            }
            Ok(Opened::Nothing) => {}
            Err(bad) => {
                self.lines.get_mut(line).errors.push_back(bad_batch(partition, &bad));
                return false;
            }
        }
        let waiting = self.lines.get_mut(line);
        if std::mem::take(&mut waiting.in_turn) && waiting.places.len() > 1 {
            waiting.places.rotate_left(1);
            return false;
        }
        match reader.fill() {
            Ok(Filled::Some) => {
                partition.reported = None;
                waiting.in_turn = true;
            }
            Ok(Filled::AtEnd(end)) => self.at_end(place, end),
            Err(error) => self.failed(place, error),
        }
        false
    }

    /// A partition has nothing more: reports it if asked to, then waits for its shard.
    fn at_end(&mut self, place: usize, end: Offset) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        let Some(reader) = &mut partition.reader else { return };
        partition.reported = None;
        if self.reports_eof && reader.next_read() == end && partition.eof != Some(end) {
            partition.eof = Some(end);
            let node = self.broker.as_ref().map_or(-1, |broker| broker.config().node_id);
            self.lines.get_mut(partition.line).errors.push_back(end_of_partition(partition, end, node));
            return;
        }
        partition.waker.arm();
        let waker: Arc<dyn Notify> = partition.waker.clone();
        let log = Arc::clone(reader.log());
        log.notify_on_change(Arc::clone(&waker));
        // What came before the registration woke nobody.
        if matches!(reader.fill(), Ok(Filled::AtEnd(_))) {
            self.leave_line(place);
        } else {
            partition.waker.disarm();
            log.forget(&waker);
        }
    }

    fn failed(&mut self, place: usize, error: FillError) {
        match error {
            FillError::OutOfRange(offset) => {
                self.leave_line(place);
                self.reset_offset(place, Reset::OutOfRange(offset));
            }
            FillError::Deleted => self.lose(place),
            FillError::Storage(error) => {
                let code = read_error_code(&error);
                self.leave_line(place);
                self.report_once(place, KafkaError::with_reason(code, error.to_string()));
                self.retry_later(place);
            }
        }
    }

    /// Tells of a failure unless it was told of last.
    pub(super) fn report_once(&mut self, place: usize, error: KafkaError) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        if partition.reported.replace(error.code()) != Some(error.code()) {
            let error = resets::partition_error(partition, error, None);
            self.lines.get_mut(partition.line).errors.push_back(error);
        }
    }

    /// Looks at a partition again after the backoff.
    fn retry_later(&mut self, place: usize) {
        let at = Instant::now() + self.error_backoff;
        if let Some(partition) = self.assignment.get_mut(place) {
            partition.retry_at = Some(at);
            self.retry_at = Some(self.retry_at.map_or(at, |other| other.min(at)));
        }
    }

    /// Gives up everything that it holds of the engine.
    pub(super) fn close(&mut self) {
        let places = self.assignment.places().to_vec();
        drop(self.unassign(&places));
        if let Some(broker) = self.broker.take() {
            self.topics.forget(&broker);
        }
    }

    /// Puts those in line that shards say have something new, and those whose backoff is over.
    fn take_ready(&mut self) {
        if self.topics.take() {
            self.look_for_missing();
        }
        while let Some(stay) = self.queue.pop() {
            if let Some(place) = self.assignment.place_of(stay) {
                self.enter_line(place);
            }
        }
        if let Some(at) = self.retry_at
            && at <= Instant::now()
        {
            self.retry();
        }
    }

    fn retry(&mut self) {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for place in self.assignment.places().to_vec() {
            let Some(partition) = self.assignment.get_mut(place) else { continue };
            match partition.retry_at {
                Some(at) if at <= now => {
                    partition.retry_at = None;
                    self.enter_line(place);
                }
                Some(at) => next = Some(next.map_or(at, |other| other.min(at))),
                None => {}
            }
        }
        self.retry_at = next;
    }

    /// Puts a partition in line, if it is one that can be read.
    pub(super) fn enter_line(&mut self, place: usize) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        let readable = partition.start == Start::Found && partition.reader.is_some() && !partition.paused;
        if readable && partition.retry_at.is_none() && !std::mem::replace(&mut partition.in_line, true) {
            self.lines.get_mut(partition.line).places.push_back(place);
        }
    }

    /// Gives a partition a line for itself, assigned or not; `None` when it has one.
    pub(super) fn set_apart(&mut self, topic: &Arc<str>, partition: PartitionIndex) -> Option<LineId> {
        let line = self.lines.add(topic, partition)?;
        self.change_line(topic, partition, line);
        Some(line)
    }

    /// Takes [`Fetcher::set_apart`] back.
    pub(super) fn rejoin(&mut self, topic: &Arc<str>, partition: PartitionIndex) {
        self.change_line(topic, partition, LineId::CONSUMER);
        self.lines.end(topic, partition);
    }

    fn change_line(&mut self, topic: &str, partition: PartitionIndex, line: LineId) {
        let Some(place) = self.assignment.find(topic, partition) else { return };
        self.leave_line(place);
        if let Some(partition) = self.assignment.get_mut(place) {
            partition.line = line;
        }
        self.enter_line(place);
    }

    /// Takes a partition out of its line, which does not go on where it is: what was to be told of there is outdated.
    pub(super) fn leave(&mut self, place: usize) {
        self.leave_line(place);
        if let Some(partition) = self.assignment.get_mut(place) {
            self.lines.get_mut(partition.line).drop_errors_of(&partition.topic, partition.partition);
        }
    }

    /// Takes a partition out of its line.
    pub(super) fn leave_line(&mut self, place: usize) {
        let Some(partition) = self.assignment.get_mut(place) else { return };
        if std::mem::take(&mut partition.in_line) {
            self.lines.get_mut(partition.line).remove(place);
        }
    }
}

/// Leaves out the rest of a batch that cannot be read on.
fn skip(partition: &mut AssignedPartition, reason: BatchError) -> ConsumerError {
    let offset = partition.position().map_or(Offset::ZERO, |position| position.offset);
    if let Some(reader) = &mut partition.reader {
        reader.skip_batch();
    }
    bad_batch(partition, &BadBatch { offset, reason })
}

/// A batch that cannot be handed out.
fn bad_batch(partition: &AssignedPartition, bad: &BadBatch) -> ConsumerError {
    let reason = format!("batch at offset {}: {}", bad.offset, bad.reason);
    let error = KafkaError::with_reason(ErrorCode::LocalBadMsg, reason);
    resets::partition_error(partition, error, Some(bad.offset))
}

/// The event that `enable.partition.eof` asks for, with librdkafka's text.
fn end_of_partition(partition: &AssignedPartition, end: Offset, node: i32) -> ConsumerError {
    let reason =
        format!("Fetch from broker {node} reached end of partition at offset {end} (HighwaterMark {end})");
    let error = KafkaError::with_reason(ErrorCode::LocalPartitionEof, reason);
    resets::partition_error(partition, error, Some(end))
}
