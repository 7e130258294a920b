//! What a step of a transaction leaves to be done outside.

use std::sync::Arc;

use super::entry::Next;
use super::request::Response;
use crate::broker::coordination::{self, AppendId, CoordinatorRecord};
use crate::error_code::ErrorCode;
use crate::record::ControlMarker;
use crate::shard::Admission;
use crate::types::{ProducerEpoch, ProducerId, TopicPartition};

/// Something to be done outside. `R` is where a request is answered.
#[derive(Debug)]
pub enum Effect<R> {
    /// Answer a request.
    Reply {
        /// Whose.
        to: R,
        /// With this.
        response: Response,
    },
    /// Append a record to this coordinator's partition, durably, after all that were asked for earlier, and say how it went
    /// with [`super::Coordinator::appended`], in the same order.
    Append {
        /// What to call it then.
        id: AppendId,
        /// The record.
        record: CoordinatorRecord,
    },
    /// From now on these partitions take transactional records of this producer, until it gets a marker there.
    Admit {
        /// The producer.
        producer_id: ProducerId,
        /// How.
        admission: Admission,
        /// The partitions.
        partitions: Vec<TopicPartition>,
    },
    /// Write markers, durably, and say how each went with [`super::Coordinator::marked`].
    Mark(Mark),
}

/// A marker for each of some partitions.
#[derive(Debug)]
pub struct Mark {
    /// Whose transaction it is.
    pub transactional_id: Arc<str>,
    /// The producer.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// How it ended.
    pub marker: ControlMarker,
    /// Where.
    pub partitions: Vec<TopicPartition>,
}

/// What follows an append. All but the last carry what the id has become then.
#[derive(Debug)]
pub(super) enum Continuation<R> {
    /// The producer is told who it is.
    Init { next: Next, to: R },
    /// Partitions take the producer's records, and it is told so.
    Add { next: Next, to: R },
    /// Markers are written. The producer is told when they are durable, whoever wanted its id is told to try again.
    Prepare { next: Next, producer: Option<R>, successor: Option<R> },
    /// The next transaction may begin.
    Complete { next: Next },
    /// The id is forgotten.
    Forget,
}

impl<R> Continuation<R> {
    /// Answers whoever waits for it with `error`.
    pub(super) fn refuse(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        match self {
            Continuation::Init { to, .. } => outbox.reply(to, Response::Producer(Err(error))),
            Continuation::Add { to, .. } => outbox.reply(to, Response::Done(error)),
            Continuation::Prepare { producer, successor, .. } => {
                for to in producer.into_iter().chain(successor) {
                    outbox.reply(to, Response::Producer(Err(error)));
                }
            }
            Continuation::Complete { .. } | Continuation::Forget => {}
        }
    }
}

/// What transactions leave to be done.
pub(super) type Outbox<R> = coordination::Outbox<Effect<R>, Continuation<R>>;

impl<R> Outbox<R> {
    pub(super) fn reply(&mut self, to: R, response: Response) {
        self.effects.push(Effect::Reply { to, response });
    }

    pub(super) fn append(&mut self, id: &Arc<str>, record: CoordinatorRecord, then: Continuation<R>) {
        self.ask(id, then, |id| Effect::Append { id, record });
    }
}
