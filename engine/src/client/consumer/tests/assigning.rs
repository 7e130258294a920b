//! Where reading starts and goes on.

use super::*;
use crate::types::LeaderEpoch;

fn offsets(list: &[TopicPartitionOffset]) -> Vec<i64> {
    list.iter().map(|element| element.offset.number()).collect()
}

#[test]
fn reading_starts_where_the_assignment_says() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    for (asked, reset, first) in [
        (4, "latest", "0:4=4"),
        (-2, "latest", "0:0=0"),
        (-1, "earliest", "_PARTITION_EOF@0:10"),
        (-2003, "latest", "0:7=7"),
        (-2100, "latest", "0:0=0"),
        (-1000, "earliest", "0:0=0"),
        (-1001, "latest", "_PARTITION_EOF@0:10"),
        (-1000, "error", "_AUTO_OFFSET_RESET@0:-1"),
        (100, "earliest", "0:0=0"),
        (100, "latest", "_PARTITION_EOF@0:10"),
        (100, "error", "_AUTO_OFFSET_RESET@0:100"),
    ] {
        let consumer = fixture.consumer(&[("auto.offset.reset", reset), ("enable.partition.eof", "true")]);
        consumer.assign(&[element("t", 0, asked)]).unwrap();
        assert_eq!(next(&consumer, 1), [first], "{asked} {reset}");
    }
}

#[test]
fn a_refused_reset_names_its_reason_and_a_seek_goes_on() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..2);
    let consumer = fixture.consumer(&[("auto.offset.reset", "error")]);
    for (asked, reason) in [
        (-1000, "no previously committed offset available: Local: No offset stored"),
        (
            9,
            "fetch failed due to requested offset not available on the broker: Broker: Offset out of range (broker 1)",
        ),
    ] {
        consumer.assign(&[element("t", 0, asked)]).unwrap();
        let Some(Event::Error(error)) = consumer.poll(LONG).unwrap() else { panic!() };
        assert_eq!(error.error.reason(), reason);
        assert!(consumer.poll(NOW).unwrap().is_none());
        consumer.seek(&element("t", 0, 1)).unwrap();
        assert_eq!(next(&consumer, 1), ["0:1=1"]);
    }
}

#[test]
fn what_was_to_be_told_of_a_place_is_not_told_once_it_is_left() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..2);
    fixture.produce("t", 1, 0..2);
    type Leave = fn(&Consumer);
    let leave: [(Leave, bool); 4] = [
        (|_| {}, true),
        (|consumer| consumer.assign(&[element("t", 1, 0)]).unwrap(), false),
        (|consumer| consumer.seek(&element("t", 0, 1)).unwrap(), false),
        (|consumer| consumer.incremental_unassign(&[element("t", 0, 0)]).unwrap(), false),
    ];
    for (leave, is_told) in leave {
        let consumer = fixture.consumer(&[("auto.offset.reset", "error")]);
        consumer.assign(&[element("t", 0, -1001), element("t", 1, 0)]).unwrap();
        leave(&consumer);
        assert_eq!(next(&consumer, 2).contains(&"_AUTO_OFFSET_RESET@0:-1".to_owned()), is_told);
    }
}

#[test]
fn the_assignment_can_be_replaced_and_changed() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 2, -1001), element("t", 0, 5)]).unwrap();
    consumer.incremental_assign(&[element("t", 1, -2)]).unwrap();
    let list = consumer.assignment().unwrap();
    assert_eq!(list.iter().map(|element| element.partition.0).collect::<Vec<_>>(), [0, 2, 1]);
    assert_eq!(offsets(&list), [5, -1000, -2]);
    assert_eq!(code(consumer.incremental_assign(&[element("t", 0, 0)])), ErrorCode::LocalConflict);
    assert_eq!(code(consumer.incremental_unassign(&[element("x", 0, 0)])), ErrorCode::LocalInvalidArg);
    consumer.incremental_unassign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(consumer.assignment().unwrap().len(), 2);
    let twice = [element("t", 0, 0), element("t", 0, 1)];
    assert_eq!(code(consumer.assign(&twice)), ErrorCode::LocalInvalidArg);
    assert!(consumer.assignment().unwrap().is_empty(), "as librdkafka, which has unassigned by then");
    fixture.produce("t", 1, 0..1);
    assert!(consumer.poll(NOW).unwrap().is_none());
}

#[test]
fn positions_are_behind_what_was_handed_out_and_seeking_forgets_them() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    let consumer = fixture.consumer(&[("enable.partition.eof", "true")]);
    let mut positions = [element("t", 0, 0), element("x", 7, 0)];
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    consumer.position(&mut positions).unwrap();
    assert_eq!(offsets(&positions), [-1001, -1001]);
    next(&consumer, 3);
    consumer.position(&mut positions).unwrap();
    assert_eq!(offsets(&positions), [3, -1001]);
    assert_eq!(positions[0].leader_epoch.map(|epoch| epoch.0), Some(0));
    for (to, first) in [
        (7, "0:7=7"),
        (-2, "0:0=0"),
        (-1, "_PARTITION_EOF@0:10"),
        (-2002, "0:8=8"),
        (-1001, "0:0=0"),
        (100, "0:0=0"),
    ] {
        consumer.seek(&element("t", 0, to)).unwrap();
        consumer.position(&mut positions).unwrap();
        assert_eq!(offsets(&positions), [-1001, -1001]);
        assert_eq!(next(&consumer, 1), [first], "{to}");
    }
    assert_eq!(code(consumer.seek(&element("t", 1, 0))), ErrorCode::LocalState);
    assert_eq!(code(consumer.seek(&element("t", 0, -1000))), ErrorCode::LocalInvalidArg);
}

