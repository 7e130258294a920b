//! What no client of good will sends: it gets a clear answer or the end of its connection, nothing is lost, and nobody
//! else is disturbed.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidelog::error_code::ErrorCode;
use tidelog::record::{Compression, ProducerStamp};
use tidelog::server::ServerOptions;
use tidelog::types::TopicId;
use tidelog::wire::api::api_versions::{ApiVersions, ApiVersionsRequest};
use tidelog::wire::api::create_topics::{CreatableTopic, CreateTopics, CreateTopicsRequest};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest};
use tidelog::wire::api::produce::Produce;
use tidelog::wire::api::{APIS, produce};
use tidelog::wire::schema::Api;

use super::raw::{RawClient, batch, batch_by, frame, now, produce_request, stamp, with_crc};
use super::rig::{TestServer, allow_open_files};

/// Somebody else, who must not notice anything.
fn check_others(server: &TestServer) {
    let mut client = RawClient::connect(server);
    let response = client.call::<ApiVersions>(0, &ApiVersionsRequest::default());
    assert_eq!(response.api_keys.len(), APIS.len());
}

fn fetch_request(topic: &str, offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topic = FetchTopic { topic: topic.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..FetchRequest::default() }
}

#[test]
fn a_length_that_no_request_has_ends_the_connection_at_once() {
    let server = TestServer::start();
    for length in [-1, i32::MIN, i32::MAX, (100 << 20) + 1] {
        let mut client = RawClient::connect(&server);
        client.send(&length.to_be_bytes());
        assert!(client.is_closed(), "length {length}");
    }
    assert_eq!(server.server.metrics().refused.get(), 4);
    check_others(&server);
}

#[test]
fn a_promised_length_costs_nothing_before_the_bytes_come() {
    let server = TestServer::start();
    let before = resident_bytes();
    let clients: Vec<RawClient> = (0..200)
        .map(|_| {
            let mut client = RawClient::connect(&server);
            client.send(&(90_i32 << 20).to_be_bytes());
            client.send(&[0; 100]);
            client
        })
        .collect();
    check_others(&server);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 200 << 20, "18 GB were promised, {grown} bytes are held");
    drop(clients);
}

/// Bytes of memory that this process holds.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn what_cannot_be_understood_ends_the_connection_and_no_other() {
    let server = TestServer::start();
    let header = |key: i16, version: i16, body: &[u8]| {
        let mut message = [key.to_be_bytes(), version.to_be_bytes()].concat();
        message.extend([0, 0, 0, 7, 0xff, 0xff]);
        message.extend(body);
        let size = i32::try_from(message.len()).unwrap();
        [&size.to_be_bytes()[..], &message].concat()
    };
    let cases = [
        ("an unknown API", header(999, 0, &[])),
        ("an API that brokers use among themselves", header(4, 0, &[])),
        ("an unknown version", header(Metadata::KEY, 99, &[0; 20])),
        ("a negative version", header(Metadata::KEY, -1, &[0; 20])),
        ("a list longer than the request", header(Metadata::KEY, 1, &i32::MAX.to_be_bytes())),
        ("a list of negative length", header(Metadata::KEY, 1, &(-2i32).to_be_bytes())),
        ("a body that is cut short", header(Metadata::KEY, 4, &[0, 0, 0, 1, 0])),
        ("an empty message", 0i32.to_be_bytes().to_vec()),
        ("a header that is cut short", [&3i32.to_be_bytes()[..], &[0, 3, 0]].concat()),
        ("garbage", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
    ];
    let mut bystander = RawClient::connect(&server);
    for (what, bytes) in cases {
        let mut client = RawClient::connect(&server);
        client.send(&bytes);
        assert!(client.is_closed(), "{what}");
        bystander.call::<ApiVersions>(0, &ApiVersionsRequest::default());
    }
}

