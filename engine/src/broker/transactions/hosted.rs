//! [`Hosted`]: one coordinator with its partition of `__transaction_state`.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Reach;
use crate::broker::BrokerError;
use crate::broker::coordination::{AppendId, Moment};
use crate::broker::coordinator_log::{CoordinatorLog, Replayed};
use crate::broker::coordinators::{Coordinating, Teller};
use crate::broker::transaction::{Coordinator, Effect, EndRequest, InitRequest, Mark, Response};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::record::{ControlMarker, ControlRecord};
use crate::shard::Partition;
use crate::types::{ProducerId, TopicPartition};

/// Where a request is answered.
pub(super) type Reply = Box<dyn FnOnce(Response) + Send>;

/// What a coordinator is told.
pub(super) enum News {
    /// An append has ended.
    Appended { id: AppendId, result: Result<(), ErrorCode> },
    /// A marker has been written, or not.
    Marked(Marked),
}

/// A marker that has been written, or not.
pub(super) struct Marked {
    transactional_id: Arc<str>,
    producer_id: ProducerId,
    marker: ControlMarker,
    place: TopicPartition,
    result: Result<(), ErrorCode>,
}

/// See the module.
pub(super) struct Hosted {
    log: CoordinatorLog,
    clock: Arc<dyn Clock>,
    reach: Arc<Reach>,
    teller: Teller<News>,
    coordinator: Mutex<Coordinator<Reply>>,
}

/// The coordinator's epoch in markers: Kafka's is that of the leader of its partition, which never changes here.
const COORDINATOR_EPOCH: i32 = 0;

/// What is left to do when the coordinator is not locked any more.
enum Outside {
    Reply(Reply, Response),
    Mark(Mark),
}

impl Hosted {
    /// A coordinator with the transactions that the partition's log knows.
    pub(super) fn load(
        partition: Arc<Partition>,
        config: &Arc<EngineConfig>,
        clock: &Arc<dyn Clock>,
        reach: &Arc<Reach>,
        teller: Teller<News>,
    ) -> Result<Hosted, BrokerError> {
        let mut coordinator = Coordinator::new(Arc::clone(config));
        let log = CoordinatorLog::new(partition, clock);
        log.replay(|entry| match entry {
            Replayed::Record { key, value, .. } => coordinator.load(key, value),
            Replayed::End { .. } => Ok(()),
        })?;
        let hosted = Hosted {
            log,
            clock: Arc::clone(clock),
            reach: Arc::clone(reach),
            teller,
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
                    let teller = self.teller.clone();
                    self.log
                        .append(&[record], None, move |result| teller.tell(News::Appended { id, result }));
                }
                // Before anybody is answered.
                Effect::Admit { producer_id, admission, partitions } => {
                    for partition in partitions.iter().filter_map(|place| self.reach.partition(place).ok()) {
                        partition.admit_transaction(producer_id, admission);
                    }
                }
                Effect::Mark(mark) => outside.push(Outside::Mark(mark)),
            }
        }
        let next = coordinator.next_deadline();
        drop(coordinator);
        if next.is_some_and(|next| deadline.is_none_or(|before| next < before)) {
            self.teller.reschedule();
        }
        for task in outside {
            match task {
                Outside::Reply(to, response) => to(response),
                Outside::Mark(mark) => self.mark(mark),
            }
        }
        result
    }

    pub(super) fn init(&self, request: &InitRequest, to: Reply) {
        self.with(|coordinator, now| coordinator.init(now, request, &mut || self.fresh_producer_id(), to));
    }

    pub(super) fn end(&self, request: &EndRequest, to: Reply) {
        self.with(|coordinator, now| coordinator.end(now, request, &mut || self.fresh_producer_id(), to));
    }

    fn fresh_producer_id(&self) -> Result<ProducerId, ErrorCode> {
        self.reach.fresh_producer_id().map_err(|error| {
            tracing::error!(%error, "no producer id for a transactional id");
            ErrorCode::CoordinatorNotAvailable
        })
    }

    /// Writes markers.
    fn mark(&self, mark: Mark) {
        let Mark { transactional_id, producer_id, epoch, marker, partitions } = mark;
        let record = ControlRecord { marker, coordinator_epoch: COORDINATOR_EPOCH };
        for place in partitions {
            let (teller, transactional_id) = (self.teller.clone(), Arc::clone(&transactional_id));
            let asked = place.clone();
            let answer = move |result| {
                let marked = Marked { transactional_id, producer_id, marker, place: asked, result };
                teller.tell(News::Marked(marked));
            };
            self.reach.mark(&place, (producer_id, epoch), record, &*self.clock, answer);
        }
    }
}

impl Coordinating for Hosted {
    type News = News;

    fn hear(&self, news: News) {
        match news {
            News::Appended { id, result } => {
                self.with(|coordinator, now| coordinator.appended(now, id, result));
            }
            News::Marked(Marked { transactional_id, producer_id, marker, place, result }) => {
                if result.is_ok() {
                    self.reach.ended(&place, producer_id, marker);
                }
                self.with(|coordinator, now| coordinator.marked(now, &transactional_id, &place, result));
            }
        }
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
