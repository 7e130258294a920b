//! Stored and committed offsets, and what is told about them.

use std::sync::Arc;

use super::*;

/// A consumer of group `g` that notes each call of `on_commit`.
fn noting(fixture: &Fixture, values: &[(&str, &str)]) -> (Consumer, Arc<Mutex<Vec<String>>>) {
    let notes: Arc<Mutex<Vec<String>>> = Arc::default();
    let callbacks =
        ConsumerCallbacks { on_commit: Some(note_commits(&notes)), ..ConsumerCallbacks::default() };
    let values: Vec<_> = [("group.id", "g")].iter().chain(values).copied().collect();
    (fixture.consumer_with(&values, callbacks), notes)
}

pub(super) fn note_commits(notes: &Arc<Mutex<Vec<String>>>) -> CommitCallback {
    let notes = Arc::clone(notes);
    Box::new(move |_, error, partitions| {
        let error = error.map_or("ok", |error| error.code().name());
        notes.lock().push(format!("{error} {}", list_text(partitions)));
        std::ops::ControlFlow::Continue(())
    })
}

fn committed(consumer: &Consumer, partitions: &[i32]) -> String {
    let mut list: Vec<_> = partitions.iter().map(|partition| element("t", *partition, -1001)).collect();
    consumer.committed(&mut list, LONG).unwrap();
    list_text(&list)
}

#[test]
fn what_was_handed_out_is_committed_and_the_next_consumer_goes_on_there() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (first, _) = noting(&fixture, &[("enable.auto.commit", "false")]);
    first.assign(&[element("t", 0, -1001), element("t", 1, -1001)]).unwrap();
    assert_eq!(code(first.commit(None)), ErrorCode::LocalNoOffset);
    next(&first, 4);
    assert_eq!(list_text(&first.commit(None).unwrap()), "0:4 1:-1001");
    assert_eq!(code(first.commit(None)), ErrorCode::LocalNoOffset, "nothing new");
    assert_eq!(committed(&first, &[0, 1]), "0:4 1:-1001");
    let (second, _) = noting(&fixture, &[]);
    second.assign(&[element("t", 0, -1001)]).unwrap();
    assert_eq!(next(&second, 1), ["0:4=4"]);
}

#[test]
fn commits_never_go_back_unless_they_are_told_to() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (consumer, _) = noting(&fixture, &[("enable.auto.commit", "false")]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 5);
    consumer.commit(None).unwrap();
    consumer.seek(&element("t", 0, 1)).unwrap();
    next(&consumer, 1);
    assert_eq!(code(consumer.commit(None)), ErrorCode::LocalNoOffset);
    consumer.commit(Some(&[element("t", 0, 2)])).unwrap();
    assert_eq!(committed(&consumer, &[0]), "0:2");
}

