//! Offsets that have lived long enough (KIP-211), groups that have nothing left, and groups that are deleted.

use super::classic_group::Group;
use super::outbox::{Continuation, Turn};
use super::request::Response;
use super::state::ClassicState;
use crate::broker::coordination::{CoordinatorRecord, append_error};
use crate::broker::offsets_schema::{OffsetCommit, RecordKey};
use crate::error_code::ErrorCode;
use crate::types::{Timestamp, TopicPartition};

/// From when on the time of an offset counts.
#[derive(Clone, Copy)]
enum Since {
    /// The group became empty; the commit, if that is not known.
    Empty,
    /// It was committed.
    Commit,
}

impl<R> Group<R> {
    /// Deletes the group with its offsets, if it has no members; answered when that is durable. Whether the group can
    /// be dropped at once, because the log knows nothing of it.
    pub(super) fn delete(&mut self, to: Option<R>, turn: &mut Turn<'_, R>) -> bool {
        let refusal = match self.state {
            ClassicState::Empty if self.consumer.is_used() => Some(ErrorCode::NonEmptyGroup),
            ClassicState::Empty => None,
            ClassicState::Dead => Some(ErrorCode::GroupIdNotFound),
            ClassicState::PreparingRebalance | ClassicState::CompletingRebalance | ClassicState::Stable => {
                Some(ErrorCode::NonEmptyGroup)
            }
        };
        if let Some(error) = refusal {
            if let Some(to) = to {
                turn.outbox.reply(to, Response::Deleted(error));
            }
            return false;
        }
        let mut records: Vec<CoordinatorRecord> =
            self.offsets.partitions().iter().map(|partition| self.offset_record(partition, None)).collect();
        if self.recorded {
            let key = RecordKey::Group(self.id.to_string()).encode();
            records.push(CoordinatorRecord { key, value: None });
        }
        records.extend(self.consumer.tombstones(&self.id));
        self.step(ClassicState::Dead, turn.now.wall);
        if records.is_empty() {
            return self.deleted(to, Ok(()), turn);
        }
        turn.outbox.append(&self.id, records, Continuation::Delete { to });
        false
    }

    /// The group's deletion is durable, or is not. Whether the group can be dropped.
    pub(super) fn deleted(
        &mut self,
        to: Option<R>,
        result: Result<(), ErrorCode>,
        turn: &mut Turn<'_, R>,
    ) -> bool {
        let error = result.err().map_or(ErrorCode::None, append_error);
        if result.is_err() {
            let since = self.state_time;
            self.step(ClassicState::Empty, turn.now.wall);
            self.state_time = since;
        }
        if let Some(to) = to {
            turn.outbox.reply(to, Response::Deleted(error));
        }
        result.is_ok()
    }

    /// Deletes offsets whose time is up, and the group when it then has nothing left. Whether the group can be
    /// dropped at once.
    pub(super) fn expire(&mut self, turn: &mut Turn<'_, R>) -> bool {
        if self.state == ClassicState::Dead {
            return false;
        }
        let expired = self.expired_offsets(turn);
        let nothing_left = self.state == ClassicState::Empty
            && !self.consumer.is_used()
            && self.pending_join.is_empty()
            && expired.len() == self.offsets.partitions().len();
        if nothing_left {
            return self.delete(None, turn);
        }
        if !expired.is_empty() {
            self.forget(expired, None, turn);
        }
        false
    }

    fn expired_offsets(&self, turn: &Turn<'_, R>) -> Vec<TopicPartition> {
        let since = match (&self.protocol_type, self.state) {
            (None, _) => Since::Commit,
            (Some(_), ClassicState::Empty) => Since::Empty,
            (Some(_), ClassicState::Stable) if self.subscribed.is_some() => Since::Commit,
            _ => return Vec::new(),
        };
        let is_due = |(partition, commit): &(&TopicPartition, &OffsetCommit)| {
            !self.is_subscribed(partition.topic.as_str())
                && !self.offsets.is_in_flight(partition)
                && self.is_expired(commit, since, turn)
        };
        self.offsets.committed.iter().filter(is_due).map(|(partition, _)| partition.clone()).collect()
    }

    fn is_expired(&self, commit: &OffsetCommit, since: Since, turn: &Turn<'_, R>) -> bool {
        let now = turn.now.wall;
        if let Some(expiry) = commit.expiry_time {
            return now >= expiry;
        }
        let start: Timestamp = match since {
            Since::Empty => self.state_time.unwrap_or(commit.commit_time),
            Since::Commit => commit.commit_time,
        };
        now >= start.after(turn.config.offsets_retention)
    }

    /// Deletes the offsets of a topic that is gone.
    pub(super) fn forget_topic(&mut self, topic: &str, turn: &mut Turn<'_, R>) {
        let mut gone = self.offsets.partitions();
        gone.retain(|partition| partition.topic.as_str() == topic);
        if self.state != ClassicState::Dead && !gone.is_empty() {
            self.forget(gone, None, turn);
        }
    }
}
