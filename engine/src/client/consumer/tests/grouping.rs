//! Taking part in a group: who gets what, when, and who is told.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::committing::note_commits;
use super::*;

/// A member of group `g` on topic `t` that notes its callbacks.
pub(super) struct Member {
    pub(super) consumer: Consumer,
    pub(super) notes: Arc<Mutex<Vec<String>>>,
}

/// Heartbeats often, so that rebalances are noticed soon.
const QUICK: [(&str, &str); 2] = [("group.id", "g"), ("heartbeat.interval.ms", "10")];

pub(super) const CONSUMER_PROTOCOL: (&str, &str) = ("group.protocol", "consumer");

pub(super) const COOPERATIVE: (&str, &str) = ("partition.assignment.strategy", "cooperative-sticky");

impl Member {
    pub(super) fn new(fixture: &Fixture, values: &[(&str, &str)], topics: &[&str]) -> Member {
        let notes: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&notes);
        let on_rebalance: RebalanceCallback = Box::new(move |_, rebalance| {
            noted.lock().push(rebalance_text(rebalance));
            ControlFlow::Continue(())
        });
        let callbacks =
            ConsumerCallbacks { on_rebalance: Some(on_rebalance), on_commit: Some(note_commits(&notes)) };
        // With the consumer protocol the coordinator says how often.
        let quick = if values.contains(&CONSUMER_PROTOCOL) { &QUICK[..1] } else { &QUICK[..] };
        let values: Vec<_> = quick.iter().chain(values).copied().collect();
        let consumer = fixture.consumer_with(&values, callbacks);
        consumer.subscribe(topics).unwrap();
        Member { consumer, notes }
    }

    pub(super) fn assigned(&self) -> Vec<i32> {
        let mut partitions: Vec<_> =
            self.consumer.assignment().unwrap().iter().map(|element| element.partition.0).collect();
        partitions.sort_unstable();
        partitions
    }

    pub(super) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock())
    }
}

fn rebalance_text(rebalance: &Rebalance) -> String {
    let word = match rebalance {
        Rebalance::Assign(_) => "assign",
        Rebalance::Revoke(_) => "revoke",
        Rebalance::Lost(_) => "lost",
    };
    let mut partitions: Vec<_> = rebalance.partitions().iter().map(|p| p.partition.0).collect();
    partitions.sort_unstable();
    assert!(rebalance.partitions().iter().all(|element| element.offset == OffsetSpec::Invalid));
    format!("{word} {partitions:?}")
}

/// Polls all members until `done`; returns what they were handed out.
pub(super) fn poll_all(members: &[&Member], done: impl Fn() -> bool) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut events = Vec::new();
    while !done() {
        if Instant::now() >= deadline {
            let notes: Vec<_> = members.iter().map(|member| member.notes.lock().clone()).collect();
            panic!("nothing happens: {notes:?} {events:?}");
        }
        for member in members {
            let event = member.consumer.poll(Some(Duration::from_millis(2))).unwrap();
            events.extend(event.iter().map(text));
        }
    }
    events
}

#[test]
fn a_single_member_gets_everything_and_is_asked_first() {
    let fixture = Fixture::new();
    fixture.produce("t", 1, 0..2);
    let member = Member::new(&fixture, &[], &["t"]);
    assert_eq!(next(&member.consumer, 2), ["1:0=0", "1:1=1"]);
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]"]);
    let list = member.consumer.assignment().unwrap();
    assert_eq!(list_text(&list), "0:-1000 1:-1000 2:-1000");
    let id = member.consumer.member_id().unwrap().unwrap();
    assert!(id.starts_with("rdkafka-"), "{id}");
    let metadata = member.consumer.group_metadata().unwrap().unwrap();
    let expected = [b"CGMDv2:\x01\0\0\0g\0".as_slice(), id.as_bytes(), b"\0\x01"].concat();
    assert_eq!(metadata.to_bytes(), expected);
    assert_eq!(GroupMetadata::from_bytes(&expected), Some(metadata));
    assert_eq!(GroupMetadata::from_bytes(&expected[..expected.len() - 1]), None);
    member.consumer.close();
    assert_eq!(member.take_notes(), ["revoke [0, 1, 2]", "ok 0:-1001 1:2 2:-1001"]);
}

