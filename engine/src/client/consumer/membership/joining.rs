//! Joining a group: this member's part, and the leader's, which is to share out the partitions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::{Command, Membership, Owned, Phase, REJOIN_BACKOFF, Then, elements};
use crate::broker::group::{JoinRequest, JoinResponse, Protocol, SyncRequest, SyncResponse};
use crate::client::KafkaError;
use crate::client::assignor::{
    self, GroupMember, MemberAssignment, MemberSubscription, RebalanceProtocol, Strategy, TopicPartitions,
};
use crate::client::consumer::events::ConsumerError;
use crate::client::consumer::rebalance::Rebalance;
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

impl Membership {
    /// Asks to take part in the next generation, or says what there is to say to the coordinator that assigns.
    pub(super) fn join(&mut self) {
        if self.speaks_consumer_protocol() {
            (self.phase, self.outdated) = (Phase::Stable, false);
            return self.beat();
        }
        let Some(groups) = self.groups() else { return self.rest() };
        self.attempt += 1;
        self.outdated = false;
        self.heartbeat_at = None;
        self.phase = Phase::Joining;
        self.selected = self.select_topics();
        let request = self.join_request();
        let (attempt, commands) = (self.attempt, self.commands.clone());
        groups.join(&request, move |response| {
            drop(commands.send(Command::Joined(attempt, Box::new(response))));
        });
    }

    /// Tries again a little later.
    fn rest(&mut self) {
        self.phase = Phase::Resting(Instant::now() + REJOIN_BACKOFF);
    }

    fn join_request(&self) -> JoinRequest {
        let config = &self.shared.config;
        let identity = self.identity();
        JoinRequest {
            group: self.group.clone(),
            member_id: identity.member_id,
            instance_id: identity.instance_id,
            client_id: config.client.client_id.clone(),
            client_host: "localhost".to_owned(),
            rebalance_timeout: config.max_poll_interval,
            session_timeout: config.session_timeout,
            protocol_type: config.group_protocol_type.clone(),
            protocols: config.strategies.iter().map(|strategy| self.protocol_of(*strategy)).collect(),
            // So that this member can leave while its first join waits for others.
            member_id_required: true,
            skip_assignment_supported: true,
        }
    }

    fn protocol_of(&self, strategy: Strategy) -> Protocol {
        let mut subscription = MemberSubscription::new(self.selected.keys().cloned().collect());
        subscription.rack =
            Some(self.shared.config.client.client_rack.clone()).filter(|rack| !rack.is_empty());
        if strategy.protocol() == RebalanceProtocol::Cooperative {
            subscription.owned = by_topic(&self.owned);
            subscription.generation_id = self.identity().generation;
        }
        Protocol { name: strategy.name().to_owned(), metadata: subscription.encode().into() }
    }

    pub(super) fn joined(&mut self, response: JoinResponse) {
        match response.error {
            ErrorCode::None | ErrorCode::MemberIdRequired => {
                self.shared.set_identity(&response.member_id, response.generation);
            }
            ErrorCode::UnknownMemberId => self.shared.set_identity("", -1),
            ErrorCode::FencedInstanceId => return self.fence(),
            _ => {}
        }
        if self.outdated {
            return self.restart();
        }
        match response.error {
            ErrorCode::None => self.sync(response),
            ErrorCode::MemberIdRequired | ErrorCode::UnknownMemberId => self.join(),
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::RebalanceInProgress
            | ErrorCode::IllegalGeneration => self.rest(),
            error => {
                self.tell_once(error, format!("JoinGroup failed: {}", error.description()));
                self.rest();
            }
        }
    }

    fn sync(&mut self, response: JoinResponse) {
        let Some(groups) = self.groups() else { return self.rest() };
        self.strategy = response.protocol.as_deref().and_then(Strategy::from_name);
        self.shared.state.lock().protocol = self.strategy.map(Strategy::protocol);
        let leads = response.leader == response.member_id && !response.skip_assignment;
        let assignments = if leads { self.share_out(&response) } else { Vec::new() };
        self.attempt += 1;
        self.phase = Phase::Syncing;
        let request = SyncRequest {
            group: self.group.clone(),
            member: self.identity(),
            protocol_type: response.protocol_type,
            protocol: response.protocol,
            assignments,
        };
        let (attempt, commands) = (self.attempt, self.commands.clone());
        groups.sync(request, move |response| drop(commands.send(Command::Synced(attempt, response))));
    }

