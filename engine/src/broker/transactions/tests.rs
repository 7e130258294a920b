//! Transactions on a simulated disk: what readers see, who is fenced, and what survives.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::*;
use crate::broker::group::{
    CommitOffset, FetchOffset, MemberIdentity, OffsetsResponse, Stability, TransactionalCommit,
};
use crate::broker::groups::tests::broker;
use crate::broker::transaction::{TransactionEnd, TransactionState};
use crate::broker::{NewTopic, OffsetSpec};
use crate::io::SimDisk;
use crate::record::{
    BatchBuilder, Compression, ControlMarker, PooledBuffer, ProducerStamp, RecordData, SealedBatch,
};
use crate::shard::{Append, Appended, ProduceFailure};
use crate::types::{Acks, Isolation, Offset, PartitionIndex, Sequence, Timestamp, TopicName};

const PATIENCE: Duration = Duration::from_secs(20);

fn with_topic(disk: &SimDisk) -> Arc<Broker> {
    let broker = broker(disk);
    let new = NewTopic { name: "orders".to_owned(), partitions: Some(2), ..NewTopic::default() };
    broker.create_topic(&new).unwrap();
    broker
}

fn place(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicName::new("orders").unwrap(), partition: PartitionIndex(partition) }
}

fn served(broker: &Broker, partition: i32) -> Arc<Partition> {
    broker.served_partition("orders", PartitionIndex(partition)).unwrap()
}

/// Waits for an answer.
fn wait<T: Send + 'static>(ask: impl FnOnce(Box<dyn FnOnce(T) + Send>)) -> T {
    let (sender, answer) = channel();
    ask(Box::new(move |value| drop(sender.send(value))));
    answer.recv_timeout(PATIENCE).unwrap()
}

fn request(timeout: Duration) -> InitRequest {
    InitRequest { transactional_id: "mover".to_owned(), timeout, current: None }
}

fn init_once(broker: &Broker, request: &InitRequest) -> Result<ProducerSession, ErrorCode> {
    let transactions = broker.transactions().unwrap();
    let answer: Result<_, _> = wait(|answer| transactions.init(request, answer));
    answer.map(|(producer_id, epoch)| ProducerSession {
        transactional_id: request.transactional_id.clone(),
        producer_id,
        epoch,
    })
}

