//! [`Writer`]: the shard's side of one partition. Group commit lives here: one append is in flight, what arrives
//! meanwhile joins the next one. A flush may be in flight beside it, unless the append flushes by itself.
//!
//! Owned by the shard's thread. A failed append or flush takes the partition offline and is never retried; the log is
//! reopened, which recovers it.

mod offline;
mod upkeep;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::append::{Append, Appended, BatchSource, ProduceError, ProduceFailure, Pulled, Reply, refuse};
use super::batch_cache::BatchCache;
use super::durable_marks::DurableMarks;
use super::partition::{Admission, Partition, Slot};
use super::timers::{Due, Timers};
use crate::config::topic::LogConfig;
use crate::io::{Clock, CommitQueue, Completion, CompletionKind, Durability, ReservedDisk, Token};
use crate::limits::COMMIT_SIZE_MAX;
use crate::log::{AppendError, FileError, FileOperation, Log, LogError, Prepared, Refused, admit};
use crate::metrics::ShardMetrics;
use crate::record::SealedBatch;
use crate::types::{Acks, LeaderEpoch, Offset, Sequence, Timestamp};
use offline::Orphans;

/// What all writers of a shard use.
pub(super) struct Resources {
    pub(super) disk: Arc<ReservedDisk>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: Box<dyn CommitQueue>,
    pub(super) cache: BatchCache,
    pub(super) timers: Timers,
    pub(super) marks: DurableMarks,
    pub(super) metrics: Arc<ShardMetrics>,
    /// Memory for unpacking batches.
    pub(super) scratch: Vec<u8>,
}

/// The shard's side of one partition.
pub(super) struct Writer {
    partition: Arc<Partition>,
    dir: PathBuf,
    config: Arc<LogConfig>,
    log: Log,
    /// The log's active segment is open for appending.
    started: bool,
    sources: Vec<Source>,
    waiting: VecDeque<Waiting>,
    append: Option<Flight>,
    flush: Option<Flight>,
    /// Operations of a log that has failed meanwhile, and which the disk has not ended yet.
    orphans: Orphans,
    /// Nothing more is begun.
    paused: bool,
    /// Nothing lingers any more.
    ending: bool,
    /// A [`Due::Kick`] for a flush by time is set.
    flush_due: Option<Duration>,
}

/// A producer that has batches, or will have.
struct Source {
    batches: Arc<dyn BatchSource>,
    /// When its open batch has lingered long enough; `None` when it has announced something since the last look.
    due: Option<Duration>,
}

/// An append or flush that the disk works on.
struct Flight {
    /// End of the log once it is done.
    end: Offset,
    durability: Durability,
    answers: Vec<Answer>,
    since: Duration,
}

/// A batch that has come.
struct Waiting {
    append: Append,
    /// Why it is not to be appended. It waits all the same: a producer hears of his batches in the order they came in.
    refused: Option<ProduceError>,
}

/// A producer that waits for a flight.
struct Answer {
    reply: Reply,
    result: Result<Appended, ProduceFailure>,
    /// When the batch's first record came.
    since: Duration,
}

/// What goes into the next append.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Bytes>,
    size: usize,
    answers: Vec<Answer>,
    durable: bool,
}

impl Writer {
    pub(super) fn new(partition: Arc<Partition>, dir: PathBuf, config: Arc<LogConfig>, log: Log) -> Writer {
        Writer {
            partition,
            dir,
            config,
            log,
            started: false,
            sources: Vec::new(),
            waiting: VecDeque::new(),
            append: None,
            flush: None,
            orphans: Orphans::default(),
            paused: false,
            ending: false,
            flush_due: None,
        }
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.is_in_flight() && self.waiting.is_empty() && self.sources.is_empty()
    }

    /// Whether the disk works on anything, even if nobody waits for it.
    pub(super) fn is_in_flight(&self) -> bool {
        self.append.is_some() || self.flush.is_some() || self.orphans.append || self.orphans.flush
    }