#[test]
fn a_message_commits_the_offset_behind_it_with_its_epoch() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..1);
    let (consumer, notes) = noting(&fixture, &[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    let Some(Event::Message(message)) = consumer.poll(LONG).unwrap() else { panic!() };
    let list = consumer.commit_message(&message).unwrap();
    assert_eq!((list_text(&list).as_str(), list[0].leader_epoch.map(|epoch| epoch.0)), ("0:1", Some(0)));
    assert!(notes.lock().is_empty(), "who waits is not told");
    consumer.commit_message_async(&message).unwrap();
    poll_until(&consumer, || !notes.lock().is_empty());
    assert_eq!(*notes.lock(), ["ok 0:1"]);
}

#[test]
fn metadata_comes_back_and_unknown_partitions_fail_each_by_itself() {
    let fixture = Fixture::new();
    let (consumer, notes) = noting(&fixture, &[]);
    let noted = TopicPartitionOffset { metadata: Some("hi".into()), ..element("t", 0, 5) };
    let list = [noted, element("t", 1, -1001), element("t", 9, 4), element("x", 0, 4)];
    let result = consumer.commit(Some(&list)).unwrap();
    assert_eq!(list_text(&result), "0:5 1:-1001 9:4(UNKNOWN_TOPIC_OR_PART) 0:4(UNKNOWN_TOPIC_OR_PART)");
    let mut found = [element("t", 0, 0), element("t", 1, 0), element("t", 9, 0), element("x", 0, 0)];
    consumer.committed(&mut found, LONG).unwrap();
    assert_eq!(list_text(&found), "0:5 1:-1001 9:-1001 0:-1001", "as with Kafka's brokers");
    assert_eq!((found[0].metadata.as_deref(), found[1].metadata.as_deref()), (Some("hi"), None));
    assert_eq!(code(consumer.commit(Some(&list[2..]))), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(code(consumer.commit(Some(&list[1..2]))), ErrorCode::LocalNoOffset);
    assert_eq!(code(consumer.commit(Some(&[]))), ErrorCode::LocalNoOffset);
    consumer.commit_async(Some(&list[2..3])).unwrap();
    consumer.commit_async(None).unwrap();
    poll_until(&consumer, || notes.lock().len() == 2);
    assert_eq!(*notes.lock(), ["UNKNOWN_TOPIC_OR_PART 9:4(UNKNOWN_TOPIC_OR_PART)", "_NO_OFFSET "]);
}

#[test]
fn stored_offsets_are_the_applications_when_it_says_so() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (automatic, _) = noting(&fixture, &[]);
    automatic.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(code(automatic.store_offsets(&mut [element("t", 0, 1)])), ErrorCode::LocalInvalidArg);

    let values = [("enable.auto.offset.store", "false"), ("enable.auto.commit", "false")];
    let (consumer, _) = noting(&fixture, &values);
    assert_eq!(code(consumer.store_offsets(&mut [element("t", 0, 5)])), ErrorCode::LocalUnknownPartition);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    let Some(Event::Message(message)) = consumer.poll(LONG).unwrap() else { panic!() };
    assert_eq!(code(consumer.commit(None)), ErrorCode::LocalNoOffset, "handed out is not stored");
    consumer.store_message(&message).unwrap();
    assert_eq!(list_text(&consumer.commit(None).unwrap()), "0:1 1:-1001");
    let mut list = [element("t", 0, 7), element("t", 2, 5), element("x", 0, 5)];
    consumer.store_offsets(&mut list).unwrap();
    assert_eq!(list_text(&list), "0:7 2:5(_STATE) 0:5(_UNKNOWN_PARTITION)");
    assert_eq!(code(consumer.store_offsets(&mut [element("t", 2, 5)])), ErrorCode::LocalState);
    consumer.store_offsets(&mut []).unwrap();
    let noted = TopicPartitionOffset { metadata: Some("m".into()), ..element("t", 0, 8) };
    consumer.store_offsets(&mut [noted]).unwrap();
    consumer.commit(None).unwrap();
    let mut found = [element("t", 0, 0)];
    consumer.committed(&mut found, LONG).unwrap();
    assert_eq!((list_text(&found).as_str(), found[0].metadata.as_deref()), ("0:8", Some("m")));
    consumer.store_offsets(&mut [element("t", 0, 9)]).unwrap();
    consumer.store_offsets(&mut [element("t", 0, -1001)]).unwrap();
    assert_eq!(code(consumer.commit(None)), ErrorCode::LocalNoOffset, "taken back");
    consumer.unassign().unwrap();
    assert_eq!(code(consumer.store_message(&message)), ErrorCode::LocalState);
    assert_eq!(code(consumer.store_offsets(&mut [element("t", 0, 5)])), ErrorCode::LocalState);
}

#[test]
fn what_is_stored_is_committed_in_time_when_given_up_and_at_the_end() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (consumer, notes) = noting(&fixture, &[("auto.commit.interval.ms", "20")]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 2);
    poll_until_note(&consumer, &notes, "ok 0:");
    let (consumer, notes) = noting(&fixture, &[("auto.commit.interval.ms", "100000")]);
    consumer.assign(&[element("t", 0, 6)]).unwrap();
    next(&consumer, 1);
    consumer.unassign().unwrap();
    assert_eq!(committed(&consumer, &[0]), "0:7");
    poll_until(&consumer, || !notes.lock().is_empty());
    assert_eq!(*notes.lock(), ["ok 0:7"]);
    consumer.assign(&[element("t", 0, 8)]).unwrap();
    next(&consumer, 1);
    consumer.close();
    assert_eq!(notes.lock()[1], "ok 0:9", "callbacks run in close");
    let (consumer, _) = noting(&fixture, &[]);
    assert_eq!(committed(&consumer, &[0]), "0:9");
}

