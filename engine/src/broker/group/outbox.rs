//! What a step of a group leaves to be done outside: answers, and records to append with what follows once they are
//! durable.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::consumer::Change;
use super::coordinator::MemberIds;
use super::member::MemberSettings;
use super::request::{OffsetsResponse, PartitionOutcome, Response};
use crate::broker::coordination::{self, AppendId, CoordinatorRecord, Moment, Topics};
use crate::broker::offsets_schema::OffsetCommit;
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
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
    /// Append records to this coordinator's partition as one batch, durably, after all that were asked for earlier,
    /// and say how it went with [`super::Coordinator::appended`], in the same order.
    Append {
        /// What to call it then.
        id: AppendId,
        /// The records.
        records: Vec<CoordinatorRecord>,
        /// In whose transaction, if in one.
        producer: Option<(ProducerId, ProducerEpoch)>,
    },
    /// A group is not what it was: its members' next heartbeats may tell them something.
    Changed,
}

/// What follows an append.
#[derive(Debug)]
pub(super) enum Continuation<R> {
    /// Nothing. When the records are lost, an older state of an empty group would come back, which does no harm.
    Nothing,
    /// The members of a generation get their assignments.
    Assign { generation: i32, assignments: HashMap<String, Bytes> },
    /// A static member that came back is told its new id.
    ReplaceStatic(Box<Replacement>),
    /// Offsets become visible, and the commit is answered.
    Commit { commits: Vec<(TopicPartition, OffsetCommit)>, outcomes: Vec<PartitionOutcome>, to: R },
    /// Offsets wait for the end of a transaction, and the commit is answered.
    CommitInTransaction {
        producer: ProducerId,
        /// Whether it was committed, if it has ended meanwhile.
        ended: Option<bool>,
        commits: Vec<(TopicPartition, OffsetCommit)>,
        outcomes: Vec<PartitionOutcome>,
        to: R,
    },
    /// Offsets go, and the deletion is answered if somebody asked for it.
    Forget { partitions: Vec<TopicPartition>, reply: Option<(R, OffsetsResponse)> },
    /// The group goes with all its offsets.
    Delete { to: Option<R> },
    /// A group of the consumer protocol becomes another one.
    Change(Box<Change<R>>),
}

/// A static member that came back under a new id, until that is durable.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) instance_id: String,
    pub(super) old_id: String,
    pub(super) new_id: String,
    pub(super) old_settings: MemberSettings,
    /// Leader before it came back.
    pub(super) old_leader: Option<String>,
    pub(super) skip_assignment_supported: bool,
}

impl<R> Continuation<R> {
    /// Answers whoever waits for it with `error`. Members that wait for a join or a sync are answered by the group.
    pub(super) fn refuse(self, outbox: &mut Outbox<R>, error: ErrorCode) {
        match self {
            Continuation::Nothing | Continuation::Assign { .. } | Continuation::ReplaceStatic(_) => {}
            Continuation::Commit { outcomes, to, .. }
            | Continuation::CommitInTransaction { outcomes, to, .. } => {
                let partitions = refused(outcomes, error);
                outbox.reply(to, Response::Offsets(OffsetsResponse { error: ErrorCode::None, partitions }));
            }
            Continuation::Forget { reply, .. } => {
                if let Some((to, _)) = reply {
                    let response = OffsetsResponse { error, partitions: Vec::new() };
                    outbox.reply(to, Response::Offsets(response));
                }
            }
            Continuation::Delete { to } => {
                if let Some(to) = to {
                    outbox.reply(to, Response::Deleted(error));
                }
            }
            Continuation::Change(change) => change.refuse(outbox, error),
        }
    }
}

/// `outcomes` with `error` for those that had none of their own.
pub(super) fn refused(mut outcomes: Vec<PartitionOutcome>, error: ErrorCode) -> Vec<PartitionOutcome> {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.error == ErrorCode::None) {
        outcome.error = error;
    }
    outcomes
}

/// What groups leave to be done.
pub(super) type Outbox<R> = coordination::Outbox<Effect<R>, Continuation<R>>;

impl<R> Outbox<R> {
    pub(super) fn reply(&mut self, to: R, response: Response) {
        self.effects.push(Effect::Reply { to, response });
    }

    /// See [`Effect::Changed`].
    pub(super) fn tell_change(&mut self) {
        if !matches!(self.effects.last(), Some(Effect::Changed)) {
            self.effects.push(Effect::Changed);
        }
    }

    pub(super) fn append(
        &mut self,
        group: &Arc<str>,
        records: Vec<CoordinatorRecord>,
        then: Continuation<R>,
    ) {
        self.append_in_transaction(group, records, None, then);
    }

    /// As [`Outbox::append`], in the transaction of `producer` if there is one.
    pub(super) fn append_in_transaction(
        &mut self,
        group: &Arc<str>,
        records: Vec<CoordinatorRecord>,
        producer: Option<(ProducerId, ProducerEpoch)>,
        then: Continuation<R>,
    ) {
        self.ask(group, then, |id| Effect::Append { id, records, producer });
    }
}

/// What a group needs of the world during one call.
pub(super) struct Turn<'a, R> {
    pub(super) now: Moment,
    pub(super) config: &'a EngineConfig,
    pub(super) ids: &'a mut dyn MemberIds,
    pub(super) topics: &'a dyn Topics,
    pub(super) outbox: &'a mut Outbox<R>,
}
