//! Static members (KIP-345): they come back without a rebalance, and an older instance is fenced.

use super::bench::*;
use crate::broker::group::{GroupState, JoinRequest, LeavingMember, MemberIdentity, Protocol};
use crate::error_code::ErrorCode;

fn instance(name: &str) -> JoinRequest {
    JoinRequest { instance_id: Some(name.to_owned()), ..joining("a") }
}

fn of_instance(name: &str, member_id: &str, generation: i32) -> MemberIdentity {
    MemberIdentity { instance_id: Some(name.to_owned()), ..identity(member_id, generation) }
}

/// Two static members `one` and `two` in a stable group of generation 2; their ids, the leader's first.
fn stable_statics(bench: &mut Bench) -> (String, String) {
    let tag = bench.join(&instance("one"));
    let first = bench.joined(tag).member_id;
    let tag = bench.join(&instance("two"));
    bench.join(&JoinRequest { member_id: first.clone(), ..instance("one") });
    let second = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&second, 2), &[]));
    let tag = bench.sync(sync_request(identity(&first, 2), &[(&first, "left"), (&second, "right")]));
    assert_eq!(bench.synced(tag).assignment, "left");
    (first, second)
}

#[test]
fn a_static_members_id_starts_with_its_instance() {
    let mut bench = Bench::new();
    let tag = bench.join(&JoinRequest { member_id_required: true, ..instance("one") });
    assert_eq!(bench.joined(tag).member_id, "one-0000", "and it needs no second join");
}

#[test]
fn a_static_member_that_comes_back_takes_its_place_without_a_rebalance() {
    let mut bench = Bench::new();
    let (first, second) = stable_statics(&mut bench);
    let tag = bench.join(&instance("two"));
    let joined = bench.joined(tag);
    assert_eq!((joined.error, joined.generation), (ErrorCode::None, 2));
    assert_ne!(joined.member_id, second);
    assert_eq!(bench.state(), Some(GroupState::Stable));
    let tag = bench.sync(sync_request(of_instance("two", &joined.member_id, 2), &[]));
    assert_eq!(bench.synced(tag).assignment, "right");
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
}

#[test]
fn the_older_instance_is_fenced_by_its_successor() {
    let mut bench = Bench::new();
    let (_, second) = stable_statics(&mut bench);
    bench.join(&instance("two"));
    let old = of_instance("two", &second, 2);
    assert_eq!(bench.coordinator.heartbeat(bench.now, GROUP, &old), ErrorCode::FencedInstanceId);
    let tag = bench.sync(sync_request(old.clone(), &[]));
    assert_eq!(bench.synced(tag).error, ErrorCode::FencedInstanceId);
    assert_eq!(bench.commit_errors(commit_request(old, &[("orders", 0, 1)])), [ErrorCode::FencedInstanceId]);
    let tag = bench.join(&JoinRequest { member_id: second.clone(), ..instance("two") });
    assert_eq!(bench.joined(tag).error, ErrorCode::FencedInstanceId);
    let leaving = LeavingMember { member_id: second, instance_id: Some("two".to_owned()) };
    let left = bench.leave(vec![leaving]).unwrap();
    assert_eq!(left[0].error, ErrorCode::FencedInstanceId);
}

#[test]
fn a_leader_that_comes_back_is_told_not_to_assign_anew() {
    let mut bench = Bench::new();
    let (first, _) = stable_statics(&mut bench);
    let tag = bench.join(&instance("one"));
    let joined = bench.joined(tag);
    assert!(joined.skip_assignment && joined.leader == joined.member_id && joined.members.len() == 2);
    let tag = bench.join(&JoinRequest { skip_assignment_supported: false, ..instance("one") });
    let old_client = bench.joined(tag);
    assert!(!old_client.skip_assignment && old_client.members.is_empty());
    assert_eq!(old_client.leader, joined.member_id, "an old client must not take itself for the leader");
    assert_ne!(old_client.leader, first);
}

#[test]
fn a_static_member_with_another_protocol_starts_a_rebalance() {
    let mut bench = Bench::new();
    let both = vec![protocol("range"), protocol("sticky")];
    let tag = bench.join(&JoinRequest { protocols: both, ..instance("one") });
    let first = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&first, 1), &[]));
    let sticky: Vec<Protocol> = vec![protocol("sticky")];
    let tag = bench.join(&JoinRequest { protocols: sticky, ..instance("one") });
    let joined = bench.joined(tag);
    assert_eq!((joined.generation, joined.protocol.as_deref()), (2, Some("sticky")));
}

#[test]
fn a_new_id_that_cannot_be_written_is_taken_back() {
    let mut bench = Bench::new();
    let (_, second) = stable_statics(&mut bench);
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    let tag = bench.join(&instance("two"));
    let refusal = bench.joined(tag);
    assert_eq!((refusal.error, refusal.member_id.as_str()), (ErrorCode::NotCoordinator, ""));
    let old = of_instance("two", &second, 2);
    assert_eq!(bench.coordinator.heartbeat(bench.now, GROUP, &old), ErrorCode::None);
}

#[test]
fn a_successor_fences_a_request_that_waits() {
    let mut bench = Bench::new();
    let (first, second) = stable_statics(&mut bench);
    let newcomer = bench.join(&joining("c"));
    let waiting = bench.join(&JoinRequest { member_id: second, ..instance("two") });
    let successor = bench.join(&instance("two"));
    assert_eq!(bench.joined(waiting).error, ErrorCode::FencedInstanceId);
    bench.join(&JoinRequest { member_id: first, ..instance("one") });
    assert_eq!((bench.joined(newcomer).generation, bench.joined(successor).generation), (3, 3));
}

