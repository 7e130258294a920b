//! What happens to members that fall silent, are fenced, or come back.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::grouping::{CONSUMER_PROTOCOL, COOPERATIVE, Member, poll_all};
use super::*;
use crate::broker::group::LeavingMember;
use crate::broker::{Broker, BrokerOptions, Groups};
use crate::config::EngineConfig;
use crate::io::{SimDisk, SystemClock};

/// An engine whose groups allow sessions shorter than Kafka's shortest.
fn fixture() -> Fixture {
    let broker = Broker::open(BrokerOptions {
        root: PathBuf::from("/memory"),
        config: EngineConfig::parse([("group.min.session.timeout.ms", "1")]).unwrap(),
        disk: Arc::new(SimDisk::memory()),
        clock: Arc::new(SystemClock::new()),
        lock: None,
        accept_truncation: Default::default(),
    });
    let engine = Engine::of(broker.unwrap());
    let fixture = Fixture { producer: producer(&engine), engine };
    fixture.create("t", 3);
    fixture
}

/// Gone after 100 ms without a heartbeat, or 120 ms without a poll.
const SHORT: [(&str, &str); 2] = [("session.timeout.ms", "100"), ("max.poll.interval.ms", "120")];

/// A static member, whose place outlasts the test.
const STATIC: [(&str, &str); 2] = [("session.timeout.ms", "60000"), ("group.instance.id", "one")];

pub(super) fn groups(fixture: &Fixture) -> Arc<Groups> {
    fixture.engine.broker().groups().unwrap()
}

fn has_members(fixture: &Fixture) -> bool {
    groups(fixture).describe("g").is_some_and(|group| !group.members.is_empty())
}

pub(super) fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "nothing happens");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The error that ends what a member does. Polling tells it, once.
pub(super) fn fatal(member: &Member) -> KafkaError {
    let deadline = Instant::now() + Duration::from_secs(20);
    let told = loop {
        match member.consumer.poll(Some(Duration::from_millis(10))).unwrap() {
            Some(Event::Error(told)) => break told,
            other => assert!(Instant::now() < deadline, "{other:?}"),
        }
    };
    let error = member.consumer.fatal_error().unwrap();
    assert!(error.is_fatal());
    assert_eq!(told.error.code(), ErrorCode::LocalFatal);
    let reason = format!("Fatal error: {}: {}", error.code().description(), error.reason());
    assert_eq!(told.error.reason(), reason);
    assert_eq!(member.consumer.poll(NOW).unwrap().map(drop), None, "it is told once");
    error
}

#[test]
fn who_stops_polling_is_told_loses_everything_and_comes_back_by_polling() {
    let fixture = fixture();
    fixture.produce("t", 0, 0..5);
    let member = Member::new(&fixture, &SHORT, &["t"]);
    assert_eq!(next(&member.consumer, 2), ["0:0=0", "0:1=1"]);
    wait_until(|| !has_members(&fixture));
    let Some(Event::Error(error)) = member.consumer.poll(LONG).unwrap() else { panic!() };
    assert_eq!(error.error.code(), ErrorCode::LocalMaxPollExceeded);
    let start = "Application maximum poll interval (120ms) exceeded by ";
    assert!(error.error.reason().starts_with(start), "{error}");
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]"], "the error comes first");
    let seen = poll_all(&[&member], || member.notes.lock().len() == 2);
    assert_eq!(member.take_notes(), ["lost [0, 1, 2]", "assign [0, 1, 2]"]);
    let seen = [seen, next(&member.consumer, 1)].concat();
    assert_eq!(seen[0], "0:0=0", "what was lost is not committed");
}

#[test]
fn a_member_that_polls_or_waits_in_a_poll_stays() {
    let fixture = fixture();
    let member = Member::new(&fixture, &SHORT, &["t"]);
    assert!(member.consumer.poll(Some(Duration::from_millis(600))).unwrap().is_none());
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]"]);
    // One message at a time out of one batch, slowly: each counts.
    fixture.produce("t", 0, 0..12);
    for number in 0..12 {
        assert_eq!(next(&member.consumer, 1), [format!("0:{number}={number}")]);
        std::thread::sleep(Duration::from_millis(30));
    }
    assert!(member.take_notes().is_empty());
}

