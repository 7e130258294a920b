//! Dynamic members: joining, generations, assignments, and members that go or get lost.

use super::bench::*;
use crate::broker::group::{GroupState, JoinRequest, LeavingMember, Protocol};
use crate::error_code::ErrorCode;

fn rejoining(id: &str) -> JoinRequest {
    JoinRequest { member_id: id.to_owned(), ..joining("a") }
}

#[test]
fn the_first_member_leads_and_gets_what_it_assigns_itself() {
    let mut bench = Bench::new();
    let tag = bench.join(&joining("a"));
    let joined = bench.joined(tag);
    assert_eq!((joined.error, joined.generation), (ErrorCode::None, 1));
    assert_eq!((joined.member_id.as_str(), joined.leader.as_str()), ("a-0000", "a-0000"));
    assert_eq!(joined.protocol.as_deref(), Some("range"));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(joined.members[0].metadata, subscription(&["orders"]));
    assert_eq!(bench.state(), Some(GroupState::CompletingRebalance));
    let tag = bench.sync(sync_request(identity("a-0000", 1), &[("a-0000", "all")]));
    assert_eq!(bench.synced(tag).assignment, "all");
    assert_eq!(bench.state(), Some(GroupState::Stable));
}

#[test]
fn a_second_member_starts_a_rebalance_that_waits_for_the_first() {
    let mut bench = Bench::new();
    let first = bench.stable_alone();
    let second = bench.join(&joining("b"));
    assert!(bench.is_waiting(second));
    assert_eq!(bench.heartbeat(&first, 1), ErrorCode::RebalanceInProgress);
    let again = bench.join(&rejoining(&first));
    let (leader, follower) = (bench.joined(again), bench.joined(second));
    assert_eq!((leader.generation, follower.generation), (2, 2));
    assert_eq!((leader.members.len(), follower.members.len()), (2, 0));
    assert_eq!(follower.leader, first);
}

#[test]
fn a_follower_waits_for_the_leaders_assignment() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    assert_eq!(bench.state(), Some(GroupState::Stable));
    for (id, assignment) in [(&first, "left"), (&second, "right")] {
        let tag = bench.sync(sync_request(identity(id, 2), &[]));
        assert_eq!(bench.synced(tag).assignment, assignment);
        assert_eq!(bench.heartbeat(id, 2), ErrorCode::None);
    }
}

#[test]
fn a_member_without_an_assignment_gets_an_empty_one() {
    let mut bench = Bench::new();
    let tag = bench.join(&joining("a"));
    let id = bench.joined(tag).member_id;
    let tag = bench.sync(sync_request(identity(&id, 1), &[("stranger", "x")]));
    let synced = bench.synced(tag);
    assert_eq!((synced.error, synced.assignment.len()), (ErrorCode::None, 0));
}

#[test]
fn with_a_member_id_required_the_first_answer_is_only_an_id() {
    let mut bench = Bench::new();
    let request = JoinRequest { member_id_required: true, ..joining("a") };
    let tag = bench.join(&request);
    let refusal = bench.joined(tag);
    assert_eq!((refusal.error, refusal.member_id.as_str()), (ErrorCode::MemberIdRequired, "a-0000"));
    let tag = bench.join(&JoinRequest { member_id: refusal.member_id, ..request });
    assert_eq!(bench.joined(tag).generation, 1);
}

#[test]
fn an_id_that_is_not_joined_with_lapses_with_its_session_timeout() {
    let mut bench = Bench::new();
    let request = JoinRequest { member_id_required: true, ..joining("a") };
    let tag = bench.join(&request);
    let id = bench.joined(tag).member_id;
    bench.pass(seconds(11));
    let tag = bench.join(&JoinRequest { member_id: id, ..request });
    assert_eq!(bench.joined(tag).error, ErrorCode::UnknownMemberId);
}

