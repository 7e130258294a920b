//! Transactions by raw requests: what producers that know no better, or no newer version, are answered; and the end of a
//! transaction that hangs.

use tidelog::error_code::ErrorCode;
use tidelog::record::{Batches, Compression, ProducerStamp};
use tidelog::wire::api::add_offsets_to_txn::{AddOffsetsToTxn, AddOffsetsToTxnRequest};
use tidelog::wire::api::add_partitions_to_txn::{
    AddPartitionsToTxn, AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use tidelog::wire::api::api_versions::{ApiVersions, ApiVersionsRequest};
use tidelog::wire::api::end_txn::{EndTxn, EndTxnRequest, EndTxnResponse};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic, PartitionData};
use tidelog::wire::api::find_coordinator::{FindCoordinator, FindCoordinatorRequest};
use tidelog::wire::api::init_producer_id::{InitProducerId, InitProducerIdRequest, InitProducerIdResponse};
use tidelog::wire::api::list_transactions::{ListTransactions, ListTransactionsRequest};
use tidelog::wire::api::produce::{Produce, ProduceRequest};
use tidelog::wire::api::txn_offset_commit::{
    TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use tidelog::wire::api::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkers, WriteTxnMarkersRequest,
};
use tidelog::wire::records::Piece;

use super::raw::{RawClient, batch_by, now, produce_request, stamp};
use super::rig::TestServer;

/// A client, after the server has been asked for the coordinator of `mover`.
fn coordinated(server: &TestServer) -> RawClient {
    let mut client = RawClient::connect(server);
    let request = FindCoordinatorRequest { key: "mover".to_owned(), key_type: 1, ..Default::default() };
    assert_eq!(client.call::<FindCoordinator>(2, &request).error_code, NONE);
    client
}

fn init(client: &mut RawClient, version: i16, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let known = InitProducerIdRequest { transaction_timeout_ms: 60_000, ..request };
    client.call::<InitProducerId>(version, &known)
}

fn of(id: &str) -> InitProducerIdRequest {
    InitProducerIdRequest { transactional_id: Some(id.to_owned()), ..InitProducerIdRequest::default() }
}

fn add(client: &mut RawClient, version: i16, session: &InitProducerIdResponse, topics: &[&str]) -> Vec<i16> {
    let topic = |name: &&str| AddPartitionsToTxnTopic { name: (*name).to_owned(), partitions: vec![0] };
    let request = AddPartitionsToTxnRequest {
        transactional_id: "mover".to_owned(),
        producer_id: session.producer_id,
        producer_epoch: session.producer_epoch,
        topics: topics.iter().map(topic).collect(),
    };
    let response = client.call::<AddPartitionsToTxn>(version, &request);
    let codes = response.results_by_topic.iter().map(|topic| &topic.results_by_partition[0]);
    codes.map(|partition| partition.partition_error_code).collect()
}

fn end(client: &mut RawClient, version: i16, session: &InitProducerIdResponse, committed: bool) -> i16 {
    client.call::<EndTxn>(version, &ending(session, committed)).error_code
}

fn ending(session: &InitProducerIdResponse, committed: bool) -> EndTxnRequest {
    EndTxnRequest {
        transactional_id: "mover".to_owned(),
        producer_id: session.producer_id,
        producer_epoch: session.producer_epoch,
        committed,
    }
}

/// Sends one record of the transaction to partition 0 of `t`.
fn produce(
    client: &mut RawClient,
    version: i16,
    session: &InitProducerIdResponse,
    sequence: i32,
    value: &[u8],
) -> i16 {
    produce_as(client, version, Some("mover"), session, sequence, value)
}

fn produce_as(
    client: &mut RawClient,
    version: i16,
    id: Option<&str>,
    session: &InitProducerIdResponse,
    sequence: i32,
    value: &[u8],
) -> i16 {
    let request = transactional(id, session, sequence, value);
    client.call::<Produce>(version, &request).responses[0].partition_responses[0].error_code
}

