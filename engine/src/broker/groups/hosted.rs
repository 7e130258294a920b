//! [`Hosted`]: one coordinator with its partition of `__consumer_offsets`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Sender;
use parking_lot::Mutex;

use super::Event;
use crate::broker::BrokerError;
use crate::broker::coordination::{AppendId, Moment};
use crate::broker::coordinator_log::{CoordinatorLog, Replayed};
use crate::broker::group::{Coordinator, Effect, MemberIds, Response};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::record::ControlMarker;
use crate::shard::{Partition, Waiters};
use crate::types::TopicPartition;

/// Where a request is answered.
pub(super) type Reply = Box<dyn FnOnce(Response) + Send>;

/// See the module.
pub(super) struct Hosted {
    index: usize,
    log: CoordinatorLog,
    events: Sender<Event>,
    coordinator: Mutex<Coordinator<Reply>>,
    /// Members in this process that want to know when a group may rebalance.
    pub(super) waiters: Waiters,
}

impl Hosted {
    /// A coordinator with the groups that the partition's log knows.
    pub(super) fn load(
        index: usize,
        partition: Arc<Partition>,
        config: &Arc<EngineConfig>,
        ids: Box<dyn MemberIds>,
        clock: &Arc<dyn Clock>,
        events: &Sender<Event>,
    ) -> Result<Hosted, BrokerError> {
        let mut coordinator = Coordinator::new(Arc::clone(config), ids);
        let log = CoordinatorLog::new(partition, clock);
        log.replay(|entry| match entry {
            Replayed::Record { key, value, transaction } => coordinator.load(key, value, transaction),
            Replayed::End { producer, marker } => {
                coordinator.end_transaction(producer, marker == ControlMarker::Commit);
                Ok(())
            }
        })?;
        coordinator.finish_loading(log.moment());
        Ok(Hosted {
            index,
            log,
            events: events.clone(),
            coordinator: Mutex::new(coordinator),
            waiters: Waiters::default(),
        })
    }

    pub(super) fn partition_id(&self) -> &TopicPartition {
        self.log.partition_id()
    }

    /// Calls the coordinator, appends what it wants appended, and answers whom it wants answered.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Coordinator<Reply>, Moment) -> T) -> T {
        let mut coordinator = self.coordinator.lock();
        let deadline = coordinator.next_deadline();
        let result = call(&mut coordinator, self.log.moment());
        let mut replies = Vec::new();
        for effect in coordinator.effects() {
            match effect {
                Effect::Reply { to, response } => replies.push((to, response)),
                // Still under the lock: appends must reach the log in the order they were asked for.
                Effect::Append { id, records, producer } => {
                    let (partition, events) = (self.index, self.events.clone());
                    self.log.append(&records, producer, move |result| {
                        drop(events.send(Event::Appended { partition, id, result }));
                    });
                }
            }
        }
        let next = coordinator.next_deadline();
        drop(coordinator);
        if next.is_some_and(|next| deadline.is_none_or(|before| next < before)) {
            self.tell(Event::Rescheduled);
        }
        for (to, response) in replies {
            to(response);
        }
        result
    }

    /// Tells the coordinator how an append went.
    pub(super) fn appended(&self, id: AppendId, result: Result<(), ErrorCode>) {
        self.with(|coordinator, now| coordinator.appended(now, id, result));
    }

    /// Lets the coordinator do what is due.
    pub(super) fn tick(&self) {
        self.with(|coordinator, now| coordinator.tick(now));
        self.waiters.wake_all();
    }

    /// When the coordinator has something to do, by the monotonic clock.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.coordinator.lock().next_deadline()
    }

    fn tell(&self, event: Event) {
        // Nobody listens once the groups have stopped; nothing is due any more then.
        drop(self.events.send(event));
    }
}