#[test]
fn a_rebalance_waits_for_ids_that_were_given_out() {
    let mut bench = Bench::new();
    let first = bench.stable_alone();
    let request = JoinRequest { member_id_required: true, ..joining("b") };
    let tag = bench.join(&request);
    let second = bench.joined(tag).member_id;
    let first_again = bench.join(&rejoining(&first));
    assert!(bench.is_waiting(first_again), "the leader's join waits for the member that is about to join");
    let tag = bench.join(&JoinRequest { member_id: second, ..request });
    assert_eq!((bench.joined(first_again).generation, bench.joined(tag).generation), (2, 2));
}

#[test]
fn joins_that_kafka_refuses_are_refused_alike() {
    let base = || joining("b");
    let other = |name: &str| vec![Protocol { name: name.to_owned(), metadata: subscription(&[]) }];
    let cases = [
        (JoinRequest { group: String::new(), ..base() }, ErrorCode::InvalidGroupId),
        (JoinRequest { group: "x".repeat(40_000), ..base() }, ErrorCode::InvalidGroupId),
        (JoinRequest { session_timeout: seconds(1), ..base() }, ErrorCode::InvalidSessionTimeout),
        (JoinRequest { session_timeout: seconds(3600), ..base() }, ErrorCode::InvalidSessionTimeout),
        (JoinRequest { protocol_type: "connect".to_owned(), ..base() }, ErrorCode::InconsistentGroupProtocol),
        (JoinRequest { protocols: other("sticky"), ..base() }, ErrorCode::InconsistentGroupProtocol),
        (JoinRequest { protocols: Vec::new(), ..base() }, ErrorCode::InconsistentGroupProtocol),
        (JoinRequest { member_id: "stranger".to_owned(), ..base() }, ErrorCode::UnknownMemberId),
        (JoinRequest { client_id: "x".repeat(40_000), ..base() }, ErrorCode::InvalidRequest),
        (
            JoinRequest { group: "new".to_owned(), member_id: "stranger".to_owned(), ..base() },
            ErrorCode::UnknownMemberId,
        ),
        (
            JoinRequest { group: "new".to_owned(), protocol_type: String::new(), ..base() },
            ErrorCode::InconsistentGroupProtocol,
        ),
    ];
    for (request, error) in cases {
        let mut bench = Bench::new();
        let first = bench.stable_alone();
        let tag = bench.join(&request);
        let refusal = bench.joined(tag);
        assert_eq!((refusal.error, refusal.generation), (error, -1), "{request:?}");
        assert_eq!(bench.heartbeat(&first, 1), ErrorCode::None, "the group is as it was");
    }
}

#[test]
fn the_protocol_most_members_like_best_is_chosen_among_those_all_support() {
    let protocols = |names: &[&str]| names.iter().map(|name| protocol(name)).collect::<Vec<_>>();
    let mut bench = Bench::new();
    let tag = bench.join(&JoinRequest { protocols: protocols(&["range", "sticky"]), ..joining("a") });
    let first = bench.joined(tag);
    assert_eq!(first.protocol.as_deref(), Some("range"));
    let second = JoinRequest { protocols: protocols(&["only-b", "sticky", "range"]), ..joining("b") };
    let third = JoinRequest { protocols: protocols(&["sticky", "range"]), ..joining("c") };
    let (second, third) = (bench.join(&second), bench.join(&third));
    let first = JoinRequest {
        member_id: first.member_id,
        protocols: protocols(&["range", "sticky"]),
        ..joining("a")
    };
    bench.join(&first);
    assert_eq!(bench.joined(second).protocol.as_deref(), Some("sticky"));
    assert_eq!(bench.joined(third).protocol.as_deref(), Some("sticky"));
}

#[test]
fn the_first_generation_waits_for_more_members_while_they_come() {
    let mut bench = Bench::with(&[("group.initial.rebalance.delay.ms", "3000")]);
    let first = bench.join(&joining("a"));
    bench.pass(seconds(2));
    let second = bench.join(&joining("b"));
    bench.pass(seconds(2));
    assert!(bench.is_waiting(first), "the second member has extended the wait");
    bench.pass(seconds(2));
    assert_eq!((bench.joined(first).generation, bench.joined(second).generation), (1, 1));
}