fn transactional(
    id: Option<&str>,
    session: &InitProducerIdResponse,
    sequence: i32,
    value: &[u8],
) -> ProduceRequest {
    let stamp = stamp(session.producer_id, session.producer_epoch, sequence);
    let stamp = ProducerStamp { transactional: true, ..stamp };
    let records = batch_by(Compression::None, stamp, now(), &[value]);
    let transactional_id = id.map(str::to_owned);
    ProduceRequest { transactional_id, ..produce_request(-1, "t", 0, Some(&records)) }
}

/// What a reader of committed records is answered that asks for so many bytes of the topic's partition.
fn fetch(client: &mut RawClient, topic: &str, offset: i64, size: i32) -> PartitionData {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: size, ..FetchPartition::default() };
    let topic = FetchTopic { topic: topic.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
    let request = FetchRequest { isolation_level: 1, topics: vec![topic], ..FetchRequest::default() };
    client.call::<Fetch>(11, &request).responses.remove(0).partitions.remove(0)
}

/// High watermark and last stable offset of the topic's partition, and the count of aborted transactions.
fn marks(client: &mut RawClient, topic: &str) -> (i64, i64, usize) {
    let data = fetch(client, topic, 0, 1 << 20);
    (data.high_watermark, data.last_stable_offset, data.aborted_transactions.map_or(0, |all| all.len()))
}

const NONE: i16 = 0;

#[test]
fn producers_that_know_no_better_are_told_what_is_wrong() {
    let server = TestServer::start();
    let mut client = coordinated(&server);
    client.create_topic("t", &[]);
    assert_eq!(init(&mut client, 4, of("")).error_code, ErrorCode::InvalidRequest.code());
    let half = InitProducerIdRequest { producer_id: 5, ..of("mover") };
    assert_eq!(init(&mut client, 4, half).error_code, ErrorCode::InvalidRequest.code());
    let session = init(&mut client, 1, of("mover"));
    assert_eq!((session.error_code, session.producer_epoch), (NONE, 0));

    let not_attempted = ErrorCode::OperationNotAttempted.code();
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(add(&mut client, 3, &session, &["t", "gone"]), [not_attempted, unknown]);
    let internal = add(&mut client, 3, &session, &["__consumer_offsets"]);
    assert_eq!(internal, [ErrorCode::TopicAuthorizationFailed.code()]);
    assert_eq!(end(&mut client, 3, &session, true), ErrorCode::InvalidTxnState.code());
    let refusal = |client: &mut RawClient, version| produce(client, version, &session, 0, b"v");
    assert_eq!(refusal(&mut client, 10), ErrorCode::InvalidTxnState.code(), "the partition was not added");
    assert_eq!(refusal(&mut client, 11), ErrorCode::TransactionAbortable.code(), "newer ones can go on");
    let nameless = produce_as(&mut client, 9, None, &session, 0, b"v");
    assert_eq!(nameless, ErrorCode::TransactionalIdAuthorizationFailed.code());
    assert_eq!(marks(&mut client, "t"), (0, 0, 0), "and nothing was written");

    assert_eq!(add(&mut client, 0, &session, &["t"]), [NONE]);
    assert_eq!(produce(&mut client, 9, &session, 0, b"v"), NONE);
    assert_eq!(marks(&mut client, "t"), (1, 0, 0));
    let unannounced = InitProducerIdResponse { producer_epoch: 1, ..session.clone() };
    let refused = produce(&mut client, 9, &unannounced, 0, b"v");
    assert_eq!(refused, ErrorCode::InvalidProducerEpoch.code(), "nobody was given that epoch");
    let other = InitProducerIdResponse { producer_id: 999, ..session.clone() };
    assert_eq!(end(&mut client, 3, &other, true), ErrorCode::InvalidProducerIdMapping.code());
    let newer = InitProducerIdResponse { producer_epoch: 5, ..session.clone() };
    assert_eq!(end(&mut client, 1, &newer, true), ErrorCode::InvalidProducerEpoch.code());
    assert_eq!(end(&mut client, 2, &newer, true), ErrorCode::ProducerFenced.code());
    assert_eq!(end(&mut client, 1, &session, true), NONE);
    assert_eq!(marks(&mut client, "t"), (2, 2, 0));
}

