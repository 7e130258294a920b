//! ConsumerGroupHeartbeat: members come, say what they read and have, and go (Kafka: `consumerGroupHeartbeat` of
//! `GroupMetadataManager`). Texts of refusals are Kafka's.

use super::ConsumerGroup;
use super::member::{ConsumerMember, LEFT_FOR_A_WHILE};
use super::reconciliation::Goal;
use super::subscription::{Refusal, read_expression};
use crate::broker::coordination::{TEXT_SIZE_MAX, Topics};
use crate::broker::group::request::{ConsumerHeartbeat, ConsumerHeartbeatResponse};
use crate::broker::offsets_schema::{AssignedPartitions, CurrentAssignment};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::Timestamp;

const JOINING: i32 = ConsumerHeartbeat::JOINING;
const LEAVING: i32 = ConsumerHeartbeat::LEAVING;

/// What a heartbeat is held against.
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a EngineConfig,
    pub(super) topics: &'a dyn Topics,
    pub(super) now: Timestamp,
}

impl ConsumerHeartbeat {
    pub(in crate::broker::group) fn is_joining(&self) -> bool {
        self.epoch == JOINING
    }

    /// Whether it says all that there is to say, and so is told all: it joins, or is not sure of what it knows.
    fn says_all(&self) -> bool {
        let is_subscribing = self.topics.is_some() || self.expression.is_some();
        self.is_joining() || self.rebalance_timeout.is_some() && is_subscribing && self.owned.is_some()
    }

    pub(in crate::broker::group) fn is_leaving(&self) -> bool {
        matches!(self.epoch, LEAVING | LEFT_FOR_A_WHILE)
    }