#[test]
fn a_newer_client_that_asks_for_versions_is_answered_in_the_oldest_layout() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.ask::<ApiVersions>(77, &ApiVersionsRequest::default());
    let response = client.answer::<ApiVersions>(0);
    assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
    assert!(response.api_keys.iter().any(|api| api.api_key == ApiVersions::KEY && api.max_version == 4));
    // The connection goes on.
    let named = ApiVersionsRequest {
        client_software_name: "raw".to_owned(),
        client_software_version: "1.0".to_owned(),
    };
    let response = client.call::<ApiVersions>(4, &named);
    let of_produce = response.api_keys.iter().find(|api| api.api_key == Produce::KEY).unwrap();
    assert_eq!((of_produce.min_version, of_produce.max_version), (0, 13));
    let unnamed = client.call::<ApiVersions>(3, &ApiVersionsRequest::default());
    assert_eq!(unnamed.error_code, ErrorCode::InvalidRequest.code());
}

#[test]
fn every_api_is_dispatched_in_every_version_it_is_listed_with() {
    let server = TestServer::start();
    for api in APIS {
        for version in api.versions.clone() {
            let mut client = RawClient::connect(&server);
            // A body of zeroes is a request of empty lists and texts in almost every version; where it is none, it is refused
            // as such, and not for its version.
            let flexible = api.is_flexible(version);
            let mut message = [api.key.to_be_bytes(), version.to_be_bytes()].concat();
            message.extend([0, 0, 0, 7, 0xff, 0xff]);
            if flexible {
                message.push(0);
            }
            message.extend(if flexible { [1; 64] } else { [0; 64] });
            let size = i32::try_from(message.len()).unwrap();
            client.send(&[&size.to_be_bytes()[..], &message].concat());
            client.stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            // It may be closed in any way.
            let _ = client.stream.read_to_end(&mut answer);
        }
    }
    check_others(&server);
}

#[test]
fn every_row_of_kafkas_answers_to_bad_batches() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("rows", &[("max.message.bytes", "2000")]);
    client.create_topic("compacted", &[("cleanup.policy", "compact")]);
    client.create_topic("timed", &[("message.timestamp.before.max.ms", "1000")]);
    let good = batch(&[b"one", b"two"]);
    let at = |place: usize, value: u8| with_crc(good.clone(), |batch| batch[place] = value);
    let mut flipped = good.clone();
    flipped[70] ^= 1;
    let crc = ErrorCode::CorruptMessage;
    let record = ErrorCode::InvalidRecord;
    let cases = [
        ("a wrong checksum", flipped, crc),
        ("too few bytes for a batch", good[..13].to_vec(), crc),
        ("a batch cut short", good[..good.len() - 1].to_vec(), crc),
        ("no batch", Vec::new(), record),
        ("two batches", good.repeat(2), record),
        (
            "an old format",
            {
                let mut old = good.clone();
                old[16] = 1;
                old
            },
            record,
        ),
        ("a control batch", at(22, 0x20), record),
        ("a count of none", with_crc(good.clone(), |batch| batch[57..61].fill(0)), record),
        ("a count that is not the offsets'", at(60, 3), record),
        ("a last offset that is not the count's", at(26, 5), record),
        (
            "a producer without a sequence",
            batch_by(Compression::None, stamp(5, 0, -1), now(), &[b"v"]),
            record,
        ),
        ("records that are none", with_crc(good.clone(), |batch| batch[61] = 0x7f), record),
        ("too many bytes", batch(&[&[0; 3000]]), ErrorCode::MessageTooLarge),
    ];
    for (what, bytes, expected) in cases {
        let answer = client.produce("rows", &bytes);
        assert_eq!(answer.error_code, expected.code(), "{what}: {:?}", answer.error_message);
        assert_eq!(answer.base_offset, -1, "{what}");
    }
    assert_eq!(client.produce("compacted", &good).error_code, record.code(), "no key on a compacted topic");
    let old = batch_by(Compression::None, ProducerStamp::NONE, now() - 3_600_000, &[b"v"]);
    assert_eq!(client.produce("timed", &old).error_code, ErrorCode::InvalidTimestamp.code());
    let codes = |version, acks, place, records: Option<&[u8]>, client: &mut RawClient| {
        ErrorCode::from_code(client.produce_with(version, acks, place, records).error_code).unwrap()
    };
    assert_eq!(codes(9, 5, ("rows", 0), Some(&good), &mut client), ErrorCode::InvalidRequiredAcks);
    assert_eq!(codes(9, 1, ("rows", 7), Some(&good), &mut client), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(codes(9, 1, ("rows", -1), Some(&good), &mut client), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(codes(9, 1, ("nobody", 0), Some(&good), &mut client), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(codes(9, 1, ("rows", 0), None, &mut client), record);
    let packed = batch_by(Compression::Zstd, ProducerStamp::NONE, now(), &[b"v"]);
    assert_eq!(codes(6, 1, ("rows", 0), Some(&packed), &mut client), ErrorCode::UnsupportedCompressionType);
    assert_eq!(codes(7, 1, ("rows", 0), Some(&packed), &mut client), ErrorCode::None);
    let mut by_id = produce_request(1, "", 0, Some(&good));
    by_id.topic_data[0].topic_id = TopicId([9; 16]);
    let response = client.call::<Produce>(13, &by_id);
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ErrorCode::UnknownTopicId.code());
    // One record was taken, and it is the first: nothing of the rest is in the log.
    let answer = client.produce("rows", &good);
    assert_eq!((answer.error_code, answer.base_offset), (0, 1));
}

#[test]
fn an_idempotent_producer_is_held_to_its_sequences() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("sequences", &[]);
    let mut send = |id: i64, epoch: i16, sequence: i32| {
        let bytes = batch_by(Compression::None, stamp(id, epoch, sequence), now(), &[b"a", b"b"]);
        let answer = client.produce("sequences", &bytes);
        (ErrorCode::from_code(answer.error_code).unwrap(), answer.base_offset)
    };
    assert_eq!(send(1, 0, 0), (ErrorCode::None, 0));
    assert_eq!(send(1, 0, 2), (ErrorCode::None, 2));
    assert_eq!(send(1, 0, 0), (ErrorCode::None, 0), "a repeated batch has its old offset");
    assert_eq!(send(1, 0, 6).0, ErrorCode::OutOfOrderSequenceNumber, "a gap");
    assert_eq!(send(1, 1, 0), (ErrorCode::None, 4), "a new epoch starts anew");
    assert_eq!(send(1, 0, 4).0, ErrorCode::InvalidProducerEpoch, "the old one is over");
    assert_eq!(send(2, 0, 40), (ErrorCode::None, 6), "a producer that is not known may go on anywhere");
    for sequence in [2, 4, 6, 8, 10, 12] {
        assert_eq!(send(1, 1, sequence).0, ErrorCode::None);
    }
    assert_eq!(send(1, 1, 0).0, ErrorCode::OutOfOrderSequenceNumber, "too old to be known as a repetition");
}

