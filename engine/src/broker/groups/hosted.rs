//! [`Hosted`]: one coordinator with its partition of `__consumer_offsets`.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::broker::BrokerError;
use crate::broker::coordination::{AppendId, Moment, Topics};
use crate::broker::coordinator_log::{CoordinatorLog, Replayed};
use crate::broker::coordinators::{Coordinating, Teller};
use crate::broker::group::{Coordinator, Effect, MemberIds, Response};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::record::ControlMarker;
use crate::shard::{Partition, Waiters};
use crate::types::TopicPartition;

/// Where a request is answered.
pub(super) type Reply = Box<dyn FnOnce(Response) + Send>;

/// An append of the coordinator has ended.
pub(super) struct Appended {
    pub(super) id: AppendId,
    pub(super) result: Result<(), ErrorCode>,
}

/// See the module.
pub(super) struct Hosted {
    log: CoordinatorLog,
    teller: Teller<Appended>,
    coordinator: Mutex<Coordinator<Reply>>,
    /// Members in this process that want to know when their group changes.
    pub(super) waiters: Waiters,
}

impl Hosted {
    /// A coordinator with the groups that the partition's log knows.
    pub(super) fn load(
        partition: Arc<Partition>,
        config: &Arc<EngineConfig>,
        ids: Box<dyn MemberIds>,
        topics: Arc<dyn Topics>,
        clock: &Arc<dyn Clock>,
        teller: Teller<Appended>,
    ) -> Result<Hosted, BrokerError> {
        let mut coordinator = Coordinator::new(Arc::clone(config), ids, topics);
        let log = CoordinatorLog::new(partition, clock);
        log.replay(|entry| match entry {
            Replayed::Record { key, value, transaction } => coordinator.load(key, value, transaction),
            Replayed::End { producer, marker } => {
                coordinator.end_transaction(producer, marker == ControlMarker::Commit);
                Ok(())
            }
        })?;
        coordinator.finish_loading(log.moment());
        Ok(Hosted { log, teller, coordinator: Mutex::new(coordinator), waiters: Waiters::default() })
    }

    pub(super) fn partition_id(&self) -> &TopicPartition {
        self.log.partition_id()
    }

    /// Calls the coordinator, appends what it wants appended, answers whom it wants answered, and tells members in this
    /// process of changes.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Coordinator<Reply>, Moment) -> T) -> T {
        let mut coordinator = self.coordinator.lock();
        let deadline = coordinator.next_deadline();
        let result = call(&mut coordinator, self.log.moment());
        let (mut replies, mut has_changed) = (Vec::new(), false);
        for effect in coordinator.effects() {
            match effect {
                Effect::Reply { to, response } => replies.push((to, response)),
                // Still under the lock: appends must reach the log in the order they were asked for.
                Effect::Append { id, records, producer } => {
                    let teller = self.teller.clone();
                    self.log.append(&records, producer, move |result| teller.tell(Appended { id, result }));
                }
                Effect::Changed => has_changed = true,
            }
        }
        let next = coordinator.next_deadline();
        drop(coordinator);
        if next.is_some_and(|next| deadline.is_none_or(|before| next < before)) {
            self.teller.reschedule();
        }
        for (to, response) in replies {
            to(response);
        }
        if has_changed {
            self.waiters.wake_all();
        }
        result
    }
}

impl Coordinating for Hosted {
    type News = Appended;

    fn hear(&self, Appended { id, result }: Appended) {
        self.with(|coordinator, now| coordinator.appended(now, id, result));
    }

    fn tick(&self) {
        self.with(|coordinator, now| coordinator.tick(now));
    }

    fn next_deadline(&self) -> Option<Duration> {
        self.coordinator.lock().next_deadline()
    }

    fn stop(&self) {
        self.with(|coordinator, _| coordinator.stop(ErrorCode::NotCoordinator));
    }
}