    /// The leader's part: who gets what.
    fn share_out(&self, response: &JoinResponse) -> Vec<(String, Bytes)> {
        let Some(strategy) = self.strategy else { return Vec::new() };
        let members: Vec<GroupMember> = response
            .members
            .iter()
            .map(|member| {
                let subscription = MemberSubscription::decode(&member.metadata).unwrap_or_else(|error| {
                    tracing::warn!(member = member.member_id, %error, "a member's subscription is malformed");
                    MemberSubscription::new(Vec::new())
                });
                let group_instance_id = member.instance_id.clone();
                GroupMember { member_id: member.member_id.clone(), group_instance_id, subscription }
            })
            .collect();
        let mut topics = BTreeMap::new();
        for topic in members.iter().flat_map(|member| &member.subscription.topics) {
            if let Some(existing) = self.broker().topic(topic) {
                topics.insert(topic.clone(), u32::try_from(existing.partition_count()).unwrap_or(u32::MAX));
            }
        }
        let shares = assignor::assign(strategy, &members, &topics);
        let encoded = |partitions| MemberAssignment { partitions, user_data: None }.encode().into();
        members.into_iter().zip(shares).map(|(member, share)| (member.member_id, encoded(share))).collect()
    }

    pub(super) fn synced(&mut self, response: &SyncResponse) {
        match response.error {
            ErrorCode::None if self.outdated => self.restart(),
            ErrorCode::None => match MemberAssignment::decode(&response.assignment) {
                Ok(assignment) => self.take_on(&assignment),
                Err(error) => {
                    let reason = format!("SyncGroup failed: {error}");
                    let error = KafkaError::with_reason(ErrorCode::LocalBadMsg, reason);
                    self.shared.report(ConsumerError::new(error));
                    self.rest();
                }
            },
            ErrorCode::FencedInstanceId => self.fence(),
            ErrorCode::UnknownMemberId => {
                self.shared.set_identity("", -1);
                self.lose(Then::Rejoin);
            }
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => self.restart(),
            _ => self.rest(),
        }
    }

    /// The leader has decided.
    fn take_on(&mut self, assignment: &MemberAssignment) {
        self.told = None;
        let target = self.named(&assignment.partitions);
        self.heartbeat_at = Some(Instant::now() + self.shared.config.heartbeat_interval);
        if self.protocol() != Some(RebalanceProtocol::Cooperative) {
            self.owned.clone_from(&target);
            self.phase = Phase::Assigning(Then::Stay);
            return self.ask(Rebalance::Assign(elements(&target)));
        }
        let kept = self.owned.iter().filter(|one| target.contains(one)).cloned().collect();
        self.change_to(&target, kept, Then::Stay);
    }

    /// Has the application give up what it has beyond `kept`, and take on what `target` has beyond that; `then` follows when
    /// nothing is given up.
    pub(super) fn change_to(&mut self, target: &[Owned], kept: Vec<Owned>, then: Then) {
        let beyond = |all: &[Owned]| all.iter().filter(|one| !kept.contains(one)).cloned().collect();
        let (revoked, added): (Vec<Owned>, Vec<Owned>) = (beyond(&self.owned), beyond(target));
        self.owned = kept;
        if revoked.is_empty() {
            self.add(added, then);
        } else {
            self.phase = Phase::Revoking(Then::AssignAndRejoin(added));
            self.ask(Rebalance::Revoke(elements(&revoked)));
        }
    }

    fn named(&self, topics: &[TopicPartitions]) -> Vec<Owned> {
        let partitions = topics.iter().flat_map(|of_topic| {
            let topic: Arc<str> = of_topic.topic.as_str().into();
            of_topic.partitions.iter().map(move |partition| (Arc::clone(&topic), *partition))
        });
        partitions.collect()
    }
}

/// Partitions gathered by topic.
fn by_topic(owned: &[Owned]) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<&str, Vec<PartitionIndex>> = BTreeMap::new();
    for (topic, partition) in owned {
        topics.entry(topic).or_default().push(*partition);
    }
    let named = |(topic, partitions): (&str, _)| TopicPartitions { topic: topic.to_owned(), partitions };
    topics.into_iter().map(named).collect()
}