/// KIP-890: what is written makes its partition part of the transaction, and each transaction has an epoch.
#[test]
fn partitions_join_a_transaction_with_what_is_written_to_them() {
    let server = TestServer::start();
    let mut client = coordinated(&server);
    client.create_topic("t", &[]);
    let first = init(&mut client, 5, of("mover"));
    // All are sent before the first is answered, and stay in order.
    for sequence in 0..5 {
        client.ask::<Produce>(12, &transactional(Some("mover"), &first, sequence, b"v"));
    }
    for at in 0..5 {
        let answer = client.answer_to::<Produce>(12, client.last_id - 4 + at);
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (NONE, at.into()));
    }
    assert_eq!(marks(&mut client, "t"), (5, 0, 0));
    let second = next_epoch(&mut client, &first, true).unwrap();
    assert_eq!((second.producer_id, second.producer_epoch), (first.producer_id, 1));
    assert_eq!(marks(&mut client, "t"), (6, 6, 0));

    let late = produce(&mut client, 12, &first, 5, b"late");
    assert_eq!(late, ErrorCode::InvalidProducerEpoch.code());
    let other = InitProducerIdResponse { producer_id: 999, ..second.clone() };
    assert_eq!(produce(&mut client, 12, &other, 0, b"v"), ErrorCode::InvalidProducerIdMapping.code());
    let older = produce(&mut client, 11, &second, 0, b"v");
    assert_eq!(older, ErrorCode::TransactionAbortable.code(), "older versions have to say so before");
    assert_eq!(marks(&mut client, "t"), (6, 6, 0), "and nothing was written");

    // It cannot know whether something has arrived: there may be nothing to abort.
    let third = next_epoch(&mut client, &second, false).unwrap();
    assert_eq!(third.producer_epoch, 2);
    assert_eq!(next_epoch(&mut client, &third, true).unwrap_err(), ErrorCode::InvalidTxnState.code());
    assert_eq!(produce(&mut client, 12, &third, 0, b"v"), NONE);
    let mut server = server.restarted(&[]);
    let mut client = coordinated(&server);
    assert_eq!(produce(&mut client, 12, &third, 1, b"v"), NONE, "it goes on");
    let fourth = next_epoch(&mut client, &third, false).unwrap();
    assert_eq!(marks(&mut client, "t"), (9, 9, 1));
    server = server.restarted(&[]);
    let mut client = coordinated(&server);
    assert_eq!(next_epoch(&mut client, &third, false).unwrap(), fourth, "it has not heard the answer");
}

/// Ends a transaction; who the producer is then.
fn next_epoch(
    client: &mut RawClient,
    session: &InitProducerIdResponse,
    committed: bool,
) -> Result<InitProducerIdResponse, i16> {
    let answer = client.call::<EndTxn>(5, &ending(session, committed));
    let EndTxnResponse { error_code, producer_id, producer_epoch, .. } = answer;
    let next = InitProducerIdResponse { producer_id, producer_epoch, ..InitProducerIdResponse::default() };
    if error_code == NONE { Ok(next) } else { Err(error_code) }
}

#[test]
fn who_is_new_to_a_partition_begins_a_transaction_there_with_its_first_record() {
    let server = TestServer::start();
    let mut client = coordinated(&server);
    client.create_topic("t", &[]);
    let session = init(&mut client, 5, of("mover"));
    let overtaking = produce(&mut client, 12, &session, 1, b"second");
    assert_eq!(overtaking, ErrorCode::OutOfOrderSequenceNumber.code());
    assert_eq!(produce(&mut client, 12, &session, 0, b"first"), NONE);
    assert_eq!(produce(&mut client, 12, &session, 1, b"second"), NONE);
    assert!(next_epoch(&mut client, &session, true).is_ok());
    assert_eq!(marks(&mut client, "t"), (3, 3, 0));
}

#[test]
fn clients_are_told_of_the_features() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    let request = ApiVersionsRequest {
        client_software_name: "raw".to_owned(),
        client_software_version: "1".to_owned(),
    };
    let mut told = |version| {
        let answer = client.call::<ApiVersions>(version, &request);
        let supported = answer
            .supported_features
            .iter()
            .any(|one| one.name == "transaction.version" && one.max_version == 2);
        let finalized =
            answer.finalized_features.iter().find(|one| one.name == "transaction.version").cloned();
        (supported, finalized.map(|one| one.max_version_level), answer.finalized_features_epoch)
    };
    assert_eq!(told(4), (true, Some(2), 0));
    assert_eq!(told(3), (false, Some(2), 0), "Kafka's clients before 3.9 take no level 0");
    assert_eq!(told(2), (false, None, -1));
}