    /// What is wrong with the request by itself.
    ///
    /// # Errors
    /// As Kafka's.
    pub(in crate::broker::group) fn check(&self, config: &EngineConfig) -> Result<(), Refusal> {
        let refused = |text: &str| Err((ErrorCode::InvalidRequest, text.to_owned()));
        let is_blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
        let needs_id = self.member_id_required || self.epoch > 0 || self.epoch == LEAVING;
        if needs_id && is_blank(Some(&self.member_id)) {
            return refused("MemberId can't be empty.");
        }
        let named = [
            (Some(&self.group), "GroupId"),
            (self.instance_id.as_ref(), "InstanceId"),
            (self.rack_id.as_ref(), "RackId"),
        ];
        if let Some((_, what)) = named.iter().find(|(text, _)| is_blank(text.map(String::as_str))) {
            return refused(&format!("{what} can't be empty."));
        }
        match self.epoch {
            JOINING if self.rebalance_timeout.is_none() => {
                return refused("RebalanceTimeoutMs must be provided in first request.");
            }
            JOINING if self.owned.as_ref().is_none_or(|owned| !owned.is_empty()) => {
                return refused("TopicPartitions must be empty when (re-)joining.");
            }
            JOINING if self.topics.is_none() && self.expression.is_none() => {
                return refused(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
            LEFT_FOR_A_WHILE if self.instance_id.is_none() => return refused("InstanceId can't be null."),
            ..LEFT_FOR_A_WHILE => return refused("MemberEpoch is invalid."),
            _ => {}
        }
        if let Some(name) = self.assignor.as_ref().filter(|name| !config.consumer_assignors.contains(name)) {
            let allowed = config.consumer_assignors.join(", ");
            let text = format!("ServerAssignor {name} is not supported. Supported assignors: {allowed}.");
            return Err((ErrorCode::UnsupportedAssignor, text));
        }
        self.check_sizes()
    }

    /// Records have 16 bits for the size of some texts.
    fn check_sizes(&self) -> Result<(), Refusal> {
        let texts = [&self.group, &self.member_id, &self.client_id, &self.client_host].into_iter();
        let optional = [&self.instance_id, &self.rack_id, &self.expression].into_iter().flatten();
        let topics = self.topics.iter().flatten();
        match texts.chain(optional).chain(topics).any(|text| text.len() > TEXT_SIZE_MAX) {
            true => Err((ErrorCode::InvalidRequest, format!("A text is longer than {TEXT_SIZE_MAX} bytes."))),
            false => Ok(()),
        }
    }
}

/// What a member is told, with its assignment if `is_told` of it.
fn told(
    id: &str,
    current: CurrentAssignment,
    is_told: bool,
    around: &Surroundings<'_>,
) -> ConsumerHeartbeatResponse {
    ConsumerHeartbeatResponse {
        member_id: Some(id.to_owned()),
        epoch: current.epoch,
        interval: around.config.consumer_heartbeat_interval,
        assignment: is_told.then_some(current.assigned),
        ..ConsumerHeartbeatResponse::default()
    }
}

impl ConsumerGroup {
    /// Makes this the group after the heartbeat of the member `id`. After an error it counts for nothing.
    pub(super) fn hear(
        &mut self,
        request: &ConsumerHeartbeat,
        id: &str,
        around: &Surroundings<'_>,
    ) -> Result<ConsumerHeartbeatResponse, Refusal> {
        if request.is_leaving() {
            return self.leave(request, id, around);
        }
        self.check_room(id, around)?;
        let before = self.find_or_admit(request, id)?;
        let names_changed = self.update(request, id, &before);
        let expression_changed = self.change_expression(request, id, &before)?;
        let changed = names_changed || expression_changed;
        self.catch_up(changed, around);
        self.reconcile(id, request.owned.as_ref(), changed, around);
        let member = self.members.get(id).cloned().unwrap_or_default();
        let is_told = request.says_all() || member.current.assigned != before.current.assigned;
        Ok(told(id, member.current, is_told, around))
    }

    /// The answer to a heartbeat that says nothing new, of a member for which there is nothing new: what nearly all are, and
    /// what a group of any size answers in no time. `None` for others, also for those that are to be refused.
    pub(super) fn hear_nothing_new(
        &self,
        request: &ConsumerHeartbeat,
        around: &Surroundings<'_>,
    ) -> Option<ConsumerHeartbeatResponse> {
        let member = self.members.get(&request.member_id)?;
        let known = &member.metadata;
        let is_known = |said: &Option<String>, known: &Option<String>| said.is_none() || said == known;
        let says_nothing_new = request.epoch == member.current.epoch
            && is_known(&request.instance_id, &known.instance_id)
            && is_known(&request.rack_id, &known.rack_id)
            && is_known(&request.expression, &known.expression)
            && is_known(&request.assignor, &known.assignor)
            && (request.client_id == known.client_id && request.client_host == known.client_host)
            && request.rebalance_timeout.is_none_or(|timeout| timeout == known.rebalance_timeout)
            && request.topics.as_ref().is_none_or(|topics| topics.iter().eq(&known.topics))
            && known.classic.is_none();
        let is_up_to_date =
            self.epoch == self.assignment_epoch && member.is_reconciled_to(self.assignment_epoch);
        (request.epoch > 0 && says_nothing_new && is_up_to_date)
            .then(|| told(&request.member_id, member.current.clone(), request.says_all(), around))
    }

    /// Counts a change of members or topics, and assigns for it.
    pub(super) fn catch_up(&mut self, subscription_changed: bool, around: &Surroundings<'_>) {
        let resolved_anew = self.resolve_expressions(around.topics, around.now);
        let hash = self.hash_of_topics(around.topics);
        let is_new_group = self.epoch == 0;
        if is_new_group || subscription_changed || resolved_anew || hash != self.metadata_hash {
            self.epoch += 1;
            self.metadata_hash = hash;
        }
        if self.epoch > self.assignment_epoch {
            self.assign(around);
        }
    }

    pub(super) fn check_room(&self, id: &str, around: &Surroundings<'_>) -> Result<(), Refusal> {
        let most = around.config.consumer_group_size_max;
        let is_full = self.members.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        if is_full && !self.members.contains_key(id) {
            let text = format!("The consumer group has reached its maximum capacity of {most} members.");
            return Err((ErrorCode::GroupMaxSizeReached, text));
        }
        Ok(())
    }

    /// The member as it was, or as a new one is. A static member that comes back takes the place of its predecessor.
    fn find_or_admit(&mut self, request: &ConsumerHeartbeat, id: &str) -> Result<ConsumerMember, Refusal> {
        let Some(instance) = request.instance_id.as_deref() else {
            return match self.members.get(id) {
                Some(member) => check_epoch(member, request).map(|()| member.clone()),
                None if request.is_joining() => Ok(self.admit(id)),
                None => Err(self.no_member(request, id)),
            };
        };
        let known = self.static_member(instance).map(str::to_owned);
        match known {
            None if request.is_joining() => Ok(self.admit(id)),
            Some(known) if request.is_joining() => self.replace(&known, id, instance),
            _ => {
                let known = self.check_instance(known.as_deref(), id, instance)?;
                let member = self.members.get(known).cloned().unwrap_or_default();
                check_epoch(&member, request).map(|()| member)
            }
        }
    }

    /// The member as it is, or a new one.
    pub(super) fn admit(&mut self, id: &str) -> ConsumerMember {
        self.members.entry(id.to_owned()).or_insert_with(ConsumerMember::newcomer).clone()
    }

    fn no_member(&self, request: &ConsumerHeartbeat, id: &str) -> Refusal {
        let text = format!("Member {id} is not a member of group {}.", request.group);
        (ErrorCode::UnknownMemberId, text)
    }

    fn check_instance<'a>(
        &self,
        known: Option<&'a str>,
        id: &str,
        instance: &str,
    ) -> Result<&'a str, Refusal> {
        match known {
            None => Err((ErrorCode::UnknownMemberId, format!("Instance id {instance} is unknown."))),
            Some(known) if known != id => {
                let text =
                    format!("Static member {id} with instance id {instance} was fenced by member {known}.");
                Err((ErrorCode::FencedInstanceId, text))
            }
            Some(known) => Ok(known),
        }
    }

