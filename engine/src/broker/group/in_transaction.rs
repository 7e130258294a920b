//! Offsets that wait for the end of a transaction (KIP-98, KIP-447). Of two for one partition the one that came later counts,
//! whichever is committed first.

use super::classic_group::Group;
use super::offsets::{Offsets, answer, refuse_commit, sort_out};
use super::outbox::{Continuation, Turn};
use super::request::{MemberIdentity, TransactionalCommit};
use super::state::ClassicState;
use crate::broker::offsets_schema::OffsetCommit;
use crate::error_code::ErrorCode;
use crate::types::{ProducerId, TopicPartition};

/// An offset that waits for the end of its transaction.
#[derive(Debug)]
pub(super) struct TransactionalOffset {
    /// Of two for one partition the one with the larger number came later.
    pub(super) number: u64,
    pub(super) commit: OffsetCommit,
    /// One that came later is there already: this one will never count. Until its transaction ends it is waited for all the
    /// same, as with Kafka.
    pub(super) is_superseded: bool,
}

impl Offsets {
    /// Keeps an offset for when the transaction of `producer` is committed.
    pub(super) fn keep(&mut self, producer: ProducerId, partition: TopicPartition, commit: OffsetCommit) {
        self.transactional_count += 1;
        let kept = TransactionalOffset { number: self.transactional_count, commit, is_superseded: false };
        self.in_transactions.entry(producer).or_default().insert(partition, kept);
    }

    /// The transaction of `producer` has ended.
    pub(super) fn end_transaction(&mut self, producer: ProducerId, committed: bool) {
        let kept = self.in_transactions.remove(&producer).unwrap_or_default().into_iter();
        for (partition, kept) in kept.filter(|(_, kept)| committed && !kept.is_superseded) {
            self.supersede(&partition, kept.number);
            self.committed.insert(partition, kept.commit);
        }
    }

    /// What transactions have kept for `partition` before `number` will not count.
    pub(super) fn supersede(&mut self, partition: &TopicPartition, number: u64) {
        let kept = self.in_transactions.values_mut().filter_map(|kept| kept.get_mut(partition));
        kept.filter(|kept| kept.number < number).for_each(|kept| kept.is_superseded = true);
    }

    /// Drops what transactions have kept for `partition`.
    pub(super) fn forget_in_transactions(&mut self, partition: &TopicPartition) {
        self.in_transactions.retain(|_, kept| {
            kept.remove(partition);
            !kept.is_empty()
        });
    }
}

impl<R> Group<R> {
    /// Keeps offsets for the end of a transaction; answered when they are durable.
    pub(super) fn commit_in_transaction(
        &mut self,
        request: TransactionalCommit,
        to: R,
        turn: &mut Turn<'_, R>,
    ) {
        if let Err(error) = self.check_transactional_commit(&request.member) {
            return refuse_commit(request.offsets, error, to, turn.outbox);
        }
        let (outcomes, commits) = sort_out(request.offsets, None, turn);
        if commits.is_empty() {
            return answer(outcomes, to, turn);
        }
        let records = self.take_off_all(&commits);
        let (producer, _) = request.producer;
        let then = Continuation::CommitInTransaction { producer, ended: None, commits, outcomes, to };
        turn.outbox.append_in_transaction(&self.id, records, Some(request.producer), then);
    }

    /// Unlike other commits one in a transaction may come from outside a group with members, and while these wait for
    /// their assignments: clients before KIP-447 say nothing of a member.
    fn check_transactional_commit(&self, member: &MemberIdentity) -> Result<(), ErrorCode> {
        let names_member =
            member.generation >= 0 || !member.member_id.is_empty() || member.instance_id.is_some();
        match self.state {
            ClassicState::Dead => Err(ErrorCode::CoordinatorNotAvailable),
            ClassicState::Empty if let Some(consumers) = &self.consumer.group => {
                consumers.check_transactional_commit(member, names_member)
            }
            ClassicState::Empty if member.generation < 0 => Ok(()),
            _ if names_member => self.check_identity(member),
            _ => Ok(()),
        }
    }

    /// What is kept for the end of a transaction is durable, or is not.
    pub(super) fn kept(
        &mut self,
        producer: ProducerId,
        ended: Option<bool>,
        commits: Vec<(TopicPartition, OffsetCommit)>,
        result: Result<(), ErrorCode>,
    ) {
        for (partition, commit) in commits {
            self.offsets.land(&partition);
            if result.is_ok() {
                self.offsets.keep(producer, partition, commit);
            }
        }
        if let Some(committed) = ended {
            self.offsets.end_transaction(producer, committed);
        }
    }
}