    pub(super) fn set_config(&mut self, config: Arc<LogConfig>) {
        self.log.set_config(Arc::clone(&config));
        self.config = config;
    }

    /// Lets a batch wait for the next append, or refuses it.
    pub(super) fn add_append(&mut self, append: Append, with: &mut Resources) {
        let now = with.clock.now();
        self.admit(append, now, with);
    }

    fn admit(&mut self, append: Append, now: Timestamp, with: &mut Resources) {
        let Append { batch, acks, since, reply } = append;
        let replicas = self.config.min_insync_replicas;
        let (batch, refused) = if !self.partition.id().topic.is_internal() && with.disk.is_full() {
            (batch, Some(ProduceError::Storage("the disk is full".to_owned())))
        } else if acks == Acks::Durable && replicas > 1 {
            (batch, Some(AppendError::NotEnoughReplicas(replicas).into()))
        } else {
            match admit(batch, &self.config, now, &mut with.scratch) {
                Ok(batch) => (batch, None),
                Err(Refused { error, batch }) => (batch, Some(error.into())),
            }
        };
        match refused {
            Some(error) if self.waiting.is_empty() && self.append.is_none() => refuse(batch, reply, error),
            refused => {
                self.waiting.push_back(Waiting { append: Append { batch, acks, since, reply }, refused });
            }
        }
    }

    pub(super) fn add_source(&mut self, batches: Arc<dyn BatchSource>) {
        match self.sources.iter_mut().find(|known| Arc::ptr_eq(&known.batches, &batches)) {
            Some(known) => known.due = None,
            None => self.sources.push(Source { batches, due: None }),
        }
    }

    /// Begins nothing more, or goes on.
    pub(super) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Tells the producers that nobody will pull from them any more.
    pub(super) fn abandon_sources(&self) {
        for source in &self.sources {
            source.batches.abandoned();
        }
    }

    /// It ends: what lingers is given up, now and from now on.
    pub(super) fn stop_lingering(&mut self) {
        self.ending = true;
        self.sources.retain(|source| {
            let lingers = source.due.is_some();
            if lingers {
                source.batches.abandoned();
            }
            !lingers
        });
    }

    /// Starts what can be started: the next append, and a flush that is owed.
    pub(super) fn kick(&mut self, with: &mut Resources) {
        if self.paused {
            return;
        }
        let next_is_durable = self.waiting.front().is_some_and(|next| next.append.acks == Acks::Durable);
        if self.append.is_none() && !(self.flush.is_some() && next_is_durable) {
            self.pull(with);
            if self.partition.unavailable().is_some() {
                self.refuse_waiting();
            } else if let Err(error) = self.append_waiting(with) {
                self.fail(&error, Vec::new(), with);
            }
        }
        let flushes = self.append.as_ref().is_some_and(|append| append.durability == Durability::Durable);
        if self.flush.is_none() && !flushes && self.partition.unavailable().is_none() && self.owes_flush(with)
        {
            self.start_flush(Vec::new(), with);
        }
    }

    /// Takes what is due from the producers that have announced something or lingered long enough.
    fn pull(&mut self, with: &mut Resources) {
        if self.sources.is_empty() {
            return;
        }
        let now = with.clock.monotonic();
        let slot = self.partition.slot();
        let mut batches = Vec::new();
        self.sources.retain_mut(|source| {
            if source.due.is_some_and(|due| due > now) {
                return true;
            }
            match source.batches.pull(now, &mut batches) {
                Pulled::Empty => false,
                Pulled::Until(_) if self.ending => {
                    source.batches.abandoned();
                    false
                }
                Pulled::Until(due) => {
                    source.due = Some(due);
                    with.timers.add(due, Due::Kick(slot));
                    true
                }
            }
        });
        if batches.is_empty() {
            return;
        }
        let now = with.clock.now();
        for append in batches {
            self.admit(append, now, with);
        }
    }