#[test]
fn who_goes_back_and_gives_up_commits_how_far_he_got() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (consumer, notes) = noting(&fixture, &[("auto.commit.interval.ms", "20")]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 8);
    poll_until_note(&consumer, &notes, "ok 0:10");
    consumer.seek(&element("t", 0, 2)).unwrap();
    next(&consumer, 1);
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(committed(&consumer, &[0]), "0:10", "nothing is taken back while it is read");
    consumer.unassign().unwrap();
    assert_eq!(committed(&consumer, &[0]), "0:3");
    let answer = consumer.commit_each(Some(&[element("t", 7, 1), element("x", 0, 1)])).unwrap();
    assert_eq!(answer.error.as_ref().map(KafkaError::code), Some(ErrorCode::UnknownTopicOrPartition));
    let outcome = "7:1(UNKNOWN_TOPIC_OR_PART) 0:1(UNKNOWN_TOPIC_OR_PART)";
    assert_eq!(list_text(&answer.partitions), outcome);
}

#[test]
fn the_offset_of_one_partition_is_stored_whatever_the_setting() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let consumer = fixture.consumer(&[("group.id", "g"), ("enable.auto.commit", "false")]);
    assert_eq!(code(consumer.store_offset(&element("t", 0, 3))), ErrorCode::LocalUnknownPartition);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(code(consumer.store_offsets(&mut [element("t", 0, 3)])), ErrorCode::LocalInvalidArg);
    consumer.store_offset(&element("t", 0, 3)).unwrap();
    assert_eq!(code(consumer.store_offset(&element("t", 1, 3))), ErrorCode::LocalState);
    assert_eq!(list_text(&consumer.commit(None).unwrap()), "0:3");
}

#[test]
fn a_consumer_that_is_dropped_commits_nothing() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let (consumer, _) = noting(&fixture, &[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 3);
    drop(consumer);
    let (consumer, _) = noting(&fixture, &[]);
    assert_eq!(committed(&consumer, &[0]), "0:-1001");
}

#[test]
fn without_a_group_or_an_engine_there_is_nothing_to_commit_to() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(code(consumer.commit(Some(&[element("t", 0, 1)]))), ErrorCode::LocalUnknownGroup);
    assert_eq!(code(consumer.committed(&mut [element("t", 0, 0)], LONG)), ErrorCode::LocalUnknownGroup);
    assert_eq!(code(consumer.subscribe(&["t"])), ErrorCode::LocalUnknownGroup);
    assert_eq!(consumer.group_metadata().unwrap(), None);
    let offline = Consumer::new(&settings(&[("group.id", "g")])).unwrap();
    let short = Some(Duration::from_millis(10));
    assert_eq!(code(offline.committed(&mut [element("t", 0, 0)], short)), ErrorCode::LocalTimedOut);
    assert_eq!(code(offline.commit(Some(&[element("t", 0, 1)]))), ErrorCode::LocalWaitCoord);
    offline.subscribe(&["t"]).unwrap();
    assert!(offline.poll(short).unwrap().is_none());
    offline.close();
}

#[test]
fn commits_survive_closing_and_opening_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = format!("tidelog:{}", folder.path().display());
    let values = [("bootstrap.servers", bootstrap.as_str()), ("group.id", "g")];
    {
        let config = ConsumerConfig::new(&settings(&values)).unwrap();
        let engine = Engine::open(&config.client).unwrap().unwrap();
        let fixture = Fixture { producer: producer(&engine), engine };
        fixture.create("t", 1);
        fixture.produce("t", 0, 0..10);
        let consumer = Consumer::new(&settings(&values)).unwrap();
        consumer.assign(&[element("t", 0, -1001)]).unwrap();
        next(&consumer, 6);
        consumer.close();
    }
    let consumer = Consumer::new(&settings(&values)).unwrap();
    consumer.assign(&[element("t", 0, -1001)]).unwrap();
    assert_eq!(next(&consumer, 1), ["0:6=6"]);
}

/// Polls, expecting only callbacks, until one of them has noted something that starts with `start`.
fn poll_until_note(consumer: &Consumer, notes: &Mutex<Vec<String>>, start: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !notes.lock().iter().any(|note| note.starts_with(start)) && Instant::now() < deadline {
        consumer.poll(Some(Duration::from_millis(10))).unwrap();
    }
    assert!(notes.lock().iter().any(|note| note.starts_with(start)), "{notes:?}");
}
