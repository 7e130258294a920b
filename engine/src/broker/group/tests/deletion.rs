//! Groups and offsets that go: by request, by age, with their topic.

use std::time::Duration;

use super::bench::*;
use crate::broker::group::{CommitRequest, GroupState, JoinRequest, LeavingMember, Response, Stability};
use crate::error_code::ErrorCode;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn leave(bench: &mut Bench, id: &str) {
    let leaving = vec![LeavingMember { member_id: id.to_owned(), instance_id: None }];
    bench.leave(leaving).unwrap();
    bench.settle();
}

/// A member that commits `orders` 0 and `other` 0, and stays.
fn with_offsets(bench: &mut Bench) -> String {
    let id = bench.stable_alone();
    let errors = bench.commit_errors(commit_request(identity(&id, 1), &[("orders", 0, 1), ("other", 0, 2)]));
    assert_eq!(errors, [ErrorCode::None; 2]);
    id
}

#[test]
fn a_group_with_members_is_not_deleted() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    let tag = bench.delete_group();
    assert_eq!(bench.answer(tag), Response::Deleted(ErrorCode::NonEmptyGroup));
    assert_eq!(bench.heartbeat(&id, 1), ErrorCode::None);
    assert_eq!(bench.offset("orders", 0), 1);
}

#[test]
fn an_empty_group_is_deleted_for_good() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    leave(&mut bench, &id);
    let tag = bench.delete_group();
    assert_eq!(bench.answer(tag), Response::Deleted(ErrorCode::None));
    assert_eq!((bench.state(), bench.offset("orders", 0)), (None, -1));
    let tag = bench.delete_group();
    assert_eq!(bench.answer(tag), Response::Deleted(ErrorCode::GroupIdNotFound));
    bench.restart();
    assert_eq!((bench.state(), bench.offset("orders", 0)), (None, -1));
}

#[test]
fn a_group_whose_deletion_is_under_way_is_dead_to_everyone() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    leave(&mut bench, &id);
    bench.log = Log::Hangs;
    let deleting = bench.delete_group();
    assert_eq!(bench.state(), Some(GroupState::Dead));
    let again = bench.delete_group();
    assert_eq!(bench.answer(again), Response::Deleted(ErrorCode::GroupIdNotFound));
    let tag = bench.join(&joining("b"));
    assert_eq!(bench.joined(tag).error, ErrorCode::CoordinatorNotAvailable);
    let commit = commit_request(outsider(), &[("orders", 0, 9)]);
    assert_eq!(bench.commit_errors(commit), [ErrorCode::CoordinatorNotAvailable]);
    assert_eq!(bench.heartbeat(&id, 1), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(bench.fetch("orders", 0, Stability::Ignored).offset.0, 1, "it might come back");
    bench.resume_log(Log::Writes);
    assert_eq!(bench.answer(deleting), Response::Deleted(ErrorCode::None));
    assert_eq!(bench.fetch("orders", 0, Stability::Ignored).offset.0, -1);
    let tag = bench.join(&joining("b"));
    assert_eq!(bench.joined(tag).generation, 1, "a new group of that name");
}

#[test]
fn a_deletion_that_cannot_be_written_did_not_happen() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    leave(&mut bench, &id);
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    let tag = bench.delete_group();
    assert_eq!(bench.answer(tag), Response::Deleted(ErrorCode::NotCoordinator));
    assert_eq!((bench.state(), bench.offset("orders", 0)), (Some(GroupState::Empty), 1));
}

#[test]
fn a_deletion_takes_commits_with_it_that_are_still_on_the_way() {
    let mut bench = Bench::new();
    bench.log = Log::Hangs;
    bench.commit(commit_request(outsider(), &[("orders", 0, 9)]));
    let tag = bench.delete_group();
    bench.resume_log(Log::Writes);
    assert_eq!(bench.answer(tag), Response::Deleted(ErrorCode::None));
    bench.restart();
    assert_eq!((bench.state(), bench.offset("orders", 0)), (None, -1));
}

