//! [`Members`]: a group of one broker and the members that come to it, one request at a time, and what each came to in words.

use std::net::SocketAddr;

use bytes::Bytes;
use tidelog::wire::api::delete_groups::{DeleteGroups, DeleteGroupsRequest};
use tidelog::wire::api::describe_groups::{DescribeGroups, DescribeGroupsRequest};
use tidelog::wire::api::heartbeat::{Heartbeat, HeartbeatRequest};
use tidelog::wire::api::join_group::{
    JoinGroup, JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use tidelog::wire::api::leave_group::{LeaveGroup, LeaveGroupRequest, MemberIdentity};
use tidelog::wire::api::list_groups::{ListGroups, ListGroupsRequest};
use tidelog::wire::api::offset_commit::{
    OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidelog::wire::api::offset_delete::{
    OffsetDelete, OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use tidelog::wire::api::sync_group::{
    SyncGroup, SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};

use super::asking::{Asking, text};

/// Members of a history in which none asks while another waits.
pub(super) const ALONE: usize = 2;
/// The second is a static one.
const STATIC: usize = 1;
/// How long their group waits for members that do not come.
pub(super) const REBALANCE_TIMEOUT_MS: i32 = 300;

/// How a member names itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    Nobody,
    /// As it was named last.
    AsBefore,
    /// As nobody was ever named.
    Ghost,
}

/// One request. Generations are told as how far they are from the member's own.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Join { member: usize, named: Named, protocol: &'static str },
    Sync { member: usize, named: Named, generation_off: i32 },
    Heartbeat { member: usize, named: Named, generation_off: i32 },
    Leave { member: usize, named: Named },
    Commit { member: usize, named: Named, generation_off: i32 },
    Describe,
    List { state: &'static str },
    DeleteOffset { partition: i32 },
    Delete,
}

/// The steps that `random` draws.
pub(super) fn draw(random: &mut fastrand::Rng, _: i64) -> Step {
    let member = usize::from(random.u8(..3) == 0);
    let named = match random.u8(..12) {
        0 => Named::Nobody,
        1 => Named::Ghost,
        _ => Named::AsBefore,
    };
    let generation_off = if random.u8(..8) == 0 { random.i32(-1..2) } else { 0 };
    match random.u8(..100) {
        0..25 => {
            let protocol = random.choice(["range", "range", "range", "range", "sticky"]).unwrap();
            Step::Join { member, named, protocol }
        }
        25..45 => Step::Sync { member, named, generation_off },
        45..57 => Step::Heartbeat { member, named, generation_off },
        57..63 => Step::Leave { member, named },
        63..79 => Step::Commit { member, named, generation_off },
        79..87 => Step::Describe,
        87..91 => Step::List { state: random.choice(["Stable", "Empty", "Dead"]).unwrap() },
        91..97 => Step::DeleteOffset { partition: random.i32(0..3) },
        _ => Step::Delete,
    }
}

/// Of a group that somebody has asked to join and nobody has joined yet, Kafka tells only what its log holds: nothing, until
/// something else is written to it.
pub(super) fn is_known(step: &Step, our: &str, their: &str) -> bool {
    match step {
        Step::Describe => our.starts_with("None Empty  :") && their.contains(" Dead  :"),
        Step::List { .. } => our.ends_with("Some(\" Empty classic\")") && their.ends_with("None"),
        _ => false,
    }
}

/// See the module.
pub(super) struct Members {
    asking: Asking,
    topic: String,
    group: String,
    rebalance_timeout_ms: i32,
    ids: Vec<String>,
    generations: Vec<i32>,
    /// Id of who was told last to lead.
    leader: String,
}

impl Members {
    /// A history named `prefix` begins, of so many members, whose group waits so long for those that do not come.
    pub(super) fn begin(
        address: SocketAddr,
        prefix: &str,
        count: usize,
        rebalance_timeout_ms: i32,
    ) -> Members {
        let (topic, group) = (format!("{prefix}-read-by-{count}"), format!("{prefix}-members-{count}"));
        let mut asking = Asking::at(address);
        asking.create_topic(&topic, 2, &[]);
        asking.find_coordinator(&group, 0);
        let (ids, generations) = (vec![String::new(); count], vec![-1; count]);
        Members { asking, topic, group, rebalance_timeout_ms, ids, generations, leader: String::new() }
    }

    fn id(&self, member: usize, named: Named) -> String {
        match named {
            Named::Nobody => String::new(),
            Named::AsBefore => self.ids[member].clone(),
            Named::Ghost => "ghost".to_owned(),
        }
    }

    fn instance(member: usize) -> Option<String> {
        (member == STATIC).then(|| "instance".to_owned())
    }

    fn generation(&self, member: usize, off: i32) -> i32 {
        self.generations[member] + off
    }

    /// A member's id in words.
    fn whose(&self, id: &str) -> String {
        match self.ids.iter().position(|known| known == id) {
            Some(member) if !id.is_empty() => format!("member {member}"),
            _ if id.is_empty() || id == "ghost" => format!("{id:?}"),
            _ => "somebody".to_owned(),
        }
    }

    /// Takes a step, with requests of the version that `turn` chooses, and says what came of it.
    pub(super) fn run_in(&mut self, turn: i16, step: &Step) -> String {
        self.asking.turn = turn;
        match *step {
            Step::Join { member, named, protocol } => self.join(member, named, protocol),
            Step::Sync { member, named, generation_off } => self.sync(member, named, generation_off),
            Step::Heartbeat { member, named, generation_off } => {
                let request = HeartbeatRequest {
                    group_id: self.group.clone(),
                    generation_id: self.generation(member, generation_off),
                    member_id: self.id(member, named),
                    group_instance_id: Members::instance(member),
                };
                text(
                    self.asking
                        .settled(|asking| asking.call::<Heartbeat>(&request), |a| a.error_code)
                        .error_code,
                )
            }
            Step::Leave { member, named } => self.leave(member, named),
            Step::Commit { member, named, generation_off } => self.commit(member, named, generation_off),
            Step::Describe => self.describe(),
            Step::List { state } => self.list(state),
            Step::DeleteOffset { partition } => self.delete_offset(partition),
            Step::Delete => {
                let request = DeleteGroupsRequest { groups_names: vec![self.group.clone()] };
                text(self.asking.call::<DeleteGroups>(&request).results[0].error_code)
            }
        }
    }

    /// What a consumer of the topic says of itself, with some text of its own (`ConsumerProtocolSubscription`, version 0):
    /// Kafka's broker reads it, and answers nobody when it cannot.
    fn subscription(&self, text: &str) -> Bytes {
        let mut bytes = vec![0, 0, 0, 0, 0, 1];
        bytes.extend(u16::try_from(self.topic.len()).unwrap().to_be_bytes());
        bytes.extend(self.topic.bytes());
        bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.bytes());
        bytes.into()
    }

    fn join(&mut self, member: usize, named: Named, protocol: &str) -> String {
        let request = self.join_request(member, named, protocol);
        let answer = self.asking.settled(|asking| asking.call::<JoinGroup>(&request), |a| a.error_code);
        self.note_joined(member, &answer);
        self.joined(&answer)
    }

    pub(super) fn join_request(&self, member: usize, named: Named, protocol: &str) -> JoinGroupRequest {
        let protocols = vec![JoinGroupRequestProtocol {
            name: protocol.to_owned(),
            metadata: self.subscription(&format!("{member} by {protocol}")),
        }];
        JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: 60_000,
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            member_id: self.id(member, named),
            group_instance_id: Members::instance(member),
            protocol_type: "consumer".to_owned(),
            protocols,
            reason: None,
        }
    }

    /// A member has been given its name and its generation.
    pub(super) fn note_joined(&mut self, member: usize, answer: &JoinGroupResponse) {
        if !answer.member_id.is_empty() && answer.member_id != "ghost" {
            self.ids[member].clone_from(&answer.member_id);
        }
        if answer.error_code == 0 {
            self.generations[member] = answer.generation_id;
            self.leader.clone_from(&answer.leader);
        }
    }

    /// Whether a member is to lead the group.
    pub(super) fn is_leader(&self, member: usize) -> bool {
        self.ids[member] == self.leader
    }

    /// What came of a join, in words.
    pub(super) fn joined(&self, answer: &JoinGroupResponse) -> String {
        let mut members: Vec<String> = Vec::new();
        for one in &answer.members {
            members.push(format!("{} {:?}", self.whose(&one.member_id), one.metadata));
        }
        members.sort();
        format!(
            "{} generation {} as {} led by {} with {:?}: {}",
            text(answer.error_code),
            answer.generation_id,
            self.whose(&answer.member_id),
            self.whose(&answer.leader),
            answer.protocol_name.as_deref().unwrap_or_default(),
            members.join(", ")
        )
    }

    fn sync(&mut self, member: usize, named: Named, generation_off: i32) -> String {
        let request = self.sync_request(member, named, generation_off);
        let answer = self.asking.settled(|asking| asking.call::<SyncGroup>(&request), |a| a.error_code);
        synced(&answer)
    }

    pub(super) fn sync_request(&self, member: usize, named: Named, generation_off: i32) -> SyncGroupRequest {
        let assigned = |(number, id): (usize, &String)| SyncGroupRequestAssignment {
            member_id: id.clone(),
            assignment: Bytes::from(format!("assigned to {number}")),
        };
        SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.generation(member, generation_off),
            member_id: self.id(member, named),
            group_instance_id: Members::instance(member),
            protocol_type: Some("consumer".to_owned()),
            protocol_name: Some("range".to_owned()),
            assignments: self.ids.iter().enumerate().filter(|(_, id)| !id.is_empty()).map(assigned).collect(),
        }
    }

    fn leave(&mut self, member: usize, named: Named) -> String {
        let member_id = self.id(member, named);
        let identity = MemberIdentity {
            member_id: member_id.clone(),
            group_instance_id: Members::instance(member),
            reason: None,
        };
        let request = LeaveGroupRequest { group_id: self.group.clone(), member_id, members: vec![identity] };
        let answer = self.asking.settled(|asking| asking.call::<LeaveGroup>(&request), |a| a.error_code);
        let codes: Vec<String> = answer.members.iter().map(|one| text(one.error_code)).collect();
        format!("{}: {}", text(answer.error_code), codes.join(", "))
    }

    fn commit(&mut self, member: usize, named: Named, generation_off: i32) -> String {
        let partition = OffsetCommitRequestPartition {
            partition_index: i32::from(member == STATIC),
            committed_offset: 5,
            ..Default::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: self.topic.clone(),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.generation(member, generation_off),
            member_id: self.id(member, named),
            group_instance_id: Members::instance(member),
            topics: vec![topic],
            ..Default::default()
        };
        let ask =
            |asking: &mut Asking| asking.call::<OffsetCommit>(&request).topics[0].partitions[0].error_code;
        text(self.asking.settled(ask, |code| *code))
    }

    fn describe(&mut self) -> String {
        let request = DescribeGroupsRequest { groups: vec![self.group.clone()], ..Default::default() };
        let ask = |asking: &mut Asking| asking.call::<DescribeGroups>(&request).groups.remove(0);
        let group = self.asking.settled(ask, |group| group.error_code);
        let mut members: Vec<String> = Vec::new();
        for one in &group.members {
            let (metadata, assignment) = (&one.member_metadata, &one.member_assignment);
            let whose = self.whose(&one.member_id);
            members.push(format!("{whose} of {} {metadata:?} {assignment:?}", one.client_id));
        }
        members.sort();
        let (code, state) = (text(group.error_code), group.group_state);
        format!("{code} {state} {} {}: {}", group.protocol_type, group.protocol_data, members.join(", "))
    }

    fn list(&mut self, state: &str) -> String {
        let request = ListGroupsRequest { states_filter: vec![state.to_owned()], types_filter: Vec::new() };
        let answer = self.asking.call::<ListGroups>(&request);
        let found = answer.groups.iter().find(|group| group.group_id == self.group);
        let found =
            found.map(|group| format!("{} {} {}", group.protocol_type, group.group_state, group.group_type));
        format!("{} {found:?}", text(answer.error_code))
    }

    fn delete_offset(&mut self, partition_index: i32) -> String {
        let topic = OffsetDeleteRequestTopic {
            name: self.topic.clone(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index }],
        };
        let request = OffsetDeleteRequest { group_id: self.group.clone(), topics: vec![topic] };
        let answer = self.asking.settled(|asking| asking.call::<OffsetDelete>(&request), |a| a.error_code);
        let codes: Vec<String> = answer
            .topics
            .iter()
            .flat_map(|topic| &topic.partitions)
            .map(|one| text(one.error_code))
            .collect();
        format!("{}: {}", text(answer.error_code), codes.join(", "))
    }
}

/// What came of a sync, in words.
pub(super) fn synced(answer: &SyncGroupResponse) -> String {
    format!("{}: {:?}", text(answer.error_code), answer.assignment)
}