#[test]
fn the_first_generation_does_not_wait_longer_than_the_rebalance_timeout() {
    let mut bench = Bench::with(&[("group.initial.rebalance.delay.ms", "3000")]);
    let request = |client| JoinRequest { rebalance_timeout: seconds(8), ..joining(client) };
    let first = bench.join(&request("a"));
    for _ in 0..4 {
        bench.pass(seconds(2));
        bench.join(&request("b"));
    }
    bench.pass(seconds(1));
    assert!(!bench.is_waiting(first));
}

#[test]
fn a_member_that_does_not_join_the_rebalance_in_time_is_dropped() {
    let mut bench = Bench::new();
    let (slow, fast) = bench.stable_pair();
    let again = bench.join(&JoinRequest { member_id: fast.clone(), ..joining("b") });
    assert_eq!(bench.state(), Some(GroupState::Stable), "nothing new: no rebalance");
    assert_eq!(bench.joined(again).generation, 2);
    let third = bench.join(&joining("c"));
    let again = bench.join(&JoinRequest { member_id: fast.clone(), ..joining("b") });
    for _ in 0..11 {
        bench.pass(seconds(5));
        assert_eq!(bench.heartbeat(&slow, 2), ErrorCode::RebalanceInProgress, "it lives but does not join");
    }
    assert!(bench.is_waiting(third));
    bench.pass(seconds(6));
    let (third, fast_joined) = (bench.joined(third), bench.joined(again));
    assert_eq!((third.generation, fast_joined.generation), (3, 3));
    assert_eq!(fast_joined.leader, fast, "the slow member led before");
    assert_eq!(fast_joined.members.len(), 2);
    assert_eq!(bench.heartbeat(&slow, 3), ErrorCode::UnknownMemberId);
}

#[test]
fn a_member_without_heartbeats_is_dropped_and_the_others_rebalance() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    bench.pass(seconds(8));
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::None);
    bench.pass(seconds(3));
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::RebalanceInProgress);
    let tag = bench.join(&JoinRequest { member_id: second.clone(), ..joining("b") });
    let joined = bench.joined(tag);
    assert_eq!((joined.generation, joined.leader), (3, second));
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::UnknownMemberId);
}

#[test]
fn members_that_wait_for_a_rebalance_need_no_heartbeats() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    let third = bench.join(&joining("c"));
    let again = bench.join(&JoinRequest { member_id: second, ..joining("b") });
    for _ in 0..6 {
        bench.pass(seconds(9));
        bench.heartbeat(&first, 2);
    }
    assert!(bench.is_waiting(third) && bench.is_waiting(again));
    bench.pass(seconds(9));
    assert_eq!((bench.joined(third).generation, bench.joined(again).generation), (3, 3));
}

#[test]
fn a_new_member_whose_request_hangs_for_five_minutes_is_dropped() {
    let mut bench = Bench::with(&[("group.max.session.timeout.ms", "3600000")]);
    let patient = |id: &str| JoinRequest {
        member_id: id.to_owned(),
        session_timeout: seconds(1800),
        rebalance_timeout: seconds(1800),
        ..joining("a")
    };
    let tag = bench.join(&patient(""));
    let first = bench.joined(tag).member_id;
    let new = bench.join(&joining("b"));
    bench.pass(seconds(301));
    assert_eq!(bench.joined(new).error, ErrorCode::UnknownMemberId);
    let tag = bench.join(&patient(&first));
    assert_eq!(bench.joined(tag).members.len(), 1);
}

#[test]
fn a_member_that_never_asks_for_its_assignment_is_dropped() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    let third = bench.join(&joining("c"));
    bench.join(&JoinRequest { member_id: second.clone(), ..joining("b") });
    bench.join(&rejoining(&first));
    let third = bench.joined(third).member_id;
    let assignments = [(first.as_str(), "1"), (second.as_str(), "2"), (third.as_str(), "3")];
    bench.sync(sync_request(identity(&first, 3), &assignments));
    bench.sync(sync_request(identity(&second, 3), &[]));
    for _ in 0..12 {
        bench.pass(seconds(5));
        for id in [&first, &second, &third] {
            bench.heartbeat(id, 3);
        }
    }
    bench.pass(seconds(1));
    assert_eq!(bench.heartbeat(&third, 3), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat(&first, 3), ErrorCode::RebalanceInProgress);
}

