//! Members of the classic protocol in a group that has members of the consumer protocol (KIP-848, online migration). They go on
//! with JoinGroup, SyncGroup and Heartbeat; the coordinator assigns to them, too, and none of them leads.

use super::ConsumerGroup;
use super::heartbeat::Surroundings;
use super::member::ConsumerMember;
use super::migration;
use super::reconciliation::owned_by_id;
use crate::broker::consumer_protocol::{
    MemberAssignment, MemberSubscription, PROTOCOL_TYPE, TopicPartitions,
};
use crate::broker::coordination::Topics;
use crate::broker::group::classic_group::Group;
use crate::broker::group::outbox::Turn;
use crate::broker::group::request::{
    JoinRequest, JoinResponse, MemberIdentity, Response, SyncRequest, SyncResponse,
};
use crate::broker::offsets_schema::{AssignedPartitions, ClassicMember, MemberState};
use crate::error_code::ErrorCode;

/// What came of a join.
struct Joined {
    response: JoinResponse,
    /// It reads other topics than before.
    subscription_changed: bool,
}

impl<R> Group<R> {
    /// See [`Group::join_consumers`].
    pub(super) fn answer_join(&mut self, request: &JoinRequest, to: R, turn: &mut Turn<'_, R>) {
        let is_new = request.member_id.is_empty();
        let id = if is_new { turn.ids.next() } else { request.member_id.clone() };
        let around = Surroundings { config: turn.config, topics: turn.topics, now: turn.now.wall };
        let before = self.consumer.group.clone().unwrap_or_default();
        let mut after = before.clone();
        let replaced = request.instance_id.as_deref().and_then(|instance| before.static_member(instance));
        let replaces_last = replaced.is_some_and(|known| before.only_classic_but(known));
        let downgrades = replaces_last && migration::may_downgrade(&before, turn.config);
        let joined = after.join_classic(request, &id, downgrades, &around);
        let Joined { response, subscription_changed } = match joined {
            Ok(joined) => joined,
            Err(error) => {
                // An id is given with the refusal that asks for one.
                let id = if error == ErrorCode::MemberIdRequired { id.as_str() } else { "" };
                return turn.outbox.reply(to, Response::Join(JoinResponse::refusal(id, error)));
            }
        };
        let answer = Some((to, Response::Join(response)));
        let downgrade = downgrades.then(|| migration::to_classic(&before, &after, turn)).flatten();
        match downgrade {
            Some(downgrade) => {
                let is_settled = after.members.values().all(|member| member.is_reconciled_to(before.epoch));
                let has_to_rebalance = subscription_changed || !is_settled;
                self.downgrade(downgrade.with_rebalance(has_to_rebalance), answer, turn);
            }
            None => self.change(after, answer, turn),
        }
    }

    /// See [`Group::sync_consumer`].
    pub(super) fn answer_sync(&mut self, request: &SyncRequest, to: R, turn: &mut Turn<'_, R>) {
        let nobody = ConsumerGroup::default();
        let group = self.consumer.group.as_ref().unwrap_or(&nobody);
        let id = request.member.member_id.as_str();
        let response = match group.check_sync(request) {
            Err(error) => SyncResponse::refusal(error),
            Ok((known, _)) if group.has_to_rejoin(known) => {
                let timeout = known.metadata.rebalance_timeout;
                self.await_join(id, timeout, turn);
                SyncResponse::refusal(ErrorCode::RebalanceInProgress)
            }
            Ok((known, classic)) => {
                let assignment = assignment(&known.current.assigned, classic, turn.topics).into();
                let session = classic.session_timeout;
                self.note_synced(id);
                self.restart_consumer_session(id, session, turn);
                SyncResponse {
                    error: ErrorCode::None,
                    protocol_type: request.protocol_type.clone(),
                    protocol: request.protocol.clone(),
                    assignment,
                }
            }
        };
        turn.outbox.reply(to, Response::Sync(response));
    }