    /// A static member comes back, perhaps with another id. One of the consumer protocol has to have left.
    fn replace(&mut self, known: &str, id: &str, instance: &str) -> Result<ConsumerMember, Refusal> {
        let is_there = |member: &ConsumerMember| {
            member.current.epoch != LEFT_FOR_A_WHILE && member.metadata.classic.is_none()
        };
        if self.members.get(known).is_some_and(is_there) {
            let text = format!(
                "Static member {id} with instance id {instance} cannot join the group because the instance id is \
                 owned by {known} member."
            );
            return Err((ErrorCode::UnreleasedInstanceId, text));
        }
        Ok(self.take_over(known, id))
    }

    /// A static member takes the place of its predecessor.
    pub(super) fn take_over(&mut self, known: &str, id: &str) -> ConsumerMember {
        let mut member = self.members.remove(known).unwrap_or_default();
        (member.current.epoch, member.current.previous_epoch) = (0, 0);
        let target = self.targets.remove(known).unwrap_or_default();
        self.targets.insert(id.to_owned(), target);
        self.members.insert(id.to_owned(), member.clone());
        member
    }

    /// Takes over what the member says of itself. Whether it reads other names than before.
    fn update(&mut self, request: &ConsumerHeartbeat, id: &str, before: &ConsumerMember) -> bool {
        let Some(member) = self.members.get_mut(id) else { return false };
        let metadata = &mut member.metadata;
        metadata.classic = None;
        metadata.client_id.clone_from(&request.client_id);
        metadata.client_host.clone_from(&request.client_host);
        let texts = [
            (&mut metadata.instance_id, &request.instance_id),
            (&mut metadata.rack_id, &request.rack_id),
            (&mut metadata.assignor, &request.assignor),
            (&mut metadata.expression, &request.expression),
        ];
        for (known, said) in texts {
            if said.is_some() {
                known.clone_from(said);
            }
        }
        if let Some(timeout) = request.rebalance_timeout {
            metadata.rebalance_timeout = timeout;
        }
        if let Some(topics) = &request.topics {
            metadata.topics = topics.iter().cloned().collect();
        }
        metadata.topics != before.metadata.topics
    }