#[test]
fn a_refused_batch_without_acknowledgement_ends_the_connection() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("silent", &[]);
    client.ask::<Produce>(9, &produce_request(0, "silent", 0, Some(&batch(&[b"v"]))));
    // No answer comes for it: the next one is to the next request.
    assert_eq!(client.produce("silent", &batch(&[b"w"])).base_offset, 1);
    client.ask::<Produce>(9, &produce_request(0, "silent", 7, Some(&batch(&[b"v"]))));
    assert!(client.is_closed());
}

#[test]
fn a_bomb_is_refused_within_bounded_memory() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("bombs", &[]);
    // One MiB of zeroes again and again: in this format packed pieces may follow each other.
    let small = batch_by(Compression::Zstd, ProducerStamp::NONE, now(), &[&vec![0; 1 << 20]]);
    let bomb = with_crc(small.clone(), |batch| {
        for _ in 0..300 {
            batch.extend_from_slice(&small[61..]);
        }
        let length = i32::try_from(batch.len() - 12).unwrap();
        batch[8..12].copy_from_slice(&length.to_be_bytes());
    });
    assert!(bomb.len() < 1 << 20, "300 MiB are packed into {} bytes", bomb.len());
    let answer = client.produce("bombs", &bomb);
    assert_eq!(answer.error_code, ErrorCode::InvalidRecord.code(), "{:?}", answer.error_message);
    assert!(answer.error_message.unwrap().contains("unpack"));
    assert_eq!(client.produce("bombs", &batch(&[b"v"])).base_offset, 0);
}

