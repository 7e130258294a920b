//! What groups have committed: looked up, set and deleted from outside (KIP-396).

use std::sync::Arc;

use super::groups::answer;
use super::{Admin, KafkaError};
use crate::broker::Broker;
use crate::broker::group::{
    CommitOffset, CommitRequest, FetchOffset, FetchedOffset, MemberIdentity, Stability,
};
use crate::client::{OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::{Offset, PartitionIndex, TopicName, TopicPartition};

impl Admin {
    /// What a group has committed: for `partitions`, in that order, or for all that it has committed anything of.
    /// [`OffsetSpec::Invalid`] where there is nothing; an element's error says why it could not be found out.
    ///
    /// # Errors
    /// `_TRANSPORT` when the client is offline; when the groups' log cannot be read.
    pub fn list_consumer_group_offsets(
        &self,
        group: &str,
        partitions: Option<&[TopicPartitionOffset]>,
        stability: Stability,
    ) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        let Some(groups) = self.broker()?.existing_groups()? else {
            let nothing = |of: &TopicPartitionOffset| element(of, OffsetSpec::Invalid, None);
            return Ok(partitions.unwrap_or_default().iter().map(nothing).collect());
        };
        let Some(partitions) = partitions else {
            let fetched = groups.fetch_all_offsets(group, stability);
            return Ok(fetched.into_iter().map(committed).collect());
        };
        let look_up = |of: &TopicPartitionOffset| match TopicName::new(&of.topic) {
            Err(_) => element(of, OffsetSpec::Invalid, Some(ErrorCode::UnknownTopicOrPartition)),
            Ok(topic) => {
                let wanted = FetchOffset { topic, topic_id: None, partition: of.partition };
                let fetched = groups.fetch_offsets(group, &[wanted], stability).pop();
                fetched.map_or_else(|| element(of, OffsetSpec::Invalid, None), committed)
            }
        };
        Ok(partitions.iter().map(look_up).collect())
    }

    /// Commits offsets in the name of a group that has no members. An element's error says why its offset was not
    /// committed: `UNKNOWN_TOPIC_OR_PART`; `UNKNOWN_MEMBER_ID` while the group has members; `_INVALID_ARG` for what is not an
    /// offset.
    ///
    /// # Errors
    /// `_TRANSPORT` when the client is offline; when the groups' log cannot be written.
    pub fn alter_consumer_group_offsets(
        &self,
        group: &str,
        offsets: &[TopicPartitionOffset],
    ) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        let broker = self.broker()?;
        let mut results = offsets.to_vec();
        let mut asked = Vec::new();
        let mut commits = Vec::new();
        for (slot, result) in results.iter_mut().enumerate() {
            match commit_of(broker, result) {
                Ok(commit) => {
                    asked.push(slot);
                    commits.push(commit);
                }
                Err(error) => result.error = Some(error),
            }
        }
        if commits.is_empty() {
            return Ok(results);
        }
        let request = CommitRequest {
            group: group.to_owned(),
            member: MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 },
            retention: None,
            knows_consumer_protocol: true,
            offsets: commits,
        };
        let groups = broker.groups()?;
        let response = answer(|reply| groups.commit(request, reply))?;
        for (slot, outcome) in asked.into_iter().zip(response.partitions) {
            if let Some(result) = results.get_mut(slot) {
                result.error = error_of(outcome.error);
            }
        }
        Ok(results)
    }

    /// Deletes what a group has committed of `partitions`. An element's error says why its offset is still there:
    /// `GROUP_SUBSCRIBED_TO_TOPIC` while a member reads the topic.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND`; `NON_EMPTY_GROUP` for a group that is not one of consumers; `_TRANSPORT` when the client
    /// is offline.
    pub fn delete_consumer_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartitionOffset],
    ) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        let groups = self.broker()?.existing_groups()?.ok_or(ErrorCode::GroupIdNotFound)?;
        let mut results: Vec<TopicPartitionOffset> =
            partitions.iter().map(|of| element(of, OffsetSpec::Invalid, None)).collect();
        let mut asked = Vec::new();
        let mut gone = Vec::new();
        for (slot, result) in results.iter_mut().enumerate() {
            match TopicName::new(&result.topic) {
                Ok(topic) => {
                    asked.push(slot);
                    gone.push(TopicPartition { topic, partition: result.partition });
                }
                Err(_) => result.error = error_of(ErrorCode::UnknownTopicOrPartition),
            }
        }
        let response = answer(|reply| groups.delete_offsets(group, gone, reply))?;
        if response.error != ErrorCode::None {
            return Err(response.error.into());
        }
        for (slot, outcome) in asked.into_iter().zip(response.partitions) {
            if let Some(result) = results.get_mut(slot) {
                result.error = error_of(outcome.error);
            }
        }
        Ok(results)
    }
}

fn commit_of(broker: &Broker, of: &TopicPartitionOffset) -> Result<CommitOffset, KafkaError> {
    let OffsetSpec::At(offset) = of.offset else {
        return Err(KafkaError::new(ErrorCode::LocalInvalidArg));
    };
    let topic = broker.topic(&of.topic).filter(|topic| topic.partition(of.partition).is_some());
    let topic = topic.ok_or(ErrorCode::UnknownTopicOrPartition)?;
    Ok(CommitOffset {
        topic: topic.name().clone(),
        topic_id: Some(topic.id()),
        partition: of.partition,
        offset,
        leader_epoch: of.leader_epoch,
        metadata: of.metadata.as_deref().unwrap_or_default().to_owned(),
    })
}

fn committed(fetched: FetchedOffset) -> TopicPartitionOffset {
    let FetchedOffset { topic, partition, offset, leader_epoch, metadata, error } = fetched;
    let spec = match offset {
        Offset(0..) => OffsetSpec::At(offset),
        Offset(_) => OffsetSpec::Invalid,
    };
    TopicPartitionOffset {
        metadata: Some(metadata).filter(|metadata| !metadata.is_empty()).map(Arc::from),
        leader_epoch,
        error: error_of(error),
        ..TopicPartitionOffset::new(topic.as_str().into(), partition, spec)
    }
}

fn element(of: &TopicPartitionOffset, offset: OffsetSpec, error: Option<ErrorCode>) -> TopicPartitionOffset {
    let partition: PartitionIndex = of.partition;
    TopicPartitionOffset {
        error: error.map(KafkaError::new),
        ..TopicPartitionOffset::new(Arc::clone(&of.topic), partition, offset)
    }
}

fn error_of(code: ErrorCode) -> Option<KafkaError> {
    if code == ErrorCode::None { None } else { Some(KafkaError::new(code)) }
}
