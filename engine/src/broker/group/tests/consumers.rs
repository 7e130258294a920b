//! Members of the consumer protocol (KIP-848).

use std::collections::{BTreeMap, BTreeSet};

use super::bench::*;
use crate::broker::consumer_protocol::{self, MemberAssignment, MemberSubscription};
use crate::broker::group::{
    AssignedPartitions, ConsumerHeartbeat, ConsumerHeartbeatResponse, GroupKind, GroupState, JoinRequest,
    LeavingMember, Protocol,
};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::{PartitionIndex, TopicId};

/// A client: what it knows and has.
#[derive(Clone, Debug)]
struct Client {
    id: String,
    instance: Option<&'static str>,
    epoch: i32,
    owned: AssignedPartitions,
    topics: Vec<String>,
}

impl Client {
    fn new(id: &str, topics: &[&str]) -> Client {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Client { id: id.to_owned(), instance: None, epoch: 0, owned: AssignedPartitions::new(), topics }
    }

    /// The next heartbeat: all that it knows when it joins, its partitions otherwise.
    fn request(&self) -> ConsumerHeartbeat {
        let is_joining = self.epoch == 0;
        ConsumerHeartbeat {
            group: GROUP.to_owned(),
            member_id: self.id.clone(),
            epoch: self.epoch,
            instance_id: self.instance.map(str::to_owned),
            rack_id: None,
            client_id: "client".to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            rebalance_timeout: is_joining.then_some(seconds(60)),
            topics: is_joining.then(|| self.topics.clone()),
            expression: None,
            assignor: None,
            owned: Some(self.owned.clone()),
            member_id_required: true,
        }
    }

    /// Sends a heartbeat and does what it is told.
    fn beat(&mut self, bench: &mut Bench) -> ConsumerHeartbeatResponse {
        let tag = bench.beat(self.request());
        let response = bench.beaten(tag);
        self.hear(&response);
        response
    }

    fn hear(&mut self, response: &ConsumerHeartbeatResponse) {
        match response.error {
            ErrorCode::None => {
                self.epoch = response.epoch;
                if let Some(assignment) = &response.assignment {
                    self.owned.clone_from(assignment);
                }
            }
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId => {
                (self.epoch, self.owned) = (0, AssignedPartitions::new());
            }
            _ => {}
        }
    }

    fn leave(&mut self, bench: &mut Bench, epoch: i32) -> ErrorCode {
        let tag = bench.beat(ConsumerHeartbeat { epoch, owned: None, ..self.request() });
        (self.epoch, self.owned) = (0, AssignedPartitions::new());
        bench.beaten(tag).error
    }

    fn numbers(&self, topic: &str) -> Vec<i32> {
        self.owned.get(&id_of(topic)).map(|of| of.iter().map(|index| index.0).collect()).unwrap_or_default()
    }

    fn count(&self) -> usize {
        self.owned.values().map(BTreeSet::len).sum()
    }
}

fn bench(topics: &[(&str, i32)]) -> Bench {
    let bench = Bench::new();
    topics.iter().for_each(|(name, partitions)| bench.topics.put(name, *partitions));
    bench
}

fn state(bench: &Bench) -> Option<GroupState> {
    bench.coordinator.describe_consumers(GROUP).map(|group| group.state)
}

/// Lets everybody send heartbeats until nothing changes.
fn settle(bench: &mut Bench, clients: &mut [&mut Client]) {
    for _ in 0..6 {
        clients.iter_mut().for_each(|client| drop(client.beat(bench)));
    }
    assert_eq!(state(bench), Some(GroupState::Stable));
}

#[test]
fn who_comes_gets_what_the_others_have_given_up() {
    let mut bench = bench(&[("orders", 4)]);
    let (mut first, mut second) = (Client::new("first", &["orders"]), Client::new("second", &["orders"]));
    let joined = first.beat(&mut bench);
    assert_eq!(
        (joined.error, joined.epoch, joined.member_id.as_deref()),
        (ErrorCode::None, 1, Some("first"))
    );
    assert_eq!(joined.interval, seconds(5));
    assert_eq!(first.numbers("orders"), [0, 1, 2, 3]);
    assert_eq!(first.beat(&mut bench).assignment, None, "nothing new");

    assert_eq!(second.beat(&mut bench).epoch, 2);
    assert_eq!((second.count(), state(&bench)), (0, Some(GroupState::Reconciling)));
    // It is told to give two up, and stays at its epoch until it has.
    let before = first.owned.clone();
    assert_eq!((first.beat(&mut bench).epoch, first.count()), (1, 2));
    let tag = bench.beat(ConsumerHeartbeat { owned: Some(before), ..first.request() });
    assert_eq!(bench.beaten(tag).epoch, 1);
    assert_eq!(second.beat(&mut bench).assignment, None);
    assert_eq!(first.beat(&mut bench).epoch, 2);
    second.beat(&mut bench);
    assert_eq!((first.count(), second.count(), state(&bench)), (2, 2, Some(GroupState::Stable)));

    assert_eq!(second.leave(&mut bench, -1), ErrorCode::None);
    assert_eq!(state(&bench), Some(GroupState::Assigning));
    settle(&mut bench, &mut [&mut first]);
    assert_eq!((first.count(), first.epoch), (4, 3));
    assert_eq!(first.leave(&mut bench, -1), ErrorCode::None);
    assert_eq!(state(&bench), Some(GroupState::Empty));
}

