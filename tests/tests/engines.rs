//! What every test of faults starts from: engines on a chosen disk, what their logs hold, and waits with an end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tidelog::broker::group::{CommitOffset, CommitRequest, FetchOffset, MemberIdentity, Stability};
use tidelog::broker::{Broker, BrokerError, BrokerOptions, NewTopic, OpenError};
use tidelog::client::config::{Config, ProducerConfig};
use tidelog::client::{BatchMessages, Engine, Producer, ProducerRecord};
use tidelog::config::EngineConfig;
use tidelog::error_code::ErrorCode;
use tidelog::io::{DirectoryLock, Disk, PosixDisk, SimDisk, SystemClock, WriteMethod};
use tidelog::log::ReadCursor;
use tidelog::record::BatchView;
use tidelog::types::{Isolation, Offset, PartitionIndex, TopicName};

/// Where engines on simulated disks live.
pub(crate) const ROOT: &str = "/data";

/// Longer than anything here may take; shorter than anybody's patience.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How an engine is opened.
pub(crate) fn options(disk: Arc<dyn Disk>, settings: &[(&str, &str)]) -> BrokerOptions {
    let settings = settings.iter().copied().chain([("offsets.topic.num.partitions", "1")]);
    BrokerOptions {
        root: PathBuf::from(ROOT),
        config: EngineConfig::parse(settings).unwrap(),
        disk,
        clock: Arc::new(SystemClock::new()),
        lock: None,
        accept_truncation: Default::default(),
    }
}

/// Opens the engine of a simulated disk.
pub(crate) fn try_open(disk: &SimDisk, settings: &[(&str, &str)]) -> Result<Arc<Broker>, OpenError> {
    Broker::open(options(Arc::new(disk.clone()), settings))
}

/// Opens the engine of a simulated disk, which has to work.
pub(crate) fn open(disk: &SimDisk) -> Arc<Broker> {
    try_open(disk, &[]).unwrap()
}

/// Makes a topic with these settings.
pub(crate) fn create(
    broker: &Broker,
    name: &str,
    partitions: i32,
    overrides: &[(&str, &str)],
) -> Result<(), BrokerError> {
    let config = overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    broker
        .create_topic(&NewTopic {
            name: name.to_owned(),
            partitions: Some(partitions),
            config,
            ..NewTopic::default()
        })
        .map(drop)
}

/// A producer on an open engine.
pub(crate) fn producer(broker: &Arc<Broker>, settings: &[(&str, &str)]) -> Producer {
    let mut config = Config::new();
    let defaults = [("acks", "all"), ("linger.ms", "0"), ("message.max.bytes", "1000000")];
    for (name, value) in defaults.iter().chain(settings) {
        config.set(name, Some(value)).unwrap();
    }
    let config = ProducerConfig::new(&config).unwrap();
    Producer::on_engine(config, Some(Engine::from(Arc::clone(broker))), None).unwrap()
}

/// A message for one partition.
pub(crate) fn record(partition: i32, value: &[u8]) -> ProducerRecord<'_> {
    ProducerRecord {
        value: Some(value),
        partition: Some(PartitionIndex(partition)),
        ..ProducerRecord::default()
    }
}

/// What became of one message: its offset, or the error.
pub(crate) type Outcome = Result<Offset, ErrorCode>;

/// The next delivery report, which has to come soon: partition, value and outcome.
pub(crate) fn next_report(producer: &Producer) -> (PartitionIndex, Vec<u8>, Outcome) {
    let (report, _) = producer.next_report(Some(SOON / 2)).expect("a delivery report comes");
    let value = report.message.value().unwrap_or_default().to_vec();
    let outcome = match report.error {
        Some(error) => Err(error.code()),
        None => Ok(report.message.offset().expect("acks=all tells the offset")),
    };
    (report.message.partition(), value, outcome)
}

/// Produces one message and waits for what becomes of it.
pub(crate) fn produce(producer: &Producer, topic: &str, partition: i32, value: &[u8]) -> Outcome {
    producer.produce(topic, record(partition, value)).map_err(|error| error.code())?;
    next_report(producer).2
}

/// All records of a partition, read as a consumer reads, checksums compared: offset and value.
pub(crate) fn records(broker: &Broker, topic: &str, partition: i32) -> Vec<(Offset, Vec<u8>)> {
    let partition = broker.served_partition(topic, PartitionIndex(partition)).unwrap();
    let mut records = Vec::new();
    let mut from = ReadCursor::from(partition.view().log_start());
    loop {
        let read = partition.read(from, 1 << 20, Isolation::ReadUncommitted).unwrap();
        if read.pieces.is_empty() {
            return records;
        }
        from = read.next;
        for piece in &read.pieces {
            let mut rest = piece.clone();
            while !rest.is_empty() {
                let view = BatchView::parse(&rest).unwrap();
                view.verify().unwrap();
                let batch = rest.split_to(view.size());
                for message in BatchMessages::new(topic.into(), PartitionIndex(0), &batch).unwrap() {
                    let message = message.unwrap();
                    records.push((message.offset().unwrap(), message.value().unwrap_or_default().to_vec()));
                }
            }
        }
    }
}

/// Commits an offset for a group; says what the group's coordinator answers.
pub(crate) fn commit(broker: &Broker, group: &str, offset: i64) -> ErrorCode {
    let Ok(groups) = broker.groups() else { return ErrorCode::CoordinatorNotAvailable };
    let (sender, answer) = channel();
    let request = CommitRequest {
        group: group.to_owned(),
        member: MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 },
        retention: None,
        knows_consumer_protocol: false,
        offsets: vec![CommitOffset {
            topic: TopicName::new("a").unwrap(),
            topic_id: None,
            partition: PartitionIndex(0),
            offset: Offset(offset),
            leader_epoch: None,
            metadata: String::new(),
        }],
    };
    groups.commit(request, move |response| drop(sender.send(response)));
    let answer = answer.recv_timeout(SOON / 2).expect("a commit is answered");
    answer.partitions.first().map_or(answer.error, |partition| partition.error)
}

/// What a group has committed; -1 for nothing.
pub(crate) fn committed(broker: &Broker, group: &str) -> i64 {
    let topic = TopicName::new("a").unwrap();
    let wanted = [FetchOffset { topic, topic_id: None, partition: PartitionIndex(0) }];
    broker.groups().unwrap().fetch_offsets(group, &wanted, Stability::Ignored)[0].offset.0
}

/// Runs `work` in a thread of its own and fails when it does not end soon.
pub(crate) fn soon<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = channel();
    let thread = std::thread::spawn(move || drop(sender.send(work())));
    match done.recv_timeout(SOON) {
        Ok(result) => result,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("{what} hangs"),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => panic!("{what} ended without a result"),
        },
    }
}

/// Waits until `true`, as long as [`SOON`].
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Opens the engine of a real directory.
pub(crate) fn on_directory(directory: &Path) -> Result<Arc<Broker>, OpenError> {
    let disk = Arc::new(PosixDisk::new(WriteMethod::Auto));
    let lock = Some(DirectoryLock::acquire(directory).unwrap());
    Broker::open(BrokerOptions { root: directory.to_owned(), lock, ..options(disk, &[]) })
}
