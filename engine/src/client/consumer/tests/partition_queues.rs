//! Messages of single partitions, apart from the others.

use super::*;

fn in_short(events: &[Event]) -> Vec<String> {
    events.iter().map(text).collect()
}

fn apart(consumer: &Consumer, partition: i32) -> PartitionQueue {
    consumer.partition_queue("t", PartitionIndex(partition)).unwrap()
}

#[test]
fn messages_of_a_partition_come_from_its_queue_and_from_nowhere_else() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[("enable.partition.eof", "true")]);
    (0..2).for_each(|partition| fixture.produce("t", partition, 0..3));
    let queue = apart(&consumer, 1);
    assert_eq!(in_short(&queue.consume(9, NOW).unwrap()), [""; 0], "not assigned");
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    assert_eq!(in_short(&queue.consume(2, LONG).unwrap()), ["1:0=0", "1:1=1"]);
    assert_eq!(next(&consumer, 4), ["0:0=0", "0:1=1", "0:2=2", "_PARTITION_EOF@0:3"]);
    assert!(consumer.poll(NOW).unwrap().is_none());
    assert_eq!(in_short(&queue.consume(2, LONG).unwrap()), ["1:2=2", "_PARTITION_EOF@1:3"]);
    assert!(queue.poll(NOW).unwrap().is_none());
    // It is the same partition to all other calls.
    let mut position = [element("t", 1, -1001)];
    consumer.position(&mut position).unwrap();
    assert_eq!(list_text(&position), "1:3");
    consumer.seek(&element("t", 1, 1)).unwrap();
    assert_eq!(text(&queue.poll(LONG).unwrap().unwrap()), "1:1=1");
    consumer.pause(&mut position).unwrap();
    assert!(queue.poll(NOW).unwrap().is_none());
    consumer.resume(&mut position).unwrap();
    assert_eq!(text(&queue.poll(LONG).unwrap().unwrap()), "1:2=2");
}

#[test]
fn a_queue_stays_over_assignments_and_what_is_left_goes_back_to_the_consumer() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[("enable.partition.eof", "true")]);
    fixture.produce("t", 2, 0..3);
    let queue = apart(&consumer, 2);
    for _ in 0..2 {
        consumer.assign(&[element("t", 2, 0)]).unwrap();
        assert!(consumer.poll(NOW).unwrap().is_none());
        assert_eq!(text(&queue.poll(LONG).unwrap().unwrap()), "2:0=0");
        consumer.unassign().unwrap();
        assert!(queue.poll(NOW).unwrap().is_none());
    }
    consumer.assign(&[element("t", 2, 0)]).unwrap();
    assert_eq!(text(&queue.poll(LONG).unwrap().unwrap()), "2:0=0");
    drop(queue);
    assert_eq!(next(&consumer, 3), ["2:1=1", "2:2=2", "_PARTITION_EOF@2:3"]);
    // And from there to another.
    fixture.produce("t", 2, 3..4);
    let queue = apart(&consumer, 2);
    assert!(consumer.poll(NOW).unwrap().is_none());
    assert_eq!(in_short(&queue.consume(2, LONG).unwrap()), ["2:3=3", "_PARTITION_EOF@2:4"]);
}

#[test]
fn there_is_one_queue_of_a_partition_and_none_of_a_closed_consumer() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    let queue = apart(&consumer, 0);
    assert_eq!(code(consumer.partition_queue("t", PartitionIndex(0))), ErrorCode::LocalConflict);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.poll(None).unwrap_err());
        std::thread::sleep(Duration::from_millis(20));
        consumer.close();
        assert_eq!(waiting.join().unwrap(), CallError::Closed);
    });
    assert_eq!(queue.consume(1, NOW).unwrap_err(), CallError::Closed);
    assert_eq!(consumer.partition_queue("t", PartitionIndex(1)).unwrap_err(), CallError::Closed);
    drop(queue);
}

#[test]
fn who_waits_at_a_queue_is_woken_and_reads_on_where_the_group_has_committed() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[("group.id", "g"), ("enable.auto.commit", "false")]);
    fixture.produce("t", 0, 0..5);
    consumer.commit(Some(&[element("t", 0, 4)])).unwrap();
    let queues = [0, 1].map(|partition| apart(&consumer, partition));
    consumer.assign(&[element("t", 0, -1000), element("t", 1, 0)]).unwrap();
    assert_eq!(text(&queues[0].poll(LONG).unwrap().unwrap()), "0:4=4");
    std::thread::scope(|scope| {
        let waiting =
            queues.each_ref().map(|queue| scope.spawn(|| text(&queue.poll(LONG).unwrap().unwrap())));
        std::thread::sleep(Duration::from_millis(20));
        fixture.produce("t", 1, 0..1);
        fixture.produce("t", 0, 5..6);
        assert_eq!(waiting.map(|thread| thread.join().unwrap()), ["0:5=5", "1:0=0"]);
    });
    assert!(consumer.poll(NOW).unwrap().is_none());
}
