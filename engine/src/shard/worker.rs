//! [`Worker`]: the loop of one shard. It takes messages, starts appends, hands them to the kernel in one system call,
//! answers what has completed, and sleeps in its commit queue when there is nothing to do.
//!
//! Owned by the shard's thread; it runs no Kafka logic and does no blocking I/O but for opening, rolling and closing
//! logs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::append::{Announced, Append};
use super::batch_cache::BatchCache;
use super::durable_marks::DurableMarks;
use super::mailbox::Mailbox;
use super::partition::{Partition, Slot, Unavailable};
use super::resident::{Doorbell, Occupied, Resident};
use super::timers::{Due, Timers};
use super::writer::{Resources, Writer, slot_of};
use super::{PartitionSpec, ShardOptions, ShardStopped};
use crate::config::topic::LogConfig;
use crate::io::{CommitQueue, Completion, CompletionKind, Disk};
use crate::limits::MAILBOX_ROUND_MAX;
use crate::log::{Log, LogCheckpoint, LogError, RecoveryReport};
use crate::sync::Spinner;
use crate::types::{Timestamp, TopicPartition};

/// What other threads send to a shard.
pub(super) enum Message {
    /// One batch for one partition.
    Append(Slot, Append),
    /// A producer has batches for a partition.
    Announce(Slot, Announced),
    /// Rare work: attaching, closing, configuring.
    Task(Box<dyn FnOnce(&mut Worker) + Send>),
    /// The end.
    Stop,
}

/// One shard at work. Tasks sent with [`super::Shard::run`] see it.
pub struct Worker {
    mailbox: Mailbox<Message>,
    writers: Vec<Option<Writer>>,
    resources: Resources,
    /// Writers that something happened to in this round.
    touched: Vec<Slot>,
    completions: Vec<Completion>,
    spin: Duration,
    resident: Option<Box<dyn Resident>>,
    stopping: bool,
}

/// However the worker ends, by a panic too, its partitions say that they are gone.
impl Drop for Worker {
    fn drop(&mut self) {
        for writer in self.writers.iter().flatten() {
            writer.partition().close(Unavailable::Offline(ShardStopped.to_string()));
            writer.abandon_sources();
        }
    }
}

impl Worker {
    pub(super) fn new(options: &ShardOptions, mailbox: Mailbox<Message>) -> io::Result<Worker> {
        let queue = options.disk.commit_queue()?;
        mailbox.set_waker(queue.waker());
        let path = options.durable_marks.clone();
        let marks = DurableMarks::new(options.disk.clone(), path, options.marks_sequence);
        let resources = Resources {
            disk: Arc::clone(&options.disk),
            clock: Arc::clone(&options.clock),
            queue,
            cache: BatchCache::new(options.cache_size_max),
            timers: Timers::default(),
            marks,
            metrics: Arc::clone(&options.metrics),
            scratch: Vec::new(),
        };
        Ok(Worker {
            mailbox,
            writers: Vec::new(),
            resources,
            touched: Vec::new(),
            completions: Vec::new(),
            spin: options.spin,
            resident: None,
            stopping: false,
        })
    }

    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// When the commit queue itself breaks.
    pub(super) fn serve(&mut self) -> io::Result<()> {
        let spinner = Spinner::new(self.spin);
        while !self.stopping {
            let busy = self.round()? || spinner.spin(None, || self.round())?;
            if !busy && !self.stopping {
                self.rest()?;
            }
        }
        Ok(())
    }

    /// One round: the resident, messages, timers, appends, completions. False when there was nothing to do.
    pub(super) fn round(&mut self) -> io::Result<bool> {
        let mut busy = self.give_turn();
        for _ in 0..MAILBOX_ROUND_MAX {
            let Some((sent, message)) = self.mailbox.receive() else { break };
            self.resources.metrics.mailbox.record(sent.elapsed());
            self.handle(message);
            busy = true;
        }
        busy |= self.run_timers();
        self.kick_touched();
        let now = self.resources.clock.monotonic();
        self.resources.marks.write(&mut *self.resources.queue, now);
        self.resources.queue.submit(&mut self.completions)?;
        busy |= self.complete_all();
        Ok(busy || !self.touched.is_empty())
    }

