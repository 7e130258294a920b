//! Offsets that wait for the end of a transaction: when they are seen, and what comes before or after them.

use super::bench::*;
use crate::broker::group::{Stability, TransactionalCommit};
use crate::error_code::ErrorCode;
use crate::types::{ProducerEpoch, ProducerId};

const MOVER: ProducerId = ProducerId(7);
const OTHER: ProducerId = ProducerId(8);

fn kept(producer: ProducerId, offsets: &[(&str, i32, i64)]) -> TransactionalCommit {
    let commit = commit_request(outsider(), offsets);
    TransactionalCommit {
        group: commit.group,
        member: commit.member,
        producer: (producer, ProducerEpoch(0)),
        offsets: commit.offsets,
    }
}

/// What is told of an offset that must be stable: the offset, or that it is not.
fn stable(bench: &Bench) -> Result<i64, ErrorCode> {
    let found = bench.fetch("orders", 0, Stability::Required);
    if found.error == ErrorCode::None { Ok(found.offset.0) } else { Err(found.error) }
}

const UNSTABLE: Result<i64, ErrorCode> = Err(ErrorCode::UnstableOffsetCommit);

#[test]
fn an_offset_is_seen_with_the_commit() {
    for (committed, expected) in [(true, 5), (false, 1)] {
        let mut bench = Bench::new();
        bench.commit(commit_request(outsider(), &[("orders", 0, 1)]));
        assert_eq!(bench.keep_errors(kept(MOVER, &[("orders", 0, 5)])), [ErrorCode::None]);
        assert_eq!((bench.offset("orders", 0), stable(&bench)), (1, UNSTABLE));
        bench.coordinator.end_transaction(OTHER, true);
        assert_eq!(stable(&bench), UNSTABLE, "somebody else's");
        bench.coordinator.end_transaction(MOVER, committed);
        assert_eq!((bench.offset("orders", 0), stable(&bench)), (expected, Ok(expected)));
    }
}

#[test]
fn the_later_record_counts_whoever_ends_first() {
    let mut bench = Bench::new();
    bench.keep_errors(kept(MOVER, &[("orders", 0, 5)]));
    bench.commit(commit_request(outsider(), &[("orders", 0, 6)]));
    assert_eq!((bench.offset("orders", 0), stable(&bench)), (6, UNSTABLE), "as with Kafka");
    bench.coordinator.end_transaction(MOVER, true);
    assert_eq!(stable(&bench), Ok(6), "it was committed behind the other");
    bench.keep_errors(kept(MOVER, &[("orders", 0, 7)]));
    bench.keep_errors(kept(OTHER, &[("orders", 0, 8)]));
    bench.coordinator.end_transaction(OTHER, true);
    assert_eq!((bench.offset("orders", 0), stable(&bench)), (8, UNSTABLE), "the other is still open");
    bench.coordinator.end_transaction(MOVER, true);
    assert_eq!(stable(&bench), Ok(8), "the one before it does not count any more");
    bench.keep_errors(kept(MOVER, &[("orders", 0, 9)]));
    bench.keep_errors(kept(OTHER, &[("orders", 0, 10)]));
    bench.coordinator.end_transaction(MOVER, true);
    assert_eq!((bench.offset("orders", 0), stable(&bench)), (9, UNSTABLE));
    bench.coordinator.end_transaction(OTHER, true);
    assert_eq!(stable(&bench), Ok(10));
}

#[test]
fn a_transaction_may_end_before_its_offsets_are_known_to_be_durable() {
    for (committed, expected) in [(true, 5), (false, -1)] {
        let mut bench = Bench::new();
        bench.log = Log::Hangs;
        let tag = bench.keep(kept(MOVER, &[("orders", 0, 5)]));
        bench.coordinator.end_transaction(MOVER, committed);
        assert!(bench.is_waiting(tag));
        bench.resume_log(Log::Writes);
        assert_eq!(stable(&bench), Ok(expected));
    }
}

#[test]
fn a_restart_finds_what_waits() {
    let mut bench = Bench::new();
    bench.commit(commit_request(outsider(), &[("orders", 0, 1)]));
    bench.keep_errors(kept(MOVER, &[("orders", 0, 5)]));
    bench.restart();
    assert_eq!((bench.offset("orders", 0), stable(&bench)), (1, UNSTABLE));
    bench.coordinator.end_transaction(MOVER, true);
    assert_eq!(stable(&bench), Ok(5));
}

#[test]
fn members_may_keep_offsets_while_they_wait_for_an_assignment_and_zombies_may_not() {
    let mut bench = Bench::new();
    let tag = bench.join(&joining("a"));
    let id = bench.joined(tag).member_id;
    let by = |bench: &mut Bench, member| {
        bench.keep_errors(TransactionalCommit { member, ..kept(MOVER, &[("orders", 0, 5)]) })[0]
    };
    assert_eq!(by(&mut bench, identity(&id, 1)), ErrorCode::None);
    assert_eq!(by(&mut bench, identity(&id, 0)), ErrorCode::IllegalGeneration);
    assert_eq!(by(&mut bench, identity("ghost", 1)), ErrorCode::UnknownMemberId);
    assert_eq!(by(&mut bench, outsider()), ErrorCode::None, "clients before KIP-447 do not say who they are");
    let nobodys = TransactionalCommit { group: "none".to_owned(), ..kept(MOVER, &[("orders", 0, 5)]) };
    let of_no_group = TransactionalCommit { member: identity("ghost", 3), ..nobodys };
    assert_eq!(bench.keep_errors(of_no_group), [ErrorCode::IllegalGeneration]);
}

#[test]
fn what_waits_keeps_its_group_and_goes_with_it() {
    let mut bench = Bench::new();
    bench.keep_errors(kept(MOVER, &[("orders", 0, 5)]));
    bench.pass(seconds(30 * 24 * 3600));
    assert_eq!(stable(&bench), UNSTABLE, "nothing expires that is open");
    bench.coordinator.topic_deleted(bench.now, "orders");
    bench.settle();
    bench.coordinator.end_transaction(MOVER, true);
    assert_eq!(stable(&bench), Ok(-1), "the topic is gone");
}
