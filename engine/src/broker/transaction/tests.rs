//! The coordinator of transactions, step by step: what it asks to be done, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::broker::coordination::{AppendId, CoordinatorRecord, Moment};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::record::ControlMarker;
use crate::types::{PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicName, TopicPartition};

const ID: &str = "mover";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A coordinator whose appends succeed when they are told to, and whose markers are collected.
struct Bench {
    coordinator: Coordinator<u32>,
    now: Duration,
    records: Vec<CoordinatorRecord>,
    appends: Vec<AppendId>,
    marks: Vec<(ProducerEpoch, ControlMarker, Vec<TopicPartition>)>,
    admitted: Vec<TopicPartition>,
    answers: BTreeMap<u32, Response>,
    asked: u32,
    next_producer: i64,
    /// Of the clients.
    version: TransactionVersion,
}

fn fresh(next: &mut i64) -> Result<ProducerId, ErrorCode> {
    *next += 1;
    Ok(ProducerId(*next))
}

fn place(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicName::new("orders").unwrap(), partition: PartitionIndex(partition) }
}

impl Bench {
    fn new() -> Bench {
        let mut bench = Bench {
            coordinator: Coordinator::new(Arc::new(EngineConfig::parse([]).unwrap())),
            now: Duration::from_secs(1_000_000),
            records: Vec::new(),
            appends: Vec::new(),
            marks: Vec::new(),
            admitted: Vec::new(),
            answers: BTreeMap::new(),
            asked: 0,
            next_producer: 100,
            version: TransactionVersion::V0,
        };
        bench.coordinator.finish_loading(bench.moment());
        bench
    }

    fn moment(&self) -> Moment {
        let wall = Timestamp(i64::try_from(self.now.as_millis()).unwrap());
        Moment { monotonic: self.now, wall }
    }

    fn collect(&mut self) {
        for effect in self.coordinator.effects() {
            match effect {
                Effect::Reply { to, response } => assert!(self.answers.insert(to, response).is_none()),
                Effect::Append { id, record } => {
                    self.appends.push(id);
                    self.records.push(record);
                }
                Effect::Admit { partitions, .. } => self.admitted.extend(partitions),
                Effect::Mark(Mark { epoch, marker, partitions, .. }) => {
                    self.marks.push((epoch, marker, partitions));
                }
            }
        }
    }

    fn ask(&mut self, ask: impl FnOnce(&mut Coordinator<u32>, Moment, u32)) -> u32 {
        self.asked += 1;
        let now = self.moment();
        ask(&mut self.coordinator, now, self.asked);
        self.collect();
        self.asked
    }

    fn init_as(&mut self, current: Option<(ProducerId, ProducerEpoch)>) -> u32 {
        let request = InitRequest { transactional_id: ID.to_owned(), timeout: TIMEOUT, current };
        let mut next = self.next_producer;
        let asked =
            self.ask(|coordinator, now, to| coordinator.init(now, &request, &mut || fresh(&mut next), to));
        self.next_producer = next;
        asked
    }

    /// Lets what is being appended succeed or fail.
    fn settle(&mut self, result: Result<(), ErrorCode>) {
        for id in std::mem::take(&mut self.appends) {
            self.coordinator.appended(self.moment(), id, result);
        }
        self.collect();
    }

    fn mark(&mut self, partition: i32, result: Result<(), ErrorCode>) {
        self.coordinator.marked(self.moment(), ID, &place(partition), result);
        self.collect();
    }

    fn init(&mut self) -> ProducerSession {
        let asked = self.init_as(None);
        self.settle(Ok(()));
        self.session(asked)
    }

    /// A producer whose transaction has partition 0.
    fn begin(&mut self) -> ProducerSession {
        let session = self.init();
        self.add(&session, &[0]);
        self.settle(Ok(()));
        session
    }