#[test]
fn offsets_of_an_empty_group_go_when_it_has_been_empty_for_the_retention_time() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    for _ in 0..(8 * 24 * 60 * 60 / 8) {
        bench.pass(seconds(8));
        bench.heartbeat(&id, 1);
    }
    assert_eq!(bench.offset("orders", 0), 1, "however old, while a member reads the topic");
    assert_eq!(bench.offset("other", 0), -1, "nobody reads it");
    leave(&mut bench, &id);
    bench.pass(7 * DAY - seconds(3600));
    assert_eq!(bench.offset("orders", 0), 1);
    bench.pass(seconds(3600 + 600));
    assert_eq!((bench.offset("orders", 0), bench.state()), (-1, None));
    bench.restart();
    assert_eq!(bench.state(), None);
}

#[test]
fn the_time_a_group_has_been_empty_survives_a_restart() {
    let mut bench = Bench::new();
    let id = with_offsets(&mut bench);
    leave(&mut bench, &id);
    bench.pass(6 * DAY);
    bench.restart();
    bench.pass(DAY - seconds(3600));
    assert_eq!(bench.offset("orders", 0), 1);
    bench.pass(seconds(3600 + 600));
    assert_eq!(bench.offset("orders", 0), -1);
}

#[test]
fn offsets_without_a_group_go_by_the_age_of_each_commit() {
    let mut bench = Bench::new();
    bench.commit(commit_request(outsider(), &[("orders", 0, 1), ("orders", 1, 1)]));
    bench.pass(4 * DAY);
    bench.commit(commit_request(outsider(), &[("orders", 1, 2)]));
    bench.pass(3 * DAY + seconds(600));
    assert_eq!((bench.offset("orders", 0), bench.offset("orders", 1)), (-1, 2));
    bench.pass(4 * DAY);
    assert_eq!(bench.state(), None);
    bench.restart();
    assert_eq!(bench.state(), None);
}

#[test]
fn a_retention_that_the_client_asked_for_counts_from_the_commit() {
    let mut bench = Bench::new();
    let request =
        CommitRequest { retention: Some(seconds(3600)), ..commit_request(outsider(), &[("orders", 0, 1)]) };
    bench.commit(request);
    bench.restart();
    bench.pass(seconds(3000));
    assert_eq!(bench.offset("orders", 0), 1);
    bench.pass(seconds(1200));
    assert_eq!(bench.offset("orders", 0), -1);
}

#[test]
fn an_offset_is_not_expired_while_a_newer_commit_is_on_the_way() {
    let mut bench = Bench::new();
    bench.commit(commit_request(outsider(), &[("orders", 0, 1)]));
    bench.pass(7 * DAY - seconds(5));
    bench.log = Log::Hangs;
    bench.commit(commit_request(outsider(), &[("orders", 0, 2)]));
    bench.pass(seconds(1200));
    bench.resume_log(Log::Writes);
    assert_eq!(bench.offset("orders", 0), 2);
    bench.restart();
    assert_eq!(bench.offset("orders", 0), 2);
}

#[test]
fn a_group_that_never_kept_anything_leaves_no_trace() {
    let mut bench = Bench::new();
    let tag = bench.join(&JoinRequest { member_id_required: true, ..joining("a") });
    assert_eq!(bench.joined(tag).error, ErrorCode::MemberIdRequired);
    assert_eq!(bench.state(), Some(GroupState::Empty));
    bench.pass(seconds(1201));
    assert_eq!((bench.state(), bench.records.len()), (None, 0));
}

#[test]
fn the_offsets_of_a_deleted_topic_go_in_every_group() {
    let mut bench = Bench::new();
    with_offsets(&mut bench);
    let elsewhere = CommitRequest {
        group: "another".to_owned(),
        ..commit_request(outsider(), &[("orders", 5, 3), ("other", 0, 4)])
    };
    bench.commit(elsewhere);
    bench.coordinator.topic_deleted(bench.now, "orders");
    bench.settle();
    let left = |bench: &Bench, group| bench.coordinator.fetch_all_offsets(group, Stability::Ignored).len();
    assert_eq!((left(&bench, GROUP), left(&bench, "another")), (1, 1));
    assert_eq!(bench.offset("orders", 0), -1);
    bench.restart();
    assert_eq!((left(&bench, GROUP), left(&bench, "another")), (1, 1));
}