#[test]
fn names_that_no_topic_has_are_refused_by_name() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    let long = "x".repeat(250);
    for name in ["", ".", "..", "a/b", "a b", "ü", &long] {
        let topic = CreatableTopic {
            name: name.to_owned(),
            num_partitions: 1,
            replication_factor: 1,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let answer = client.call::<CreateTopics>(7, &request);
        assert_eq!(answer.topics[0].error_code, ErrorCode::InvalidTopicException.code(), "{name:?}");
        assert!(answer.topics[0].error_message.as_ref().is_some_and(|text| text.contains("topic name")));
        let topics = Some(vec![tidelog::wire::api::metadata::MetadataRequestTopic {
            name: Some(name.to_owned()),
            ..Default::default()
        }]);
        let request = MetadataRequest { topics, ..MetadataRequest::default() };
        let answer = client.call::<Metadata>(12, &request);
        assert_eq!(answer.topics[0].error_code, ErrorCode::InvalidTopicException.code(), "{name:?}");
    }
}

#[test]
fn a_fetch_that_waits_for_ever_ends_with_its_connection_and_wakes_with_a_record() {
    let server = TestServer::start();
    let mut producer = RawClient::connect(&server);
    producer.create_topic("waits", &[]);
    let mut gone = RawClient::connect(&server);
    gone.ask::<Fetch>(11, &fetch_request("waits", 0, i32::MAX));
    drop(gone);
    let mut waiting = RawClient::connect(&server);
    waiting.ask::<Fetch>(11, &fetch_request("waits", 0, i32::MAX));
    producer.produce("waits", &batch(&[b"v"]));
    let answer = waiting.answer::<Fetch>(11);
    assert!(answer.responses[0].partitions[0].records.size() > 60);
    drop(waiting);
    let start = Instant::now();
    while server.server.metrics().connections.get() > 1 {
        assert!(start.elapsed() < Duration::from_secs(20), "connections that are gone are kept");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("order", &[]);
    let mut bytes = Vec::new();
    for id in 0..300 {
        bytes.extend(match id % 3 {
            0 => frame::<Produce>(9, id, &produce_request(-1, "order", 0, Some(&batch(&[b"v"])))),
            1 => frame::<ApiVersions>(0, id, &ApiVersionsRequest::default()),
            _ => {
                frame::<Metadata>(4, id, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() })
            }
        });
    }
    client.send(&bytes);
    for id in 0..300_i32 {
        assert_eq!(client.receive()[..4], id.to_be_bytes(), "the answer to request {id}");
    }
    assert_eq!(client.produce("order", &batch(&[b"v"])).base_offset, 100);
}

#[test]
fn a_client_that_stops_reading_stops_being_read() {
    let options = ServerOptions { in_flight_size_max: 1 << 20, ..ServerOptions::default() };
    let server = TestServer::with(&[], options);
    let mut producer = RawClient::connect(&server);
    producer.create_topic("much", &[]);
    let value = vec![7; 500_000];
    for _ in 0..20 {
        assert_eq!(producer.produce("much", &batch(&[&value])).error_code, 0);
    }
    let mut deaf = RawClient::connect(&server);
    deaf.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let asked = frame::<Fetch>(11, 1, &fetch_request("much", 0, 0));
    // It never reads, so that the server ends taking its requests, and its own sending comes to an end.
    let stuck = (0..200_000).any(|_| deaf.stream.write_all(&asked).is_err());
    assert!(stuck, "requests of somebody who does not read are taken without end");
    check_others(&server);
    assert_eq!(producer.produce("much", &batch(&[b"v"])).error_code, 0);
}

#[test]
fn a_client_that_sends_byte_by_byte_is_understood() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    for byte in frame::<ApiVersions>(0, 0, &ApiVersionsRequest::default()) {
        client.send(&[byte]);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(client.answer::<ApiVersions>(0).error_code, 0);
}

