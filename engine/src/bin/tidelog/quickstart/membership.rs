//! [`Membership`]: one member's place in the consumer group: joining, hearing of changes, committing, leaving.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::bounded;
use tidelog::broker::Groups;
use tidelog::broker::group::{
    CommitOffset, CommitRequest, JoinRequest, JoinResponse, LeavingMember, MemberIdentity, Protocol,
    SyncRequest,
};
use tidelog::client::KafkaError;
use tidelog::client::assignor::{GroupMember, MemberAssignment, MemberSubscription, Strategy, assign};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Offset, PartitionIndex, TopicName};

/// How the members share out the partitions.
const STRATEGY: Strategy = Strategy::Range;

/// How long a member may be silent, and how long a rebalance waits for it.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it says that it is there.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Membership {
    groups: Arc<Groups>,
    topic: TopicName,
    partitions: u32,
    client_id: String,
    identity: MemberIdentity,
    next_heartbeat: Instant,
}

impl Membership {
    /// Of the group that has the name of `topic`; it has not been joined yet.
    pub(super) fn new(
        groups: Arc<Groups>,
        topic: TopicName,
        partitions: u32,
        client_id: String,
    ) -> Membership {
        let identity = MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 };
        Membership { groups, topic, partitions, client_id, identity, next_heartbeat: Instant::now() }
    }

    /// Joins the next generation. Returns the partitions that it gives this member.
    ///
    /// # Errors
    /// What the coordinator says.
    pub(super) fn join(&mut self) -> Result<Vec<PartitionIndex>, KafkaError> {
        loop {
            let joined = self.ask_to_join()?;
            self.identity.member_id.clone_from(&joined.member_id);
            self.identity.generation = joined.generation;
            match joined.error {
                ErrorCode::None => {}
                ErrorCode::MemberIdRequired => continue,
                error => return Err(error.into()),
            }
            let request = SyncRequest {
                group: self.topic.to_string(),
                member: self.identity.clone(),
                protocol_type: None,
                protocol: None,
                assignments: self.shares(&joined)?,
            };
            let synced = answer(|reply| self.groups.sync(request, reply))?;
            self.next_heartbeat = Instant::now() + HEARTBEAT_INTERVAL;
            match synced.error {
                ErrorCode::None => return partitions(&synced.assignment),
                // Somebody else has come meanwhile.
                ErrorCode::RebalanceInProgress => {}
                error => return Err(error.into()),
            }
        }
    }

    fn ask_to_join(&self) -> Result<JoinResponse, KafkaError> {
        let subscription = MemberSubscription::new(vec![self.topic.to_string()]);
        let protocol = Protocol { name: STRATEGY.name().to_owned(), metadata: subscription.encode().into() };
        let request = JoinRequest {
            group: self.topic.to_string(),
            member_id: self.identity.member_id.clone(),
            instance_id: None,
            client_id: self.client_id.clone(),
            client_host: "localhost".to_owned(),
            rebalance_timeout: SESSION_TIMEOUT,
            session_timeout: SESSION_TIMEOUT,
            protocol_type: "consumer".to_owned(),
            protocols: vec![protocol],
            member_id_required: false,
            skip_assignment_supported: false,
        };
        answer(|reply| self.groups.join(&request, reply))
    }

    /// From the leader: what each member gets.
    fn shares(&self, joined: &JoinResponse) -> Result<Vec<(String, bytes::Bytes)>, KafkaError> {
        if joined.leader != joined.member_id {
            return Ok(Vec::new());
        }
        let malformed = |_| KafkaError::new(ErrorCode::InconsistentGroupProtocol);
        let mut members = Vec::with_capacity(joined.members.len());
        for member in &joined.members {
            members.push(GroupMember {
                member_id: member.member_id.clone(),
                group_instance_id: member.instance_id.clone(),
                subscription: MemberSubscription::decode(&member.metadata).map_err(malformed)?,
            });
        }
        let topics = BTreeMap::from([(self.topic.to_string(), self.partitions)]);
        let shares = assign(STRATEGY, &members, &topics);
        let encoded = members.into_iter().zip(shares).map(|(member, partitions)| {
            let assignment = MemberAssignment { partitions, user_data: None };
            (member.member_id, assignment.encode().into())
        });
        Ok(encoded.collect())
    }

    /// Says that this member is there, when it is time to. Returns whether it is to give up its partitions and to join
    /// again.
    ///
    /// # Errors
    /// What the coordinator says.
    pub(super) fn is_rebalancing(&mut self) -> Result<bool, KafkaError> {
        let now = Instant::now();
        if now < self.next_heartbeat {
            return Ok(false);
        }
        self.next_heartbeat = now + HEARTBEAT_INTERVAL;
        match self.groups.heartbeat(self.topic.as_str(), &self.identity) {
            ErrorCode::None => Ok(false),
            ErrorCode::RebalanceInProgress => Ok(true),
            error => Err(error.into()),
        }
    }

    /// Commits where this member is in its partitions.
    ///
    /// # Errors
    /// What the coordinator says.
    pub(super) fn commit(&self, positions: &BTreeMap<PartitionIndex, Offset>) -> Result<(), KafkaError> {
        let offset = |(partition, offset): (&PartitionIndex, &Offset)| CommitOffset {
            topic: self.topic.clone(),
            topic_id: None,
            partition: *partition,
            offset: *offset,
            leader_epoch: None,
            metadata: String::new(),
        };
        let request = CommitRequest {
            group: self.topic.to_string(),
            member: self.identity.clone(),
            retention: None,
            unknown_group_error: ErrorCode::GroupIdNotFound,
            offsets: positions.iter().map(offset).collect(),
        };
        let committed = answer(|reply| self.groups.commit(request, reply))?;
        match committed.partitions.into_iter().find(|outcome| outcome.error != ErrorCode::None) {
            Some(outcome) => Err(outcome.error.into()),
            None => Ok(()),
        }
    }

    /// Leaves the group.
    ///
    /// # Errors
    /// What the coordinator says.
    pub(super) fn leave(self) -> Result<(), KafkaError> {
        let leaving = LeavingMember { member_id: self.identity.member_id, instance_id: None };
        self.groups.leave(self.topic.as_str(), vec![leaving]).map(drop).map_err(KafkaError::from)
    }
}

fn partitions(assignment: &[u8]) -> Result<Vec<PartitionIndex>, KafkaError> {
    let malformed = |_| KafkaError::new(ErrorCode::InconsistentGroupProtocol);
    let assignment = MemberAssignment::decode(assignment).map_err(malformed)?;
    Ok(assignment.partitions.into_iter().flat_map(|topic| topic.partitions).collect())
}

/// Waits for what comes through a callback.
fn answer<T: Send + 'static>(ask: impl FnOnce(Box<dyn FnOnce(T) + Send>)) -> Result<T, KafkaError> {
    let (sender, receiver) = bounded(1);
    // The receiver waits below, so that sending fails only when nobody wants the answer any more.
    ask(Box::new(move |response| drop(sender.send(response))));
    receiver.recv().map_err(|_| KafkaError::new(ErrorCode::LocalDestroy))
}