#[test]
fn the_leaders_departure_makes_another_lead() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    let leaving = LeavingMember { member_id: first.clone(), instance_id: None };
    let left = bench.leave(vec![leaving]).unwrap();
    bench.settle();
    assert_eq!(left[0].error, ErrorCode::None);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::RebalanceInProgress);
    let tag = bench.join(&JoinRequest { member_id: second.clone(), ..joining("b") });
    let joined = bench.joined(tag);
    assert_eq!((joined.leader.as_str(), joined.members.len()), (second.as_str(), 1));
}

#[test]
fn the_last_departure_empties_the_group_and_is_written() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    let leaving = vec![LeavingMember { member_id: id, instance_id: None }];
    bench.leave(leaving).unwrap();
    bench.settle();
    assert_eq!(bench.state(), Some(GroupState::Empty));
    bench.restart();
    assert_eq!(bench.state(), Some(GroupState::Empty));
    let tag = bench.join(&joining("b"));
    assert_eq!(bench.joined(tag).generation, 3, "generations go on where they were");
}

#[test]
fn leaving_is_answered_member_by_member() {
    let mut bench = Bench::new();
    let (first, _) = bench.stable_pair();
    let member = |id: &str, instance: Option<&str>| LeavingMember {
        member_id: id.to_owned(),
        instance_id: instance.map(str::to_owned),
    };
    let leaving =
        vec![member("stranger", None), member(&first, None), member("", None), member("", Some("x"))];
    let left = bench.leave(leaving.clone()).unwrap();
    let errors: Vec<ErrorCode> = left.iter().map(|outcome| outcome.error).collect();
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(errors, [unknown, ErrorCode::None, unknown, unknown]);
    let tag = bench.tag();
    bench.coordinator.leave(bench.now, "nowhere", leaving, tag);
    bench.settle();
    let elsewhere = bench.left(tag).unwrap();
    assert!(elsewhere.iter().all(|outcome| outcome.error == unknown));
}

#[test]
fn requests_of_another_generation_or_of_strangers_are_refused() {
    let mut bench = Bench::new();
    let (first, _) = bench.stable_pair();
    let cases = [
        (first.as_str(), 1, ErrorCode::IllegalGeneration),
        (first.as_str(), 3, ErrorCode::IllegalGeneration),
        ("stranger", 2, ErrorCode::UnknownMemberId),
    ];
    for (id, generation, error) in cases {
        assert_eq!(bench.heartbeat(id, generation), error);
        let tag = bench.sync(sync_request(identity(id, generation), &[]));
        assert_eq!(bench.synced(tag).error, error);
        assert_eq!(
            bench.commit_errors(commit_request(identity(id, generation), &[("orders", 0, 5)])),
            [error]
        );
    }
    let other_protocol = crate::broker::group::SyncRequest {
        protocol: Some("sticky".to_owned()),
        ..sync_request(identity(&first, 2), &[])
    };
    let tag = bench.sync(other_protocol);
    assert_eq!(bench.synced(tag).error, ErrorCode::InconsistentGroupProtocol);
}

#[test]
fn a_rebalance_cancels_who_waits_for_an_assignment() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    bench.join(&joining("c"));
    bench.join(&JoinRequest { member_id: second.clone(), ..joining("b") });
    bench.join(&rejoining(&first));
    let waiting = bench.sync(sync_request(identity(&second, 3), &[]));
    assert!(bench.is_waiting(waiting));
    bench.join(&joining("d"));
    assert_eq!(bench.synced(waiting).error, ErrorCode::RebalanceInProgress);
    let tag = bench.sync(sync_request(identity(&second, 3), &[]));
    assert_eq!(bench.synced(tag).error, ErrorCode::RebalanceInProgress);
}

#[test]
fn an_assignment_counts_only_when_it_is_durable() {
    let mut bench = Bench::new();
    let tag = bench.join(&joining("a"));
    let id = bench.joined(tag).member_id;
    bench.log = Log::Hangs;
    let tag = bench.sync(sync_request(identity(&id, 1), &[(&id, "all")]));
    assert!(bench.is_waiting(tag));
    assert_eq!(bench.state(), Some(GroupState::CompletingRebalance));
    bench.resume_log(Log::Writes);
    assert_eq!(bench.synced(tag).assignment, "all");
}