    fn append_waiting(&mut self, with: &mut Resources) -> Result<(), LogError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.start(with)?;
        let gathered = self.gather(with)?;
        if gathered.pieces.is_empty() {
            self.answer_duplicates(gathered, with);
            return Ok(());
        }
        let durability = if gathered.durable { Durability::Durable } else { Durability::Cached };
        with.queue.append(self.token(), self.log.handle(), gathered.pieces, durability);
        if gathered.durable {
            with.marks.commit_started();
        }
        let (end, answers, since) = (self.log.end(), gathered.answers, with.clock.monotonic());
        self.append = Some(Flight { end, durability, answers, since });
        Ok(())
    }

    /// Opens the newest segment for appending, before the first use.
    fn start(&mut self, with: &mut Resources) -> Result<(), LogError> {
        if !self.started {
            self.log.start(&mut *with.queue)?;
            self.started = true;
        }
        Ok(())
    }

    /// Assigns offsets to as many waiting batches as one append may hold. A batch that needs a new segment ends it.
    /// Beside a flush neither a new segment can be begun nor a second flush, so that one for `acks=all` ends it, too.
    fn gather(&mut self, with: &mut Resources) -> Result<Gathered, LogError> {
        let now = with.clock.now();
        let mut gathered = Gathered::default();
        while let Some(next) = self.waiting.front() {
            let beside_flush = self.flush.is_some();
            if gathered.size >= COMMIT_SIZE_MAX || beside_flush && next.append.acks == Acks::Durable {
                break;
            }
            if next.refused.is_none() && self.log.needs_roll(next.append.batch.header(), now) {
                if beside_flush || !gathered.pieces.is_empty() {
                    break;
                }
                self.log.roll(&mut *with.queue)?;
                // Rolling has flushed everything: readers may see it.
                self.partition.wake_readers();
            }
            if let Some(next) = self.waiting.pop_front() {
                self.prepare(next, now, &mut gathered, &mut with.cache);
            }
        }
        Ok(gathered)
    }

    fn prepare(&mut self, next: Waiting, now: Timestamp, gathered: &mut Gathered, cache: &mut BatchCache) {
        let Waiting { append: Append { batch, acks, since, reply }, refused } = next;
        let refused = refused.or_else(|| self.check_transaction(&batch));
        let header = batch.header();
        let ended = header.attributes().is_control().then(|| header.producer_id());
        let prepared = match refused {
            Some(error) => Err((error, batch)),
            None => self.log.prepare(batch, now).map_err(|Refused { error, batch }| (error.into(), batch)),
        };
        let (base_offset, append_time, bytes) = match prepared {
            Err((error, batch)) => {
                let batch = batch.assign(Offset::ZERO, LeaderEpoch(0));
                let result = Err(ProduceFailure { error, batch });
                return gathered.answers.push(Answer { reply, result, since });
            }
            Ok(Prepared::Duplicate { base_offset, append_time, .. }) => {
                (base_offset, append_time, Bytes::new())
            }
            Ok(Prepared::Write { bytes, base_offset, last_offset, append_time }) => {
                if let Some(producer_id) = ended {
                    self.partition.end_transaction(producer_id);
                }
                cache.add(self.partition.tail(), base_offset, last_offset, &bytes);
                gathered.size += bytes.len();
                gathered.pieces.push(bytes.clone());
                (base_offset, append_time, bytes)
            }
        };
        let log_start = self.log.view().log_start();
        let appended = Appended { base_offset, append_time, log_start, batch: bytes };
        match acks {
            Acks::None => reply.send(Ok(appended)),
            Acks::Written => gathered.answers.push(Answer { reply, result: Ok(appended), since }),
            Acks::Durable => {
                gathered.durable = true;
                gathered.answers.push(Answer { reply, result: Ok(appended), since });
            }
        }
    }

    /// Whether a batch would begin a transaction that its coordinator does not know of, and so would never end.
    fn check_transaction(&self, batch: &SealedBatch) -> Option<ProduceError> {
        let header = batch.header();
        let (producer_id, found) = (header.producer_id(), header.producer_epoch());
        if !self.log.begins_transaction(batch) {
            return None;
        }
        let sequence = header.base_sequence();
        let refused = match self.partition.admitted_transaction(producer_id) {
            None => AppendError::NotInTransaction(producer_id),
            Some(Admission { epoch: current, .. }) if current != found => {
                AppendError::ProducerFenced { producer_id, current, found }
            }
            Some(Admission { begins_at_zero: true, .. })
                if sequence != Sequence(0) && !self.log.knows_producer(producer_id) =>
            {
                AppendError::OutOfOrderSequence { producer_id, last: Sequence::NONE, found: sequence }
            }
            Some(_) => return None,
        };
        Some(refused.into())
    }

    /// Nothing but duplicates and refused batches arrived: they may be answered once the log is as durable as they want it.
    fn answer_duplicates(&mut self, gathered: Gathered, with: &mut Resources) {
        if !gathered.durable || self.log.durable() >= self.log.end() {
            return send_all(gathered.answers, with);
        }
        self.start_flush(gathered.answers, with);
    }

    fn token(&self) -> Token {
        Token(u64::try_from(self.partition.slot().0).unwrap_or(u64::MAX))
    }

    fn start_flush(&mut self, answers: Vec<Answer>, with: &mut Resources) {
        with.queue.flush(self.token(), self.log.handle());
        with.marks.commit_started();
        let since = with.clock.monotonic();
        self.flush =
            Some(Flight { end: self.log.written(), durability: Durability::Durable, answers, since });
        self.flush_due = None;
    }

    /// Whether a flush is due. Without write caching, what is written is flushed at once, so that readers may see it.
    /// With it, the topic's `flush.messages` and `flush.ms` decide.
    fn owes_flush(&mut self, with: &mut Resources) -> bool {
        let unflushed = u64::try_from(self.log.written().0 - self.log.durable().0).unwrap_or(0);
        if unflushed == 0 {
            return false;
        }
        let now = with.clock.monotonic();
        let by_count = self.config.flush_messages.is_some_and(|most| unflushed >= most);
        let by_time = self.flush_due.is_some_and(|due| now >= due);
        if !self.config.write_caching || by_count || by_time {
            return true;
        }
        if let (None, Some(interval)) = (self.flush_due, self.config.flush_interval) {
            let due = now.saturating_add(interval);
            self.flush_due = Some(due);
            with.timers.add(due, Due::Kick(self.partition.slot()));
        }
        false
    }

    /// An append or flush has ended.
    pub(super) fn complete(&mut self, completion: Completion, with: &mut Resources) {
        let (flight, orphan) = match completion.kind {
            CompletionKind::Append => (&mut self.append, &mut self.orphans.append),
            CompletionKind::Flush => (&mut self.flush, &mut self.orphans.flush),
            CompletionKind::Block | CompletionKind::Ready { .. } => return,
        };
        if std::mem::take(orphan) {
            return;
        }
        let Some(flight) = flight.take() else { return };
        if let Err(source) = completion.result {
            let path = self.log.directory().to_owned();
            let error = FileError { operation: FileOperation::Write, path, source }.into();
            return self.fail(&error, flight.answers, with);
        }
        with.metrics.commit.record(with.clock.monotonic().saturating_sub(flight.since));
        self.log.mark_written(flight.end);
        if flight.durability == Durability::Durable {
            self.log.mark_durable(flight.end);
            with.marks.set(self.partition.slot(), flight.end);
        }
        let readable = if self.config.write_caching { self.log.written() } else { self.log.durable() };
        self.log.set_high_watermark(readable);
        self.partition.wake_readers();
        send_all(flight.answers, with);
    }

    pub(super) fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

fn send_all(answers: Vec<Answer>, with: &Resources) {
    let now = with.clock.monotonic();
    for Answer { reply, result, since } in answers {
        if result.is_ok() {
            with.metrics.produce.record(now.saturating_sub(since));
        }
        reply.send(result);
    }
}

/// Names the place of a writer in a completion's token.
pub(super) fn slot_of(token: Token) -> Option<Slot> {
    usize::try_from(token.0).ok().map(Slot)
}