    fn session(&self, asked: u32) -> ProducerSession {
        let Some(Response::Producer(Ok((producer_id, epoch)))) = self.answers.get(&asked).cloned() else {
            panic!("{:?}", self.answers.get(&asked));
        };
        ProducerSession { transactional_id: ID.to_owned(), producer_id, epoch }
    }

    fn add(&mut self, session: &ProducerSession, partitions: &[i32]) -> u32 {
        let places: Vec<_> = partitions.iter().map(|partition| place(*partition)).collect();
        let version = self.version;
        self.ask(|coordinator, now, to| coordinator.add_partitions(now, session, &places, version, to))
    }

    fn end(&mut self, session: &ProducerSession, end: TransactionEnd) -> u32 {
        let request = EndRequest { session: session.clone(), end, version: self.version };
        let mut next = self.next_producer;
        let asked =
            self.ask(|coordinator, now, to| coordinator.end(now, &request, &mut || fresh(&mut next), to));
        self.next_producer = next;
        asked
    }

    /// Ends a transaction of partition 0, if there is one; what it is answered.
    fn end_all(
        &mut self,
        session: &ProducerSession,
        end: TransactionEnd,
    ) -> Result<ProducerSession, ErrorCode> {
        let asked = self.end(session, end);
        self.settle(Ok(()));
        self.mark(0, Ok(()));
        self.settle(Ok(()));
        self.done(asked).unwrap().map(|()| self.session(asked))
    }

    fn done(&self, asked: u32) -> Option<Result<(), ErrorCode>> {
        match self.answers.get(&asked)? {
            Response::Done(ErrorCode::None) => Some(Ok(())),
            Response::Done(code) => Some(Err(*code)),
            Response::Producer(result) => Some(result.map(drop)),
        }
    }

    fn state(&self) -> TransactionState {
        self.coordinator.describe(ID).unwrap().state
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.coordinator.tick(self.moment());
        self.collect();
    }

    /// A coordinator that has read the records of this one.
    fn restart(&self) -> Bench {
        let (now, next_producer, version) = (self.now, self.next_producer, self.version);
        let mut next = Bench { now, next_producer, version, ..Bench::new() };
        next.coordinator = Coordinator::new(Arc::new(EngineConfig::parse([]).unwrap()));
        for CoordinatorRecord { key, value } in &self.records {
            next.coordinator.load(key, value.as_deref()).unwrap();
        }
        next.coordinator.finish_loading(next.moment());
        next.collect();
        next
    }
}

#[test]
fn nothing_is_answered_before_it_is_durable() {
    let mut bench = Bench::new();
    let asked = bench.init_as(None);
    assert!(bench.answers.is_empty());
    bench.settle(Ok(()));
    let session = bench.session(asked);
    let added = bench.add(&session, &[0, 1]);
    assert_eq!((bench.done(added), bench.admitted.len()), (None, 0));
    // One step after the other.
    let early = bench.end(&session, TransactionEnd::Commit);
    assert_eq!(bench.done(early), Some(Err(ErrorCode::ConcurrentTransactions)));
    bench.settle(Ok(()));
    assert_eq!((bench.done(added), bench.admitted.len()), (Some(Ok(())), 2));
    let again = bench.add(&session, &[1]);
    assert_eq!((bench.done(again), bench.appends.len()), (Some(Ok(())), 0), "it is there");
    let ended = bench.end(&session, TransactionEnd::Commit);
    assert!(bench.marks.is_empty());
    bench.settle(Ok(()));
    assert_eq!(bench.marks, [(session.epoch, ControlMarker::Commit, vec![place(0), place(1)])]);
    bench.mark(0, Ok(()));
    bench.mark(1, Ok(()));
    assert_eq!(bench.done(ended), None);
    bench.settle(Ok(()));
    assert_eq!((bench.done(ended), bench.state()), (Some(Ok(())), TransactionState::CompleteCommit));
}