#[test]
fn two_eager_members_share_and_one_takes_over_when_the_other_leaves() {
    let fixture = Fixture::new();
    let first = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    first.take_notes();
    let second = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&first, &second], || {
        first.assigned().len() + second.assigned().len() == 3 && !second.assigned().is_empty()
    });
    assert_eq!(first.take_notes(), ["revoke [0, 1, 2]", &format!("assign {:?}", first.assigned())]);
    assert_eq!(second.take_notes(), [format!("assign {:?}", second.assigned())]);
    let mut all = [first.assigned(), second.assigned()].concat();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2]);
    for partition in 0..3 {
        fixture.produce("t", partition, 0..2);
    }
    let seen = std::cell::Cell::new(0);
    let mut events = poll_all(&[&first, &second], || seen.replace(seen.get() + 1) > 20);
    events.sort_unstable();
    assert_eq!(events, ["0:0=0", "0:1=1", "1:0=0", "1:1=1", "2:0=0", "2:1=1"]);
    second.consumer.close();
    poll_all(&[&first], || first.assigned().len() == 3);
    fixture.produce("t", 0, 2..3);
    fixture.produce("t", 2, 2..3);
    let mut events = next(&first.consumer, 2);
    events.sort_unstable();
    assert_eq!(events, ["0:2=2", "2:2=2"], "the one that left has committed");
}

#[test]
fn with_every_strategy_each_record_comes_once_and_in_order() {
    for strategy in ["range", "roundrobin", "cooperative-sticky"] {
        let fixture = Fixture::new();
        let values = [("partition.assignment.strategy", strategy)];
        let members = [
            Member::new(&fixture, &values, &["t"]),
            Member::new(&fixture, &values, &["t"]),
            Member::new(&fixture, &values, &["t"]),
        ];
        let [one, two, three] = &members;
        let all = [one, two, three];
        poll_all(&all, || all.iter().all(|member| member.assigned().len() == 1));
        for partition in 0..3 {
            fixture.produce("t", partition, 0..100);
        }
        for member in all {
            let partition = member.assigned()[0];
            let expected: Vec<_> = (0..100).map(|n| format!("{partition}:{n}={n}")).collect();
            assert_eq!(next(&member.consumer, 100), expected, "{strategy}");
        }
    }
}

#[test]
fn a_callback_of_a_subscription_replaces_the_one_before_and_runs_in_the_thread_that_polls() {
    let fixture = Fixture::new();
    let member = Member::new(&fixture, &[], &["t"]);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (log, thread) = (Arc::clone(&seen), std::thread::current().id());
    let callback = move |_: &Consumer, rebalance: &Rebalance| {
        assert_eq!(std::thread::current().id(), thread);
        log.lock().push(rebalance_text(rebalance));
        ControlFlow::Continue(())
    };
    member.consumer.subscribe_with(&["t"], Some(Box::new(callback))).unwrap();
    poll_all(&[&member], || member.assigned().len() == 3);
    member.consumer.subscribe_with(&["t"], None).unwrap();
    member.consumer.close();
    assert_eq!(seen.lock()[0], "assign [0, 1, 2]");
    assert!(member.take_notes().iter().all(|note| note.starts_with("ok ")));
}

#[test]
fn cooperative_members_keep_what_does_not_move() {
    let fixture = Fixture::new();
    fixture.create("u", 4);
    let first = Member::new(&fixture, &[COOPERATIVE], &["u"]);
    poll_all(&[&first], || first.assigned().len() == 4);
    assert_eq!(first.take_notes(), ["assign [0, 1, 2, 3]"]);
    assert_eq!(code(first.consumer.assign(&[])), ErrorCode::LocalState);
    let second = Member::new(&fixture, &[COOPERATIVE], &["u"]);
    poll_all(&[&first, &second], || first.assigned().len() == 2 && second.assigned().len() == 2);
    let notes = first.take_notes();
    assert!(notes[0].starts_with("revoke [") && notes[0].len() == "revoke [0, 1]".len(), "{notes:?}");
    assert_eq!(notes[1], "assign []");
    assert!(!notes.iter().any(|note| note == "revoke [0, 1, 2, 3]"));
    let notes = second.take_notes();
    assert_eq!(notes.last(), Some(&format!("assign {:?}", second.assigned())));
    second.consumer.close();
    assert_eq!(second.take_notes()[0], notes[notes.len() - 1].replace("assign", "revoke"));
    poll_all(&[&first], || first.assigned().len() == 4);
}