    /// Notes that a member of the classic protocol is there. It is to join again when there is something new for it.
    pub(in crate::broker::group) fn hear_classic(
        &mut self,
        member: &MemberIdentity,
        turn: &mut Turn<'_, R>,
    ) -> ErrorCode {
        let nobody = ConsumerGroup::default();
        let group = self.consumer.group.as_ref().unwrap_or(&nobody);
        let (known, classic) = match group.check_classic(member) {
            Ok(found) => found,
            Err(error) => return error,
        };
        let id = member.member_id.as_str();
        let is_behind = match known.current.state {
            MemberState::UnrevokedPartitions => true,
            MemberState::UnreleasedPartitions => !group.waits_for_others(id),
            MemberState::Stable => false,
        };
        let is_behind = is_behind || known.current.epoch < group.epoch;
        let (session, rebalance) = (classic.session_timeout, known.metadata.rebalance_timeout);
        self.restart_consumer_session(id, session, turn);
        if is_behind {
            self.await_join(id, rebalance, turn);
            return ErrorCode::RebalanceInProgress;
        }
        ErrorCode::None
    }
}

/// An assignment in the words of the classic protocol.
pub(super) fn assignment(
    assigned: &AssignedPartitions,
    classic: &ClassicMember,
    topics: &dyn Topics,
) -> Vec<u8> {
    let named = assigned.iter().filter_map(|(id, partitions)| {
        let partitions = partitions.iter().copied().collect();
        topics.name_of(*id).map(|topic| TopicPartitions { topic, partitions })
    });
    let version = classic.protocols.first().and_then(|(_, metadata)| metadata.first_chunk());
    let version = version.map_or(0, |version| i16::from_be_bytes(*version));
    MemberAssignment { partitions: named.collect(), user_data: None }.encode_as(version)
}