#[test]
fn what_could_not_be_written_has_not_happened() {
    let mut bench = Bench::new();
    let asked = bench.init_as(None);
    bench.settle(Err(ErrorCode::KafkaStorageError));
    assert_eq!(bench.answers[&asked], Response::Producer(Err(ErrorCode::NotCoordinator)));
    let session = bench.init();
    let added = bench.add(&session, &[0]);
    bench.settle(Err(ErrorCode::KafkaStorageError));
    assert_eq!(
        (bench.done(added), bench.state()),
        (Some(Err(ErrorCode::NotCoordinator)), TransactionState::Empty)
    );
    bench.add(&session, &[0]);
    bench.settle(Ok(()));
    let ended = bench.end(&session, TransactionEnd::Abort);
    bench.settle(Err(ErrorCode::KafkaStorageError));
    assert_eq!(
        (bench.done(ended), bench.state()),
        (Some(Err(ErrorCode::NotCoordinator)), TransactionState::Ongoing)
    );
    assert!(bench.marks.is_empty());
}

#[test]
fn a_partition_that_cannot_be_marked_is_tried_again_and_holds_up_nobody() {
    let mut bench = Bench::new();
    let session = bench.init();
    bench.add(&session, &[0, 1, 2]);
    bench.settle(Ok(()));
    let ended = bench.end(&session, TransactionEnd::Commit);
    bench.settle(Ok(()));
    bench.mark(0, Err(ErrorCode::KafkaStorageError));
    assert_eq!(bench.done(ended), Some(Ok(())), "it has been decided");
    bench.mark(1, Ok(()));
    bench.mark(2, Err(ErrorCode::UnknownTopicOrPartition));
    bench.mark(2, Ok(()));
    let next = bench.add(&session, &[1]);
    assert_eq!(bench.done(next), Some(Err(ErrorCode::ConcurrentTransactions)));
    bench.marks.clear();
    bench.pass(Duration::from_millis(900));
    assert!(bench.marks.is_empty());
    bench.pass(Duration::from_millis(200));
    assert_eq!(bench.marks, [(session.epoch, ControlMarker::Commit, vec![place(0)])]);
    bench.mark(0, Ok(()));
    // Its record fails, too.
    bench.settle(Err(ErrorCode::KafkaStorageError));
    assert_eq!(bench.state(), TransactionState::PrepareCommit);
    bench.pass(Duration::from_secs(2));
    bench.settle(Ok(()));
    assert_eq!(bench.state(), TransactionState::CompleteCommit);
}

#[test]
fn a_decision_is_carried_out_by_the_next_coordinator() {
    let mut bench = Bench::new();
    let session = bench.init();
    bench.add(&session, &[0, 1]);
    bench.settle(Ok(()));
    let open = bench.restart();
    assert_eq!(open.admitted, [place(0), place(1)]);
    assert!(open.marks.is_empty());
    bench.end(&session, TransactionEnd::Abort);
    let mut next = bench.restart();
    assert_eq!(next.marks, [(session.epoch, ControlMarker::Abort, vec![place(0), place(1)])]);
    next.mark(0, Ok(()));
    next.mark(1, Ok(()));
    next.settle(Ok(()));
    assert_eq!(next.state(), TransactionState::CompleteAbort);
}

