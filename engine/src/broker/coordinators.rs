//! [`Coordinators`]: those of all partitions of an internal topic, at work, with the thread that tells them what has ended
//! and when something is due.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::offsets_schema::partition_for;
use super::{Broker, BrokerError, NewTopic};
use crate::io::{Clock, OwnerProcess};
use crate::shard::Partition;
use crate::types::{PartitionIndex, TopicName};

/// One coordinator with its partition.
pub(super) trait Coordinating: Send + Sync + 'static {
    /// What it is told by the thread, such as that an append has ended.
    type News: Send + 'static;

    /// Takes news.
    fn hear(&self, news: Self::News);

    /// Does what is due.
    fn tick(&self);

    /// When something is due, by the monotonic clock.
    fn next_deadline(&self) -> Option<Duration>;

    /// Answers everybody who waits that it is gone.
    fn stop(&self);
}

/// What the thread is told.
pub(super) enum Event<N> {
    /// News for the coordinator of this partition.
    News(usize, N),
    /// Something is due earlier than it was.
    Rescheduled,
    Stop,
}

/// A coordinator's way to the thread.
pub(super) struct Teller<N> {
    partition: usize,
    events: Sender<Event<N>>,
}

impl<N> Clone for Teller<N> {
    fn clone(&self) -> Teller<N> {
        Teller { partition: self.partition, events: self.events.clone() }
    }
}

impl<N> Teller<N> {
    pub(super) fn new(partition: usize, events: &Sender<Event<N>>) -> Teller<N> {
        Teller { partition, events: events.clone() }
    }

    /// Has the thread give news to the coordinator. Nobody listens once the thread has stopped, and nobody waits then.
    pub(super) fn tell(&self, news: N) {
        drop(self.events.send(Event::News(self.partition, news)));
    }

    /// Has the thread look for what is due.
    pub(super) fn reschedule(&self) {
        drop(self.events.send(Event::Rescheduled));
    }
}

/// See the module. Dropping it stops the thread, and answers whoever waits.
pub(super) struct Coordinators<C: Coordinating> {
    /// By partition.
    all: Vec<Arc<C>>,
    events: Sender<Event<C::News>>,
    thread: Option<JoinHandle<()>>,
    owner: OwnerProcess,
}

impl<C: Coordinating> Coordinators<C> {
    /// Has `load` read what each partition's log has, and starts the thread of this name.
    ///
    /// # Errors
    /// When a partition cannot be read, or the thread not be started.
    pub(super) fn start(
        name: &str,
        clock: &Arc<dyn Clock>,
        partitions: Vec<Arc<Partition>>,
        mut load: impl FnMut(Arc<Partition>, Teller<C::News>) -> Result<C, BrokerError>,
    ) -> Result<Coordinators<C>, BrokerError> {
        let (events, inbox) = unbounded();
        let mut all = Vec::with_capacity(partitions.len());
        for (number, partition) in partitions.into_iter().enumerate() {
            all.push(Arc::new(load(partition, Teller::new(number, &events))?));
        }
        let (told, clock) = (all.clone(), Arc::clone(clock));
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&told, &inbox, &*clock))
            .map_err(BrokerError::Thread)?;
        Ok(Coordinators { all, events, thread: Some(thread), owner: OwnerProcess::current() })
    }

    /// The one that has the records of a group, or of a transactional id.
    pub(super) fn of(&self, name: &str) -> &C {
        let count = i32::try_from(self.all.len()).unwrap_or(i32::MAX);
        let number = usize::try_from(partition_for(name, count).0).unwrap_or(0);
        &self.all[number]
    }

    /// The one of a partition.
    pub(super) fn at(&self, partition: PartitionIndex) -> Option<&C> {
        let number = usize::try_from(partition.0).ok()?;
        self.all.get(number).map(|coordinator| &**coordinator)
    }

    /// All, by partition.
    pub(super) fn iter(&self) -> impl Iterator<Item = &C> {
        self.all.iter().map(|coordinator| &**coordinator)
    }
}

impl<C: Coordinating> Drop for Coordinators<C> {
    fn drop(&mut self) {
        if !self.owner.is_current() {
            // A forked child has no such thread, and perhaps locks that nobody holds.
            return std::mem::forget(self.thread.take());
        }
        drop(self.events.send(Event::Stop));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.iter().for_each(C::stop);
    }
}

/// The thread.
fn run<C: Coordinating>(all: &[Arc<C>], inbox: &Receiver<Event<C::News>>, clock: &dyn Clock) {
    loop {
        let due = all.iter().filter_map(|coordinator| coordinator.next_deadline()).min();
        let wait = due.map_or(Duration::MAX, |due| due.saturating_sub(clock.monotonic()));
        match inbox.recv_timeout(wait) {
            Ok(Event::News(partition, news)) => all[partition].hear(news),
            Ok(Event::Rescheduled) => {}
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => all.iter().for_each(|coordinator| coordinator.tick()),
        }
    }
}

/// What the thread does, for simulations that have none.
#[cfg(test)]
pub(super) fn run_once<C: Coordinating>(coordinator: &C, inbox: &Receiver<Event<C::News>>, now: Duration) {
    while let Ok(event) = inbox.try_recv() {
        if let Event::News(_, news) = event {
            coordinator.hear(news);
        }
    }
    if coordinator.next_deadline().is_some_and(|due| due <= now) {
        coordinator.tick();
    }
}

impl Broker {
    /// Makes the topic in which coordinators keep their records.
    ///
    /// # Errors
    /// As [`Broker::create_topic`].
    pub(super) fn create_internal_topic(
        &self,
        name: &str,
        partitions: i32,
        segment_bytes: u32,
        compression: &str,
    ) -> Result<(), BrokerError> {
        let config = [
            ("cleanup.policy", "compact".to_owned()),
            ("compression.type", compression.to_owned()),
            ("segment.bytes", segment_bytes.to_string()),
        ];
        let new = NewTopic {
            name: name.to_owned(),
            partitions: Some(partitions),
            config: config.map(|(name, value)| (name.to_owned(), value)).into(),
            ..NewTopic::default()
        };
        self.create(new.check_as(TopicName::new(name)?, self)?).map(drop)
    }
}
