//! What applications do with the assignment: change it, move in it, pause it.

use super::membership::Command;
use super::{CallError, Consumer};
use crate::client::assignor::RebalanceProtocol;
use crate::client::config::AutoCommit;
use crate::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;

impl Consumer {
    /// Reads exactly `partitions` from now on, each from its offset: `Stored` and `Invalid` mean where the group has
    /// committed. A partition that does not exist is reported by polling, and read when it comes to exist. With
    /// `enable.auto.commit`, what was stored of partitions that are given up is committed first.
    ///
    /// # Errors
    /// `_INVALID_ARG`, when a partition is listed twice: then nothing is assigned. `_STATE` in a group with the
    /// cooperative protocol.
    pub fn assign(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        if state.protocol == Some(RebalanceProtocol::Cooperative) && state.closing.is_none() {
            return Err(ErrorCode::LocalState.into());
        }
        state.assign_calls += 1;
        drop(state);
        self.start_committing()?;
        let done = self.shared.replace(partitions);
        self.note_assigned();
        done
    }

    /// Reads `partitions` too.
    ///
    /// # Errors
    /// `_CONFLICT` for one that is assigned already, `_INVALID_ARG` for one that is listed twice, `_STATE` in a group
    /// with the eager protocol; the assignment has not changed then.
    pub fn incremental_assign(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        self.begin_increment()?;
        let done = self.shared.add(partitions);
        self.note_assigned();
        done
    }

    /// Reads `partitions` no more; what was stored of them is committed as by [`Consumer::assign`].
    ///
    /// # Errors
    /// `_INVALID_ARG` for one that is not assigned, or listed twice, `_STATE` in a group with the eager protocol; the
    /// assignment has not changed then.
    pub fn incremental_unassign(&self, partitions: &[TopicPartitionOffset]) -> Result<(), CallError> {
        self.begin_increment()?;
        let done = self.shared.remove(partitions);
        self.note_assigned();
        done
    }

    fn begin_increment(&self) -> Result<(), CallError> {
        const REASON: &str = "Changes to the current assignment must be made using assign() when rebalance protocol \
                              type is EAGER";
        let mut state = self.shared.lock()?;
        if state.protocol == Some(RebalanceProtocol::Eager) {
            return Err(KafkaError::with_reason(ErrorCode::LocalState, REASON).into());
        }
        state.assign_calls += 1;
        drop(state);
        self.start_committing()
    }

    /// What is assigned may have to be committed from time to time.
    fn start_committing(&self) -> Result<(), CallError> {
        match self.shared.config.auto_commit {
            AutoCommit::Every(_) => Ok(self.tell_membership(Command::Commit)?),
            AutoCommit::Off | AutoCommit::OnClose => Ok(()),
        }
    }

    /// Stops reading.
    ///
    /// # Errors
    /// As [`Consumer::assign`].
    pub fn unassign(&self) -> Result<(), CallError> {
        self.assign(&[])
    }

    /// What is read, each with the offset that it was assigned with.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn assignment(&self) -> Result<Vec<TopicPartitionOffset>, CallError> {
        let state = self.shared.lock()?;
        Ok(state.fetcher.assignment.iter().map(|partition| partition.element(partition.asked)).collect())
    }

    /// Goes on at another offset of an assigned partition. What was read ahead is given up.
    ///
    /// # Errors
    /// `_STATE`, when the partition is not assigned; `_INVALID_ARG` for `Stored`.
    pub fn seek(&self, to: &TopicPartitionOffset) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        let place = state.fetcher.assignment.find(&to.topic, to.partition).ok_or(ErrorCode::LocalState)?;
        if to.offset == OffsetSpec::Stored {
            return Err(ErrorCode::LocalInvalidArg.into());
        }
        state.fetcher.seek(place, to.offset);
        drop(state);
        self.shared.wake();
        Ok(())
    }

    /// Hands out no more messages of `partitions` until they are resumed. Each element's error says whether it could
    /// be done: `_UNKNOWN_PARTITION` for those that are not assigned.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn pause(&self, partitions: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        for element in partitions {
            let place = state.fetcher.assignment.find(&element.topic, element.partition);
            element.error = unknown_unless(place.is_some());
            if let Some(place) = place {
                state.fetcher.pause(place);
            }
        }
        Ok(())
    }

    /// Takes [`Consumer::pause`] back, with the same errors.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn resume(&self, partitions: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        for element in partitions {
            let place = state.fetcher.assignment.find(&element.topic, element.partition);
            element.error = unknown_unless(place.is_some());
            if let Some(place) = place {
                state.fetcher.resume(place);
            }
        }
        drop(state);
        self.shared.wake();
        Ok(())
    }

    /// Sets each element's offset to the one behind the last message that was handed out of it; `Invalid` when there
    /// was none since the partition was assigned or sought. The end of a transaction takes an offset too: asking for
    /// more moves the position behind it, so that a group that has read everything has no lag.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn position(&self, partitions: &mut [TopicPartitionOffset]) -> Result<(), CallError> {
        let state = self.shared.lock()?;
        let assignment = &state.fetcher.assignment;
        for element in partitions {
            let place = assignment.find(&element.topic, element.partition);
            let position =
                place.and_then(|place| assignment.get(place)).and_then(|partition| partition.position());
            element.offset = position.map_or(OffsetSpec::Invalid, |position| position.offset.into());
            element.leader_epoch = position.and_then(|position| position.leader_epoch);
            element.error = None;
        }
        Ok(())
    }
}

fn unknown_unless(known: bool) -> Option<KafkaError> {
    (!known).then(|| ErrorCode::LocalUnknownPartition.into())
}