#[test]
fn who_asks_for_a_new_epoch_again_gets_the_same() {
    let mut bench = Bench::new();
    let session = bench.init();
    let current = Some((session.producer_id, session.epoch));
    let first = bench.init_as(current);
    bench.settle(Ok(()));
    let again = bench.init_as(current);
    bench.settle(Ok(()));
    assert_eq!(bench.session(first).epoch, ProducerEpoch(1));
    assert_eq!(bench.session(first), bench.session(again));
    // Somebody else has asked without saying who he was: the old one is fenced.
    bench.init();
    let fenced = bench.init_as(current);
    assert_eq!(bench.answers[&fenced], Response::Producer(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn a_producer_whose_epochs_are_used_up_gets_another_id() {
    let mut bench = Bench::new();
    let mut session = bench.init();
    let producer_id = session.producer_id;
    while session.epoch < ProducerEpoch(i16::MAX - 1) {
        session = bench.init();
        assert_eq!(session.producer_id, producer_id);
    }
    let current = Some((session.producer_id, session.epoch));
    let first = bench.init_as(current);
    bench.settle(Ok(()));
    let rotated = bench.session(first);
    assert_ne!(rotated.producer_id, producer_id);
    assert_eq!(rotated.epoch, ProducerEpoch(0));
    let again = bench.init_as(current);
    bench.settle(Ok(()));
    assert_eq!(bench.session(again), rotated, "the answer was not heard");
}

#[test]
fn an_open_transaction_is_aborted_for_a_successor_under_an_epoch_of_its_own() {
    let mut bench = Bench::new();
    bench.begin();
    let asked = bench.init_as(None);
    bench.settle(Ok(()));
    let refused = Response::Producer(Err(ErrorCode::ConcurrentTransactions));
    assert_eq!(bench.answers[&asked], refused);
    assert_eq!(bench.marks, [(ProducerEpoch(1), ControlMarker::Abort, vec![place(0)])]);
    let early = bench.init_as(None);
    assert_eq!(bench.answers[&early], refused);
    bench.mark(0, Ok(()));
    bench.settle(Ok(()));
    assert_eq!(bench.init().epoch, ProducerEpoch(2));
}

#[test]
fn time_ends_transactions_and_forgets_ids() {
    let mut bench = Bench::new();
    bench.begin();
    bench.pass(TIMEOUT - Duration::from_millis(1));
    assert!(bench.appends.is_empty());
    // A new coordinator counts on from the start of the transaction.
    let mut next = bench.restart();
    next.pass(Duration::from_millis(1));
    next.settle(Err(ErrorCode::KafkaStorageError));
    assert_eq!(next.state(), TransactionState::Ongoing);
    next.pass(Duration::from_secs(2));
    next.settle(Ok(()));
    assert_eq!(next.marks, [(ProducerEpoch(1), ControlMarker::Abort, vec![place(0)])]);
    next.mark(0, Ok(()));
    next.settle(Ok(()));
    let week = Duration::from_secs(7 * 24 * 3600);
    next.pass(week - Duration::from_secs(3600));
    assert!(next.appends.is_empty());
    next.pass(Duration::from_secs(7200));
    assert_eq!(next.records.last().unwrap().value, None);
    next.settle(Ok(()));
    assert_eq!(next.coordinator.describe(ID), None);
    assert!(next.restart().coordinator.list().is_empty());
}

#[test]
fn who_waits_is_told_that_the_coordinator_stops() {
    let mut bench = Bench::new();
    let session = bench.init();
    let added = bench.add(&session, &[0]);
    bench.coordinator.stop(ErrorCode::NotCoordinator);
    bench.collect();
    assert_eq!(bench.done(added), Some(Err(ErrorCode::NotCoordinator)));
}

fn with_epochs() -> Bench {
    Bench { version: TransactionVersion::V2, ..Bench::new() }
}

#[test]
fn each_transaction_has_an_epoch_of_its_own() {
    let mut bench = with_epochs();
    let first = bench.begin();
    let second = bench.end_all(&first, TransactionEnd::Commit).unwrap();
    assert_eq!((second.producer_id, second.epoch), (first.producer_id, ProducerEpoch(1)));
    assert_eq!(bench.marks, [(second.epoch, ControlMarker::Commit, vec![place(0)])]);
    // It has not heard the answer. What of the first transaction was long on its way is not part of the second.
    assert_eq!(bench.end_all(&first, TransactionEnd::Commit).as_ref(), Ok(&second));
    assert_eq!(bench.end_all(&first, TransactionEnd::Abort), Err(ErrorCode::InvalidTxnState));
    let late = bench.add(&first, &[0]);
    assert_eq!(bench.done(late), Some(Err(ErrorCode::ProducerFenced)));
    let after = bench.restart().end_all(&first, TransactionEnd::Commit);
    assert_eq!(after, Ok(second), "the next coordinator knows it, too");
}

/// Kafka's table of what comes of EndTxn where no transaction is open (`TransactionCoordinator`).
#[test]
fn there_may_be_nothing_to_abort() {
    use TransactionEnd::{Abort, Commit};
    let completed = |end| {
        let mut bench = with_epochs();
        let session = bench.begin();
        let current = bench.end_all(&session, end).unwrap();
        (bench, session, current)
    };
    let empty = || {
        let mut bench = with_epochs();
        let session = bench.init();
        let current = bench.init();
        (bench, session, current)
    };
    let next = |epoch| Ok(ProducerEpoch(epoch));
    let (fenced, invalid) = (Err(ErrorCode::ProducerFenced), Err(ErrorCode::InvalidTxnState));
    let cases = [
        (empty(), [(Abort, fenced, next(2)), (Commit, fenced, invalid)]),
        (completed(Abort), [(Abort, next(1), next(2)), (Commit, invalid, invalid)]),
        (completed(Commit), [(Abort, invalid, next(2)), (Commit, next(1), invalid)]),
    ];
    for ((bench, again, current), expected) in cases {
        for (end, of_again, of_current) in expected {
            for (session, expected) in [(&again, of_again), (&current, of_current)] {
                let told = bench.restart().end_all(session, end).map(|session| session.epoch);
                assert_eq!(told, expected, "{:?}: {end:?} by {:?}", bench.state(), session.epoch);
            }
        }
    }
}

#[test]
fn with_the_last_epoch_a_transaction_ends_under_another_id() {
    let mut bench = with_epochs();
    let mut session = bench.init();
    while session.epoch < ProducerEpoch(i16::MAX - 1) {
        session = bench.init();
    }
    bench.add(&session, &[0]);
    bench.settle(Ok(()));
    let asked = bench.end(&session, TransactionEnd::Abort);
    bench.settle(Ok(()));
    assert_eq!(bench.marks, [(ProducerEpoch(i16::MAX), ControlMarker::Abort, vec![place(0)])]);
    for is_new in [true, false] {
        let mut bench = if is_new { bench.restart() } else { std::mem::replace(&mut bench, Bench::new()) };
        bench.mark(0, Err(ErrorCode::KafkaStorageError));
        if !is_new {
            let early = bench.session(asked);
            let added = bench.add(&early, &[0]);
            assert_eq!(bench.done(added), Some(Err(ErrorCode::ConcurrentTransactions)));
        }
        bench.pass(Duration::from_secs(2));
        bench.mark(0, Ok(()));
        bench.settle(Ok(()));
        let next = bench.end_all(&session, TransactionEnd::Abort).unwrap();
        assert_ne!(next.producer_id, session.producer_id);
        assert_eq!(next.epoch, ProducerEpoch(0));
        assert_eq!(bench.restart().end_all(&session, TransactionEnd::Abort), Ok(next));
    }
}

#[test]
fn who_was_too_slow_may_go_on_while_nobody_else_has_come() {
    let mut bench = Bench::new();
    let session = bench.begin();
    bench.pass(TIMEOUT);
    bench.settle(Ok(()));
    bench.mark(0, Ok(()));
    bench.settle(Ok(()));
    let asked = bench.init_as(Some((session.producer_id, session.epoch)));
    bench.settle(Ok(()));
    assert_eq!(bench.session(asked).epoch, ProducerEpoch(1));
    bench.init();
    let fenced = bench.init_as(Some((session.producer_id, session.epoch)));
    assert_eq!(bench.done(fenced), Some(Err(ErrorCode::ProducerFenced)));
}