#[test]
fn offsets_need_their_group_in_the_transaction() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("t", &[]);
    let session = init(&mut client, 4, of("mover"));
    let commit = |client: &mut RawClient, version: i16, topic: &str| {
        let partition = TxnOffsetCommitRequestPartition {
            committed_offset: 7,
            ..TxnOffsetCommitRequestPartition::default()
        };
        let request = TxnOffsetCommitRequest {
            transactional_id: "mover".to_owned(),
            group_id: "g".to_owned(),
            producer_id: session.producer_id,
            producer_epoch: session.producer_epoch,
            topics: vec![TxnOffsetCommitRequestTopic { name: topic.to_owned(), partitions: vec![partition] }],
            ..TxnOffsetCommitRequest::default()
        };
        client.call::<TxnOffsetCommit>(version, &request).topics[0].partitions[0].error_code
    };
    assert_eq!(commit(&mut client, 3, "t"), ErrorCode::InvalidTxnState.code());
    assert_eq!(commit(&mut client, 4, "t"), ErrorCode::TransactionAbortable.code());
    let request = AddOffsetsToTxnRequest {
        transactional_id: "mover".to_owned(),
        producer_id: session.producer_id,
        producer_epoch: session.producer_epoch,
        group_id: "g".to_owned(),
    };
    assert_eq!(client.call::<AddOffsetsToTxn>(3, &request).error_code, NONE);
    assert_eq!(commit(&mut client, 3, "gone"), ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(commit(&mut client, 3, "t"), NONE);
    assert_eq!(end(&mut client, 3, &session, true), NONE);
    // Newer clients leave it to this request (KIP-890).
    assert_eq!(commit(&mut client, 4, "t"), ErrorCode::TransactionAbortable.code());
    assert_eq!(commit(&mut client, 5, "gone"), ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(commit(&mut client, 5, "t"), NONE);
    assert!(next_epoch(&mut client, &session, true).is_ok());
    assert_eq!(commit(&mut client, 5, "t"), ErrorCode::InvalidProducerEpoch.code());
}

#[test]
fn an_administrator_ends_what_hangs_and_finds_it_by_its_name() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("t", &[]);
    let session = init(&mut client, 4, of("mover"));
    add(&mut client, 3, &session, &["t"]);
    assert_eq!(produce(&mut client, 9, &session, 0, b"v"), NONE);
    let list = |client: &mut RawClient, request: ListTransactionsRequest| {
        let listed = client.call::<ListTransactions>(2, &request);
        (listed.error_code, listed.transaction_states.len(), listed.unknown_state_filters.len())
    };
    let by_name = |pattern: &str| ListTransactionsRequest {
        transactional_id_pattern: Some(pattern.to_owned()),
        ..ListTransactionsRequest::default()
    };
    assert_eq!(list(&mut client, by_name("mo.*")), (NONE, 1, 0));
    assert_eq!(list(&mut client, by_name("mo")), (NONE, 0, 0), "the whole name counts");
    assert_eq!(list(&mut client, by_name("(")).0, ErrorCode::InvalidRegularExpression.code());
    let by_state = ListTransactionsRequest {
        state_filters: vec!["Ongoing".to_owned(), "Sleeping".to_owned()],
        ..ListTransactionsRequest::default()
    };
    assert_eq!(list(&mut client, by_state), (NONE, 1, 1));
    let lasting =
        ListTransactionsRequest { duration_filter: 3_600_000, ..ListTransactionsRequest::default() };
    assert_eq!(list(&mut client, lasting), (NONE, 0, 0));

    let topic = |name: &str| WritableTxnMarkerTopic { name: name.to_owned(), partition_indexes: vec![0] };
    let marker = WritableTxnMarker {
        producer_id: session.producer_id,
        producer_epoch: session.producer_epoch,
        topics: vec![topic("t"), topic("gone")],
        ..WritableTxnMarker::default()
    };
    let request = WriteTxnMarkersRequest { markers: vec![marker] };
    let response = client.call::<WriteTxnMarkers>(1, &request);
    let codes = response.markers[0].topics.iter().map(|topic| topic.partitions[0].error_code);
    assert_eq!(codes.collect::<Vec<_>>(), [NONE, ErrorCode::UnknownTopicOrPartition.code()]);
    assert_eq!(marks(&mut client, "t"), (2, 2, 1), "it was aborted");
    assert!(client.call::<WriteTxnMarkers>(2, &WriteTxnMarkersRequest::default()).markers.is_empty());
}