#[test]
fn a_successor_during_the_assignment_starts_another_rebalance() {
    let mut bench = Bench::new();
    let (first, second) = stable_statics(&mut bench);
    bench.join(&joining("c"));
    bench.join(&JoinRequest { member_id: first, ..instance("one") });
    bench.join(&JoinRequest { member_id: second, ..instance("two") });
    assert_eq!(bench.state(), Some(GroupState::CompletingRebalance));
    bench.join(&instance("two"));
    assert_eq!(bench.state(), Some(GroupState::PreparingRebalance));
}

#[test]
fn a_rebalance_does_not_drop_a_static_member_until_its_session_ends() {
    let mut bench = Bench::new();
    let request = |name: &str| JoinRequest { session_timeout: seconds(120), ..instance(name) };
    let tag = bench.join(&request("one"));
    let first = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&first, 1), &[]));
    let newcomer = bench.join(&joining("c"));
    bench.pass(seconds(61));
    let joined = bench.joined(newcomer);
    assert_eq!(joined.generation, 2);
    assert_eq!(joined.leader, joined.member_id, "the static leader did not join");
    let members: Vec<_> = joined.members.iter().map(|member| member.member_id.as_str()).collect();
    assert_eq!(members, [joined.member_id.as_str(), first.as_str()]);
}

#[test]
fn a_rebalance_of_absent_static_members_waits_until_their_sessions_end() {
    let mut bench = Bench::new();
    let request = |name: &str| JoinRequest { session_timeout: seconds(100), ..instance(name) };
    let tag = bench.join(&request("one"));
    let first = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&first, 1), &[]));
    bench.join(&joining("c"));
    let leaving = vec![LeavingMember { member_id: "c-0001".to_owned(), instance_id: None }];
    bench.leave(leaving).unwrap();
    bench.settle();
    bench.pass(seconds(90));
    assert_eq!(bench.state(), Some(GroupState::PreparingRebalance));
    bench.pass(seconds(11));
    assert_eq!(bench.state(), Some(GroupState::Empty));
}

#[test]
fn an_administrator_removes_a_static_member_by_its_instance() {
    let mut bench = Bench::new();
    let (_, second) = stable_statics(&mut bench);
    let leaving = LeavingMember { member_id: String::new(), instance_id: Some("two".to_owned()) };
    let left = bench.leave(vec![leaving]).unwrap();
    assert_eq!(left[0].error, ErrorCode::None);
    let gone = of_instance("two", &second, 2);
    assert_eq!(bench.coordinator.heartbeat(bench.now, GROUP, &gone), ErrorCode::UnknownMemberId);
}

#[test]
fn a_static_member_keeps_its_place_over_a_restart_of_the_engine() {
    let mut bench = Bench::new();
    let (_, second) = stable_statics(&mut bench);
    let tag = bench.join(&instance("two"));
    let new_id = bench.joined(tag).member_id;
    bench.restart();
    assert_eq!(
        bench.coordinator.heartbeat(bench.now, GROUP, &of_instance("two", &second, 2)),
        ErrorCode::FencedInstanceId
    );
    let tag = bench.sync(sync_request(of_instance("two", &new_id, 2), &[]));
    assert_eq!(bench.synced(tag).assignment, "right");
}

#[test]
fn a_successor_may_fetch_the_assignment_its_predecessor_never_fetched() {
    let mut bench = Bench::new();
    let tag = bench.join(&instance("one"));
    let first = bench.joined(tag).member_id;
    let tag = bench.join(&instance("two"));
    bench.join(&JoinRequest { member_id: first.clone(), ..instance("one") });
    let second = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&first, 2), &[(&first, "left"), (&second, "right")]));
    let tag = bench.join(&instance("two"));
    let successor = bench.joined(tag).member_id;
    let tag = bench.sync(sync_request(of_instance("two", &successor, 2), &[]));
    assert_eq!(bench.synced(tag).assignment, "right");
    for _ in 0..10 {
        bench.pass(seconds(8));
        assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
        assert_eq!(bench.heartbeat(&successor, 2), ErrorCode::None);
    }
}

#[test]
fn a_restart_of_the_engine_keeps_the_leader() {
    let mut bench = Bench::new();
    let tag = bench.join(&instance("z"));
    let leader = bench.joined(tag).member_id;
    let tag = bench.join(&instance("a"));
    bench.join(&JoinRequest { member_id: leader.clone(), ..instance("z") });
    let follower = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&leader, 2), &[(&leader, "left"), (&follower, "right")]));
    bench.restart();
    let tag = bench.join(&JoinRequest { member_id: follower, ..instance("a") });
    assert_eq!(bench.joined(tag).leader, leader);
}

/// A random run found a member that nobody would ever have missed: its session ended while its join waited for the log,
/// which counts for being there, and the answer started no other.
#[test]
fn a_static_member_that_came_back_over_a_slow_log_is_still_watched() {
    let mut bench = Bench::new();
    let tag = bench.join(&instance("one"));
    let first = bench.joined(tag).member_id;
    bench.sync(sync_request(identity(&first, 1), &[]));
    bench.log = Log::Hangs;
    let tag = bench.join(&instance("one"));
    bench.pass(seconds(10));
    bench.resume_log(Log::Writes);
    assert_eq!(bench.joined(tag).error, ErrorCode::None);
    bench.pass(seconds(11));
    assert_eq!(bench.state(), Some(GroupState::Empty));
}