#[test]
fn nobody_needs_callbacks() {
    let fixture = Fixture::new();
    let consumers = [fixture.consumer(&QUICK), fixture.consumer(&QUICK), fixture.consumer(&QUICK)];
    for consumer in &consumers {
        consumer.subscribe(&["t"]).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while !consumers.iter().all(|consumer| consumer.assignment().unwrap().len() == 1) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn changing_the_assignment_in_the_callback_replaces_what_would_be_done() {
    let fixture = Fixture::new();
    fixture.produce("t", 2, 0..5);
    let on_rebalance: RebalanceCallback = Box::new(|consumer, rebalance| {
        if let Rebalance::Assign(partitions) = rebalance {
            assert_eq!(code(consumer.incremental_assign(partitions)), ErrorCode::LocalState);
            consumer.assign(&[element("t", 2, 3)]).unwrap();
        }
        ControlFlow::Break(())
    });
    let callbacks = ConsumerCallbacks { on_rebalance: Some(on_rebalance), on_commit: None };
    let consumer = fixture.consumer_with(&QUICK, callbacks);
    consumer.subscribe(&["t"]).unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none(), "the callback ends the poll");
    assert_eq!(next(&consumer, 2), ["2:3=3", "2:4=4"]);
    assert_eq!(list_text(&consumer.assignment().unwrap()), "2:3");
}

#[test]
fn a_postponed_rebalance_waits_for_the_application() {
    let fixture = Fixture::new();
    fixture.produce("t", 2, 0..5);
    let on_rebalance: RebalanceCallback = Box::new(|consumer, _| {
        consumer.postpone_rebalance();
        ControlFlow::Continue(())
    });
    let callbacks = ConsumerCallbacks { on_rebalance: Some(on_rebalance), on_commit: None };
    let consumer = fixture.consumer_with(&QUICK, callbacks);
    consumer.subscribe(&["t"]).unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none(), "the callback ends the poll");
    assert!(consumer.poll(Some(Duration::from_millis(20))).unwrap().is_none());
    assert!(consumer.assignment().unwrap().is_empty());
    consumer.assign(&[element("t", 2, 3)]).unwrap();
    assert_eq!(next(&consumer, 2), ["2:3=3", "2:4=4"]);
    consumer.unsubscribe().unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none());
    assert_eq!(list_text(&consumer.assignment().unwrap()), "2:3", "not yet revoked");
    consumer.finish_rebalance();
    assert!(consumer.assignment().unwrap().is_empty());
    consumer.subscribe(&["t"]).unwrap();
    assert!(consumer.poll(LONG).unwrap().is_none());
    consumer.close();
}

#[test]
fn topics_that_come_or_grow_join_the_assignment() {
    let fixture = Fixture::new();
    let member = Member::new(&fixture, &[COOPERATIVE], &["^late.*", "t", "missing"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    fixture.create("late-1", 2);
    poll_all(&[&member], || member.assigned().len() == 5);
    fixture.engine.broker().add_partitions("late-1", 4).unwrap();
    poll_all(&[&member], || member.assigned().len() == 7);
    fixture.create("other", 1);
    fixture.create("missing", 1);
    poll_all(&[&member], || member.assigned().len() == 8);
    fixture.engine.broker().delete_topic("late-1").unwrap();
    poll_all(&[&member], || member.assigned().len() == 4);
    assert!(!member.notes.lock().iter().any(|note| note.starts_with("lost")));
}

#[test]
fn a_missing_topic_is_told_by_its_name() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&QUICK);
    consumer.subscribe(&["t", "a b/c"]).unwrap();
    let Some(Event::Error(error)) = consumer.poll(LONG).unwrap() else { panic!() };
    assert_eq!(
        error.to_string(),
        r#"a b/c: KafkaError{code=UNKNOWN_TOPIC_OR_PART,val=3,str="Subscribed topic not available: a b/c: Broker: Unknown topic or partition"}"#
    );
    fixture.create("unrelated", 1);
    assert!(consumer.poll(Some(Duration::from_millis(30))).unwrap().is_none(), "only once");
}

#[test]
fn a_missing_topic_is_made_where_that_is_allowed() {
    let fixture = Fixture::new();
    let values: Vec<_> = QUICK.into_iter().chain([("allow.auto.create.topics", "true")]).collect();
    let consumer = fixture.consumer(&values);
    consumer.subscribe(&["new"]).unwrap();
    fixture_wait(|| fixture.engine.broker().topic("new").is_some());
}

#[test]
fn subscribing_anew_and_not_at_all_gives_up_first() {
    let fixture = Fixture::new();
    fixture.create("u", 1);
    let member = Member::new(&fixture, &[], &["t"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    member.consumer.subscribe(&["u"]).unwrap();
    poll_all(&[&member], || member.assigned().len() == 1);
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]", "revoke [0, 1, 2]", "assign [0]"]);
    assert_eq!(member.consumer.subscription().unwrap(), ["u"]);
    let groups = fixture.engine.broker().groups().unwrap();
    member.consumer.unsubscribe().unwrap();
    poll_all(&[&member], || groups.describe("g").unwrap().members.is_empty());
    assert_eq!(member.consumer.member_id().unwrap(), None);
    assert_eq!(member.take_notes(), ["revoke [0]"]);
    assert!(member.assigned().is_empty() && member.consumer.subscription().unwrap().is_empty());
    let commit = member.consumer.commit(Some(&[element("u", 0, 1)]));
    assert_eq!(code(commit), ErrorCode::UnknownMemberId, "who has left commits nothing");
}

#[test]
fn wrong_subscriptions_are_refused() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&QUICK);
    let none: [&str; 0] = [];
    assert_eq!(code(consumer.subscribe(&none)), ErrorCode::LocalInvalidArg);
    for wrong in [&[""][..], &["a", "a"], &["^("]] {
        assert_eq!(code(consumer.subscribe(wrong)), ErrorCode::LocalInvalidArg);
    }
}

fn fixture_wait(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
}