    /// Whether the member reads another regular expression than before, which must be one.
    fn change_expression(
        &self,
        request: &ConsumerHeartbeat,
        id: &str,
        before: &ConsumerMember,
    ) -> Result<bool, Refusal> {
        let now = self.members.get(id).and_then(|member| member.metadata.expression.as_deref());
        let changed = now.unwrap_or_default() != before.metadata.expression.as_deref().unwrap_or_default();
        if let Some(text) = request.expression.as_deref().filter(|text| changed && !text.is_empty()) {
            read_expression(text)?;
        }
        Ok(changed)
    }

    /// Takes the member a step towards what it is to have.
    pub(super) fn reconcile(
        &mut self,
        id: &str,
        owned: Option<&AssignedPartitions>,
        changed: bool,
        around: &Surroundings<'_>,
    ) {
        let Some(member) = self.members.get(id) else { return };
        if !changed && member.is_reconciled_to(self.assignment_epoch) {
            return;
        }
        let (subscribed, owned_by_others) = (self.topic_ids(member, around.topics), self.owned_by_others(id));
        let nothing = AssignedPartitions::new();
        let goal = Goal {
            epoch: self.assignment_epoch,
            target: self.targets.get(id).unwrap_or(&nothing),
            subscribed: &subscribed,
            subscription_changed: changed,
            owned,
            owned_by_others: &owned_by_others,
        };
        let next = goal.step(&member.current);
        if let Some(member) = self.members.get_mut(id) {
            member.current = next;
        }
    }

    fn leave(
        &mut self,
        request: &ConsumerHeartbeat,
        id: &str,
        around: &Surroundings<'_>,
    ) -> Result<ConsumerHeartbeatResponse, Refusal> {
        if let Some(instance) = request.instance_id.as_deref() {
            let known = self.static_member(instance).map(str::to_owned);
            self.check_instance(known.as_deref(), id, instance)?;
        }
        let Some(member) = self.members.get_mut(id) else { return Err(self.no_member(request, id)) };
        if request.epoch == LEFT_FOR_A_WHILE && request.instance_id.is_some() {
            member.current.epoch = LEFT_FOR_A_WHILE;
            member.current.revoking.clear();
        } else {
            self.remove([id], around.topics);
        }
        let member_id = Some(id.to_owned());
        Ok(ConsumerHeartbeatResponse {
            member_id,
            epoch: request.epoch,
            ..ConsumerHeartbeatResponse::default()
        })
    }

    /// Takes members out, as far as they are there. What they had is assigned with the next heartbeat of another one.
    pub(super) fn remove<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>, topics: &dyn Topics) {
        let mut any = false;
        for id in ids {
            any |= self.members.remove(id).is_some();
            self.targets.remove(id);
        }
        if any {
            let members = &self.members;
            self.expressions.retain(|text, _| {
                members.values().any(|member| member.metadata.expression.as_ref() == Some(text))
            });
            self.epoch += 1;
            self.metadata_hash = self.hash_of_topics(topics);
        }
    }
}

/// Whether the member is as far as the coordinator believes. One epoch less is taken from who has not got the answer with
/// the last one, and has nothing but what it is to have.
fn check_epoch(member: &ConsumerMember, request: &ConsumerHeartbeat) -> Result<(), Refusal> {
    let (said, current) = (request.epoch, &member.current);
    let has_only_its_own = |owned: &AssignedPartitions| {
        owned.iter().all(|(topic, partitions)| {
            current.assigned.get(topic).is_some_and(|own| partitions.is_subset(own))
        })
    };
    let how = match said {
        JOINING => return Ok(()),
        said if said > current.epoch => "greater",
        said if said == current.epoch => return Ok(()),
        said if said == current.previous_epoch && request.owned.as_ref().is_some_and(has_only_its_own) => {
            return Ok(());
        }
        _ => "smaller",
    };
    let text = format!(
        "The consumer group member has a {how} member epoch ({said}) than the one known by the group coordinator \
         ({}). The member must abandon all its partitions and rejoin.",
        current.epoch
    );
    Err((ErrorCode::FencedMemberEpoch, text))
}