/// Offsets of the data batches that are whole in an answer to a fetch from `offset`, and of what it says was aborted.
fn fetched(client: &mut RawClient, offset: i64, size: i32) -> (Vec<i64>, Vec<i64>) {
    let data = fetch(client, "t", offset, size);
    let mut bytes = Vec::new();
    for piece in &data.records.pieces {
        let Piece::Memory(piece) = piece else { panic!("what was received is in memory") };
        bytes.extend_from_slice(piece);
    }
    let whole = Batches::new(&bytes).map_while(Result::ok);
    let of_data = whole.filter(|batch| !batch.header().attributes().is_control());
    let offsets = of_data.map(|batch| batch.header().base_offset().0).collect();
    let aborted = data.aborted_transactions.iter().flatten().map(|one| one.first_offset).collect();
    (offsets, aborted)
}

/// A reader that is far behind would be told of all of them with every piece that it reads.
#[test]
fn a_fetch_tells_of_the_aborted_transactions_in_its_records_and_of_no_others() {
    const COUNT: usize = 150;
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("t", &[("internal.segment.bytes", "50000")]);
    let session = init(&mut client, 4, of("mover"));
    for number in 0..COUNT {
        add(&mut client, 3, &session, &["t"]);
        let sequence = i32::try_from(number).unwrap();
        assert_eq!(produce(&mut client, 9, &session, sequence, &[7; 1000]), NONE);
        assert_eq!(end(&mut client, 3, &session, false), NONE);
    }
    let check = |client: &mut RawClient| {
        let mut seen = 0;
        for from in (0..2 * i64::try_from(COUNT).unwrap()).step_by(14) {
            let (data, aborted) = fetched(client, from, 10_000);
            seen += data.len();
            assert!(data.iter().all(|offset| aborted.contains(offset)), "{data:?}, {aborted:?} from {from}");
            // One at each end may be cut off.
            assert!(aborted.len() <= data.len() + 2, "{data:?}, {aborted:?} from {from}");
        }
        assert!(seen > COUNT);
    };
    // From memory, and from the files.
    check(&mut client);
    let server = server.restarted(&[]);
    assert_eq!(server.server.metrics().fetched_from_memory.get(), 0);
    check(&mut RawClient::connect(&server));
    assert_eq!(server.server.metrics().fetched_from_memory.get(), 0);
}

/// Whoever reads along is told of what is aborted in what he gets, however soon it follows the end before.
#[test]
fn readers_that_keep_up_are_told_of_each_aborted_transaction() {
    const COUNT: i64 = 200;
    const READERS: usize = 4;
    let server = TestServer::start();
    let mut client = coordinated(&server);
    client.create_topic("t", &[]);
    // Each transaction has a record and a marker.
    let read = || {
        let (mut reader, mut from) = (RawClient::connect(&server), 0);
        while from < 2 * COUNT {
            let (data, aborted) = fetched(&mut reader, from, 10_000);
            assert!(data.iter().all(|offset| aborted.contains(offset)), "{data:?}, {aborted:?} from {from}");
            from = data.last().map_or(from, |last| last + 2);
        }
    };
    std::thread::scope(|scope| {
        (0..READERS).for_each(|_| drop(scope.spawn(read)));
        let mut session = init(&mut client, 5, of("mover"));
        for _ in 0..COUNT {
            assert_eq!(produce(&mut client, 12, &session, 0, b"v"), NONE);
            session = next_epoch(&mut client, &session, false).unwrap();
        }
    });
}