#[test]
fn who_is_silent_or_keeps_what_others_wait_for_is_taken_out() {
    let mut bench = bench(&[("orders", 2)]);
    let (mut first, mut second) = (Client::new("first", &["orders"]), Client::new("second", &["orders"]));
    first.beat(&mut bench);
    second.beat(&mut bench);
    let had = first.owned.clone();
    first.beat(&mut bench);
    // The first one keeps its partition, though it sends heartbeats.
    for _ in 0..7 {
        bench.pass(seconds(8));
        assert_eq!(second.beat(&mut bench).error, ErrorCode::None);
        let tag = bench.beat(ConsumerHeartbeat { owned: Some(had.clone()), ..first.request() });
        assert_eq!(bench.beaten(tag).error, ErrorCode::None);
    }
    bench.pass(seconds(8));
    assert_eq!(first.beat(&mut bench).error, ErrorCode::UnknownMemberId);
    second.beat(&mut bench);
    assert_eq!(second.numbers("orders"), [0, 1]);
    bench.pass(seconds(44));
    assert_eq!(second.beat(&mut bench).error, ErrorCode::None);
    bench.pass(seconds(45));
    assert_eq!(state(&bench), Some(GroupState::Empty));
    assert_eq!(second.beat(&mut bench).error, ErrorCode::UnknownMemberId);
}

#[test]
fn epochs_tell_who_is_behind() {
    let mut bench = bench(&[("orders", 2)]);
    let (mut first, mut second) = (Client::new("first", &["orders"]), Client::new("second", &["orders"]));
    first.beat(&mut bench);
    second.beat(&mut bench);
    settle(&mut bench, &mut [&mut first, &mut second]);
    let mut ask = |epoch: i32, owned: Option<AssignedPartitions>| {
        let tag = bench.beat(ConsumerHeartbeat { epoch, owned, ..first.request() });
        bench.beaten(tag)
    };
    let own = Some(first.owned.clone());
    assert_eq!(ask(1, own.clone()).epoch, 2, "the answer with the last epoch was lost");
    let behind = ask(1, None);
    assert_eq!(behind.error, ErrorCode::FencedMemberEpoch);
    assert_eq!(
        behind.message.unwrap(),
        "The consumer group member has a smaller member epoch (1) than the one known by the group coordinator (2). \
         The member must abandon all its partitions and rejoin."
    );
    assert_eq!(ask(1, Some(second.owned.clone())).error, ErrorCode::FencedMemberEpoch);
    assert_eq!(ask(3, own).error, ErrorCode::FencedMemberEpoch);
    let again = ask(0, Some(AssignedPartitions::new()));
    assert_eq!(again.error, ErrorCode::InvalidRequest, "who joins again says all");
    first.epoch = 0;
    first.owned.clear();
    assert_eq!((first.beat(&mut bench).epoch, first.count()), (2, 1), "what it had is still its own");
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    let mut bench = bench(&[("orders", 4)]);
    let mut first = Client { instance: Some("one"), ..Client::new("first", &["orders"]) };
    let mut second = Client { instance: Some("two"), ..Client::new("second", &["orders"]) };
    first.beat(&mut bench);
    second.beat(&mut bench);
    settle(&mut bench, &mut [&mut first, &mut second]);
    let had = first.owned.clone();
    let mut successor = Client { instance: Some("one"), ..Client::new("successor", &["orders"]) };
    let refused = successor.beat(&mut bench);
    assert_eq!(refused.error, ErrorCode::UnreleasedInstanceId);
    assert_eq!(
        refused.message.unwrap(),
        "Static member successor with instance id one cannot join the group because the instance id is owned by \
         first member."
    );
    let mut gone = first.clone();
    assert_eq!(first.leave(&mut bench, -2), ErrorCode::None);
    assert_eq!(state(&bench), Some(GroupState::Reconciling));
    successor.beat(&mut bench);
    assert_eq!((&successor.owned, successor.epoch), (&had, 2), "nothing was assigned anew");
    assert_eq!(gone.beat(&mut bench).error, ErrorCode::FencedInstanceId);
    assert_eq!(gone.leave(&mut bench, -2), ErrorCode::FencedInstanceId);

    // Who does not come back loses it.
    second.leave(&mut bench, -2);
    for _ in 0..6 {
        bench.pass(seconds(9));
        successor.beat(&mut bench);
    }
    assert_eq!(successor.count(), 4);
    let by_instance = LeavingMember { member_id: String::new(), instance_id: Some("one".to_owned()) };
    let left = bench.leave(vec![by_instance.clone()]).unwrap();
    assert_eq!(left[0].error, ErrorCode::None);
    bench.settle();
    assert_eq!(state(&bench), Some(GroupState::Empty));
    let left = bench.leave(vec![by_instance]).unwrap();
    assert_eq!(left[0].error, ErrorCode::UnknownMemberId);
}

#[test]
fn topics_that_come_grow_and_go_are_assigned_anew() {
    let mut bench = bench(&[("orders", 2)]);
    let mut client = Client::new("first", &["orders", "late"]);
    client.beat(&mut bench);
    assert_eq!(client.numbers("orders"), [0, 1]);
    bench.topics.put("orders", 3);
    client.beat(&mut bench);
    assert_eq!((client.numbers("orders"), client.epoch), (vec![0, 1, 2], 2));
    bench.topics.put("late", 1);
    client.beat(&mut bench);
    assert_eq!((client.count(), client.epoch), (4, 3));
    bench.topics.remove("orders");
    settle(&mut bench, &mut [&mut client]);
    assert_eq!((client.numbers("late"), client.count(), client.epoch), (vec![0], 1, 4));
    bench.topics.put("other", 1);
    client.beat(&mut bench);
    assert_eq!(client.epoch, 4, "nobody reads it");
}