#[test]
fn a_paused_partition_goes_on_where_it_was() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..5);
    fixture.produce("t", 1, 0..2);
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    assert_eq!(next(&consumer, 2), ["0:0=0", "0:1=1"]);
    let mut list = [element("t", 0, 0), element("t", 9, 0)];
    consumer.pause(&mut list).unwrap();
    assert_eq!(list[0].error, None);
    assert_eq!(list[1].error.as_ref().map(KafkaError::code), Some(ErrorCode::LocalUnknownPartition));
    assert_eq!(next(&consumer, 2), ["1:0=0", "1:1=1"]);
    fixture.produce("t", 0, 5..6);
    assert!(consumer.poll(Some(Duration::from_millis(20))).unwrap().is_none());
    consumer.resume(&mut list).unwrap();
    assert_eq!(next(&consumer, 4), ["0:2=2", "0:3=3", "0:4=4", "0:5=5"]);
    consumer.pause(&mut list).unwrap();
    consumer.seek(&element("t", 0, 1)).unwrap();
    assert!(consumer.poll(NOW).unwrap().is_none(), "seeking does not resume");
    consumer.resume(&mut list).unwrap();
    assert_eq!(next(&consumer, 1), ["0:1=1"]);
}

#[test]
fn what_is_missing_is_told_once_and_read_when_it_comes() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 3, 0), element("late", 0, 0), element("not a name", 0, 0)]).unwrap();
    let mut told = next(&consumer, 3);
    told.sort_unstable();
    assert_eq!(told, ["UNKNOWN_TOPIC_OR_PART@0:-1", "UNKNOWN_TOPIC_OR_PART@0:-1", "_UNKNOWN_PARTITION@3:-1"]);
    assert!(consumer.poll(NOW).unwrap().is_none());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| next(&consumer, 2));
        fixture.create("late", 1);
        fixture.engine.broker().add_partitions("t", 4).unwrap();
        fixture.produce("late", 0, 0..1);
        fixture.produce("t", 3, 0..1);
        let mut seen = waiting.join().unwrap();
        seen.sort();
        assert_eq!(seen, ["0:0=0", "3:0=0"]);
    });
}

#[test]
fn a_deleted_topic_is_told_and_one_of_its_name_is_read_anew() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    fixture.produce("t", 0, 0..5);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 5);
    assert!(consumer.poll(NOW).unwrap().is_none());
    fixture.engine.broker().delete_topic("t").unwrap();
    assert_eq!(next(&consumer, 1), ["UNKNOWN_TOPIC_OR_PART@0:-1"]);
    fixture.create("t", 1);
    fixture.produce("t", 0, 7..8);
    assert_eq!(next(&consumer, 1), ["0:0=7"]);
}

#[test]
fn records_deleted_before_they_were_read_reset_the_offset() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..5);
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    fixture.engine.broker().delete_records("t", PartitionIndex(0), Some(Offset(3))).unwrap();
    assert_eq!(next(&consumer, 1), ["0:3=3"]);
}

#[test]
fn ends_and_times_are_looked_up() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..5);
    let consumer = fixture.consumer(&[]);
    let partition = PartitionIndex(0);
    let ends = Watermarks { low: Offset(0), high: Offset(5) };
    assert_eq!(consumer.watermark_offsets("t", partition, LONG), Ok(ends));
    assert_eq!(consumer.cached_watermark_offsets("t", partition), Ok(None));
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(consumer.cached_watermark_offsets("t", partition), Ok(Some(ends)));
    for (topic, partition) in [("t", 3), ("x", 0), ("bad name", 0), ("t", -1)] {
        let refused = consumer.watermark_offsets(topic, PartitionIndex(partition), LONG);
        assert_eq!(code(refused), ErrorCode::LocalUnknownPartition);
    }
    let mut times = [element("t", 0, 0), element("t", 0, i64::MAX), element("t", 1, 0), element("x", 0, 5)];
    consumer.offsets_for_times(&mut times, LONG).unwrap();
    assert_eq!(offsets(&times), [0, -1, -1, 5]);
    assert_eq!((times[0].leader_epoch, times[1].leader_epoch), (Some(LeaderEpoch(0)), None));
    assert_eq!(times[3].error.as_ref().map(KafkaError::code), Some(ErrorCode::LocalUnknownPartition));
    let mut unknown = [element("t", 3, 0), element("x", 0, 0)];
    assert_eq!(code(consumer.offsets_for_times(&mut unknown, LONG)), ErrorCode::LocalUnknownPartition);
    assert_eq!(code(consumer.offsets_for_times(&mut [], LONG)), ErrorCode::LocalInvalidArg);
}

#[test]
fn topics_are_listed_and_a_missing_one_says_so() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    let all = consumer.metadata(None, LONG).unwrap();
    assert_eq!(all.topics.iter().map(|topic| &*topic.name).collect::<Vec<_>>(), ["t"]);
    assert_eq!((all.topics[0].partitions.len(), all.controller_id, all.brokers[0].id), (3, 1, 1));
    let one = consumer.metadata(Some("x"), LONG).unwrap();
    assert_eq!(one.topics[0].error, Some(ErrorCode::UnknownTopicOrPartition));
}