    fn give_turn(&mut self) -> bool {
        let Some(resident) = &mut self.resident else { return false };
        resident.turn(self.resources.clock.monotonic(), &mut *self.resources.queue)
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Append(slot, append) => {
                if let Some(writer) = writer_at(&mut self.writers, slot) {
                    writer.add_append(append, &mut self.resources);
                    self.touched.push(slot);
                }
            }
            Message::Announce(slot, announced) => {
                if let Some(writer) = writer_at(&mut self.writers, slot)
                    && let Some(source) = announced.take()
                {
                    writer.add_source(source);
                    self.touched.push(slot);
                }
            }
            Message::Task(task) => task(self),
            Message::Stop => self.stopping = true,
        }
    }

    fn run_timers(&mut self) -> bool {
        if self.resources.timers.next().is_none() {
            return false;
        }
        let now = self.resources.clock.monotonic();
        let mut any = false;
        while let Some(due) = self.resources.timers.pop(now) {
            any = true;
            match due {
                Due::Kick(slot) => self.touched.push(slot),
                Due::Reopen(slot) => self.reopen(slot),
                Due::Task(task) => task(self),
            }
        }
        any
    }

    fn kick_touched(&mut self) {
        for slot in std::mem::take(&mut self.touched) {
            if let Some(writer) = writer_at(&mut self.writers, slot) {
                writer.kick(&mut self.resources);
            }
        }
    }

    fn complete_all(&mut self) -> bool {
        let any = !self.completions.is_empty();
        for completion in std::mem::take(&mut self.completions) {
            match completion.kind {
                CompletionKind::Append | CompletionKind::Flush => {}
                CompletionKind::Block => {
                    self.resources.marks.written(completion);
                    continue;
                }
                CompletionKind::Ready { ended } => {
                    if let Some(resident) = &mut self.resident {
                        resident.ready(completion.token, ended);
                    }
                    continue;
                }
            }
            let Some(slot) = slot_of(completion.token) else { continue };
            if let Some(writer) = writer_at(&mut self.writers, slot) {
                writer.complete(completion, &mut self.resources);
                self.touched.push(slot);
            }
        }
        any
    }

    /// Sleeps until a message, a completion or a timer.
    fn rest(&mut self) -> io::Result<()> {
        if !self.mailbox.prepare_sleep() {
            return Ok(());
        }
        if self.resident_has_work() {
            self.mailbox.awake();
            return Ok(());
        }
        let now = self.resources.clock.monotonic();
        let resident = self.resident.as_ref().and_then(|resident| resident.next_deadline());
        let due = self.resources.timers.next().into_iter().chain(resident).min();
        let timeout = due.map(|at| at.saturating_sub(now));
        let slept = self.resources.queue.wait(timeout, &mut self.completions);
        self.mailbox.awake();
        slept?;
        self.complete_all();
        Ok(())
    }

    fn resident_has_work(&self) -> bool {
        self.resident.as_ref().is_some_and(|resident| resident.has_work())
    }

    // What tasks do.

    /// Gives the shard a resident, which is made here with the bell at this shard's door.
    ///
    /// # Errors
    /// [`Occupied`], or why it was not made.
    pub fn settle<E: From<Occupied>>(
        &mut self,
        make: impl FnOnce(Doorbell, &mut dyn CommitQueue) -> Result<Box<dyn Resident>, E>,
    ) -> Result<(), E> {
        if self.resident.is_some() {
            return Err(Occupied.into());
        }
        let bell = Doorbell::new(self.mailbox.clone());
        self.resident = Some(make(bell, &mut *self.resources.queue)?);
        Ok(())
    }

    /// Lets the resident go.
    pub fn evict(&mut self) {
        if let Some(mut resident) = self.resident.take() {
            resident.leave(&mut *self.resources.queue);
        }
    }

    /// Opens (or creates, when `spec.open` is `None`) a partition's log on this shard.
    ///
    /// # Errors
    /// [`LogError`]; the partition is not served then.
    pub fn attach(&mut self, spec: PartitionSpec) -> Result<(Arc<Partition>, RecoveryReport), LogError> {
        let disk: Arc<dyn Disk> = self.resources.disk.clone();
        let (log, report) = match spec.open {
            Some(from) => Log::open(disk, &spec.dir, Arc::clone(&spec.config), from)?,
            None => (
                Log::create(disk, &spec.dir, spec.topic_id, Arc::clone(&spec.config))?,
                RecoveryReport::default(),
            ),
        };
        if log.topic_id() != spec.topic_id {
            let (found, expected) = (log.topic_id(), spec.topic_id);
            return Err(LogError::OtherTopic { directory: spec.dir, found, expected });
        }
        let slot = Slot(self.writers.iter().position(Option::is_none).unwrap_or(self.writers.len()));
        let partition =
            Arc::new(Partition::new(spec.id, spec.topic_id, slot, self.mailbox.clone(), log.view()));
        self.resources.marks.assign(slot, spec.topic_id, partition.id().partition, log.durable());
        let writer = Writer::new(Arc::clone(&partition), spec.dir, spec.config, log);
        match self.writers.get_mut(slot.0) {
            Some(free) => *free = Some(writer),
            None => self.writers.push(Some(writer)),
        }
        Ok((partition, report))
    }

    /// Stops serving a partition that is being deleted: what waits is refused, what is in flight is waited for.
    pub fn detach(&mut self, partition: &Partition) {
        partition.close(Unavailable::Deleted);
        self.drain(partition.slot());
        if let Some(writer) = self.writers.get_mut(partition.slot().0).and_then(Option::take) {
            self.resources.marks.release(partition.slot());
            writer.abandon(&mut self.resources);
        }
    }

    /// Changes the settings of a partition's log.
    pub fn set_config(&mut self, partition: &Partition, config: Arc<LogConfig>) {
        if let Some(writer) = writer_at(&mut self.writers, partition.slot()) {
            writer.set_config(config);
        }
    }

    /// The log of a partition, for rare work such as retention. `None` when it is gone.
    pub fn log(&mut self, partition: &Partition) -> Option<&mut Log> {
        writer_at(&mut self.writers, partition.slot()).map(Writer::log_mut)
    }

    /// What the checkpoint files should say of this shard's partitions.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<(TopicPartition, LogCheckpoint)> {
        let writers = self.writers.iter().flatten();
        writers.map(|writer| (writer.partition().id().clone(), writer.log().checkpoint())).collect()
    }

    /// Applies `retention.ms` and `retention.bytes` to this shard's partitions, and forgets producers that were idle for
    /// longer than `producer_idle_max` (`producer.id.expiration.ms`). Returns the files that nobody needs any
    /// more, for another thread to unlink: a large one takes longer than a shard may stand still.
    pub fn apply_retention(&mut self, now: Timestamp, producer_idle_max: Duration) -> Vec<PathBuf> {
        let mut removed = Vec::new();
        for slot in (0..self.writers.len()).map(Slot) {
            self.pause(slot);
            let Some(writer) = writer_at(&mut self.writers, slot) else { continue };
            writer.log_mut().expire_producers(now, producer_idle_max);
            removed.extend(writer.apply_retention(now, &mut self.resources));
            writer.set_paused(false);
            self.touched.push(slot);
        }
        removed
    }

    /// Lets a partition finish what is in flight and begin nothing more: one that is written to without a pause would
    /// never be looked at.
    fn pause(&mut self, slot: Slot) {
        if let Some(writer) = writer_at(&mut self.writers, slot) {
            writer.set_paused(true);
            self.run_while(slot, Writer::is_in_flight);
        }
    }

    /// Runs `task` on this shard after `delay`.
    pub fn schedule(&mut self, delay: Duration, task: impl FnOnce(&mut Worker) + 'static) {
        let at = self.resources.clock.monotonic().saturating_add(delay);
        self.resources.timers.add(at, Due::Task(Box::new(task)));
    }

    /// Finishes what is in flight and closes every log, trimmed and flushed. Returns the ends of the logs that were
    /// closed in order, and the errors of the others.
    pub fn close_all(&mut self) -> Vec<(Arc<Partition>, Result<LogCheckpoint, LogError>)> {
        let mut closed = Vec::new();
        for slot in (0..self.writers.len()).map(Slot) {
            self.drain(slot);
            let Some(writer) = self.writers.get_mut(slot.0).and_then(Option::take) else { continue };
            let partition = Arc::clone(writer.partition());
            closed.push((partition, writer.close(&mut self.resources)));
        }
        closed
    }

    /// Runs rounds until a partition, which is not to be served any more, has nothing to do.
    fn drain(&mut self, slot: Slot) {
        if let Some(writer) = writer_at(&mut self.writers, slot) {
            writer.set_paused(false);
            writer.stop_lingering();
        }
        self.touched.push(slot);
        self.run_while(slot, |writer| !writer.is_idle());
    }

    /// Runs rounds as long as a partition `goes_on`.
    fn run_while(&mut self, slot: Slot, goes_on: impl Fn(&Writer) -> bool) {
        while writer_at(&mut self.writers, slot).is_some_and(|writer| goes_on(writer)) {
            let rested = match self.round() {
                Ok(true) => Ok(()),
                Ok(false) => {
                    let tick = Some(Duration::from_millis(1));
                    self.resources.queue.wait(tick, &mut self.completions)
                }
                Err(error) => Err(error),
            };
            if rested.is_err() {
                return;
            }
            self.complete_all();
        }
    }

    fn reopen(&mut self, slot: Slot) {
        if let Some(writer) = writer_at(&mut self.writers, slot) {
            writer.reopen(&mut self.resources);
            self.touched.push(slot);
        }
    }
}

fn writer_at(writers: &mut [Option<Writer>], slot: Slot) -> Option<&mut Writer> {
    writers.get_mut(slot.0).and_then(Option::as_mut)
}