impl ConsumerGroup {
    /// Who a request comes from, if that is a member of the classic protocol, of its epoch.
    fn check_classic(&self, member: &MemberIdentity) -> Result<(&ConsumerMember, &ClassicMember), ErrorCode> {
        if let Some(instance) = member.instance_id.as_deref() {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != member.member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        let known = self.members.get(&member.member_id).ok_or(ErrorCode::UnknownMemberId)?;
        let classic = known.metadata.classic.as_ref().ok_or(ErrorCode::UnknownMemberId)?;
        match known.current.epoch == member.generation {
            true => Ok((known, classic)),
            false => Err(ErrorCode::IllegalGeneration),
        }
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(&ConsumerMember, &ClassicMember), ErrorCode> {
        let (known, classic) = self.check_classic(&request.member)?;
        let differs =
            |asked: &Option<String>, ours: &str| asked.as_deref().is_some_and(|asked| asked != ours);
        let protocol = classic.protocols.first().map_or("", |(name, _)| name.as_str());
        match differs(&request.protocol_type, PROTOCOL_TYPE) || differs(&request.protocol, protocol) {
            true => Err(ErrorCode::InconsistentGroupProtocol),
            false => Ok((known, classic)),
        }
    }

    /// Whether a member is to join again before it gets its assignment. Who gives partitions up already has.
    fn has_to_rejoin(&self, member: &ConsumerMember) -> bool {
        self.epoch > member.current.epoch && member.current.state != MemberState::UnrevokedPartitions
    }

    /// Whether all members but this one speak the classic protocol, and there are others.
    pub(super) fn only_classic_but(&self, id: &str) -> bool {
        let mut others = self.members.iter().filter(|(known, _)| *known != id);
        others.all(|(_, member)| member.metadata.classic.is_some())
    }

    /// Whether something that a member is to have is not given up yet by those who have it.
    fn waits_for_others(&self, id: &str) -> bool {
        let owned_by_others = self.owned_by_others(id);
        let mut target = self.targets.get(id).into_iter().flatten();
        target.any(|(topic, partitions)| {
            partitions.iter().any(|partition| owned_by_others.contains(&(*topic, *partition)))
        })
    }

    /// Makes this the group after a member of the classic protocol has joined. A group that `downgrades` with that assigns nothing
    /// anew here: if it has to, its members do.
    fn join_classic(
        &mut self,
        request: &JoinRequest,
        id: &str,
        downgrades: bool,
        around: &Surroundings<'_>,
    ) -> Result<Joined, ErrorCode> {
        self.check_room(id, around).map_err(|(error, _)| error)?;
        if !self.supports(request) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if request.member_id_required && request.member_id.is_empty() && request.instance_id.is_none() {
            return Err(ErrorCode::MemberIdRequired);
        }
        let Some(first) = request.protocols.first() else { return Err(ErrorCode::InconsistentGroupProtocol) };
        let subscription =
            MemberSubscription::decode(&first.metadata).map_err(|_| ErrorCode::UnknownServerError)?;
        let before = self.find_or_admit_classic(request, id)?;
        let changed = self.update_classic(request, id, &before, &subscription);
        if !downgrades {
            self.catch_up(changed, around);
        }
        if !downgrades || !changed {
            let owned = owned_by_id(&subscription.owned, around.topics);
            self.reconcile(id, Some(&owned), changed, around);
        }
        let generation = self.members.get(id).map_or(-1, |member| member.current.epoch);
        let response = JoinResponse {
            error: ErrorCode::None,
            generation,
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol: Some(first.name.clone()),
            leader: String::new(),
            skip_assignment: false,
            member_id: id.to_owned(),
            members: Vec::new(),
        };
        Ok(Joined { response, subscription_changed: changed })
    }

    /// Whether all members of the classic protocol support one of the protocols of one more.
    fn supports(&self, request: &JoinRequest) -> bool {
        let classic: Vec<&ClassicMember> =
            self.members.values().filter_map(|member| member.metadata.classic.as_ref()).collect();
        let by_all =
            |name: &str| classic.iter().all(|member| member.protocols.iter().any(|(known, _)| known == name));
        request.protocol_type == PROTOCOL_TYPE
            && request.protocols.iter().any(|protocol| by_all(&protocol.name))
    }

    fn find_or_admit_classic(
        &mut self,
        request: &JoinRequest,
        id: &str,
    ) -> Result<ConsumerMember, ErrorCode> {
        let Some(instance) = request.instance_id.as_deref() else {
            return Ok(self.admit(id));
        };
        let is_new = request.member_id.is_empty();
        match self.static_member(instance).map(str::to_owned) {
            None if is_new => Ok(self.admit(id)),
            Some(known) if is_new => Ok(self.take_over(&known, id)),
            None => Err(ErrorCode::UnknownMemberId),
            Some(known) if known != id => Err(ErrorCode::FencedInstanceId),
            Some(known) => Ok(self.members.get(&known).cloned().unwrap_or_default()),
        }
    }

    /// Takes over what the member says of itself. Whether it reads other topics than before.
    fn update_classic(
        &mut self,
        request: &JoinRequest,
        id: &str,
        before: &ConsumerMember,
        subscription: &MemberSubscription,
    ) -> bool {
        let Some(member) = self.members.get_mut(id) else { return false };
        let metadata = &mut member.metadata;
        metadata.client_id.clone_from(&request.client_id);
        metadata.client_host.clone_from(&request.client_host);
        if request.instance_id.is_some() {
            metadata.instance_id.clone_from(&request.instance_id);
        }
        if subscription.rack.is_some() {
            metadata.rack_id.clone_from(&subscription.rack);
        }
        metadata.rebalance_timeout = request.rebalance_timeout;
        metadata.topics = subscription.topics.iter().cloned().collect();
        metadata.expression = Some(String::new());
        metadata.classic = Some(ClassicMember {
            session_timeout: request.session_timeout,
            protocols: request
                .protocols
                .iter()
                .map(|protocol| (protocol.name.clone(), protocol.metadata.clone()))
                .collect(),
        });
        let had_expression = before.metadata.expression.as_deref().is_some_and(|text| !text.is_empty());
        metadata.topics != before.metadata.topics || had_expression
    }
}
