//! What is handed out, in which order, and what is told about it.

use super::*;

#[test]
fn messages_come_in_order_each_once_across_batches_and_polls() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    for n in 0..5 {
        fixture.produce("t", 0, n * 100..(n + 1) * 100);
    }
    let expected: Vec<String> = (0..500).map(|n| format!("0:{n}={n}")).collect();
    let mut seen = next(&consumer, 1);
    seen.extend(next(&consumer, 300));
    while let Some(event) = consumer.poll(NOW).unwrap() {
        seen.push(text(&event));
    }
    assert_eq!(seen, expected);
}

#[test]
fn a_waiting_poll_is_woken_by_what_is_produced() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| next(&consumer, 3));
        fixture.produce("t", 1, 0..2);
        fixture.produce("t", 0, 0..1);
        // Which partition is seen first is up to the threads.
        let mut seen = waiting.join().unwrap();
        seen.sort();
        assert_eq!(seen, ["0:0=0", "1:0=0", "1:1=1"]);
    });
    assert!(consumer.poll(Some(Duration::from_millis(20))).unwrap().is_none());
}

#[test]
fn partitions_take_turns() {
    let fixture = Fixture::new();
    for partition in 0..3 {
        for batch in 0..4 {
            fixture.produce("t", partition, batch * 10..batch * 10 + 10);
        }
    }
    // One batch at a time.
    let consumer = fixture.consumer(&[("fetch.message.max.bytes", "100")]);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0), element("t", 2, 0)]).unwrap();
    let partitions: Vec<String> =
        next(&consumer, 120).iter().step_by(10).map(|text| text[..1].to_owned()).collect();
    assert_eq!(partitions.concat(), "012012012012");
}

#[test]
fn a_partition_that_is_paused_within_a_batch_goes_on_there() {
    let fixture = Fixture::new();
    (0..2).for_each(|partition| fixture.produce("t", partition, 0..4));
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    assert_eq!(next(&consumer, 2), ["0:0=0", "0:1=1"]);
    let mut paused = [element("t", 0, 0)];
    consumer.pause(&mut paused).unwrap();
    assert_eq!(next(&consumer, 1), ["1:0=0"]);
    consumer.resume(&mut paused).unwrap();
    assert_eq!(next(&consumer, 5), ["1:1=1", "1:2=2", "1:3=3", "0:2=2", "0:3=3"]);
}

#[test]
fn a_batch_whose_messages_have_all_been_handed_out_does_not_come_again() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..2);
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(next(&consumer, 2), ["0:0=0", "0:1=1"]);
    assert!(consumer.next_batch(NOW).unwrap().is_none());
}

#[test]
fn the_end_is_told_each_time_it_is_reached_and_only_then() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..2);
    let consumer = fixture.consumer(&[("enable.partition.eof", "true")]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(next(&consumer, 3), ["0:0=0", "0:1=1", "_PARTITION_EOF@0:2"]);
    assert!(consumer.poll(Some(Duration::from_millis(20))).unwrap().is_none());
    fixture.produce("t", 0, 2..3);
    assert_eq!(next(&consumer, 2), ["0:2=2", "_PARTITION_EOF@0:3"]);
    consumer.seek(&element("t", 0, -1)).unwrap();
    let Some(Event::Error(error)) = consumer.poll(LONG).unwrap() else { panic!() };
    assert_eq!(
        error.error.to_string(),
        "KafkaError{code=_PARTITION_EOF,val=-191,str=\"Fetch from broker 1 reached end of partition at offset 3 (HighwaterMark 3)\"}"
    );
}

#[test]
fn an_empty_partition_is_at_its_end_at_once() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[("enable.partition.eof", "true"), ("auto.offset.reset", "latest")]);
    consumer.assign(&[element("t", 0, -1001), element("t", 2, 0)]).unwrap();
    assert_eq!(next(&consumer, 2), ["_PARTITION_EOF@0:0", "_PARTITION_EOF@2:0"]);
}