/// As a client does: asks again as long as it is told to.
fn init(broker: &Broker, request: &InitRequest) -> ProducerSession {
    let start = Instant::now();
    loop {
        match init_once(broker, request) {
            Ok(session) => return session,
            Err(ErrorCode::ConcurrentTransactions) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn add(broker: &Broker, session: &ProducerSession, partitions: &[TopicPartition]) -> ErrorCode {
    let version = TransactionVersion::V0;
    wait(|answer| broker.transactions().unwrap().add_partitions(session, partitions, version, answer))
}

fn end(broker: &Broker, session: &ProducerSession, end: TransactionEnd) -> ErrorCode {
    let request = EndRequest { session: session.clone(), end, version: TransactionVersion::V0 };
    let ended: Result<_, ErrorCode> = wait(|answer| broker.transactions().unwrap().end(&request, answer));
    ended.err().unwrap_or(ErrorCode::None)
}

fn batch(session: &ProducerSession) -> SealedBatch {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
    let value = Some(session.transactional_id.as_bytes());
    builder.append(&RecordData { timestamp: Timestamp(1), key: None, value, headers: &[] }).unwrap();
    let stamp = ProducerStamp {
        producer_id: session.producer_id,
        epoch: session.epoch,
        base_sequence: Sequence(0),
        transactional: true,
    };
    builder.seal(stamp, None).unwrap()
}

fn produce(broker: &Broker, session: &ProducerSession, partition: i32) -> Result<Offset, ErrorCode> {
    let clock = Arc::clone(broker.clock());
    wait(|answer: Box<dyn FnOnce(Result<Offset, ErrorCode>) + Send>| {
        let reply = move |result: Result<Appended, ProduceFailure>| {
            let code = |failure: ProduceFailure| crate::broker::produce_error_code(&failure.error);
            answer(result.map(|appended| appended.base_offset).map_err(code));
        };
        served(broker, partition).append(Append {
            batch: batch(session),
            acks: Acks::Durable,
            since: clock.monotonic(),
            reply: crate::shard::Reply::new(Box::new(reply)),
        });
    })
}

/// End of what readers of committed records see, end of what others see, and aborted transactions.
fn seen(broker: &Broker, partition: i32) -> (i64, i64, usize) {
    let partition = served(broker, partition);
    let read = partition.read(Offset::ZERO.into(), 1 << 20, Isolation::ReadCommitted).unwrap();
    let aborted = partition.view().aborted_transactions(Offset::ZERO, read.last_stable).unwrap();
    (read.last_stable.0, read.high_watermark.0, aborted.len())
}

fn keep_offset(broker: &Broker, session: &ProducerSession, offset: i64) -> ErrorCode {
    let groups = broker.groups().unwrap();
    let added = add(broker, session, &[groups.partition_of("readers")]);
    assert_eq!(added, ErrorCode::None);
    let commit = TransactionalCommit {
        group: "readers".to_owned(),
        member: MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 },
        producer: (session.producer_id, session.epoch),
        offsets: vec![CommitOffset {
            topic: place(0).topic,
            topic_id: None,
            partition: PartitionIndex(0),
            offset: Offset(offset),
            leader_epoch: None,
            metadata: String::new(),
        }],
    };
    let response: OffsetsResponse = wait(|answer| groups.commit_in_transaction(commit, answer));
    response.partitions[0].error
}

/// The offset that is committed, or why it cannot be told yet.
fn stable_offset(broker: &Broker) -> Result<i64, ErrorCode> {
    let wanted = FetchOffset { topic: place(0).topic, topic_id: None, partition: PartitionIndex(0) };
    let groups = broker.groups().unwrap();
    let found = groups.fetch_offsets("readers", &[wanted], Stability::Required).remove(0);
    if found.error == ErrorCode::None { Ok(found.offset.0) } else { Err(found.error) }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn what_is_committed_is_seen_and_what_is_aborted_is_told() {
    let disk = SimDisk::new(1);
    let broker = with_topic(&disk);
    assert!(broker.existing_transactions().unwrap().is_none(), "asking makes no topic");
    let session = init(&broker, &request(MINUTE));
    assert_eq!(
        (session.epoch, add(&broker, &session, &[place(0), place(1)])),
        (ProducerEpoch(0), ErrorCode::None)
    );
    assert_eq!(produce(&broker, &session, 0), Ok(Offset(0)));
    assert_eq!(seen(&broker, 0), (0, 1, 0), "it is not committed yet");
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::None);
    assert_eq!(seen(&broker, 0), (2, 2, 0), "the marker takes an offset");
    assert_eq!(seen(&broker, 1), (1, 1, 0));
    // The next may begin at once.
    assert_eq!(add(&broker, &session, &[place(0)]), ErrorCode::None);
    assert_eq!(produce(&broker, &session, 0), Ok(Offset(2)));
    assert_eq!(end(&broker, &session, TransactionEnd::Abort), ErrorCode::None);
    assert_eq!(seen(&broker, 0), (4, 4, 1));
    // Asked again, as by a client that has not heard the answer.
    assert_eq!(end(&broker, &session, TransactionEnd::Abort), ErrorCode::None);
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::InvalidTxnState);
}

#[test]
fn a_successor_fences_its_predecessor_and_aborts_what_it_has_begun() {
    let disk = SimDisk::new(2);
    let broker = with_topic(&disk);
    let old = init(&broker, &request(MINUTE));
    add(&broker, &old, &[place(0)]);
    produce(&broker, &old, 0).unwrap();
    assert_eq!(init_once(&broker, &request(MINUTE)), Err(ErrorCode::ConcurrentTransactions));
    let new = init(&broker, &request(MINUTE));
    assert_eq!(new.producer_id, old.producer_id);
    assert!(new.epoch > old.epoch);
    assert_eq!(seen(&broker, 0), (2, 2, 1), "it was aborted");
    assert_eq!(produce(&broker, &old, 0), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(produce(&broker, &old, 1), Err(ErrorCode::InvalidTxnState), "nobody would end it there");
    assert_eq!(add(&broker, &old, &[place(1)]), ErrorCode::ProducerFenced);
    assert_eq!(end(&broker, &old, TransactionEnd::Commit), ErrorCode::ProducerFenced);
    assert_eq!(add(&broker, &new, &[place(1)]), ErrorCode::None);
    assert_eq!(produce(&broker, &new, 1), Ok(Offset(0)));
}

#[test]
fn a_batch_outside_of_any_transaction_is_refused() {
    let disk = SimDisk::new(3);
    let broker = with_topic(&disk);
    let session = init(&broker, &request(MINUTE));
    assert_eq!(produce(&broker, &session, 0), Err(ErrorCode::InvalidTxnState));
    add(&broker, &session, &[place(0)]);
    assert_eq!(produce(&broker, &session, 1), Err(ErrorCode::InvalidTxnState), "another partition was added");
    produce(&broker, &session, 0).unwrap();
    end(&broker, &session, TransactionEnd::Commit);
    // It was long on its way.
    assert_eq!(produce(&broker, &session, 0), Err(ErrorCode::InvalidTxnState));
    assert_eq!(seen(&broker, 0), (2, 2, 0));
}

#[test]
fn a_marker_that_is_refused_ends_nothing() {
    let disk = SimDisk::new(9);
    let broker = with_topic(&disk);
    let old = init(&broker, &request(MINUTE));
    let session = init(&broker, &request(MINUTE));
    add(&broker, &session, &[place(0)]);
    produce(&broker, &session, 0).unwrap();
    end(&broker, &session, TransactionEnd::Commit);
    add(&broker, &session, &[place(0)]);
    let record = ControlRecord { marker: ControlMarker::Abort, coordinator_epoch: 0 };
    let stale = (old.producer_id, old.epoch);
    let refused = wait(|answer| broker.write_marker(&place(0), stale, record, answer));
    assert_eq!(refused, ErrorCode::InvalidProducerEpoch);
    produce(&broker, &session, 0).unwrap();
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::None);
}

#[test]
fn a_transaction_that_lasts_too_long_is_aborted() {
    let disk = SimDisk::new(4);
    let broker = with_topic(&disk);
    let session = init(&broker, &request(Duration::from_millis(100)));
    let start = Instant::now();
    add(&broker, &session, &[place(0)]);
    produce(&broker, &session, 0).unwrap();
    while seen(&broker, 0) != (2, 2, 1) {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(start.elapsed() >= Duration::from_millis(90), "not before its time");
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::ProducerFenced);
}

#[test]
fn offsets_become_visible_with_the_commit_and_never_with_an_abort() {
    let disk = SimDisk::new(5);
    let broker = with_topic(&disk);
    let session = init(&broker, &request(MINUTE));
    assert_eq!(keep_offset(&broker, &session, 7), ErrorCode::None);
    assert_eq!(stable_offset(&broker), Err(ErrorCode::UnstableOffsetCommit));
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::None);
    assert_eq!(stable_offset(&broker), Ok(7));
    assert_eq!(keep_offset(&broker, &session, 9), ErrorCode::None);
    assert_eq!(end(&broker, &session, TransactionEnd::Abort), ErrorCode::None);
    assert_eq!(stable_offset(&broker), Ok(7));
}