#[test]
fn regular_expressions_stand_for_whole_names() {
    let mut bench = bench(&[("a.orders", 1), ("b.orders", 1), ("c.orders.old", 1)]);
    let mut client = Client::new("first", &[]);
    let mut join = |bench: &mut Bench, expression: &str| {
        let request = ConsumerHeartbeat { expression: Some(expression.to_owned()), ..client.request() };
        let tag = bench.beat(request);
        let response = bench.beaten(tag);
        client.hear(&response);
        (response, client.clone())
    };
    let (refused, _) = join(&mut bench, "[a-");
    assert_eq!(refused.error, ErrorCode::InvalidRegularExpression);
    assert_eq!(bench.coordinator.kind_of(GROUP), None, "who is refused makes no group");
    assert!(
        refused
            .message
            .unwrap()
            .starts_with("SubscribedTopicRegex `[a-` is not a valid regular expression: ")
    );
    let (joined, mut client) = join(&mut bench, "[ab]\\.orders|c");
    assert_eq!((joined.epoch, client.count()), (1, 2));
    bench.topics.put("c", 1);
    client.beat(&mut bench);
    assert_eq!((client.count(), client.epoch), (3, 2));
    bench.restart();
    client.beat(&mut bench);
    assert_eq!((client.count(), client.epoch), (3, 2), "as before");
    let tag = bench.beat(ConsumerHeartbeat { expression: Some(String::new()), ..client.request() });
    assert_eq!(bench.beaten(tag).assignment, Some(AssignedPartitions::new()), "it reads nothing any more");
}

