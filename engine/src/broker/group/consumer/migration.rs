//! Groups that change their protocol while they have members (KIP-848, online migration): from the classic one with the first
//! member of the consumer protocol that joins, and back when the last of these has gone.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::ConsumerGroup;
use super::classic_members::assignment;
use super::heartbeat::Surroundings;
use super::member::ConsumerMember;
use super::reconciliation::owned_by_id;
use super::subscription::Refusal;
use crate::broker::consumer_protocol::{MemberAssignment, MemberSubscription, PROTOCOL_TYPE};
use crate::broker::coordination::CoordinatorRecord;
use crate::broker::group::classic_group::Group;
use crate::broker::group::load::restore;
use crate::broker::group::member::Member;
use crate::broker::group::outbox::Turn;
use crate::broker::group::request::Protocol;
use crate::broker::group::state::ClassicState;
use crate::broker::offsets_schema::{
    AssignedPartitions, ClassicMember, ConsumerMemberMetadata, CurrentAssignment, GroupMetadata,
    MemberMetadata, MemberState, RecordKey,
};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// A group of the classic protocol that one of the consumer protocol becomes.
#[derive(Debug)]
pub(super) struct Downgrade {
    metadata: GroupMetadata,
    /// All protocols that each member supports; `metadata` has only the one chosen.
    protocols: Vec<(String, Vec<Protocol>)>,
    /// Members have gone, or read other topics: there is something to assign anew.
    has_to_rebalance: bool,
}

impl Downgrade {
    pub(super) fn with_rebalance(mut self, has_to_rebalance: bool) -> Downgrade {
        self.has_to_rebalance = has_to_rebalance;
        self
    }

    pub(super) fn record(&self, group: &str) -> CoordinatorRecord {
        let key = RecordKey::Group(group.to_owned()).encode();
        CoordinatorRecord { key, value: Some(self.metadata.encode()) }
    }
}

/// What becomes of a group that members have left; `None` while it keeps its protocol.
pub(super) fn downgrade<R>(
    before: &ConsumerGroup,
    after: &ConsumerGroup,
    turn: &Turn<'_, R>,
) -> Option<Downgrade> {
    let all_classic = after.members.values().all(|member| member.metadata.classic.is_some());
    if after.members.is_empty() || !all_classic || !may_downgrade(after, turn.config) {
        return None;
    }
    to_classic(before, after, turn)
}

/// Whether that is allowed, and a group has no more members than one of the classic protocol may have.
pub(super) fn may_downgrade(group: &ConsumerGroup, config: &EngineConfig) -> bool {
    let size_max = usize::try_from(config.group_size_max).unwrap_or(usize::MAX);
    config.migration_policy.downgrade && group.members.len() <= size_max
}

/// The members of `after`, all of the classic protocol, with what those of `before` may be reading; `None` when they share no
/// protocol.
pub(super) fn to_classic<R>(
    before: &ConsumerGroup,
    after: &ConsumerGroup,
    turn: &Turn<'_, R>,
) -> Option<Downgrade> {
    let protocols: Vec<(String, Vec<Protocol>)> = after
        .members
        .iter()
        .filter_map(|(id, member)| Some((id.clone(), protocols(member.metadata.classic.as_ref()?))))
        .collect();
    let protocol = chosen(&protocols)?;
    let members = after.members.iter().filter_map(|(id, member)| {
        let classic = member.metadata.classic.as_ref()?;
        let metadata = classic.protocols.iter().find(|(name, _)| *name == protocol);
        // A static member that has just come back has the place of its predecessor, in `after`.
        let held = before.members.get(id).unwrap_or(member).current.held();
        Some(MemberMetadata {
            member_id: id.clone(),
            instance_id: member.metadata.instance_id.clone(),
            client_id: member.metadata.client_id.clone(),
            client_host: member.metadata.client_host.clone(),
            rebalance_timeout: member.metadata.rebalance_timeout,
            session_timeout: classic.session_timeout,
            subscription: metadata.map(|(_, metadata)| metadata.clone()).unwrap_or_default(),
            assignment: Bytes::from(assignment(&held, classic, turn.topics)),
        })
    });
    let members: Vec<MemberMetadata> = members.collect();
    let metadata = GroupMetadata {
        protocol_type: PROTOCOL_TYPE.to_owned(),
        generation: before.epoch,
        leader: members.first().map(|member| member.member_id.clone()),
        protocol: Some(protocol),
        state_time: Some(turn.now.wall),
        members,
    };
    Some(Downgrade { metadata, protocols, has_to_rebalance: true })
}

fn protocols(classic: &ClassicMember) -> Vec<Protocol> {
    let protocol =
        |(name, metadata): &(String, Bytes)| Protocol { name: name.clone(), metadata: metadata.clone() };
    classic.protocols.iter().map(protocol).collect()
}

/// The first protocol of the first member that all support.
fn chosen(members: &[(String, Vec<Protocol>)]) -> Option<String> {
    let by_all = |name: &str| members.iter().all(|(_, known)| known.iter().any(|known| known.name == name));
    let (_, first) = members.first()?;
    first.iter().find(|protocol| by_all(&protocol.name)).map(|protocol| protocol.name.clone())
}

