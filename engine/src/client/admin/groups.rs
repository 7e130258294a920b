//! ListGroups, DescribeGroups, DeleteGroups: the consumer groups that there are.

use std::sync::Arc;

use crossbeam::channel::bounded;

use super::cluster::{Node, node};
use super::{Admin, KafkaError};
use crate::broker::group::{
    DescribedConsumer, DescribedMember, GroupKind, GroupState, LeavingMember, TopicPartitions as ById,
};
use crate::broker::{Broker, Groups};
use crate::client::assignor::{MemberAssignment, TopicPartitions};
use crate::client::{OffsetSpec, TopicPartitionOffset};
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// A group in a list (KIP-518).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: String,
    /// Whether it only stores offsets: no member ever joined it.
    pub is_simple: bool,
    /// Its state.
    pub state: GroupState,
    /// The protocol of its members.
    pub kind: GroupKind,
}

/// A group in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Whether it only stores offsets: no member ever joined it.
    pub is_simple: bool,
    /// Its state; [`GroupState::Dead`] for a group that does not exist.
    pub state: GroupState,
    /// The protocol of its members.
    pub kind: GroupKind,
    /// How partitions are shared out, such as `range`; of the classic protocol empty unless the group is stable.
    pub assignor: String,
    /// The node that coordinates it.
    pub coordinator: Node,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member in a [`GroupDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its id.
    pub member_id: String,
    /// Its `group.instance.id` (KIP-345).
    pub instance_id: Option<String>,
    /// Its `client.id`.
    pub client_id: String,
    /// Where it comes from.
    pub host: String,
    /// What it has been given to read.
    pub assignment: Vec<TopicPartitionOffset>,
    /// What it is to read once others have given it up; only of the consumer protocol.
    pub target: Option<Vec<TopicPartitionOffset>>,
}

impl Admin {
    /// Consumer groups by name: all, or those in one of `states`.
    ///
    /// # Errors
    /// `_TRANSPORT` when the client is offline; when the groups' log cannot be read.
    pub fn list_consumer_groups(&self, states: &[GroupState]) -> Result<Vec<GroupListing>, KafkaError> {
        let Some(groups) = self.broker()?.existing_groups()? else { return Ok(Vec::new()) };
        let listed = groups.list().into_iter().filter(|group| is_consumers(&group.protocol_type));
        let wanted = listed.filter(|group| states.is_empty() || states.contains(&group.state));
        Ok(wanted
            .map(|group| GroupListing {
                is_simple: group.protocol_type.is_empty(),
                group: group.group,
                state: group.state,
                kind: group.kind,
            })
            .collect())
    }

    /// Consumer groups in detail, each on its own. One that does not exist is described as dead, as Kafka does.
    ///
    /// Error of an item: `INCONSISTENT_GROUP_PROTOCOL` for a group that is not one of consumers.
    #[must_use]
    pub fn describe_consumer_groups<S: AsRef<str>>(
        &self,
        groups: &[S],
    ) -> Vec<Result<GroupDescription, KafkaError>> {
        self.each(groups, |broker, group| describe(broker, group.as_ref()))
    }

    /// Takes all members out of a group (KIP-345, KIP-571): those that are alive join again, those that are not need
    /// not be waited for. Returns how many there were.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND`; `_TRANSPORT` when the client is offline.
    pub fn remove_members_from_consumer_group(&self, group: &str) -> Result<usize, KafkaError> {
        let known = self.broker()?.existing_groups()?.ok_or(ErrorCode::GroupIdNotFound)?;
        let members = all_members(&known, group).ok_or(ErrorCode::GroupIdNotFound)?;
        let left = answer(|reply| known.leave(group, members, reply))??;
        Ok(left.iter().filter(|member| member.error == ErrorCode::None).count())
    }

    /// Deletes groups with their offsets, each on its own.
    ///
    /// Errors of an item: `NON_EMPTY_GROUP` while it has members, `GROUP_ID_NOT_FOUND`.
    #[must_use]
    pub fn delete_consumer_groups<S: AsRef<str>>(&self, groups: &[S]) -> Vec<Result<(), KafkaError>> {
        self.each(groups, |broker, group| {
            let known = broker.existing_groups()?.ok_or(ErrorCode::GroupIdNotFound)?;
            match answer(|reply| known.delete(group.as_ref(), reply))? {
                ErrorCode::None => Ok(()),
                error => Err(error.into()),
            }
        })
    }
}