#[test]
fn bad_requests_are_refused_with_kafkas_texts() {
    let mut bench = bench(&[("orders", 1)]);
    let good = Client::new("first", &["orders"]).request();
    let cases: [(ConsumerHeartbeat, ErrorCode, &str); 11] = [
        (
            ConsumerHeartbeat { member_id: String::new(), ..good.clone() },
            ErrorCode::InvalidRequest,
            "MemberId can't be empty.",
        ),
        (
            ConsumerHeartbeat { group: " ".to_owned(), ..good.clone() },
            ErrorCode::InvalidRequest,
            "GroupId can't be empty.",
        ),
        (
            ConsumerHeartbeat { instance_id: Some(String::new()), ..good.clone() },
            ErrorCode::InvalidRequest,
            "InstanceId can't be empty.",
        ),
        (
            ConsumerHeartbeat { rack_id: Some(String::new()), ..good.clone() },
            ErrorCode::InvalidRequest,
            "RackId can't be empty.",
        ),
        (
            ConsumerHeartbeat { rebalance_timeout: None, ..good.clone() },
            ErrorCode::InvalidRequest,
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (
            ConsumerHeartbeat { owned: None, ..good.clone() },
            ErrorCode::InvalidRequest,
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            ConsumerHeartbeat { topics: None, ..good.clone() },
            ErrorCode::InvalidRequest,
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        (
            ConsumerHeartbeat { epoch: -2, ..good.clone() },
            ErrorCode::InvalidRequest,
            "InstanceId can't be null.",
        ),
        (
            ConsumerHeartbeat { epoch: -3, ..good.clone() },
            ErrorCode::InvalidRequest,
            "MemberEpoch is invalid.",
        ),
        (
            ConsumerHeartbeat { assignor: Some("best".to_owned()), ..good.clone() },
            ErrorCode::UnsupportedAssignor,
            "ServerAssignor best is not supported. Supported assignors: uniform, range.",
        ),
        (
            ConsumerHeartbeat { epoch: 5, ..good.clone() },
            ErrorCode::GroupIdNotFound,
            "Consumer group orders-readers not found.",
        ),
    ];
    for (request, error, text) in cases {
        let tag = bench.beat(request);
        let response = bench.beaten(tag);
        assert_eq!((response.error, response.message.as_deref()), (error, Some(text)));
    }
    let tag = bench.beat(ConsumerHeartbeat { member_id_required: false, member_id: String::new(), ..good });
    assert_eq!(bench.beaten(tag).member_id.as_deref(), Some("0000"), "clients of version 0 are given one");
}

#[test]
fn a_group_has_room_for_so_many() {
    let mut bench = Bench::with(&[("group.consumer.max.size", "1")]);
    bench.topics.put("orders", 1);
    let (mut first, mut second) = (Client::new("first", &["orders"]), Client::new("second", &["orders"]));
    first.beat(&mut bench);
    let refused = second.beat(&mut bench);
    assert_eq!(refused.error, ErrorCode::GroupMaxSizeReached);
    assert_eq!(refused.message.unwrap(), "The consumer group has reached its maximum capacity of 1 members.");
    assert_eq!(first.beat(&mut bench).error, ErrorCode::None);
}

#[test]
fn the_way_of_assigning_is_the_one_that_most_want() {
    let mut bench = bench(&[("alpha", 3), ("beta", 3)]);
    let mut clients = ["x", "y"].map(|id| Client::new(id, &["alpha", "beta"]));
    for client in &mut clients {
        let tag = bench.beat(ConsumerHeartbeat { assignor: Some("range".to_owned()), ..client.request() });
        let response = bench.beaten(tag);
        client.hear(&response);
    }
    let [x, y] = &mut clients;
    settle(&mut bench, &mut [x, y]);
    assert_eq!(bench.coordinator.describe_consumers(GROUP).unwrap().assignor, "range");
    assert_eq!((x.numbers("alpha"), x.numbers("beta")), (vec![0, 1], vec![0, 1]));
    assert_eq!((y.numbers("alpha"), y.numbers("beta")), (vec![2], vec![2]));
}

#[test]
fn offsets_are_committed_and_read_by_members_of_the_epoch() {
    let mut bench = bench(&[("orders", 1)]);
    let mut client = Client::new("first", &["orders"]);
    client.beat(&mut bench);
    let member = |id: &str, epoch: i32| crate::broker::group::CommitRequest {
        knows_consumer_protocol: true,
        ..commit_request(identity(id, epoch), &[("orders", 0, 5)])
    };
    assert_eq!(bench.commit_errors(member("first", 1)), [ErrorCode::None]);
    assert_eq!(bench.commit_errors(member("first", 0)), [ErrorCode::StaleMemberEpoch]);
    assert_eq!(bench.commit_errors(member("nobody", 1)), [ErrorCode::UnknownMemberId]);
    assert_eq!(bench.commit_errors(member("", -1)), [ErrorCode::UnknownMemberId], "there are members");
    let older = crate::broker::group::CommitRequest { knows_consumer_protocol: false, ..member("first", 1) };
    assert_eq!(bench.commit_errors(older), [ErrorCode::UnsupportedVersion]);
    assert_eq!(bench.offset("orders", 0), 5);
    let read = |bench: &Bench, id: Option<&str>, epoch| bench.coordinator.check_reader(GROUP, id, epoch);
    assert_eq!(read(&bench, None, -1), Ok(()));
    assert_eq!(read(&bench, Some("first"), 1), Ok(()));
    assert_eq!(read(&bench, Some("first"), 2), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(read(&bench, Some("nobody"), 1), Err(ErrorCode::UnknownMemberId));

    let tag = bench.delete_group();
    assert_eq!(bench.deleted(tag), ErrorCode::NonEmptyGroup);
    client.leave(&mut bench, -1);
    assert_eq!(bench.commit_errors(member("", -1)), [ErrorCode::None], "from outside, while nobody is there");
    bench.restart();
    assert_eq!((bench.offset("orders", 0), state(&bench)), (5, Some(GroupState::Empty)));
    let tag = bench.delete_group();
    assert_eq!(bench.deleted(tag), ErrorCode::None);
    bench.restart();
    assert_eq!(bench.coordinator.kind_of(GROUP), None, "every record has its tombstone");
}

#[test]
fn offsets_of_topics_that_are_read_do_not_lapse() {
    let mut bench = bench(&[("orders", 1), ("other", 1)]);
    let mut client = Client::new("first", &["orders"]);
    client.beat(&mut bench);
    let request = crate::broker::group::CommitRequest {
        knows_consumer_protocol: true,
        ..commit_request(identity("first", 1), &[("orders", 0, 5), ("other", 0, 6)])
    };
    assert_eq!(bench.commit_errors(request), [ErrorCode::None, ErrorCode::None]);
    for _ in 0..8 * 24 * 120 {
        bench.pass(seconds(30));
        assert_eq!(client.beat(&mut bench).error, ErrorCode::None);
    }
    assert_eq!((bench.offset("orders", 0), bench.offset("other", 0)), (5, -1));
}

#[test]
fn groups_change_their_protocol_while_nobody_is_there() {
    let mut bench = bench(&[("orders", 1)]);
    let id = bench.stable_alone();
    let leaving = LeavingMember { member_id: id, instance_id: None };
    bench.leave(vec![leaving]).unwrap();
    bench.settle();
    let mut client = Client::new("first", &["orders"]);
    assert_eq!(client.beat(&mut bench).error, ErrorCode::None);
    assert_eq!(bench.coordinator.kind_of(GROUP), Some(GroupKind::Consumer));
    assert_eq!(bench.coordinator.describe(GROUP), None);
    assert_eq!(
        bench.heartbeat("first", 1),
        ErrorCode::UnknownMemberId,
        "it is no member of the classic protocol"
    );
    bench.restart();
    assert_eq!(bench.coordinator.kind_of(GROUP), Some(GroupKind::Consumer));
    assert_eq!(client.beat(&mut bench).error, ErrorCode::None);
    client.leave(&mut bench, -1);
    bench.stable_alone();
    assert_eq!(bench.coordinator.kind_of(GROUP), Some(GroupKind::Classic));
    bench.restart();
    let kind = bench.coordinator.kind_of(GROUP);
    assert_eq!((kind, bench.state()), (Some(GroupKind::Classic), Some(GroupState::Stable)));
}

/// A member of the classic protocol has joined alone, and has partition 0 and 1 of `orders`.
fn classic_alone(bench: &mut Bench) -> String {
    let tag = bench.join(&joining("old"));
    let joined = bench.joined(tag);
    let assignment = assigned_in_words("orders", &[0, 1]);
    let mut request = sync_request(identity(&joined.member_id, 1), &[]);
    request.assignments = vec![(joined.member_id.clone(), assignment.into())];
    let tag = bench.sync(request);
    assert_eq!(bench.synced(tag).error, ErrorCode::None);
    joined.member_id
}

fn assigned_in_words(topic: &str, partitions: &[i32]) -> Vec<u8> {
    let partitions = partitions.iter().copied().map(PartitionIndex).collect();
    let assigned = vec![consumer_protocol::TopicPartitions { topic: topic.to_owned(), partitions }];
    MemberAssignment { partitions: assigned, user_data: None }.encode_as(0)
}

/// The request of a member that says it has these partitions of `orders`.
fn rejoining(id: &str, owned: &[i32]) -> JoinRequest {
    let mut subscription = MemberSubscription::new(vec!["orders".to_owned()]);
    let partitions = owned.iter().copied().map(PartitionIndex).collect();
    subscription.owned = vec![consumer_protocol::TopicPartitions { topic: "orders".to_owned(), partitions }];
    let protocol = Protocol { name: "range".to_owned(), metadata: subscription.encode().into() };
    JoinRequest { member_id: id.to_owned(), protocols: vec![protocol], ..joining("old") }
}

/// What the classic protocol has a member do that says it has these partitions of `orders`: join again, and ask for its
/// assignment. The generation and the partitions that it gets.
fn rejoin(bench: &mut Bench, id: &str, owned: &[i32]) -> (i32, Vec<i32>) {
    let tag = bench.join(&rejoining(id, owned));
    let joined = bench.joined(tag);
    assert_eq!((joined.error, joined.leader.as_str()), (ErrorCode::None, ""), "nobody leads");
    let tag = bench.sync(sync_request(identity(id, joined.generation), &[]));
    let assignment = MemberAssignment::decode(&bench.synced(tag).assignment).unwrap();
    let partitions = assignment.partitions.into_iter().flat_map(|topic| topic.partitions);
    (joined.generation, partitions.map(|index| index.0).collect())
}

#[test]
fn members_of_both_protocols_share_a_group_and_the_classic_ones_are_left_among_themselves() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let mut client = Client::new("new", &["orders"]);
    assert_eq!(client.beat(&mut bench).epoch, 2, "behind the generation of the classic group");
    assert_eq!((client.count(), bench.coordinator.kind_of(GROUP)), (0, Some(GroupKind::Consumer)));
    assert_eq!(bench.heartbeat(&old, 1), ErrorCode::RebalanceInProgress);
    bench.restart();
    assert_eq!(bench.heartbeat(&old, 1), ErrorCode::RebalanceInProgress);

    assert_eq!(rejoin(&mut bench, &old, &[0, 1]), (1, vec![0]), "one is to be given up first");
    assert_eq!(bench.heartbeat(&old, 1), ErrorCode::RebalanceInProgress, "and to be said so");
    assert_eq!(rejoin(&mut bench, &old, &[0]), (2, vec![0]));
    assert_eq!(bench.heartbeat(&old, 2), ErrorCode::None);
    client.beat(&mut bench);
    assert_eq!((client.numbers("orders"), state(&bench)), (vec![1], Some(GroupState::Stable)));
    let commit = |generation| commit_request(identity(&old, generation), &[("orders", 0, 5)]);
    assert_eq!(bench.commit_errors(commit(2)), [ErrorCode::None]);
    assert_eq!(bench.commit_errors(commit(1)), [ErrorCode::IllegalGeneration]);

    assert_eq!(client.leave(&mut bench, -1), ErrorCode::None);
    assert_eq!(bench.state(), Some(GroupState::PreparingRebalance));
    bench.restart();
    assert_eq!((bench.coordinator.kind_of(GROUP), bench.offset("orders", 0)), (Some(GroupKind::Classic), 5));
    let tag = bench.join(&JoinRequest { member_id: old.clone(), ..joining("old") });
    let joined = bench.joined(tag);
    assert_eq!((joined.error, joined.generation, joined.leader), (ErrorCode::None, 3, old));
}

#[test]
fn a_classic_member_that_does_not_join_again_or_ask_for_its_assignment_is_taken_out() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let mut client = Client::new("new", &["orders"]);
    client.beat(&mut bench);
    // It is there, but does not join again in its rebalance timeout of 60 s.
    for _ in 0..8 {
        assert_eq!(bench.heartbeat(&old, 1), ErrorCode::RebalanceInProgress);
        client.beat(&mut bench);
        bench.pass(seconds(8));
    }
    assert_eq!(bench.heartbeat(&old, 1), ErrorCode::UnknownMemberId);
    client.beat(&mut bench);
    assert_eq!(client.count(), 2);
    let late = bench.join(&JoinRequest { member_id: "late".to_owned(), ..joining("late") });
    let generation = bench.joined(late).generation;
    for _ in 0..8 {
        assert_ne!(bench.heartbeat("late", generation), ErrorCode::UnknownMemberId);
        client.beat(&mut bench);
        bench.pass(seconds(8));
    }
    assert_eq!(bench.heartbeat("late", generation), ErrorCode::UnknownMemberId, "it never asked");
}

#[test]
fn a_classic_member_that_joins_again_without_anything_new_is_waited_for_anew() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let mut client = Client::new("new", &["orders"]);
    client.beat(&mut bench);
    for _ in 0..4 {
        for _ in 0..5 {
            assert_eq!(bench.heartbeat(&old, 1), ErrorCode::RebalanceInProgress);
            client.beat(&mut bench);
            bench.pass(seconds(9));
        }
        assert_eq!(rejoin(&mut bench, &old, &[0, 1]), (1, vec![0]), "it still has both");
    }
}