impl ConsumerGroup {
    /// What a member of a cooperative protocol has and was not given anew, it has been told to give up, and may still be reading:
    /// nobody else gets it before it has joined again and says so.
    fn leave_to(&mut self, member_id: &str, owned: AssignedPartitions) {
        let taken = self.owned_by_others(member_id);
        let Some(member) = self.members.get_mut(member_id) else { return };
        for (topic, partitions) in owned {
            let free = partitions.into_iter().filter(|partition| !taken.contains(&(topic, *partition)));
            let free: BTreeSet<PartitionIndex> = free.collect();
            if !free.is_empty() {
                member.current.assigned.entry(topic).or_default().extend(free);
            }
        }
    }
}

impl<R> Group<R> {
    /// What the group is once a member of the consumer protocol has come. Who waits is to join again.
    pub(super) fn upgraded(&self, around: &Surroundings<'_>) -> Result<ConsumerGroup, Refusal> {
        let id = &self.id;
        let refuse = |why: &str| {
            Err((
                ErrorCode::GroupIdNotFound,
                format!("Cannot upgrade classic group {id} to consumer group because {why}."),
            ))
        };
        if !around.config.migration_policy.upgrade {
            return refuse("online upgrade is disabled");
        }
        if !self.is_consumer() {
            return refuse("the group does not use the consumer embedded protocol");
        }
        let size_max = usize::try_from(around.config.consumer_group_size_max).unwrap_or(usize::MAX);
        if self.members.len() > size_max {
            return refuse("the group size exceeds the consumer group maximum size");
        }
        let mut upgraded = ConsumerGroup {
            epoch: self.generation,
            assignment_epoch: self.generation,
            ..ConsumerGroup::default()
        };
        let mut owned = Vec::new();
        for (member_id, member) in &self.members {
            let Some((member, user_data, said)) = self.upgraded_member(member, around) else {
                return refuse("the embedded consumer protocol is malformed");
            };
            owned.push((member_id, said));
            if user_data.is_some_and(|user_data| !user_data.is_empty()) {
                return refuse(
                    "an unsupported custom assignor is in use. Please refer to the documentation or switch to a \
                     default assignor before re-attempting the upgrade",
                );
            }
            upgraded.targets.insert(member_id.clone(), member.current.assigned.clone());
            upgraded.members.insert(member_id.clone(), member);
        }
        for (member_id, said) in owned {
            upgraded.leave_to(member_id, said);
        }
        upgraded.metadata_hash = upgraded.hash_of_topics(around.topics);
        Ok(upgraded)
    }

    /// The member, the user data of its assignment, and what it said it had when it joined.
    fn upgraded_member(
        &self,
        member: &Member<R>,
        around: &Surroundings<'_>,
    ) -> Option<(ConsumerMember, Option<Vec<u8>>, AssignedPartitions)> {
        let protocols = &member.settings.protocols;
        let chosen = self.protocol.as_deref().or_else(|| protocols.first().map(|first| first.name.as_str()));
        let subscription = MemberSubscription::decode(&member.metadata(chosen)).ok()?;
        let assignment = MemberAssignment::decode(&member.assignment).ok()?;
        let owned = owned_by_id(&subscription.owned, around.topics);
        let metadata = ConsumerMemberMetadata {
            instance_id: member.instance_id.clone(),
            rack_id: subscription.rack,
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            topics: subscription.topics.into_iter().collect(),
            expression: Some(String::new()),
            rebalance_timeout: member.settings.rebalance_timeout,
            assignor: None,
            classic: Some(ClassicMember {
                session_timeout: member.settings.session_timeout,
                protocols: protocols
                    .iter()
                    .map(|protocol| (protocol.name.clone(), protocol.metadata.clone()))
                    .collect(),
            }),
        };
        let current = CurrentAssignment {
            epoch: self.generation,
            previous_epoch: self.generation,
            state: MemberState::Stable,
            assigned: owned_by_id(&assignment.partitions, around.topics),
            revoking: Default::default(),
        };
        Some((ConsumerMember { metadata, current }, assignment.user_data, owned))
    }

    /// The group is about to become one of the consumer protocol. Who waits for a generation of the classic one joins again: what
    /// that would assign is not what the new group goes by.
    pub(super) fn send_back_to_join(&mut self, turn: &mut Turn<'_, R>) {
        for (id, member) in &mut self.members {
            member.refuse_waiting(id, ErrorCode::RebalanceInProgress, turn.outbox);
        }
    }

    /// The group has become one of the consumer protocol.
    pub(super) fn forget_classic(&mut self, turn: &mut Turn<'_, R>) {
        let (offsets, consumer) = (std::mem::take(&mut self.offsets), std::mem::take(&mut self.consumer));
        let scheduled = self.scheduled;
        *self = Group::new(&self.id, turn.now.wall);
        (self.offsets, self.consumer, self.scheduled) = (offsets, consumer, scheduled);
    }

    /// The group has become one of the classic protocol.
    pub(super) fn become_classic(&mut self, downgrade: Downgrade, turn: &mut Turn<'_, R>) {
        let (offsets, consumer) = (std::mem::take(&mut self.offsets), std::mem::take(&mut self.consumer));
        let scheduled = self.scheduled;
        *self = restore(&self.id, downgrade.metadata);
        (self.offsets, self.consumer, self.scheduled) = (offsets, consumer, scheduled);
        self.consumer.group = None;
        for (id, protocols) in downgrade.protocols {
            if let Some(member) = self.members.get_mut(&id) {
                member.settings.protocols = protocols;
            }
            self.restart_session(&id, turn.now.monotonic);
        }
        debug_assert!(self.state == ClassicState::Stable);
        if downgrade.has_to_rebalance {
            self.prepare_rebalance(turn, "the last member of the consumer protocol has gone");
        }
    }
}
