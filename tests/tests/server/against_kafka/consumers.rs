//! [`Consumers`]: a group of one broker and the members of the consumer protocol (KIP-848) that come to it, and what each
//! request came to in words. All ask for ranges: who gets what is the same everywhere then. In a mixed history members may
//! also speak the classic protocol, to which the group is migrated and back; each has an instance id then, by which ranges are
//! ordered where ids are given by the broker.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tidelog::broker::consumer_protocol::{
    MemberAssignment, MemberSubscription, TopicPartitions as NamedPartitions,
};
use tidelog::types::{PartitionIndex, TopicId};
use tidelog::wire::api::add_offsets_to_txn::{AddOffsetsToTxn, AddOffsetsToTxnRequest};
use tidelog::wire::api::consumer_group_describe::{
    Assignment as Described, ConsumerGroupDescribe, ConsumerGroupDescribeRequest,
};
use tidelog::wire::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeat, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    TopicPartitions,
};
use tidelog::wire::api::create_partitions::{
    CreatePartitions, CreatePartitionsRequest, CreatePartitionsTopic,
};
use tidelog::wire::api::delete_groups::{DeleteGroups, DeleteGroupsRequest};
use tidelog::wire::api::describe_groups::{DescribeGroups, DescribeGroupsRequest};
use tidelog::wire::api::end_txn::{EndTxn, EndTxnRequest};
use tidelog::wire::api::heartbeat::{Heartbeat, HeartbeatRequest};
use tidelog::wire::api::init_producer_id::{InitProducerId, InitProducerIdRequest};
use tidelog::wire::api::join_group::{JoinGroup, JoinGroupRequest, JoinGroupRequestProtocol};
use tidelog::wire::api::leave_group::{LeaveGroup, LeaveGroupRequest, MemberIdentity};
use tidelog::wire::api::list_groups::{ListGroups, ListGroupsRequest};
use tidelog::wire::api::offset_commit::{
    OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidelog::wire::api::offset_delete::{
    OffsetDelete, OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use tidelog::wire::api::offset_fetch::{
    OffsetFetch, OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use tidelog::wire::api::sync_group::{SyncGroup, SyncGroupRequest};
use tidelog::wire::api::txn_offset_commit::{
    TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

use super::asking::{Asking, text};

const MEMBERS: usize = 3;
/// The last two have one instance id.
const STATIC: [usize; 2] = [1, 2];
const TOPICS: usize = 2;

/// How a member's epoch is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Epoch {
    Own,
    Off(i32),
    Joining,
    Leaving,
    LeavingForAWhile,
}

/// What a member says that it has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owned {
    Nothing,
    All,
    /// What it was told last but one.
    Former,
    Unsaid,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Beat {
        member: usize,
        epoch: Epoch,
        owned: Owned,
        topics: Option<Vec<usize>>,
        says_timeout: bool,
    },
    Strange {
        member: usize,
        which: u8,
    },
    Commit {
        member: usize,
        epoch: Epoch,
    },
    CommitInTransaction {
        member: usize,
        epoch: Epoch,
    },
    FetchOffset {
        member: usize,
        epoch: Epoch,
        as_member: bool,
    },
    Describe,
    DescribeClassic,
    ClassicHeartbeat {
        member: usize,
    },
    List {
        state: &'static str,
        kind: &'static str,
    },
    Leave {
        member: usize,
        by_instance: bool,
    },
    DeleteOffset {
        topic: usize,
    },
    Delete,
    Grow {
        topic: usize,
    },
    /// By the classic protocol, as the next two.
    Join {
        member: usize,
        protocol: &'static str,
        topics: Vec<usize>,
    },
    Sync {
        member: usize,
        epoch: Epoch,
        protocol: &'static str,
    },
    ClassicCommit {
        member: usize,
    },
}

/// As [`draw`], with members of the classic protocol.
pub(super) fn draw_mixed(random: &mut fastrand::Rng, at: i64) -> Step {
    let member = random.usize(..MEMBERS);
    let protocol = random.choice(["range", "range", "range", "roundrobin"]).unwrap();
    let is_off = random.u8(..10) == 0;
    match random.u8(..100) {
        0..18 => {
            let all = random.u8(..4) > 0;
            Step::Join { member, protocol, topics: (0..if all { TOPICS } else { 1 }).collect() }
        }
        18..34 => Step::Sync { member, epoch: if is_off { Epoch::Off(-1) } else { Epoch::Own }, protocol },
        34..44 => Step::ClassicHeartbeat { member },
        44..48 => Step::ClassicCommit { member },
        _ => draw(random, at),
    }
}

/// The steps that `random` draws.
pub(super) fn draw(random: &mut fastrand::Rng, _: i64) -> Step {
    let member = random.usize(..MEMBERS);
    let epoch = match random.u8(..20) {
        0 => Epoch::Off(random.choice([-2, -1, 1]).unwrap()),
        1..3 => Epoch::Joining,
        3 => Epoch::Leaving,
        4 => Epoch::LeavingForAWhile,
        _ => Epoch::Own,
    };
    let chosen = |random: &mut fastrand::Rng| (0..TOPICS).filter(|_| random.u8(..3) > 0).collect::<Vec<_>>();
    match random.u8(..100) {
        0..50 => Step::Beat {
            member,
            epoch,
            owned: match random.u8(..8) {
                0 => Owned::Nothing,
                1 => Owned::Former,
                2 => Owned::Unsaid,
                _ => Owned::All,
            },
            topics: (random.u8(..8) == 0).then(|| chosen(random)),
            says_timeout: random.u8(..4) == 0,
        },
        50..55 => Step::Strange { member, which: random.u8(..6) },
        55..65 => Step::Commit { member, epoch },
        65..68 => Step::CommitInTransaction { member, epoch },
        68..73 => Step::FetchOffset { member, epoch, as_member: random.bool() },
        73..82 => Step::Describe,
        82..84 => Step::DescribeClassic,
        84..85 => Step::ClassicHeartbeat { member },
        85..89 => Step::List {
            state: random.choice(["", "Stable", "empty", "Reconciling", "assigning"]).unwrap(),
            kind: random.choice(["", "consumer", "Classic"]).unwrap(),
        },
        89..92 => Step::Leave { member, by_instance: random.bool() },
        92..95 => Step::DeleteOffset { topic: random.usize(..TOPICS) },
        95..97 => Step::Delete,
        _ => Step::Grow { topic: random.usize(..TOPICS) },
    }
}

/// See the module.
pub(super) struct Consumers {
    asking: Asking,
    prefix: String,
    group: String,
    ids: BTreeMap<TopicId, usize>,
    partitions: [i32; TOPICS],
    members: [Member; MEMBERS],
    /// Ids that the broker has given.
    given: Vec<String>,
    is_mixed: bool,
    /// Id and epoch of who commits offsets in transactions.
    producer: (i64, i16),
}

/// The protocol that a member speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Spoken {
    /// It is none.
    #[default]
    None,
    Classic,
    Consumer,
}

/// What a member was told.
#[derive(Clone, Default)]
struct Member {
    spoken: Spoken,
    epoch: i32,
    /// Its id in the classic protocol.
    classic_id: String,
    owned: Vec<TopicPartitions>,
    former: Vec<TopicPartitions>,
    /// What it said it had when it joined (classic protocol).
    said: Vec<TopicPartitions>,
    /// It may be reading more than it is to (classic protocol).
    is_behind: bool,
}

impl Consumers {
    /// A history named `prefix` begins, with members of the classic protocol if `is_mixed`.
    pub(super) fn begin(address: SocketAddr, prefix: &str, is_mixed: bool) -> Consumers {
        let mut asking = Asking::at(address);
        let mut ids = BTreeMap::new();
        for topic in 0..TOPICS {
            let name = name(prefix, topic);
            asking.create_topic(&name, 3, &[]);
            ids.insert(asking.topic_id(&name), topic);
        }
        let group = format!("{prefix}-consumers");
        asking.find_coordinator(&group, 0);
        let members = std::array::from_fn(|_| Member::default());
        let (prefix, producer, partitions) = (prefix.to_owned(), (-1, -1), [3; TOPICS]);
        let mut consumers = Consumers {
            asking,
            prefix,
            group,
            ids,
            partitions,
            members,
            given: Vec::new(),
            is_mixed,
            producer,
        };
        consumers.init_producer();
        consumers
    }

    fn id(member: usize) -> String {
        format!("member-{member}")
    }

    fn instance(&self, member: usize) -> Option<String> {
        if self.is_mixed {
            return Some(format!("instance-{member}"));
        }
        STATIC.contains(&member).then(|| "instance".to_owned())
    }

    fn epoch(&self, member: usize, epoch: Epoch) -> i32 {
        match epoch {
            Epoch::Own => self.members[member].epoch,
            Epoch::Off(off) => self.members[member].epoch + off,
            Epoch::Joining => 0,
            Epoch::Leaving => -1,
            Epoch::LeavingForAWhile => -2,
        }
    }

    /// Takes a step, with requests of the version that `turn` chooses, and says what came of it.
    pub(super) fn run_in(&mut self, turn: i16, step: &Step) -> String {
        self.asking.turn = turn;
        match step {
            Step::Beat { member, epoch, owned, topics, says_timeout } => {
                let mut request = self.heartbeat(*member, *epoch, *owned);
                if let Some(topics) = topics {
                    request.subscribed_topic_names =
                        Some(topics.iter().map(|topic| name(&self.prefix, *topic)).collect());
                }
                if *says_timeout {
                    request.rebalance_timeout_ms = 60_000;
                }
                self.beat(*member, &request)
            }
            Step::Strange { member, which } => self.strange(*member, *which),
            Step::Commit { member, epoch } => self.commit(*member, *epoch),
            Step::CommitInTransaction { member, epoch } => self.commit_in_transaction(*member, *epoch),
            Step::FetchOffset { member, epoch, as_member } => self.fetch_offset(*member, *epoch, *as_member),
            Step::Describe => self.describe(),
            Step::DescribeClassic => self.describe_classic(),
            Step::ClassicHeartbeat { member } => {
                let request = HeartbeatRequest {
                    group_id: self.group.clone(),
                    generation_id: self.members[*member].epoch,
                    member_id: self.classic_id(*member),
                    group_instance_id: self.instance(*member),
                };
                text(self.asking.call::<Heartbeat>(&request).error_code)
            }
            Step::Join { member, protocol, topics } => self.join(*member, protocol, topics),
            Step::Sync { member, epoch, protocol } => self.sync(*member, *epoch, protocol),
            Step::ClassicCommit { member } => {
                let (id, generation) = (self.classic_id(*member), self.members[*member].epoch);
                self.commit_as(*member, id, generation)
            }
            Step::List { state, kind } => self.list(state, kind),
            Step::Leave { member, by_instance } => self.leave(*member, *by_instance),
            Step::DeleteOffset { topic } => self.delete_offset(*topic),
            Step::Delete => {
                let request = DeleteGroupsRequest { groups_names: vec![self.group.clone()] };
                text(self.asking.call::<DeleteGroups>(&request).results[0].error_code)
            }
            Step::Grow { topic } => self.grow(*topic),
        }
    }

    fn heartbeat(&self, member: usize, epoch: Epoch, owned: Owned) -> ConsumerGroupHeartbeatRequest {
        let known = &self.members[member];
        let member_epoch = self.epoch(member, epoch);
        let is_joining = member_epoch == 0;
        let all = (0..TOPICS).map(|topic| name(&self.prefix, topic)).collect();
        ConsumerGroupHeartbeatRequest {
            group_id: self.group.clone(),
            member_id: Consumers::id(member),
            member_epoch,
            instance_id: self.instance(member),
            rebalance_timeout_ms: if is_joining { 60_000 } else { -1 },
            subscribed_topic_names: is_joining.then_some(all),
            server_assignor: is_joining.then(|| "range".to_owned()),
            topic_partitions: match owned {
                _ if is_joining => Some(Vec::new()),
                Owned::Nothing => Some(Vec::new()),
                Owned::All => Some(known.owned.clone()),
                Owned::Former => Some(known.former.clone()),
                Owned::Unsaid => None,
            },
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    /// Not where it would make a group of the consumer protocol of one whose members may be reading what they are to give up: Kafka
    /// gives that away at once.
    fn beat(&mut self, member: usize, request: &ConsumerGroupHeartbeatRequest) -> String {
        let migrates = !self.members.iter().any(|member| member.spoken == Spoken::Consumer);
        if migrates && self.members.iter().any(|member| member.spoken == Spoken::Classic && member.is_behind)
        {
            return "would have two readers".to_owned();
        }
        let ask = |asking: &mut Asking| asking.call::<ConsumerGroupHeartbeat>(request);
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        let known = &mut self.members[member];
        if answer.error_code == 0 {
            let spoken = if answer.member_epoch < 0 { Spoken::None } else { Spoken::Consumer };
            let has_changed = known.spoken != spoken || known.epoch != answer.member_epoch;
            known.spoken = spoken;
            known.epoch = answer.member_epoch.max(0);
            if let Some(Assignment { topic_partitions }) = &answer.assignment {
                known.former = std::mem::replace(&mut known.owned, topic_partitions.clone());
            }
            if has_changed {
                self.leave_behind();
            }
        }
        self.told(&answer)
    }

    /// Something has changed that members of the classic protocol do not know yet.
    fn leave_behind(&mut self) {
        self.members.iter_mut().for_each(|member| member.is_behind = true);
    }

    fn told(&self, answer: &ConsumerGroupHeartbeatResponse) -> String {
        let assigned = answer.assignment.as_ref().map(|assignment| {
            self.partitions_in_words(
                assignment.topic_partitions.iter().map(|topic| (topic.topic_id, &topic.partitions)),
            )
        });
        let message = answer.error_message.clone().unwrap_or_default();
        let message = self.given.iter().fold(message, |message, id| message.replace(id, "(given)"));
        format!(
            "{} {message:?} to {:?} at {}, again in {}: {assigned:?}",
            text(answer.error_code),
            answer.member_id,
            answer.member_epoch,
            answer.heartbeat_interval_ms,
        )
    }

    fn classic_id(&self, member: usize) -> String {
        if self.is_mixed { self.members[member].classic_id.clone() } else { Consumers::id(member) }
    }

    /// A member's id in words.
    fn whose(&self, id: &str) -> String {
        match self.members.iter().position(|member| member.classic_id == id) {
            Some(member) if !id.is_empty() => format!("classic {member}"),
            _ if self.given.iter().any(|given| given == id) => "(given)".to_owned(),
            _ => id.to_owned(),
        }
    }

    /// Not where it would wait for others.
    fn join(&mut self, member: usize, protocol: &str, topics: &[usize]) -> String {
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != member);
        let spoken: Vec<Spoken> = others.map(|(_, other)| other.spoken).collect();
        if spoken.contains(&Spoken::Classic) && !spoken.contains(&Spoken::Consumer) {
            return "would wait".to_owned();
        }
        let known = &self.members[member];
        let mut subscription =
            MemberSubscription::new(topics.iter().map(|topic| name(&self.prefix, *topic)).collect());
        subscription.generation_id = known.epoch;
        subscription.owned = known
            .owned
            .iter()
            .filter_map(|owned| {
                let topic = name(&self.prefix, *self.ids.get(&owned.topic_id)?);
                let partitions = owned.partitions.iter().copied().map(PartitionIndex).collect();
                Some(NamedPartitions { topic, partitions })
            })
            .collect();
        let protocols = vec![JoinGroupRequestProtocol {
            name: protocol.to_owned(),
            metadata: subscription.encode().into(),
        }];
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: 60_000,
            rebalance_timeout_ms: 60_000,
            member_id: known.classic_id.clone(),
            group_instance_id: self.instance(member),
            protocol_type: "consumer".to_owned(),
            protocols,
            reason: None,
        };
        let answer = self.asking.settled(|asking| asking.call::<JoinGroup>(&request), |a| a.error_code);
        let known = &mut self.members[member];
        if answer.error_code == 0 {
            known.classic_id.clone_from(&answer.member_id);
            self.given.push(answer.member_id.clone());
            (known.spoken, known.epoch) = (Spoken::Classic, answer.generation_id);
            known.said.clone_from(&known.owned);
            self.leave_behind();
        } else {
            known.classic_id.clear();
        }
        format!(
            "{} generation {} as {} led by {} with {:?} and {} members",
            text(answer.error_code),
            answer.generation_id,
            self.whose(&answer.member_id),
            self.whose(&answer.leader),
            answer.protocol_name,
            answer.members.len(),
        )
    }

    /// Not where it would wait for the leader. Who leads assigns nothing.
    fn sync(&mut self, member: usize, epoch: Epoch, protocol: &str) -> String {
        let generation_id = self.epoch(member, epoch);
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id,
            member_id: self.classic_id(member),
            group_instance_id: self.instance(member),
            protocol_type: Some("consumer".to_owned()),
            protocol_name: Some(protocol.to_owned()),
            assignments: Vec::new(),
        };
        let answer = self.asking.settled(|asking| asking.call::<SyncGroup>(&request), |a| a.error_code);
        let assignment = MemberAssignment::decode(&answer.assignment).unwrap();
        let id_of = |topic: &str| {
            self.ids.iter().find(|(_, number)| name(&self.prefix, **number) == topic).map(|(id, _)| *id)
        };
        let mut owned = Vec::new();
        for NamedPartitions { topic, partitions } in assignment.partitions {
            let topic_id = id_of(&topic).unwrap();
            owned.push(TopicPartitions {
                topic_id,
                partitions: partitions.iter().map(|index| index.0).collect(),
            });
        }
        let words = self.partitions_in_words(owned.iter().map(|topic| (topic.topic_id, &topic.partitions)));
        if answer.error_code == 0 {
            let known = &mut self.members[member];
            // What it has to give up it says it has given up by joining again.
            let keeps = |(topic_id, index): &(TopicId, &i32)| {
                owned.iter().any(|kept| kept.topic_id == *topic_id && kept.partitions.contains(index))
            };
            let mut said =
                known.said.iter().flat_map(|of| of.partitions.iter().map(|one| (of.topic_id, one)));
            known.is_behind = !said.all(|one| keeps(&one));
            known.former = std::mem::replace(&mut known.owned, owned);
        }
        format!("{} {:?}: {words}", text(answer.error_code), answer.protocol_name)
    }

    fn partitions_in_words<'a>(&self, topics: impl Iterator<Item = (TopicId, &'a Vec<i32>)>) -> String {
        let mut words: Vec<String> = topics
            .map(|(id, partitions)| {
                let mut partitions = partitions.clone();
                partitions.sort_unstable();
                format!("{:?} {partitions:?}", self.ids.get(&id))
            })
            .collect();
        words.sort();
        words.join(" ")
    }

    /// Requests that no client sends.
    fn strange(&mut self, member: usize, which: u8) -> String {
        let good = self.heartbeat(member, Epoch::Joining, Owned::Nothing);
        let request = match which {
            0 => ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: -1, ..good },
            1 => ConsumerGroupHeartbeatRequest { topic_partitions: None, ..good },
            2 => ConsumerGroupHeartbeatRequest { subscribed_topic_names: None, ..good },
            3 => ConsumerGroupHeartbeatRequest { server_assignor: Some("best".to_owned()), ..good },
            4 => ConsumerGroupHeartbeatRequest { member_epoch: -3, ..good },
            _ => ConsumerGroupHeartbeatRequest { rack_id: Some(String::new()), ..good },
        };
        let answer = self.asking.call::<ConsumerGroupHeartbeat>(&request);
        self.told(&answer)
    }

    fn commit(&mut self, member: usize, epoch: Epoch) -> String {
        let epoch = self.epoch(member, epoch);
        self.commit_as(member, Consumers::id(member), epoch)
    }

    fn commit_as(&mut self, member: usize, member_id: String, epoch: i32) -> String {
        let partition = OffsetCommitRequestPartition { committed_offset: 5, ..Default::default() };
        let topic = OffsetCommitRequestTopic {
            name: name(&self.prefix, member % TOPICS),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: epoch,
            member_id,
            group_instance_id: self.instance(member),
            topics: vec![topic],
            ..Default::default()
        };
        let ask = |asking: &mut Asking| {
            asking.call_in::<OffsetCommit>(7..=9, &request).topics[0].partitions[0].error_code
        };
        text(self.asking.settled(ask, |code| *code))
    }

    /// In a transaction that is given up afterwards.
    fn commit_in_transaction(&mut self, member: usize, epoch: Epoch) -> String {
        let (transactional_id, group_id) = (self.transactional_id(), self.group.clone());
        let (producer_id, producer_epoch) = self.producer;
        let add = AddOffsetsToTxnRequest {
            transactional_id: transactional_id.clone(),
            producer_id,
            producer_epoch,
            group_id: group_id.clone(),
        };
        let added = self.asking.settled(|asking| asking.call::<AddOffsetsToTxn>(&add), |a| a.error_code);
        let partition = TxnOffsetCommitRequestPartition { committed_offset: 6, ..Default::default() };
        let request = TxnOffsetCommitRequest {
            transactional_id: transactional_id.clone(),
            group_id,
            producer_id,
            producer_epoch,
            generation_id: self.epoch(member, epoch),
            member_id: Consumers::id(member),
            group_instance_id: self.instance(member),
            topics: vec![TxnOffsetCommitRequestTopic {
                name: name(&self.prefix, 0),
                partitions: vec![partition],
            }],
        };
        let ask = |asking: &mut Asking| {
            asking.call_in::<TxnOffsetCommit>(3..=4, &request).topics[0].partitions[0].error_code
        };
        let code = self.asking.settled(ask, |code| *code);
        let end = EndTxnRequest { transactional_id, producer_id, producer_epoch, committed: false };
        let ended = self.asking.settled(|asking| asking.call_in::<EndTxn>(0..=4, &end), |a| a.error_code);
        [added.error_code, code, ended.error_code].map(text).join(", ")
    }

    fn transactional_id(&self) -> String {
        format!("{}-writer", self.prefix)
    }

    fn init_producer(&mut self) {
        let transactional_id = self.transactional_id();
        self.asking.find_coordinator(&transactional_id, 1);
        let request = InitProducerIdRequest {
            transactional_id: Some(transactional_id),
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let ask = |asking: &mut Asking| asking.call_in::<InitProducerId>(0..=4, &request);
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        self.producer = (answer.producer_id, answer.producer_epoch);
    }

    fn fetch_offset(&mut self, member: usize, epoch: Epoch, as_member: bool) -> String {
        let topic = OffsetFetchRequestTopics {
            name: name(&self.prefix, member % TOPICS),
            partition_indexes: vec![0],
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.group.clone(),
            member_id: as_member.then(|| Consumers::id(member)),
            member_epoch: if as_member { self.epoch(member, epoch) } else { -1 },
            topics: Some(vec![topic]),
        };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        let ask = |asking: &mut Asking| asking.call_in::<OffsetFetch>(9..=9, &request).groups.remove(0);
        let answer = self.asking.settled(ask, |group| group.error_code);
        let offsets: Vec<String> = answer
            .topics
            .iter()
            .flat_map(|topic| &topic.partitions)
            .map(|one| format!("{} {}", text(one.error_code), one.committed_offset))
            .collect();
        format!("{}: {}", text(answer.error_code), offsets.join(", "))
    }

    fn describe(&mut self) -> String {
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![self.group.clone()],
            include_authorized_operations: true,
        };
        let ask = |asking: &mut Asking| asking.call::<ConsumerGroupDescribe>(&request).groups.remove(0);
        let group = self.asking.settled(ask, |group| group.error_code);
        let words = |assignment: &Described| {
            self.partitions_in_words(
                assignment.topic_partitions.iter().map(|topic| (topic.topic_id, &topic.partitions)),
            )
        };
        let mut members: Vec<String> = Vec::new();
        for one in &group.members {
            let mut topics = one.subscribed_topic_names.clone();
            topics.sort();
            members.push(format!(
                "{} {:?} {:?} at {} of {} reads {topics:?} {:?} has [{}] is to have [{}] {}",
                self.whose(&one.member_id),
                one.instance_id,
                one.rack_id,
                one.member_epoch,
                one.client_id,
                one.subscribed_topic_regex,
                words(&one.assignment),
                words(&one.target_assignment),
                one.member_type,
            ));
        }
        members.sort();
        format!(
            "{} {:?} {} at {}, {} by {}, may {}: {}",
            text(group.error_code),
            group.error_message,
            group.group_state,
            group.group_epoch,
            group.assignment_epoch,
            group.assignor_name,
            group.authorized_operations,
            members.join("; ")
        )
    }

    fn describe_classic(&mut self) -> String {
        let request = DescribeGroupsRequest { groups: vec![self.group.clone()], ..Default::default() };
        let ask = |asking: &mut Asking| asking.call::<DescribeGroups>(&request).groups.remove(0);
        let group = self.asking.settled(ask, |group| group.error_code);
        format!("{} {:?} {}", text(group.error_code), group.error_message, group.group_state)
    }

    fn list(&mut self, state: &str, kind: &str) -> String {
        let filter = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        let request = ListGroupsRequest { states_filter: filter(state), types_filter: filter(kind) };
        let answer = self.asking.call::<ListGroups>(&request);
        let found = answer.groups.iter().find(|group| group.group_id == self.group);
        let found =
            found.map(|group| format!("{} {} {}", group.protocol_type, group.group_state, group.group_type));
        format!("{} {found:?}", text(answer.error_code))
    }

    fn leave(&mut self, member: usize, by_instance: bool) -> String {
        let id = match self.members[member].spoken {
            Spoken::Classic => self.classic_id(member),
            Spoken::None | Spoken::Consumer => Consumers::id(member),
        };
        let member_id = if by_instance { String::new() } else { id };
        let group_instance_id = self.instance(member);
        let identity = MemberIdentity { member_id: member_id.clone(), group_instance_id, reason: None };
        let request = LeaveGroupRequest { group_id: self.group.clone(), member_id, members: vec![identity] };
        let answer = self.asking.settled(|asking| asking.call::<LeaveGroup>(&request), |a| a.error_code);
        let codes: Vec<String> = answer.members.iter().map(|one| text(one.error_code)).collect();
        if answer.members.iter().all(|one| one.error_code == 0) {
            let known = &mut self.members[member];
            known.spoken = Spoken::None;
            known.classic_id.clear();
            self.leave_behind();
        }
        format!("{}: {}", text(answer.error_code), codes.join(", "))
    }

    fn delete_offset(&mut self, topic: usize) -> String {
        let topic = OffsetDeleteRequestTopic {
            name: name(&self.prefix, topic),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
        };
        let request = OffsetDeleteRequest { group_id: self.group.clone(), topics: vec![topic] };
        let answer = self.asking.settled(|asking| asking.call::<OffsetDelete>(&request), |a| a.error_code);
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let codes: Vec<String> = partitions.map(|one| text(one.error_code)).collect();
        format!("{}: {}", text(answer.error_code), codes.join(", "))
    }

    /// A topic gets one partition more, which its readers' coordinator has heard of when this returns.
    fn grow(&mut self, topic: usize) -> String {
        self.partitions[topic] += 1;
        let count = self.partitions[topic];
        let name = name(&self.prefix, topic);
        let grown = CreatePartitionsTopic { name: name.clone(), count, assignments: None };
        let request =
            CreatePartitionsRequest { topics: vec![grown], timeout_ms: 10_000, validate_only: false };
        let answer = self.asking.call::<CreatePartitions>(&request);
        self.asking.until_served(&name, count);
        text(answer.results[0].error_code)
    }
}

fn name(prefix: &str, topic: usize) -> String {
    // Their order is that of their numbers, in which ranges are given.
    format!("{prefix}-consumed-{topic}")
}
