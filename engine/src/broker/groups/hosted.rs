//! [`Hosted`]: one coordinator with its partition of `__consumer_offsets`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Sender;
use parking_lot::Mutex;

use super::Event;
use crate::broker::group::{AppendId, Coordinator, Effect, GroupRecord, MemberIds, Moment, Response};
use crate::broker::{BrokerError, produce_error_code};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::log::ReadCursor;
use crate::record::{
    BatchBuilder, Batches, BufferPool, BuildError, Compression, ProducerStamp, RecordData, SealedBatch,
};
use crate::shard::{Append, Appended, Partition, ProduceFailure, Reply as AppendReply, Waiters};
use crate::types::{Acks, Isolation};

/// Where a request is answered.
pub(super) type Reply = Box<dyn FnOnce(Response) + Send>;

/// See the module.
pub(super) struct Hosted {
    index: usize,
    partition: Arc<Partition>,
    clock: Arc<dyn Clock>,
    buffers: BufferPool,
    events: Sender<Event>,
    coordinator: Mutex<Coordinator<Reply>>,
    /// Members in this process that want to know when a group may rebalance.
    pub(super) waiters: Waiters,
}

/// Bytes asked for by one read of the replay.
const READ_SIZE: usize = 1 << 20;

/// Bytes of buffers kept for group records.
const BUFFERS_SIZE_MAX: usize = 256 << 10;

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
        replay(&partition, &mut coordinator)?;
        coordinator.finish_loading(moment(&**clock));
        Ok(Hosted {
            index,
            partition,
            clock: Arc::clone(clock),
            buffers: BufferPool::new(BUFFERS_SIZE_MAX),
            events: events.clone(),
            coordinator: Mutex::new(coordinator),
            waiters: Waiters::default(),
        })
    }

    /// Calls the coordinator, appends what it wants appended, and answers whom it wants answered.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Coordinator<Reply>, Moment) -> T) -> T {
        let mut coordinator = self.coordinator.lock();
        let deadline = coordinator.next_deadline();
        let result = call(&mut coordinator, moment(&*self.clock));
        let mut replies = Vec::new();
        for effect in coordinator.effects() {
            match effect {
                Effect::Reply { to, response } => replies.push((to, response)),
                // Still under the lock: appends must reach the log in the order they were asked for.
                Effect::Append { id, records } => self.append(id, &records),
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

    fn append(&self, id: AppendId, records: &[GroupRecord]) {
        let (partition, events) = (self.index, self.events.clone());
        let batch = match self.encode(records) {
            Ok(batch) => batch,
            Err(_) => {
                return self.tell(Event::Appended { partition, id, result: Err(ErrorCode::MessageTooLarge) });
            }
        };
        let answer = move |result: Result<Appended, ProduceFailure>| {
            let result = result.map(drop).map_err(|failure| produce_error_code(&failure.error));
            drop(events.send(Event::Appended { partition, id, result }));
        };
        self.partition.append(Append {
            batch,
            acks: Acks::Durable,
            since: self.clock.monotonic(),
            reply: AppendReply::new(Box::new(answer)),
        });
    }

    fn encode(&self, records: &[GroupRecord]) -> Result<SealedBatch, BuildError> {
        let timestamp = self.clock.now();
        let mut builder = BatchBuilder::new(self.buffers.take(0), Compression::None);
        for GroupRecord { key, value } in records {
            builder.append(&RecordData {
                timestamp,
                key: Some(key),
                value: value.as_deref(),
                headers: &[],
            })?;
        }
        builder.seal(ProducerStamp::NONE, None)
    }
}

fn moment(clock: &dyn Clock) -> Moment {
    Moment { monotonic: clock.monotonic(), wall: clock.now() }
}

/// Shows the coordinator all records of its partition.
fn replay(partition: &Partition, coordinator: &mut Coordinator<Reply>) -> Result<(), BrokerError> {
    let mut from = ReadCursor::from(partition.view().log_start());
    let mut scratch = Vec::new();
    loop {
        let read = partition.read(from, READ_SIZE, Isolation::ReadUncommitted)?;
        if read.pieces.is_empty() {
            return Ok(());
        }
        from = read.next;
        for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
            let batch = batch.and_then(|batch| batch.verify().map(|()| batch));
            let batch = batch.map_err(|error| unreadable(partition, &error))?;
            if batch.header().attributes().is_control() {
                continue;
            }
            let records = batch.unpack(&mut scratch, DECOMPRESSED_SIZE_MAX);
            for record in records.map_err(|error| unreadable(partition, &error))? {
                let record = record.map_err(|error| unreadable(partition, &error))?;
                // A record that is not understood was written by a later version; what is understood still counts.
                if let Some(Err(error)) = record.key.map(|key| coordinator.load(key, record.value)) {
                    tracing::warn!(partition = %partition.id(), offset = %record.offset, %error, "record passed over");
                }
            }
        }
    }
}

fn unreadable(partition: &Partition, error: &dyn std::fmt::Display) -> BrokerError {
    let (topic, partition) = (partition.id().topic.to_string(), partition.id().partition);
    BrokerError::Offline { topic, partition, reason: error.to_string() }
}
