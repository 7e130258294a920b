//! [`Hosted`]: one coordinator with its partition of `__transaction_state`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Sender;
use parking_lot::Mutex;

use super::{Event, Marked, Reach};
use crate::broker::BrokerError;
use crate::broker::coordination::{AppendId, Moment};
use crate::broker::coordinator_log::{CoordinatorLog, Replayed};
use crate::broker::transaction::{Coordinator, Effect, InitRequest, Response};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::record::{ControlMarker, ControlRecord};
use crate::shard::Partition;
use crate::types::{ProducerEpoch, ProducerId, TopicPartition};

/// Where a request is answered.
pub(super) type Reply = Box<dyn FnOnce(Response) + Send>;

/// See the module.
pub(super) struct Hosted {
    index: usize,
    log: CoordinatorLog,
    clock: Arc<dyn Clock>,
    reach: Arc<Reach>,
    events: Sender<Event>,
    coordinator: Mutex<Coordinator<Reply>>,
}

/// The coordinator's epoch in markers: Kafka's is that of the leader of its partition, which never changes here.
const COORDINATOR_EPOCH: i32 = 0;

/// What is left to do when the coordinator is not locked any more.
enum Outside {
    Reply(Reply, Response),
    Mark(Mark),
}

struct Mark {
    transactional_id: Arc<str>,
    producer_id: ProducerId,
    epoch: ProducerEpoch,
    marker: ControlMarker,
    partitions: Vec<TopicPartition>,
}

impl Hosted {
    /// A coordinator with the transactions that the partition's log knows.
    pub(super) fn load(
        index: usize,
        partition: Arc<Partition>,
        config: &Arc<EngineConfig>,
        clock: &Arc<dyn Clock>,
        reach: &Arc<Reach>,
        events: &Sender<Event>,
    ) -> Result<Hosted, BrokerError> {
        let mut coordinator = Coordinator::new(Arc::clone(config));
        let log = CoordinatorLog::new(partition, clock);
        log.replay(|entry| match entry {
            Replayed::Record { key, value, .. } => coordinator.load(key, value),
            Replayed::End { .. } => Ok(()),
        })?;
        let hosted = Hosted {
            index,
            log,
            clock: Arc::clone(clock),
            reach: Arc::clone(reach),
            events: events.clone(),
            coordinator: Mutex::new(coordinator),
        };
        hosted.with(|coordinator, now| coordinator.finish_loading(now));
        Ok(hosted)
    }

    /// Calls the coordinator and does what it wants done.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Coordinator<Reply>, Moment) -> T) -> T {
        let mut coordinator = self.coordinator.lock();
        let deadline = coordinator.next_deadline();
        let result = call(&mut coordinator, self.log.moment());
        let mut outside = Vec::new();
        for effect in coordinator.effects() {
            match effect {
                Effect::Reply { to, response } => outside.push(Outside::Reply(to, response)),
                // Still under the lock: appends must reach the log in the order they were asked for.
                Effect::Append { id, record } => {
                    let (partition, events) = (self.index, self.events.clone());
                    self.log.append(&[record], None, move |result| {
                        drop(events.send(Event::Appended { partition, id, result }));
                    });
                }
                // Before anybody is answered.
                Effect::Admit { producer_id, epoch, partitions } => {
                    for partition in partitions.iter().filter_map(|place| self.reach.partition(place).ok()) {
                        partition.admit_transaction(producer_id, epoch);
                    }
                }
                Effect::Mark { transactional_id, producer_id, epoch, marker, partitions } => {
                    let mark = Mark { transactional_id, producer_id, epoch, marker, partitions };
                    outside.push(Outside::Mark(mark));
                }
            }
        }
        let next = coordinator.next_deadline();
        drop(coordinator);
        if next.is_some_and(|next| deadline.is_none_or(|before| next < before)) {
            // Nobody listens once the transactions have stopped; nothing is due any more then.
            drop(self.events.send(Event::Rescheduled));
        }
        for task in outside {
            match task {
                Outside::Reply(to, response) => to(response),
                Outside::Mark(mark) => self.mark(&mark),
            }
        }
        result
    }

    pub(super) fn init(&self, request: &InitRequest, to: Reply) {
        let mut fresh = || self.reach.fresh_producer_id();
        self.with(|coordinator, now| coordinator.init(now, request, &mut fresh, to));
    }

    /// Tells the coordinator how an append went.
    pub(super) fn appended(&self, id: AppendId, result: Result<(), ErrorCode>) {
        self.with(|coordinator, now| coordinator.appended(now, id, result));
    }

    /// Tells the coordinator how a marker went, and the groups that one is there.
    pub(super) fn marked(&self, marked: &Marked) {
        let Marked { transactional_id, producer_id, marker, place, result } = marked;
        if result.is_ok() {
            self.reach.ended(place, *producer_id, *marker);
        }
        self.with(|coordinator, now| coordinator.marked(now, transactional_id, place, *result));
    }

    /// Lets the coordinator do what is due.
    pub(super) fn tick(&self) {
        self.with(|coordinator, now| coordinator.tick(now));
    }

    /// When the coordinator has something to do, by the monotonic clock.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.coordinator.lock().next_deadline()
    }

    /// Writes markers.
    fn mark(&self, mark: &Mark) {
        let Mark { transactional_id, producer_id, epoch, marker, partitions } = mark;
        let record = ControlRecord { marker: *marker, coordinator_epoch: COORDINATOR_EPOCH };
        for place in partitions {
            let (index, events) = (self.index, self.events.clone());
            let (transactional_id, producer_id) = (Arc::clone(transactional_id), *producer_id);
            let (marker, asked) = (*marker, place.clone());
            let answer = move |result| {
                let marked = Marked { transactional_id, producer_id, marker, place: asked, result };
                drop(events.send(Event::Marked { partition: index, marked }));
            };
            self.reach.mark(place, (producer_id, *epoch), record, &*self.clock, answer);
        }
    }
}