#[test]
fn a_static_member_that_comes_back_with_the_classic_protocol_takes_its_group_along() {
    let classic = |topic: &str| {
        let subscription = MemberSubscription::new(vec![topic.to_owned()]).encode().into();
        let protocols = vec![Protocol { name: "range".to_owned(), metadata: subscription }];
        JoinRequest { instance_id: Some("one".to_owned()), protocols, ..joining("") }
    };
    for (topic, generation, state) in
        [("orders", 1, GroupState::Stable), ("refunds", 0, GroupState::PreparingRebalance)]
    {
        let mut bench = bench(&[("orders", 2), ("refunds", 1)]);
        let mut client = Client { instance: Some("one"), ..Client::new("first", &["orders"]) };
        client.beat(&mut bench);
        assert_eq!((client.count(), client.epoch), (2, 1));
        let tag = bench.join(&classic(topic));
        let joined = bench.joined(tag);
        assert_eq!((joined.error, joined.generation), (ErrorCode::None, generation), "{topic}");
        assert_eq!(
            (bench.coordinator.kind_of(GROUP), bench.state()),
            (Some(GroupKind::Classic), Some(state))
        );
        assert_eq!(client.beat(&mut bench).error, ErrorCode::GroupIdNotFound);
    }
}

#[test]
fn a_group_that_cannot_be_written_as_the_other_kind_stays_what_it_is() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let mut client = Client::new("new", &["orders"]);
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    assert_eq!(client.beat(&mut bench).error, ErrorCode::NotCoordinator);
    assert_eq!((bench.state(), bench.heartbeat(&old, 1)), (Some(GroupState::Stable), ErrorCode::None));
    // While it is on its way, who leaves leaves the group that it becomes.
    bench.log = Log::Hangs;
    let tag = bench.beat(client.request());
    let leaving = LeavingMember { member_id: old.clone(), instance_id: None };
    let left = bench.ask_to_leave(vec![leaving]);
    bench.resume_log(Log::Writes);
    let response = bench.beaten(tag);
    client.hear(&response);
    assert_eq!(bench.left(left).unwrap()[0].error, ErrorCode::None);
    settle(&mut bench, &mut [&mut client]);
    assert_eq!(client.count(), 2);

    let other = bench.join(&JoinRequest { member_id: "other".to_owned(), ..joining("other") });
    assert_eq!(bench.joined(other).error, ErrorCode::None);
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    let tag = bench.beat(ConsumerHeartbeat { epoch: -1, owned: None, ..client.request() });
    assert_eq!(bench.beaten(tag).error, ErrorCode::NotCoordinator);
    assert_eq!(bench.coordinator.kind_of(GROUP), Some(GroupKind::Consumer));
}