#[test]
fn a_half_closed_connection_gets_its_answers() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("half", &[]);
    let mut client = RawClient::connect(&server);
    let produce = frame::<Produce>(9, 1, &produce_request(-1, "half", 0, Some(&batch(&[b"v"]))));
    let fetch = frame::<Fetch>(11, 2, &fetch_request("half", 1, i32::MAX));
    client.send(&[produce, fetch].concat());
    client.stream.shutdown(Shutdown::Write).unwrap();
    let answer = client.answer_to::<Produce>(9, 1);
    assert_eq!(answer.responses[0].partition_responses[0].base_offset, 0);
    let answer = client.answer_to::<Fetch>(11, 2);
    assert_eq!(answer.responses[0].partitions[0].records.size(), 0, "nobody waits for more any more");
    assert!(client.is_closed());
}

#[test]
fn thousands_of_idle_connections_are_held_and_closed_when_their_time_is_over() {
    const CONNECTIONS: usize = 5000;
    if !allow_open_files(2 * CONNECTIONS + 1000) {
        return;
    }
    let options = ServerOptions { idle_max: Duration::from_secs(3), ..ServerOptions::default() };
    let server = TestServer::with(&[], options);
    let mut idle: Vec<RawClient> = (0..CONNECTIONS).map(|_| RawClient::connect(&server)).collect();
    check_others(&server);
    let start = Instant::now();
    while server.server.metrics().connections.get() > 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(idle[0].is_closed() && idle[CONNECTIONS - 1].is_closed());
    check_others(&server);
}

#[test]
fn more_connections_than_are_allowed_are_closed_at_once() {
    let server = TestServer::with(&[], ServerOptions { connections_max: 3, ..ServerOptions::default() });
    let mut held: Vec<RawClient> = (0..3).map(|_| RawClient::connect(&server)).collect();
    for client in &mut held {
        client.call::<ApiVersions>(0, &ApiVersionsRequest::default());
    }
    assert!(RawClient::connect(&server).is_closed());
    held.pop();
    let start = Instant::now();
    while server.server.metrics().connections.get() > 2 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    check_others(&server);
}

#[test]
fn a_stop_answers_what_is_under_way() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("stop", &[]);
    client.ask::<Fetch>(11, &fetch_request("stop", 0, i32::MAX));
    let mut producer = RawClient::connect(&server);
    assert_eq!(producer.produce("stop", &batch(&[b"v"])).error_code, 0);
    client.answer::<Fetch>(11);
    client.ask::<Fetch>(11, &fetch_request("stop", 1, i32::MAX));
    // The server has it once it has answered somebody who came later.
    check_others(&server);
    std::thread::sleep(Duration::from_millis(50));
    server.server.stop();
    let answer = client.answer::<Fetch>(11);
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 1);
    assert!(client.is_closed() && producer.is_closed());
    assert!(std::net::TcpStream::connect(server.address()).is_err());
}

#[test]
fn only_loopback_is_open_to_everybody() {
    use tidelog::io::ListenAddress;
    use tidelog::server::{Server, ServerError};
    let server = TestServer::start();
    let listeners = vec![ListenAddress::Tcp("0.0.0.0:0".parse().unwrap())];
    let options = ServerOptions { listeners, ..ServerOptions::default() };
    let refused = Server::start(&server.broker, options).unwrap_err();
    assert!(matches!(refused, ServerError::AnonymousNetwork(_)), "{refused}");
    assert!(refused.to_string().contains("--allow-anonymous-network"), "{refused}");
    let second = Server::start(&server.broker, ServerOptions::default()).unwrap_err();
    assert!(matches!(second, ServerError::Occupied(_)), "{second}");
}

#[test]
fn a_request_for_several_partitions_is_answered_for_each() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("several", &[]);
    let good = Bytes::from(batch(&[b"v"]));
    let part =
        |index, records: &Bytes| produce::PartitionProduceData { index, records: Some(records.clone()) };
    let mut request = produce_request(-1, "several", 0, Some(&good));
    let bad = good.slice(..good.len() - 1);
    request.topic_data[0].partition_data.extend([part(0, &bad), part(3, &good), part(0, &good)]);
    let response = client.call::<Produce>(9, &request);
    let codes: Vec<i16> =
        response.responses[0].partition_responses.iter().map(|answer| answer.error_code).collect();
    assert_eq!(codes, [0, ErrorCode::CorruptMessage.code(), ErrorCode::UnknownTopicOrPartition.code(), 0]);
    assert_eq!(response.responses[0].partition_responses[3].base_offset, 1);
}