#[test]
fn an_assignment_that_cannot_be_written_is_refused_and_another_rebalance_begins() {
    let cases = [
        (ErrorCode::KafkaStorageError, ErrorCode::NotCoordinator),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
        (ErrorCode::RequestTimedOut, ErrorCode::CoordinatorNotAvailable),
    ];
    for (error, told) in cases {
        let mut bench = Bench::new();
        let tag = bench.join(&joining("a"));
        let id = bench.joined(tag).member_id;
        bench.log = Log::Fails(error);
        let tag = bench.sync(sync_request(identity(&id, 1), &[(&id, "all")]));
        assert_eq!(bench.synced(tag).error, told);
        assert_eq!(bench.state(), Some(GroupState::PreparingRebalance));
        bench.log = Log::Writes;
        let tag = bench.join(&rejoining(&id));
        assert_eq!(bench.joined(tag).generation, 2);
    }
}

#[test]
fn a_full_group_takes_no_more_members() {
    let mut bench = Bench::with(&[("group.max.size", "2")]);
    let (first, second) = bench.stable_pair();
    let tag = bench.join(&joining("c"));
    assert_eq!(bench.joined(tag).error, ErrorCode::GroupMaxSizeReached);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::None);
}

#[test]
fn a_member_that_repeats_its_join_is_answered_once_more() {
    let mut bench = Bench::new();
    let first = bench.stable_alone();
    let second = bench.join(&joining("b"));
    let lost = bench.join(&rejoining(&first));
    bench.joined(lost);
    bench.joined(second);
    let again = bench.join(&rejoining(&first));
    let joined = bench.joined(again);
    assert_eq!((joined.generation, joined.members.len()), (2, 2));
}

#[test]
fn members_come_back_after_a_restart_of_the_engine() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    bench.restart();
    assert_eq!(bench.state(), Some(GroupState::Stable));
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
    let tag = bench.sync(sync_request(identity(&second, 2), &[]));
    assert_eq!(bench.synced(tag).assignment, "right");
    bench.pass(seconds(11));
    assert_eq!(bench.state(), Some(GroupState::Empty), "nobody was heard of again");
}

#[test]
fn a_description_tells_who_has_what() {
    let mut bench = Bench::new();
    let (first, second) = bench.stable_pair();
    let group = bench.coordinator.describe(GROUP).unwrap();
    assert_eq!((group.protocol_type.as_str(), group.protocol.as_str()), ("consumer", "range"));
    let told: Vec<_> =
        group.members.iter().map(|member| (&member.member_id, &member.assignment[..])).collect();
    assert_eq!(told, [(&first, &b"left"[..]), (&second, &b"right"[..])]);
    assert_eq!(group.members[1].client_host, "/127.0.0.1");
    bench.join(&joining("c"));
    let group = bench.coordinator.describe(GROUP).unwrap();
    assert_eq!((group.protocol.as_str(), group.members[0].metadata.len()), ("", 0));
    assert!(bench.coordinator.describe("nowhere").is_none());
    assert_eq!(bench.coordinator.list(&[GroupState::Stable]).len(), 0);
    assert_eq!(bench.coordinator.list(&[]).len(), 1);
}

#[test]
fn stopping_answers_everybody_who_waits() {
    let mut bench = Bench::new();
    let first = bench.stable_alone();
    let joining_tag = bench.join(&joining("b"));
    bench.log = Log::Hangs;
    let committing = bench.commit(commit_request(identity(&first, 1), &[("orders", 0, 5)]));
    bench.coordinator.stop(ErrorCode::NotCoordinator);
    bench.settle();
    assert_eq!(bench.joined(joining_tag).error, ErrorCode::NotCoordinator);
    assert_eq!(bench.offsets_answer(committing).partitions[0].error, ErrorCode::NotCoordinator);
    assert_eq!(bench.coordinator.next_deadline(), None);
}
