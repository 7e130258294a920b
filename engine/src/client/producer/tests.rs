//! What an application may rely on of a producer, on engines in memory and without one.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::client::BatchMessages;
use crate::config::EngineConfig;
use crate::log::ReadCursor;
use crate::types::{Isolation, Offset};

mod transactions;

fn producer(settings: &[(&str, &str)]) -> Producer {
    let mut config = Config::new();
    config.set("bootstrap.servers", Some("tidelog::memory:")).unwrap();
    for (name, value) in settings {
        config.set(name, Some(value)).unwrap();
    }
    Producer::new(&config).unwrap()
}

fn record(value: &[u8]) -> ProducerRecord<'_> {
    ProducerRecord { value: Some(value), ..ProducerRecord::default() }
}

/// What the application is told of fatal errors from now on, and answers.
fn errors_told(producer: &Producer, answer: ControlFlow<()>) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    producer.on_error(Box::new(move |error| {
        noted.lock().push(error.to_string());
        answer
    }));
    told
}

/// Values of all messages of a partition, read as a consumer reads.
fn values(producer: &Producer, topic: &str) -> Vec<String> {
    let engine = producer.engine().unwrap();
    let broker = engine.broker();
    let mut values = Vec::new();
    for partition in broker.topic(topic).unwrap().partitions().iter() {
        let partition = partition.as_ref().unwrap();
        let mut from = ReadCursor::from(Offset::ZERO);
        loop {
            let read = partition.read(from, 1 << 20, Isolation::ReadUncommitted).unwrap();
            if read.pieces.is_empty() {
                break;
            }
            from = read.next;
            for piece in &read.pieces {
                let mut rest = piece.clone();
                while !rest.is_empty() {
                    let size = crate::record::BatchView::parse(&rest).unwrap().size();
                    let messages =
                        BatchMessages::new("t".into(), PartitionIndex(0), &rest.split_to(size)).unwrap();
                    values.extend(
                        messages.map(|m| String::from_utf8_lossy(m.unwrap().value().unwrap()).into_owned()),
                    );
                }
            }
        }
    }
    values
}

#[test]
fn a_callback_that_flushes_does_not_wait_for_itself() {
    let (served, itself) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::OnceLock::new()));
    let (counted, known) = (Arc::clone(&served), Arc::clone(&itself));
    let on_delivery: DeliveryCallback = Box::new(move |_, _| {
        let producer: Arc<Producer> = std::sync::Weak::upgrade(known.get().unwrap()).unwrap();
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            assert!(producer.flush(None) > 0, "the others of its batch");
        }
        ControlFlow::Continue(())
    });
    let mut config = Config::new();
    config.set("bootstrap.servers", Some("tidelog::memory:")).unwrap();
    let producer = Arc::new(Producer::with_callback(&config, Some(on_delivery)).unwrap());
    itself.set(Arc::downgrade(&producer)).unwrap();
    for _ in 0..10 {
        producer.produce("t", record(b"v")).unwrap();
    }
    assert_eq!(producer.flush(None), 0);
    assert_eq!(served.load(Ordering::Relaxed), 10);
}