#[test]
fn a_look_up_by_time_finds_nothing_that_may_still_be_aborted() {
    let disk = SimDisk::new(12);
    let broker = with_topic(&disk);
    let session = init(&broker, &request(MINUTE));
    add(&broker, &session, &[place(0)]);
    produce(&broker, &session, 0).unwrap();
    let found = |isolation| {
        [OffsetSpec::At(Timestamp(1)), OffsetSpec::MaxTimestamp].map(|spec| {
            let found = broker.list_offset("orders", PartitionIndex(0), spec, isolation).unwrap();
            found.map(|found| found.offset)
        })
    };
    assert_eq!(found(Isolation::ReadUncommitted), [Some(Offset(0)); 2]);
    assert_eq!(found(Isolation::ReadCommitted), [None; 2]);
    end(&broker, &session, TransactionEnd::Commit);
    assert_eq!(found(Isolation::ReadCommitted)[0], Some(Offset(0)));
}

#[test]
fn a_crash_in_the_middle_of_a_transaction_leaves_it_open() {
    let disk = SimDisk::new(6);
    let first = with_topic(&disk);
    let session = init(&first, &request(MINUTE));
    add(&first, &session, &[place(0), place(1)]);
    produce(&first, &session, 0).unwrap();
    assert_eq!(keep_offset(&first, &session, 5), ErrorCode::None);
    let crashed = disk.power_cut();
    drop(first);
    let second = broker(&crashed);
    assert_eq!(seen(&second, 0), (0, 1, 0));
    assert_eq!(stable_offset(&second), Err(ErrorCode::UnstableOffsetCommit));
    // Also where nothing was written before.
    assert_eq!(produce(&second, &session, 1), Ok(Offset(0)));
    assert_eq!(end(&second, &session, TransactionEnd::Commit), ErrorCode::None);
    assert_eq!(seen(&second, 0), (2, 2, 0));
    assert_eq!(stable_offset(&second), Ok(5));
}

