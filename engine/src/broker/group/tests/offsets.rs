//! Offsets: who may commit, when a commit is seen, and what a restart finds.

use super::bench::*;
use crate::broker::group::{CommitRequest, FetchOffset, GroupState, JoinRequest, Stability};
use crate::error_code::ErrorCode;
use crate::types::{LeaderEpoch, PartitionIndex, TopicId};

#[test]
fn a_member_commits_and_anyone_reads_it() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    let errors =
        bench.commit_errors(commit_request(identity(&id, 1), &[("orders", 0, 41), ("orders", 1, 7)]));
    assert_eq!(errors, [ErrorCode::None, ErrorCode::None]);
    assert_eq!((bench.offset("orders", 0), bench.offset("orders", 1)), (41, 7));
    assert_eq!(bench.offset("orders", 2), -1);
    let all = bench.coordinator.fetch_all_offsets(GROUP, Stability::Required);
    assert_eq!(all.iter().map(|fetched| fetched.offset.0).collect::<Vec<_>>(), [41, 7]);
}

#[test]
fn an_unknown_group_has_no_offsets_and_no_error() {
    let bench = Bench::new();
    let fetched = bench.fetch("orders", 0, Stability::Required);
    assert_eq!((fetched.offset.0, fetched.error), (-1, ErrorCode::None));
    assert!(bench.coordinator.fetch_all_offsets(GROUP, Stability::Ignored).is_empty());
}

#[test]
fn a_commit_is_seen_only_when_it_is_durable() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    bench.commit(commit_request(identity(&id, 1), &[("orders", 0, 1)]));
    bench.log = Log::Hangs;
    let tag = bench.commit(commit_request(identity(&id, 1), &[("orders", 0, 2)]));
    assert!(bench.is_waiting(tag));
    assert_eq!(bench.offset("orders", 0), 1);
    let unstable = bench.fetch("orders", 0, Stability::Required);
    assert_eq!((unstable.error, unstable.offset.0), (ErrorCode::UnstableOffsetCommit, -1));
    bench.resume_log(Log::Writes);
    assert_eq!(bench.offset("orders", 0), 2);
    assert_eq!(bench.fetch("orders", 0, Stability::Required).error, ErrorCode::None);
}

#[test]
fn a_commit_that_cannot_be_written_leaves_the_older_one() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    bench.commit(commit_request(identity(&id, 1), &[("orders", 0, 1)]));
    bench.log = Log::Fails(ErrorCode::KafkaStorageError);
    let errors = bench.commit_errors(commit_request(identity(&id, 1), &[("orders", 0, 2)]));
    assert_eq!(errors, [ErrorCode::NotCoordinator]);
    assert_eq!(bench.offset("orders", 0), 1);
    assert_eq!(bench.fetch("orders", 0, Stability::Required).offset.0, 1);
}

#[test]
fn a_zombie_of_an_earlier_generation_cannot_commit() {
    let mut bench = Bench::new();
    let (first, zombie) = bench.stable_pair();
    bench.commit(commit_request(identity(&zombie, 2), &[("orders", 0, 10)]));
    bench.pass(seconds(8));
    bench.heartbeat(&first, 2);
    bench.pass(seconds(3));
    bench.join(&JoinRequest { member_id: first.clone(), ..joining("a") });
    bench.sync(sync_request(identity(&first, 3), &[(&first, "all")]));
    let late = commit_request(identity(&zombie, 2), &[("orders", 0, 99)]);
    assert_eq!(bench.commit_errors(late), [ErrorCode::UnknownMemberId]);
    let stale = commit_request(identity(&first, 2), &[("orders", 0, 98)]);
    assert_eq!(bench.commit_errors(stale), [ErrorCode::IllegalGeneration]);
    assert_eq!(bench.offset("orders", 0), 10);
}

#[test]
fn who_may_commit_depends_on_the_state_of_the_group() {
    let mut bench = Bench::new();
    let offsets = [("orders", 0, 5)];
    let by_outsider = |bench: &mut Bench| bench.commit_errors(commit_request(outsider(), &offsets))[0];
    assert_eq!(by_outsider(&mut bench), ErrorCode::None, "a group that only stores offsets comes into being");
    assert_eq!(bench.state(), Some(GroupState::Empty));
    let tag = bench.join(&joining("a"));
    let id = bench.joined(tag).member_id;
    assert_eq!(bench.state(), Some(GroupState::CompletingRebalance));
    let by_member = |bench: &mut Bench| bench.commit_errors(commit_request(identity(&id, 1), &offsets))[0];
    assert_eq!(by_member(&mut bench), ErrorCode::RebalanceInProgress);
    assert_eq!(by_outsider(&mut bench), ErrorCode::UnknownMemberId);
    bench.sync(sync_request(identity(&id, 1), &[]));
    assert_eq!(by_member(&mut bench), ErrorCode::None);
    bench.join(&joining("b"));
    assert_eq!(bench.state(), Some(GroupState::PreparingRebalance));
    assert_eq!(by_member(&mut bench), ErrorCode::None, "what it has read so far, before it joins");
    assert_eq!(by_outsider(&mut bench), ErrorCode::UnknownMemberId);
}

#[test]
fn a_member_of_a_group_that_is_not_there_is_told_so_as_its_version_expects() {
    for (knows, error) in [(false, ErrorCode::IllegalGeneration), (true, ErrorCode::GroupIdNotFound)] {
        let mut bench = Bench::new();
        let request = CommitRequest {
            knows_consumer_protocol: knows,
            ..commit_request(identity("ghost", 4), &[("orders", 0, 1)])
        };
        assert_eq!(bench.commit_errors(request), [error]);
        assert_eq!(bench.state(), None);
    }
}