#[test]
fn an_application_can_test_what_it_does_when_its_producer_fails_for_good() {
    let producer = producer(&[("linger.ms", "60000")]);
    let told = errors_told(&producer, ControlFlow::Continue(()));
    producer.produce("t", record(b"lingers")).unwrap();
    assert!(producer.fatal_error().is_none());
    producer.test_fatal_error(ErrorCode::OutOfOrderSequenceNumber, "a gap").unwrap();
    let (report, _) = producer.next_report(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(report.error.unwrap().code(), ErrorCode::LocalPurgeQueue);
    let fatal = producer.fatal_error().unwrap();
    assert!(fatal.is_fatal() && fatal.code() == ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(fatal.reason(), "test_fatal_error: a gap");
    assert_eq!(producer.produce("t", record(b"refused")).unwrap_err().code(), ErrorCode::LocalFatal);
    assert_eq!((producer.poll(None), producer.poll(Some(Duration::ZERO))), (1, 0));
    assert_eq!(*told.lock(), [fatal.to_string()], "polling tells it once");
    let again = producer.test_fatal_error(ErrorCode::LocalFenced, "").unwrap_err();
    assert_eq!(again.code(), ErrorCode::LocalPrevInProgress);
    assert_eq!(producer.flush(None), 0);
}

/// As it does what sockets have: both come by way of the ring.
#[test]
fn a_shard_that_never_rests_hears_what_the_disk_has_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut spinning = EngineConfig::default();
    spinning.spin = Duration::from_secs(3600);
    let engine = Engine::join_directory(directory.path(), &spinning).unwrap();
    let mut config = Config::new();
    config.set("acks", Some("all")).unwrap();
    let config = ProducerConfig::new(&config).unwrap();
    let producer = Producer::on_engine(config, Some(engine), None).unwrap();
    for _ in 0..10 {
        producer.produce("t", record(b"v")).unwrap();
        assert_eq!(producer.flush(Some(Duration::from_secs(60))), 0);
    }
}

#[test]
fn a_topic_may_have_settings_of_its_own() {
    let producer = producer(&[("acks", "all"), ("linger.ms", "0")]);
    let mut own = crate::client::config::TopicConfig::new();
    own.set("acks", Some("0")).unwrap();
    let own = TopicProducerConfig::new(&Config::new(), &own);
    let topics = [producer.topic_with("own", &own), producer.topic("common"), producer.topic("own")];
    let expected = [None, Some(Offset::ZERO), None];
    for (topic, expected) in topics.iter().zip(expected) {
        producer.produce_to(topic, record(b"v")).unwrap();
        let (report, _) = producer.next_report(Some(Duration::from_secs(10))).unwrap();
        assert_eq!((report.error, report.message.offset()), (None, expected), "{topic:?}");
    }
}

#[test]
fn what_is_produced_is_in_the_log_in_order_and_reported_with_its_offset() {
    for acks in ["0", "1", "all"] {
        let producer = producer(&[("acks", acks), ("linger.ms", "0")]);
        for n in 0..1000 {
            producer.produce("t", record(format!("v{n}").as_bytes())).unwrap();
        }
        // A batch that is sealed at this moment is counted twice.
        assert!(producer.len() >= 1000);
        let mut offsets = Vec::new();
        while let Some((report, _)) =
            producer.next_report(Some(Duration::from_secs(if offsets.len() < 1000 { 10 } else { 0 })))
        {
            assert_eq!(report.error, None);
            assert_eq!(report.message.value(), Some(format!("v{}", offsets.len()).as_bytes()));
            offsets.push(report.message.offset());
        }
        let expected = |n| if acks == "0" { None } else { Some(Offset(n)) };
        assert_eq!(offsets, (0..1000).map(expected).collect::<Vec<_>>(), "acks={acks}");
        let deadline = Instant::now() + Duration::from_secs(10);
        while values(&producer, "t").len() < 1000 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(values(&producer, "t"), (0..1000).map(|n| format!("v{n}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_message_holds_its_place_in_the_queue_until_its_report_is_served() {
    let producer = producer(&[("queue.buffering.max.messages", "5"), ("linger.ms", "0")]);
    for _ in 0..5 {
        producer.produce("t", record(b"x")).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while values(&producer, "t").len() < 5 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let full = producer.produce("t", record(b"x")).unwrap_err();
    assert_eq!(full.code(), ErrorCode::LocalQueueFull);
    assert!(producer.poll(Some(Duration::from_secs(10))) > 0);
    producer.produce("t", record(b"x")).unwrap();
    assert_eq!(producer.flush(Some(Duration::from_secs(10))), 0);
}

#[test]
fn flush_does_not_wait_for_the_linger_time() {
    let producer = producer(&[("linger.ms", "100000")]);
    producer.produce("t", record(b"x")).unwrap();
    let start = Instant::now();
    assert_eq!(producer.flush(Some(Duration::from_secs(20))), 0);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_flush_that_does_not_wait_sends_everything_off() {
    let producer = producer(&[("linger.ms", "100000")]);
    producer.produce("t", record(b"x")).unwrap();
    // A quick shard's report may be served by the same call.
    let left = producer.flush(Some(Duration::ZERO));
    assert!(left == 0 || producer.next_report(Some(Duration::from_secs(10))).is_some());
}

#[test]
fn what_lingers_does_not_keep_an_engine_from_stopping() {
    for purged in [false, true] {
        let producer = producer(&[("linger.ms", "100000")]);
        producer.produce("t", record(b"x")).unwrap();
        // The shard knows that it lingers.
        std::thread::sleep(Duration::from_millis(50));
        if purged {
            producer.purge();
        }
        let start = Instant::now();
        drop(producer);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn callbacks_run_in_the_thread_that_polls_and_see_their_message() {
    let producer = producer(&[("linger.ms", "0")]);
    let seen = Arc::new(AtomicUsize::new(0));
    let thread = std::thread::current().id();
    for n in 0..10_usize {
        let seen = Arc::clone(&seen);
        let delivery = Delivery::Callback(Box::new(move |report: DeliveryReport| {
            assert_eq!(std::thread::current().id(), thread);
            assert_eq!(report.message.value(), Some(n.to_string().as_bytes()));
            seen.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        }));
        let text = n.to_string();
        producer.produce("t", ProducerRecord { delivery, ..record(text.as_bytes()) }).unwrap();
    }
    assert_eq!(producer.flush(Some(Duration::from_secs(10))), 0);
    assert_eq!(seen.load(Ordering::Relaxed), 10);
}

#[test]
fn a_callback_may_end_the_poll_and_the_next_one_goes_on_behind_it() {
    let producer = producer(&[("linger.ms", "0")]);
    for n in 0..5 {
        let flow = if n == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let delivery = Delivery::Callback(Box::new(move |_| flow));
        producer.produce("t", ProducerRecord { delivery, ..record(b"x") }).unwrap();
    }
    while producer.shared.limits.sealed_count() < 5 {
        std::thread::yield_now();
    }
    assert!(producer.wait(Some(Duration::from_secs(10))));
    let mut served = Vec::new();
    while served.iter().sum::<usize>() < 5 {
        served.push(producer.poll(Some(Duration::from_secs(10))));
    }
    let ends: Vec<usize> = served
        .iter()
        .scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        })
        .collect();
    assert!(ends.contains(&2), "{served:?}");
    assert!(!producer.wait(Some(Duration::from_millis(1))));
}

#[test]
fn messages_that_cannot_be_delivered_fail_in_their_report() {
    let producer = producer(&[("allow.auto.create.topics", "false"), ("linger.ms", "0")]);
    for topic in ["missing", "", "bad name"] {
        producer.produce(topic, record(b"x")).unwrap();
        let (report, _) = producer.next_report(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(report.error.map(|e| e.code()), Some(ErrorCode::UnknownTopicOrPartition), "{topic:?}");
        assert_eq!((report.message.topic(), report.message.value()), (topic, Some(&b"x"[..])));
    }
    assert!(producer.is_empty());
}

#[test]
fn without_an_engine_messages_wait_for_their_timeout() {
    let mut config = Config::new();
    config.set("message.timeout.ms", Some("20")).unwrap();
    let producer = Producer::new(&config).unwrap();
    producer.produce("t", record(b"x")).unwrap();
    let (report, _) = producer.next_report(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(report.error.map(|e| e.code()), Some(ErrorCode::LocalMsgTimedOut));
}

#[test]
fn purged_messages_are_reported_as_such() {
    let producer = Producer::new(&Config::new()).unwrap();
    producer.produce("t", record(b"x")).unwrap();
    producer.purge();
    let (report, _) = producer.next_report(Some(Duration::ZERO)).unwrap();
    assert_eq!(report.error.map(|e| e.code()), Some(ErrorCode::LocalPurgeQueue));
}

/// The count of what is queued was once what limits had taken, minus what open batches had spare. A shard that sealed a
/// batch between the two looks gave its spare places back, and the count came out too small: `flush` returned before all
/// messages were delivered.
#[test]
fn a_producer_is_not_empty_before_every_report_has_been_served() {
    let producer = producer(&[("linger.ms", "0"), ("tidelog.num.partitions", "16")]);
    for round in 0..500 {
        for partition in 0..16 {
            let (delivery, partition) = (Delivery::Opaque(round), Some(PartitionIndex(partition)));
            producer.produce("t", ProducerRecord { delivery, partition, ..record(b"x") }).unwrap();
        }
        let mut served = 0;
        while !producer.is_empty() {
            served += usize::from(producer.next_report(Some(Duration::ZERO)).is_some());
        }
        assert_eq!(served, 16, "round {round}");
    }
}

#[test]
fn a_batch_of_messages_is_queued_in_order_and_says_what_was_not() {
    let producer = producer(&[("message.max.bytes", "2000"), ("tidelog.num.partitions", "3")]);
    let topic = producer.topic("t");
    let large = vec![0; 3000];
    let values: Vec<String> = (0..200).map(|n| format!("v{n:03}")).collect();
    let mut records: Vec<ProducerRecord<'_>> = values.iter().map(|value| record(value.as_bytes())).collect();
    for (n, record) in records.iter_mut().enumerate() {
        record.partition = Some(PartitionIndex(i32::from(n.is_multiple_of(5))));
        record.delivery = Delivery::Opaque(n);
    }
    records[71].value = Some(&large);
    records[80].partition = Some(PartitionIndex(3));
    let refused = producer.produce_batch(&topic, &mut records);
    let refused: Vec<_> = refused.iter().map(|refused| (refused.index, refused.error.code())).collect();
    assert_eq!(
        refused,
        [(71, ErrorCode::MessageTooLarge), (80, ErrorCode::LocalUnknownPartition)],
        "the others are queued"
    );
    assert!(matches!(records[71].delivery, Delivery::Opaque(71)), "it can be tried again");
    assert_eq!(producer.len(), 198);
    let mut reported = Vec::new();
    while let Some((report, Delivery::Opaque(number))) = producer.next_report(Some(Duration::from_secs(10))) {
        assert!(report.error.is_none());
        reported.push(number);
        if reported.len() == 198 {
            break;
        }
    }
    reported.sort_unstable();
    let queued: Vec<usize> = (0..200).filter(|n| ![71, 80].contains(n)).collect();
    assert_eq!(reported, queued);
    let (one, zero): (Vec<usize>, Vec<usize>) = queued.into_iter().partition(|n| n.is_multiple_of(5));
    let expected: Vec<String> = zero.into_iter().chain(one).map(|n| format!("v{n:03}")).collect();
    assert_eq!(self::values(&producer, "t"), expected);
}

#[test]
fn a_batch_that_has_all_its_messages_does_not_linger() {
    let producer = producer(&[("batch.num.messages", "10"), ("linger.ms", "900000")]);
    for _ in 0..20 {
        producer.produce("t", record(b"x")).unwrap();
    }
    for _ in 0..20 {
        assert!(producer.next_report(Some(Duration::from_secs(60))).is_some());
    }
    assert!(producer.is_empty());
}

#[test]
fn behind_a_message_that_finds_the_queue_full_none_is_queued() {
    let producer = producer(&[("queue.buffering.max.messages", "10"), ("linger.ms", "10000")]);
    let topic = producer.topic("t");
    let mut records: Vec<ProducerRecord<'_>> = (0..25).map(|_| record(b"x")).collect();
    let refused = producer.produce_batch(&topic, &mut records);
    assert!(refused.iter().all(|refused| refused.error.code() == ErrorCode::LocalQueueFull));
    assert_eq!(refused.iter().map(|refused| refused.index).collect::<Vec<_>>(), (10..25).collect::<Vec<_>>());
    assert_eq!(producer.len(), 10);
}

#[test]
fn a_topics_rules_hold_for_messages_of_this_process() {
    let producer = producer(&[("linger.ms", "0")]);
    let create = |name: &str, setting: (&str, &str)| {
        let config = [(setting.0.to_owned(), setting.1.to_owned())].into();
        let topic = crate::broker::NewTopic {
            name: name.to_owned(),
            partitions: Some(1),
            config,
            ..Default::default()
        };
        producer.engine().unwrap().broker().create_topic(&topic).unwrap();
    };
    create("compacted", ("cleanup.policy", "compact"));
    create("copies", ("min.insync.replicas", "2"));
    create("late", ("message.timestamp.before.max.ms", "1000"));
    create("packed", ("compression.type", "zstd"));
    let old = ProducerRecord { timestamp: Some(Timestamp(5)), ..record(b"x") };
    let cases = [
        ("compacted", record(b"x"), Some(ErrorCode::InvalidRecord)),
        ("compacted", ProducerRecord { key: Some(b"k"), ..record(b"x") }, None),
        ("copies", record(b"x"), Some(ErrorCode::NotEnoughReplicas)),
        ("late", old, Some(ErrorCode::InvalidTimestamp)),
        ("late", record(b"x"), None),
        ("packed", record(&[b'x'; 1000]), None),
    ];
    for (topic, record, expected) in cases {
        producer.produce(topic, record).unwrap();
        let (report, _) = producer.next_report(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(report.error.map(|error| error.code()), expected, "{topic}");
    }
    assert_eq!(values(&producer, "compacted"), ["x"]);
    let engine = producer.engine().unwrap();
    let broker = engine.broker();
    let packed = broker.served_partition("packed", PartitionIndex(0)).unwrap();
    let read = packed.read(Offset(0).into(), 1 << 20, Isolation::ReadUncommitted).unwrap();
    assert!(read.pieces[0].len() < 200, "it is stored as the topic wants it");
    assert_eq!(values(&producer, "packed"), ["x".repeat(1000)]);
}

#[test]
fn shards_keep_the_latencies_of_their_mailbox_their_commits_and_of_whole_batches() {
    let producer = producer(&[("linger.ms", "0"), ("acks", "all")]);
    for _ in 0..5 {
        producer.produce("t", record(b"x")).unwrap();
        assert!(producer.next_report(Some(Duration::from_secs(10))).is_some());
    }
    let engine = producer.engine().unwrap();
    let metrics = &engine.broker().metrics()[0];
    let (mailbox, commit, produce) =
        (metrics.mailbox.snapshot(), metrics.commit.snapshot(), metrics.produce.snapshot());
    assert!(mailbox.len() >= 5 && commit.len() >= 5);
    assert_eq!(produce.len(), 5, "one for each batch");
    assert!(produce.max() >= commit.min(), "a batch's way holds its commit");
}

#[test]
fn statistics_are_told_while_polling_and_count_what_was_acknowledged() {
    let producer = producer(&[("statistics.interval.ms", "50"), ("linger.ms", "0"), ("client.id", "me")]);
    let (sender, told) = crossbeam::channel::unbounded();
    producer.on_statistics(Box::new(move |text| {
        sender.send(text.to_owned()).unwrap();
        ControlFlow::Continue(())
    }));
    for _ in 0..3 {
        producer.produce("t", record(b"x")).unwrap();
    }
    assert_eq!(producer.flush(Some(Duration::from_secs(10))), 0);
    let end = Instant::now() + Duration::from_secs(20);
    while told.is_empty() && Instant::now() < end {
        producer.poll(Some(Duration::from_secs(1)));
    }
    let told: serde_json::Value = serde_json::from_str(&told.recv().unwrap()).unwrap();
    assert_eq!((told["client_id"].as_str(), told["type"].as_str()), (Some("me"), Some("producer")));
    let now: serde_json::Value = serde_json::from_str(&producer.statistics()).unwrap();
    assert_eq!((now["txmsgs"].as_u64(), now["msg_cnt"].as_u64()), (Some(3), Some(0)));
    assert_eq!(now["topics"]["t"]["partitions"]["0"]["msgq_cnt"].as_u64(), Some(0));
    let required = "name client_id type ts time replyq msg_cnt msg_size msg_max msg_size_max simple_cnt \
        metadata_cache_cnt brokers topics tx tx_bytes rx rx_bytes txmsgs txmsg_bytes rxmsgs rxmsg_bytes age";
    for name in required.split_whitespace() {
        assert!(now.get(name).is_some(), "{name}");
    }
}

#[test]
fn a_message_that_is_refused_leaves_no_gap_for_an_idempotent_producer() {
    let settings = [("enable.idempotence", "true"), ("linger.ms", "0"), ("batch.num.messages", "1")];
    let producer = producer(&settings);
    let config = [("cleanup.policy".to_owned(), "compact".to_owned())].into();
    let topic =
        crate::broker::NewTopic { name: "t".to_owned(), partitions: Some(1), config, ..Default::default() };
    producer.engine().unwrap().broker().create_topic(&topic).unwrap();
    for n in 0..30 {
        // Every third has no key, which a compacted topic refuses.
        let key: Option<&[u8]> = (n % 3 != 2).then_some(b"k");
        producer.produce("t", ProducerRecord { key, ..record(n.to_string().as_bytes()) }).unwrap();
    }
    for n in 0..30 {
        let (report, _) = producer.next_report(Some(Duration::from_secs(10))).unwrap();
        let expected = (n % 3 == 2).then_some(ErrorCode::InvalidRecord);
        assert_eq!(report.error.map(|error| error.code()), expected, "message {n}");
    }
    assert_eq!(values(&producer, "t").len(), 20);
}

#[test]
fn wrong_partitions_and_sizes_are_refused_at_once() {
    let producer = producer(&[("message.max.bytes", "2000")]);
    let there = ProducerRecord { partition: Some(PartitionIndex(7)), ..record(b"x") };
    assert_eq!(producer.produce("t", there).unwrap_err().code(), ErrorCode::LocalUnknownPartition);
    let large = vec![0; 2001];
    assert_eq!(producer.produce("t", record(&large)).unwrap_err().code(), ErrorCode::MessageTooLarge);
    assert!(producer.is_empty());
}

#[test]
fn idempotent_batches_carry_their_producer() {
    let producer = producer(&[("enable.idempotence", "true"), ("linger.ms", "0")]);
    for _ in 0..100 {
        producer.produce("t", record(b"x")).unwrap();
        producer.flush(None);
    }
    assert_eq!(values(&producer, "t").len(), 100);
    let engine = producer.engine().unwrap();
    let broker = engine.broker();
    let partition = broker.topic("t").unwrap().partition(PartitionIndex(0)).unwrap().unwrap();
    let read = partition.read(Offset(42).into(), 1, Isolation::ReadUncommitted).unwrap();
    let header = *crate::record::BatchView::parse(&read.pieces[0]).unwrap().header();
    assert_eq!((header.producer_id().0, header.base_sequence().0), (0, 42));
}