#[test]
fn batches_are_handed_out_whole_or_what_is_left_of_them() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..10);
    fixture.produce("t", 0, 10..20);
    let consumer = fixture.consumer(&[("check.crcs", "true"), ("enable.partition.eof", "true")]);
    consumer.assign(&[element("t", 0, 3)]).unwrap();
    assert_eq!(next(&consumer, 2), ["0:3=3", "0:4=4"]);
    let mut position = [element("t", 0, -1001)];
    let mut seen = Vec::new();
    while let Some(Event::Message(batch)) = consumer.next_batch(LONG).unwrap() {
        assert_eq!((&**batch.topic(), batch.partition()), ("t", PartitionIndex(0)));
        seen.extend(batch.records().unwrap().map(|record| record.unwrap().offset.0));
        consumer.position(&mut position).unwrap();
        assert_eq!(position[0].offset, batch.next_offset().into());
    }
    assert_eq!(seen, (5..20).collect::<Vec<_>>());
}

#[test]
fn a_consumer_that_does_not_keep_everything_returns_what_is_there() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..3);
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert_eq!(consumer.consume_available(10, LONG).unwrap().len(), 3);
    let start = Instant::now();
    assert_eq!(consumer.consume(10, Some(Duration::from_millis(30))).unwrap().len(), 0);
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(consumer.consume(0, None).unwrap().len(), 0);
}

#[test]
fn threads_share_a_consumer_and_each_message_goes_to_one() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0), element("t", 1, 0)]).unwrap();
    for batch in 0..20 {
        fixture.produce("t", batch % 2, 0..100);
    }
    let mut seen: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let wait = Some(Duration::from_millis(50));
                    std::iter::from_fn(|| consumer.poll(wait).unwrap()).map(|event| text(&event)).collect()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| -> Vec<String> { thread.join().unwrap() }).collect()
    });
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 2000);
}

#[test]
fn offline_consumers_accept_and_report_by_their_timeouts() {
    let consumer = Consumer::new(&settings(&[])).unwrap();
    let short = Some(Duration::from_millis(10));
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    assert!(consumer.poll(short).unwrap().is_none());
    assert_eq!(code(consumer.metadata(None, short)), ErrorCode::LocalTransport);
    let partition = PartitionIndex(0);
    assert_eq!(code(consumer.watermark_offsets("t", partition, short)), ErrorCode::LocalAllBrokersDown);
    let mut times = [element("t", 0, 0)];
    assert_eq!(code(consumer.offsets_for_times(&mut times, short)), ErrorCode::LocalAllBrokersDown);
    assert_eq!(consumer.cached_watermark_offsets("t", partition).unwrap(), None);
    assert_eq!(consumer.assignment().unwrap().len(), 1);
}

#[test]
fn a_closed_consumer_says_so_and_lets_go_of_its_engine() {
    let fixture = Fixture::new();
    let consumer = fixture.consumer(&[]);
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| consumer.poll(None));
        std::thread::sleep(Duration::from_millis(10));
        consumer.close();
        assert_eq!(waiting.join().unwrap().unwrap_err(), CallError::Closed);
    });
    consumer.close();
    assert!(consumer.engine().is_none() && consumer.is_closed());
    assert_eq!(consumer.assign(&[]), Err(CallError::Closed));
    assert_eq!(consumer.pause(&mut []), Err(CallError::Closed));
    assert_eq!(consumer.metadata(None, None).unwrap_err(), CallError::Closed);
    assert_eq!(std::sync::Arc::strong_count(fixture.engine.broker()), 2, "the fixture's and its producer's");
}

#[test]
fn statistics_tell_positions_and_lag() {
    let fixture = Fixture::new();
    fixture.produce("t", 0, 0..5);
    let consumer = fixture.consumer(&[("statistics.interval.ms", "20"), ("enable.auto.commit", "false")]);
    let (sender, told) = crossbeam::channel::unbounded();
    consumer.on_statistics(Box::new(move |text| {
        drop(sender.send(text.to_owned()));
        std::ops::ControlFlow::Continue(())
    }));
    consumer.assign(&[element("t", 0, 0)]).unwrap();
    next(&consumer, 2);
    let statistics: serde_json::Value = serde_json::from_str(&consumer.statistics().unwrap()).unwrap();
    let partition = &statistics["topics"]["t"]["partitions"]["0"];
    let of = |name: &str| partition[name].as_i64();
    assert_eq!((of("app_offset"), of("stored_offset"), of("hi_offset")), (Some(2), Some(2), Some(5)));
    assert_eq!((of("committed_offset"), of("consumer_lag")), (Some(-1001), Some(3)));
    assert_eq!(statistics["rxmsgs"], 5, "the whole batch was received");
    next(&consumer, 3);
    poll_until(&consumer, || !told.is_empty());
    assert!(told.recv().unwrap().contains("\"type\":\"consumer\""));
}