#[test]
fn a_decision_outlives_a_crash_at_any_moment() {
    let mut seen_before = 0;
    for seed in 0..30 {
        let disk = SimDisk::new(seed);
        let first = with_topic(&disk);
        let session = init(&first, &request(MINUTE));
        add(&first, &session, &[place(0), place(1)]);
        produce(&first, &session, 0).unwrap();
        produce(&first, &session, 1).unwrap();
        let transactions = first.transactions().unwrap();
        let (sender, answer) = channel();
        let request = EndRequest { session, end: TransactionEnd::Commit, version: TransactionVersion::V0 };
        transactions.end(&request, move |ended| sender.send(ended).unwrap_or_default());
        std::thread::sleep(Duration::from_micros(40 * seed));
        // However slow the machine is, some have been answered.
        let patience = if seed < 25 { Duration::ZERO } else { PATIENCE };
        let answered = answer.recv_timeout(patience).is_ok();
        let crashed = disk.power_cut();
        drop(transactions);
        drop(first);
        let second = broker(&crashed);
        let state = second.transactions().unwrap().describe("mover").unwrap().state;
        assert!(!answered || state == TransactionState::CompleteCommit, "{state}");
        if state != TransactionState::Ongoing {
            // What was decided is done.
            seen_before += 1;
            let start = Instant::now();
            while second.transactions().unwrap().describe("mover").unwrap().state.is_ending() {
                assert!(start.elapsed() < PATIENCE);
                std::thread::yield_now();
            }
            assert_eq!(seen(&second, 0).2 + seen(&second, 1).2, 0, "nothing was aborted");
            for partition in [0, 1] {
                let (stable, end, _) = seen(&second, partition);
                assert!(stable == end && end >= 2, "{stable} {end}");
            }
        }
    }
    assert!(seen_before > 0, "some were decided before the power went");
}

#[test]
fn impossible_requests_are_refused_by_name() {
    let disk = SimDisk::new(8);
    let broker = with_topic(&disk);
    let unnamed = InitRequest { transactional_id: String::new(), ..request(MINUTE) };
    assert_eq!(init_once(&broker, &unnamed), Err(ErrorCode::InvalidRequest));
    for timeout in [Duration::ZERO, Duration::from_secs(901)] {
        assert_eq!(init_once(&broker, &request(timeout)), Err(ErrorCode::InvalidTransactionTimeout));
    }
    let session = init(&broker, &request(MINUTE));
    let nobody = ProducerSession { transactional_id: "nobody".to_owned(), ..session.clone() };
    let other = ProducerSession { producer_id: ProducerId(99), ..session.clone() };
    let later = ProducerSession { epoch: ProducerEpoch(9), ..session.clone() };
    assert_eq!(add(&broker, &nobody, &[place(0)]), ErrorCode::InvalidProducerIdMapping);
    assert_eq!(add(&broker, &other, &[place(0)]), ErrorCode::InvalidProducerIdMapping);
    assert_eq!(add(&broker, &later, &[place(0)]), ErrorCode::ProducerFenced);
    assert_eq!(end(&broker, &session, TransactionEnd::Commit), ErrorCode::InvalidTxnState);
    let stranger = InitRequest { current: Some((ProducerId(99), ProducerEpoch(0))), ..request(MINUTE) };
    assert_eq!(init_once(&broker, &stranger), Err(ErrorCode::ProducerFenced));
}