#[test]
fn who_is_put_out_of_the_group_has_lost_its_partitions_and_joins_again() {
    for setting in [("partition.assignment.strategy", "range"), COOPERATIVE, CONSUMER_PROTOCOL] {
        let fixture = fixture();
        let member = Member::new(&fixture, &[setting], &["t"]);
        poll_all(&[&member], || member.assigned().len() == 3);
        let member_id = member.consumer.member_id().unwrap().unwrap();
        let leaving = LeavingMember { member_id: member_id.clone(), instance_id: None };
        groups(&fixture).leave("g", vec![leaving], |left| drop(left.unwrap()));
        poll_all(&[&member], || member.notes.lock().len() == 3);
        assert_eq!(member.take_notes(), ["assign [0, 1, 2]", "lost [0, 1, 2]", "assign [0, 1, 2]"]);
        // By the consumer protocol it has chosen its name itself.
        let keeps_name = member.consumer.member_id().unwrap().unwrap() == member_id;
        assert_eq!(keeps_name, setting == CONSUMER_PROTOCOL);
    }
}

#[test]
fn who_was_put_out_cannot_commit() {
    let fixture = fixture();
    fixture.produce("t", 0, 0..5);
    let values = [("heartbeat.interval.ms", "20000"), ("enable.auto.commit", "false")];
    let member = Member::new(&fixture, &values, &["t"]);
    next(&member.consumer, 2);
    let member_id = member.consumer.member_id().unwrap().unwrap();
    // Nobody tells it: as if it had slept.
    let leaving = LeavingMember { member_id, instance_id: None };
    groups(&fixture).leave("g", vec![leaving], |left| drop(left.unwrap()));
    match member.consumer.commit(None) {
        Err(CallError::Kafka(error)) => {
            let expected = [ErrorCode::UnknownMemberId, ErrorCode::LocalNoOffset];
            assert!(expected.contains(&error.code()), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_static_member_comes_back_to_what_it_had_without_a_rebalance_of_the_others() {
    let fixture = fixture();
    let long = ("session.timeout.ms", "60000");
    let first = Member::new(&fixture, &[long, ("group.instance.id", "one")], &["t"]);
    let second = Member::new(&fixture, &[long, ("group.instance.id", "two")], &["t"]);
    // Either may have been alone before.
    let share = || [first.assigned().len(), second.assigned().len()];
    poll_all(&[&first, &second], || share().iter().sum::<usize>() == 3 && !share().contains(&0));
    let (had, kept) = (second.assigned(), first.assigned());
    second.consumer.close();
    assert_eq!(groups(&fixture).describe("g").unwrap().members.len(), 2, "its place is kept");
    first.take_notes();
    let second = Member::new(&fixture, &[long, ("group.instance.id", "two")], &["t"]);
    poll_all(&[&first, &second], || !second.assigned().is_empty());
    assert_eq!((second.assigned(), first.assigned()), (had, kept));
    assert!(first.take_notes().is_empty());
}

#[test]
fn a_static_member_that_unsubscribes_gives_its_place_up() {
    let fixture = fixture();
    let member = Member::new(&fixture, &STATIC, &["t"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    member.consumer.unsubscribe().unwrap();
    poll_all(&[&member], || !has_members(&fixture));
    assert!(member.assigned().is_empty());
}

#[test]
fn of_two_members_with_the_same_instance_id_the_first_is_fenced_for_good() {
    let fixture = fixture();
    let first = Member::new(&fixture, &STATIC, &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    let second = Member::new(&fixture, &STATIC, &["t"]);
    poll_all(&[&second], || second.assigned().len() == 3);
    first.take_notes();
    let error = fatal(&first);
    assert_eq!(error.code(), ErrorCode::FencedInstanceId);
    assert_eq!(
        error.reason(),
        "Fatal consumer error: Broker: Static consumer fenced by other consumer with same group.instance.id"
    );
    assert!(first.assigned().is_empty() && first.take_notes().is_empty(), "its partitions are another's");
    assert_eq!(first.consumer.member_id().unwrap(), None);
    first.consumer.assign(&[element("t", 0, 0)]).unwrap();
    first.consumer.incremental_assign(&[element("t", 0, 0)]).unwrap();
    assert!(first.assigned().is_empty(), "and it gets no others");
    for refused in [first.consumer.subscribe(&["t"]), first.consumer.unsubscribe()] {
        assert_eq!(code(refused), ErrorCode::LocalFatal);
    }
    assert_eq!(code(first.consumer.commit(None)), ErrorCode::LocalFatal);
    first.consumer.close();
    assert_eq!(groups(&fixture).describe("g").unwrap().members.len(), 1);
}

#[test]
fn an_application_can_test_what_it_does_when_its_consumer_fails_for_good() {
    let fixture = fixture();
    let member = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    assert_eq!(member.consumer.fatal_error(), None);
    member.consumer.test_fatal_error(ErrorCode::GroupMaxSizeReached, "it is full").unwrap();
    let error = fatal(&member);
    assert_eq!(
        (error.code(), error.reason()),
        (ErrorCode::GroupMaxSizeReached, "test_fatal_error: it is full")
    );
    let again = member.consumer.test_fatal_error(ErrorCode::GroupMaxSizeReached, "");
    assert_eq!(code(again), ErrorCode::LocalPrevInProgress);
    assert!(member.assigned().is_empty());
    member.consumer.close();
    assert!(!has_members(&fixture), "it has left");
}

#[test]
fn a_consumer_that_is_dropped_is_missed_only_after_its_session() {
    let fixture = fixture();
    let member = Member::new(&fixture, &SHORT, &["t"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    drop(member);
    assert!(has_members(&fixture));
    wait_until(|| !has_members(&fixture));
}

#[test]
fn a_consumer_that_closes_while_it_joins_leaves_no_member_behind() {
    let fixture = fixture();
    let first = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    for _ in 0..10 {
        // The first does not poll: the join of the second does not end.
        let second = Member::new(&fixture, &[], &["t"]);
        second.consumer.close();
    }
    poll_all(&[&first], || groups(&fixture).describe("g").unwrap().members.len() == 1);
    poll_all(&[&first], || first.assigned().len() == 3);
}

#[test]
fn closing_or_polling_in_a_callback_does_not_block() {
    let fixture = fixture();
    let on_rebalance: RebalanceCallback = Box::new(|consumer, _| {
        assert!(consumer.poll(None).unwrap().is_none());
        consumer.close();
        ControlFlow::Continue(())
    });
    let callbacks = ConsumerCallbacks { on_rebalance: Some(on_rebalance), on_commit: None };
    let consumer = fixture.consumer_with(&[("group.id", "g")], callbacks);
    consumer.subscribe(&["t"]).unwrap();
    assert_eq!(consumer.poll(LONG).unwrap_err(), CallError::Closed);
    wait_until(|| !has_members(&fixture));
}

#[test]
fn a_consumer_that_begins_to_close_is_ended_by_polling() {
    let fixture = fixture();
    let first = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    first.take_notes();
    first.consumer.begin_close().unwrap();
    assert_eq!(first.consumer.begin_close(), Err(CallError::Closed));
    assert!(!first.consumer.is_closed() && first.take_notes().is_empty() && has_members(&fixture));
    assert_eq!(first.consumer.poll(LONG).unwrap_err(), CallError::Closed);
    assert_eq!(first.take_notes(), ["revoke [0, 1, 2]"]);
    assert!(first.consumer.is_closed() && !has_members(&fixture));
    let none = fixture.consumer(&[]);
    none.begin_close().unwrap();
    assert_eq!(none.consume(1, LONG).unwrap_err(), CallError::Closed);
}

#[test]
fn the_last_rebalance_can_be_postponed_by_who_polls_and_is_asked_for_once() {
    let fixture = fixture();
    let on_rebalance: RebalanceCallback = Box::new(|consumer, _| {
        consumer.postpone_rebalance();
        ControlFlow::Break(())
    });
    let callbacks = ConsumerCallbacks { on_rebalance: Some(on_rebalance), on_commit: None };
    let consumer = fixture.consumer_with(&[("group.id", "g")], callbacks);
    consumer.subscribe(&["t"]).unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none());
    consumer.finish_rebalance();
    assert_eq!(consumer.assignment().unwrap().len(), 3);
    consumer.begin_close().unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none(), "the last rebalance is told");
    assert!(consumer.poll(Some(Duration::from_millis(20))).unwrap().is_none(), "and waited for");
    assert!(!consumer.is_closed() && has_members(&fixture));
    // As it is not meant.
    consumer.assign(&consumer.assignment().unwrap()).unwrap();
    assert_eq!(consumer.poll(LONG).unwrap_err(), CallError::Closed);
    assert!(!has_members(&fixture));
    consumer.close();
}

#[test]
fn closing_ends_what_polling_was_to_end() {
    let fixture = fixture();
    let first = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    first.take_notes();
    first.consumer.begin_close().unwrap();
    first.consumer.close();
    assert_eq!(first.take_notes(), ["revoke [0, 1, 2]"]);
    assert!(first.consumer.is_closed() && !has_members(&fixture));
}

#[test]
fn a_refusal_is_told_once() {
    let fixture = fixture();
    let one = Member::new(&fixture, &[("partition.assignment.strategy", "range")], &["t"]);
    poll_all(&[&one], || one.assigned().len() == 3);
    let other = fixture.consumer(&[("group.id", "g"), ("partition.assignment.strategy", "roundrobin")]);
    other.subscribe(&["t"]).unwrap();
    assert_eq!(next(&other, 1), ["INCONSISTENT_GROUP_PROTOCOL@-1:-1"]);
    assert!(other.poll(Some(Duration::from_millis(1300))).unwrap().is_none());
}