#[test]
fn what_a_classic_leader_assigns_while_its_group_migrates_is_not_handed_out() {
    let mut bench = bench(&[("orders", 2)]);
    let tag = bench.join(&joining("old"));
    let old = bench.joined(tag).member_id;
    bench.log = Log::Hangs;
    let mut request = sync_request(identity(&old, 1), &[]);
    request.assignments = vec![(old.clone(), assigned_in_words("orders", &[0, 1]).into())];
    let synced = bench.sync(request);
    let mut client = Client::new("new", &["orders"]);
    let beaten = bench.beat(client.request());
    assert_eq!(bench.synced(synced).error, ErrorCode::RebalanceInProgress);
    bench.resume_log(Log::Writes);
    let response = bench.beaten(beaten);
    client.hear(&response);
    assert_eq!(client.numbers("orders"), [0], "nobody else has it");
    assert_eq!(rejoin(&mut bench, &old, &[]), (2, vec![1]));
}

#[test]
fn who_leaves_while_its_join_is_on_its_way_to_the_log_is_no_member() {
    let mut bench = bench(&[("orders", 2)]);
    let mut client = Client::new("new", &["orders"]);
    client.beat(&mut bench);
    bench.log = Log::Hangs;
    let joined = bench.join(&JoinRequest { member_id: "old".to_owned(), ..joining("old") });
    let leaving = LeavingMember { member_id: "old".to_owned(), instance_id: None };
    let tag = bench.ask_to_leave(vec![leaving]);
    bench.resume_log(Log::Writes);
    assert_eq!(bench.joined(joined).error, ErrorCode::None);
    assert_eq!(bench.left(tag).unwrap()[0].error, ErrorCode::None);
    settle(&mut bench, &mut [&mut client]);
    assert_eq!((client.count(), state(&bench)), (2, Some(GroupState::Stable)));
}

#[test]
fn what_a_classic_member_still_reads_goes_to_nobody_while_its_group_migrates_to_and_fro() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let mut first = Client::new("first", &["orders"]);
    let mut second = Client::new("second", &["orders"]);
    first.beat(&mut bench);
    first.leave(&mut bench, -1);
    assert_eq!(bench.coordinator.kind_of(GROUP), Some(GroupKind::Classic));
    second.beat(&mut bench);
    assert_eq!(second.count(), 0, "nobody has asked the classic member to give anything up");
    assert_eq!(rejoin(&mut bench, &old, &[0, 1]), (2, vec![0]));
    assert_eq!(rejoin(&mut bench, &old, &[0]), (3, vec![0]));
    second.beat(&mut bench);
    assert_eq!(second.numbers("orders"), [1]);
}

#[test]
fn what_a_cooperative_member_is_giving_up_goes_to_nobody_before_it_has() {
    let mut bench = bench(&[("orders", 2)]);
    let old = classic_alone(&mut bench);
    let tag = bench.join(&rejoining(&old, &[0, 1]));
    let generation = bench.joined(tag).generation;
    let mut request = sync_request(identity(&old, generation), &[]);
    request.assignments = vec![(old.clone(), assigned_in_words("orders", &[1]).into())];
    let tag = bench.sync(request);
    assert_eq!(bench.synced(tag).error, ErrorCode::None);
    let mut client = Client::new("new", &["orders"]);
    client.beat(&mut bench);
    assert_eq!(client.count(), 0);
    assert_eq!(rejoin(&mut bench, &old, &[1]), (generation + 1, vec![1]));
    client.beat(&mut bench);
    assert_eq!(client.numbers("orders"), [0]);
}