#[test]
fn a_commit_keeps_the_session_alive() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    for offset in 0..5 {
        bench.pass(seconds(8));
        let errors = bench.commit_errors(commit_request(identity(&id, 1), &[("orders", 0, offset)]));
        assert_eq!(errors, [ErrorCode::None]);
    }
}

#[test]
fn text_that_is_too_long_is_refused_for_its_partition_only() {
    let mut bench = Bench::with(&[("offset.metadata.max.bytes", "4")]);
    let mut request = commit_request(outsider(), &[("orders", 0, 1), ("orders", 1, 2), ("orders", 2, 3)]);
    for (offset, text) in request.offsets.iter_mut().zip(["good", "worse", "größ"]) {
        offset.metadata = text.to_owned();
    }
    let errors = bench.commit_errors(request.clone());
    assert_eq!(errors, [ErrorCode::None, ErrorCode::OffsetMetadataTooLarge, ErrorCode::None]);
    assert_eq!(bench.fetch("orders", 2, Stability::Ignored).metadata, "größ");
    let written = bench.records.len();
    request.offsets.drain(..1);
    request.offsets.drain(1..);
    assert_eq!(bench.commit_errors(request), [ErrorCode::OffsetMetadataTooLarge]);
    assert_eq!(bench.records.len(), written);
    let mut endless = Bench::with(&[("offset.metadata.max.bytes", "2147483647")]);
    let mut request = commit_request(outsider(), &[("orders", 0, 1)]);
    request.offsets[0].metadata = "x".repeat(40_000);
    assert_eq!(endless.commit_errors(request), [ErrorCode::OffsetMetadataTooLarge]);
}

#[test]
fn everything_committed_is_there_after_a_restart() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    let topic_id = TopicId([7; 16]);
    let mut request = commit_request(identity(&id, 1), &[("orders", 3, 12)]);
    request.offsets[0].metadata = "here".to_owned();
    request.offsets[0].leader_epoch = Some(LeaderEpoch(2));
    request.offsets[0].topic_id = Some(topic_id);
    bench.commit(request);
    bench.restart();
    let fetched = bench.fetch("orders", 3, Stability::Required);
    assert_eq!((fetched.offset.0, fetched.metadata.as_str()), (12, "here"));
    assert_eq!(fetched.leader_epoch, Some(LeaderEpoch(2)));
    let of = |id| FetchOffset { topic: topic("orders"), topic_id: Some(id), partition: PartitionIndex(3) };
    let wanted = [of(topic_id), of(TopicId([8; 16]))];
    let fetched = bench.coordinator.fetch_offsets(GROUP, &wanted, Stability::Ignored);
    assert_eq!(
        (fetched[0].offset.0, fetched[1].offset.0),
        (12, -1),
        "a topic of the same name is another topic"
    );
}

#[test]
fn offsets_of_topics_that_are_read_cannot_be_deleted() {
    let mut bench = Bench::new();
    let id = bench.stable_alone();
    bench.commit(commit_request(identity(&id, 1), &[("orders", 0, 1), ("other", 0, 2)]));
    let partition = |name| crate::types::TopicPartition { topic: topic(name), partition: PartitionIndex(0) };
    let wanted = vec![partition("orders"), partition("other"), partition("nothing")];
    let tag = bench.tag();
    bench.coordinator.delete_offsets(bench.now, GROUP, wanted, tag);
    bench.settle();
    let response = bench.offsets_answer(tag);
    let errors: Vec<_> = response.partitions.iter().map(|partition| partition.error).collect();
    assert_eq!(errors, [ErrorCode::GroupSubscribedToTopic, ErrorCode::None, ErrorCode::None]);
    assert_eq!((bench.offset("orders", 0), bench.offset("other", 0)), (1, -1));
    bench.restart();
    assert_eq!((bench.offset("orders", 0), bench.offset("other", 0)), (1, -1));
}

#[test]
fn offsets_of_a_group_that_is_not_of_consumers_can_only_be_deleted_when_it_is_empty() {
    let mut bench = Bench::new();
    let tag = bench.join(&JoinRequest { protocol_type: "connect".to_owned(), ..joining("a") });
    bench.joined(tag);
    let wanted = vec![crate::types::TopicPartition { topic: topic("orders"), partition: PartitionIndex(0) }];
    for (group, error) in [
        (GROUP, ErrorCode::NonEmptyGroup),
        ("nowhere", ErrorCode::GroupIdNotFound),
        ("", ErrorCode::InvalidGroupId),
    ] {
        let tag = bench.tag();
        bench.coordinator.delete_offsets(bench.now, group, wanted.clone(), tag);
        bench.settle();
        assert_eq!(bench.offsets_answer(tag).error, error);
    }
}

#[test]
fn records_that_are_not_a_groups_are_passed_over_or_named() {
    let mut bench = Bench::new();
    bench.coordinator.load(&[0, 9, 0, 1, b'g'], Some(&[0, 0]), None).unwrap();
    bench.coordinator.load(&[0, 1, 0, 1, b'g', 0, 1, b'/', 0, 0, 0, 0], None, None).unwrap();
    assert!(bench.coordinator.load(&[0, 2, 0, 9], None, None).is_err());
    assert!(bench.coordinator.load(&[0, 2, 0, 1, b'g'], Some(&[0, 9]), None).is_err());
    assert!(bench.coordinator.list(&[]).is_empty());
}