/// Everybody in a group, so that they can be taken out; `None` when there is no such group.
fn all_members(groups: &Groups, group: &str) -> Option<Vec<LeavingMember>> {
    if let Some(described) = groups.describe_consumers(group) {
        let members = described.members.into_iter().map(|member| LeavingMember {
            member_id: member.member_id,
            instance_id: member.metadata.instance_id,
        });
        return Some(members.collect());
    }
    let members = groups.describe(group)?.members.into_iter();
    let leaving = |member: DescribedMember| LeavingMember {
        member_id: member.member_id,
        instance_id: member.instance_id,
    };
    Some(members.map(leaving).collect())
}

/// Whether a group is one that consumers use: they joined it, or only store offsets in it.
fn is_consumers(protocol_type: &str) -> bool {
    matches!(protocol_type, "consumer" | "")
}

/// Waits for what comes through a callback.
///
/// # Errors
/// `_DESTROY` when the engine stops meanwhile.
pub(super) fn answer<T: Send + 'static>(
    ask: impl FnOnce(Box<dyn FnOnce(T) + Send>),
) -> Result<T, KafkaError> {
    let (sender, receiver) = bounded(1);
    // The receiver waits below, so that sending fails only when nobody wants the answer any more.
    ask(Box::new(move |response| drop(sender.send(response))));
    receiver.recv().map_err(|_| KafkaError::new(ErrorCode::LocalDestroy))
}

fn describe(broker: &Broker, group: &str) -> Result<GroupDescription, KafkaError> {
    let groups: Option<Arc<Groups>> = broker.existing_groups()?;
    if let Some(described) = groups.as_ref().and_then(|groups| groups.describe_consumers(group)) {
        return Ok(GroupDescription {
            group: described.group,
            is_simple: false,
            state: described.state,
            kind: GroupKind::Consumer,
            assignor: described.assignor,
            coordinator: node(broker),
            members: described.members.into_iter().map(consumer).collect(),
        });
    }
    let Some(described) = groups.and_then(|groups| groups.describe(group)) else {
        return Ok(GroupDescription {
            group: group.to_owned(),
            is_simple: true,
            state: GroupState::Dead,
            kind: GroupKind::Classic,
            assignor: String::new(),
            coordinator: node(broker),
            members: Vec::new(),
        });
    };
    if !is_consumers(&described.protocol_type) {
        return Err(KafkaError::new(ErrorCode::InconsistentGroupProtocol));
    }
    Ok(GroupDescription {
        group: described.group,
        is_simple: described.protocol_type.is_empty(),
        state: described.state,
        kind: GroupKind::Classic,
        assignor: described.protocol,
        coordinator: node(broker),
        members: described.members.into_iter().map(member).collect(),
    })
}

fn member(described: DescribedMember) -> MemberDescription {
    // What a member of another make was given stays its secret.
    let assignment = MemberAssignment::decode(&described.assignment).unwrap_or_default();
    MemberDescription {
        member_id: described.member_id,
        instance_id: described.instance_id,
        client_id: described.client_id,
        host: described.client_host,
        assignment: assignment
            .partitions
            .into_iter()
            .flat_map(|TopicPartitions { topic, partitions }| elements(topic, partitions))
            .collect(),
        target: None,
    }
}

fn consumer(described: DescribedConsumer) -> MemberDescription {
    let all = |topics: Vec<ById>| {
        topics.into_iter().flat_map(|of| elements(of.topic, of.partitions)).collect::<Vec<_>>()
    };
    MemberDescription {
        member_id: described.member_id,
        instance_id: described.metadata.instance_id,
        client_id: described.metadata.client_id,
        host: described.metadata.client_host,
        assignment: all(described.assigned),
        target: Some(all(described.target)),
    }
}

fn elements(topic: String, partitions: Vec<PartitionIndex>) -> impl Iterator<Item = TopicPartitionOffset> {
    let topic: Arc<str> = topic.into();
    partitions
        .into_iter()
        .map(move |partition| TopicPartitionOffset::new(Arc::clone(&topic), partition, OffsetSpec::Invalid))
}