#[test]
fn groups_that_are_not_of_consumers_are_not_migrated() {
    let mut bench = bench(&[("orders", 2)]);
    let tag = bench.join(&JoinRequest { protocol_type: "connect".to_owned(), ..joining("worker") });
    assert_eq!(bench.joined(tag).error, ErrorCode::None);
    let refused = Client::new("new", &["orders"]).beat(&mut bench);
    assert_eq!(refused.error, ErrorCode::GroupIdNotFound);
    assert_eq!(
        refused.message.unwrap(),
        "Cannot upgrade classic group orders-readers to consumer group because the group does not use the consumer \
         embedded protocol."
    );
}

#[test]
fn only_some_ways_of_assigning_may_be_allowed_and_the_first_is_the_default() {
    let mut bench = Bench::with(&[("group.consumer.assignors", "range")]);
    bench.topics.put("orders", 3);
    let mut client = Client::new("x", &["orders"]);
    let wish = |name: &str| ConsumerHeartbeat { assignor: Some(name.to_owned()), ..client.request() };
    let tag = bench.beat(wish("uniform"));
    let refused = bench.beaten(tag);
    let text = "ServerAssignor uniform is not supported. Supported assignors: range.";
    assert_eq!((refused.error, refused.message.as_deref()), (ErrorCode::UnsupportedAssignor, Some(text)));
    assert_eq!(client.beat(&mut bench).error, ErrorCode::None);
    assert_eq!(bench.coordinator.describe_consumers(GROUP).unwrap().assignor, "range");
    for (value, reason) in [
        ("", "must not be empty. Valid values include: uniform, range"),
        ("sticky", "String must be one of: uniform, range"),
    ] {
        let error = EngineConfig::parse([("group.consumer.assignors", value)]).unwrap_err();
        let text = format!("Invalid value {value} for configuration group.consumer.assignors: {reason}");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn groups_with_members_are_migrated_where_that_is_allowed() {
    for (policy, upgrades, downgrades) in [
        ("Disabled", false, false),
        ("upgrade", true, false),
        ("DOWNGRADE", false, true),
        ("bidirectional", true, true),
    ] {
        let mut bench = Bench::with(&[("group.consumer.migration.policy", policy)]);
        bench.topics.put("orders", 2);
        classic_alone(&mut bench);
        let refused = Client::new("new", &["orders"]).beat(&mut bench);
        if upgrades {
            assert_eq!(refused.error, ErrorCode::None, "{policy}");
        } else {
            let text = "Cannot upgrade classic group orders-readers to consumer group because online upgrade is disabled.";
            assert_eq!((refused.error, refused.message.as_deref()), (ErrorCode::GroupIdNotFound, Some(text)));
        }

        let mut bench = Bench::with(&[("group.consumer.migration.policy", policy)]);
        bench.topics.put("orders", 2);
        let mut client = Client::new("new", &["orders"]);
        client.beat(&mut bench);
        let tag = bench.join(&joining("old"));
        assert_eq!(bench.joined(tag).error, ErrorCode::None, "members of both may always come: {policy}");
        assert_eq!(client.leave(&mut bench, -1), ErrorCode::None);
        let left = if downgrades { GroupKind::Classic } else { GroupKind::Consumer };
        assert_eq!(bench.coordinator.kind_of(GROUP), Some(left), "{policy}");
    }
    let error = EngineConfig::parse([("group.consumer.migration.policy", "never")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid value never for configuration group.consumer.migration.policy: String must be one of (case insensitive): \
         BIDIRECTIONAL, UPGRADE, DOWNGRADE, DISABLED"
    );
}

#[test]
fn a_change_counts_when_it_is_durable() {
    let mut bench = bench(&[("orders", 2)]);
    let (mut first, mut second) = (Client::new("first", &["orders"]), Client::new("second", &["orders"]));
    bench.log = Log::Hangs;
    let (one, two) = (bench.beat(first.request()), bench.beat(second.request()));
    assert!(bench.is_waiting(one) && bench.is_waiting(two));
    assert_eq!(state(&bench), None);
    let classic = bench.join(&JoinRequest { protocol_type: "connect".to_owned(), ..joining("classic") });
    bench.resume_log(Log::Writes);
    assert_eq!(bench.joined(classic).error, ErrorCode::InconsistentGroupProtocol);
    first.hear(&bench.beaten(one));
    second.hear(&bench.beaten(two));
    assert_eq!((first.epoch, first.count(), second.epoch, second.count()), (1, 2, 2, 0));

    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    let before = bench.coordinator.describe_consumers(GROUP);
    let tag = bench.beat(first.request());
    assert_eq!(bench.beaten(tag).error, ErrorCode::NotCoordinator);
    assert_eq!(bench.coordinator.describe_consumers(GROUP), before);
    // Who cannot be taken out is tried again.
    bench.pass(seconds(46));
    assert_eq!(bench.coordinator.describe_consumers(GROUP), before);
    bench.resume_log(Log::Writes);
    bench.pass(seconds(46));
    assert_eq!(state(&bench), Some(GroupState::Empty));
}

#[test]
fn members_near_by_are_told_of_changes_and_of_nothing_else() {
    let mut bench = bench(&[("orders", 2)]);
    let told = |bench: &mut Bench, step: &mut dyn FnMut(&mut Bench)| {
        let before = bench.changes;
        step(bench);
        bench.changes > before
    };
    let mut first = Client::new("first", &["orders"]);
    let mut second = Client::new("second", &["orders"]);
    assert!(told(&mut bench, &mut |bench| drop(first.beat(bench))));
    assert!(!told(&mut bench, &mut |bench| drop(first.beat(bench))), "it says nothing new");
    assert!(told(&mut bench, &mut |bench| drop(second.beat(bench))));
    assert!(told(&mut bench, &mut |bench| drop(first.beat(bench))), "it is to give one up");
    assert!(told(&mut bench, &mut |bench| drop(first.beat(bench))), "and has");
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    assert!(!told(&mut bench, &mut |bench| drop(second.beat(bench))), "it was not written");
    bench.log = Log::Writes;
    assert!(told(&mut bench, &mut |bench| drop(second.beat(bench))));
    assert!(told(&mut bench, &mut |bench| bench.pass(seconds(60))), "nobody is there any more");
    let joining = joining("old");
    assert!(
        told(&mut bench, &mut |bench| assert!(bench.join(&joining) > 0)),
        "members of the classic protocol"
    );
}

#[test]
fn who_waits_is_told_that_the_coordinator_is_gone() {
    let mut bench = bench(&[("orders", 2)]);
    bench.log = Log::Hangs;
    let tags = ["a", "b"].map(|id| bench.beat(Client::new(id, &["orders"]).request()));
    bench.coordinator.stop(ErrorCode::NotCoordinator);
    bench.settle();
    assert_eq!(tags.map(|tag| bench.beaten(tag).error), [ErrorCode::NotCoordinator; 2]);
}

/// Random members, topics and faults: nobody is given what another one has not given up, a restart changes nothing, and in
/// the end everybody has a fair part.
#[test]
fn no_partition_ever_has_two_readers() {
    for seed in 1..=60 {
        play(seed);
    }
}

fn play(seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let names = ["alpha", "beta", "gamma"];
    let mut bench = bench(&[("alpha", 4), ("beta", 2)]);
    let mut clients: Vec<Client> = Vec::new();
    for step in 0..200 {
        match random(20) {
            0..=1 if clients.len() < 6 => {
                let read: Vec<&str> = names.into_iter().filter(|_| random(3) > 0).collect();
                let id = format!("m{step}");
                clients.push(Client::new(&id, &read));
            }
            2 if !clients.is_empty() => {
                let mut gone = clients.swap_remove(random(clients.len()));
                if random(2) == 0 {
                    gone.leave(&mut bench, -1);
                }
            }
            3 => bench.topics.put(names[random(3)], i32::try_from(random(4) + 4).unwrap()),
            4 => bench.pass(seconds(u64::try_from(random(50)).unwrap())),
            5 => restart_unchanged(&mut bench, seed, step),
            6 => bench.log = [Log::Writes, Log::Fails(ErrorCode::KafkaStorageError)][random(2)],
            _ if clients.is_empty() => {}
            _ => {
                let place = random(clients.len());
                let before: BTreeMap<_, _> =
                    clients.iter().map(|client| (client.id.clone(), client.owned.clone())).collect();
                clients[place].beat(&mut bench);
                check_exclusive(&bench, &clients, &before, seed, step);
            }
        }
    }
    bench.log = Log::Writes;
    bench.pass(seconds(120));
    let mut all: Vec<&mut Client> = clients.iter_mut().collect();
    if !all.is_empty() {
        // Those who were taken out hear of it first.
        all.iter_mut().for_each(|client| drop(client.beat(&mut bench)));
        settle(&mut bench, &mut all);
        check_complete(&bench, &clients);
    }
}

fn restart_unchanged(bench: &mut Bench, seed: u64, step: i32) {
    let before = bench.coordinator.describe_consumers(GROUP);
    bench.restart();
    assert_eq!(bench.coordinator.describe_consumers(GROUP), before, "seed {seed}, step {step}");
}

/// Members that the coordinator knows have nothing in common. (Who was taken out does not know it yet.)
fn check_exclusive(
    bench: &Bench,
    clients: &[Client],
    before: &BTreeMap<String, AssignedPartitions>,
    seed: u64,
    step: i32,
) {
    let Some(group) = bench.coordinator.describe_consumers(GROUP) else { return };
    let mut owners: BTreeMap<(TopicId, PartitionIndex), &str> = BTreeMap::new();
    for client in clients.iter().filter(|client| client.epoch != 0) {
        let is_member =
            group.members.iter().any(|member| member.member_id == client.id && member.epoch == client.epoch);
        for (topic, partitions) in client.owned.iter().filter(|_| is_member) {
            for partition in partitions {
                let other = owners.insert((*topic, *partition), &client.id);
                assert_eq!(
                    other, None,
                    "seed {seed}, step {step}: {} and {other:?}, before {before:?}",
                    client.id
                );
            }
        }
    }
}

fn check_complete(bench: &Bench, clients: &[Client]) {
    use crate::broker::group::Topics;
    for name in bench.topics.names() {
        let (id, count) = bench.topics.find(&name).unwrap();
        let readers: Vec<&Client> = clients.iter().filter(|client| client.topics.contains(&name)).collect();
        let mut owned: Vec<PartitionIndex> =
            readers.iter().filter_map(|client| client.owned.get(&id)).flatten().copied().collect();
        owned.sort_unstable();
        let all = if readers.is_empty() { 0 } else { count };
        assert_eq!(owned, (0..all).map(PartitionIndex).collect::<Vec<_>>(), "{name}");
    }
}
