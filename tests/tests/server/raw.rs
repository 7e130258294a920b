//! A client that sends exactly what it is told, byte by byte if need be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use tidelog::record::{BatchBuilder, Compression, PooledBuffer, ProducerStamp, RecordData};
use tidelog::types::{ProducerEpoch, ProducerId, Sequence, Timestamp};
use tidelog::wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopics, CreateTopicsRequest,
};
use tidelog::wire::api::produce::{
    PartitionProduceData, PartitionProduceResponse, Produce, ProduceRequest, TopicProduceData,
};
use tidelog::wire::reader::Reader;
use tidelog::wire::records::Piece;
use tidelog::wire::schema::{Api, Wire};
use tidelog::wire::writer::Writer;

use super::rig::TestServer;

/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct RawClient {
    pub(super) stream: TcpStream,
    /// Of the request that was sent last.
    pub(super) last_id: i32,
}

impl RawClient {
    pub(super) fn connect(server: &TestServer) -> RawClient {
        RawClient::at(server.address())
    }

    /// A client of whoever listens there.
    pub(super) fn at(address: SocketAddr) -> RawClient {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        RawClient { stream, last_id: 0 }
    }

    /// Sends bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a request.
    pub(super) fn ask<A: Api>(&mut self, version: i16, request: &A::Request) {
        self.last_id += 1;
        let bytes = frame::<A>(version, self.last_id, request);
        self.send(&bytes);
    }

    /// Receives the answer to the request that was sent last.
    pub(super) fn answer<A: Api>(&mut self, version: i16) -> A::Response {
        self.answer_to::<A>(version, self.last_id)
    }

    /// Receives an answer, which must be to the request with this id.
    pub(super) fn answer_to<A: Api>(&mut self, version: i16, id: i32) -> A::Response {
        let bytes = self.receive();
        assert_eq!(bytes[..4], id.to_be_bytes());
        let flexible = version >= A::FLEXIBLE_FROM;
        let header = if flexible && A::KEY != 18 { 5 } else { 4 };
        let mut reader = Reader::new(Bytes::from(bytes).slice(header..), version, flexible);
        let response = A::Response::read(&mut reader).unwrap();
        assert_eq!(reader.remaining(), 0);
        response
    }

    /// Receives the next frame without its length.
    pub(super) fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut bytes = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Whether there is something to receive.
    pub(super) fn has_answer(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0; 1]);
        self.stream.set_nonblocking(false).unwrap();
        peeked.is_ok()
    }

    /// Asks and receives.
    pub(super) fn call<A: Api>(&mut self, version: i16, request: &A::Request) -> A::Response {
        self.ask::<A>(version, request);
        self.answer::<A>(version)
    }

    /// Whether the server has closed the connection without another byte.
    pub(super) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Creates a topic with one partition.
    pub(super) fn create_topic(&mut self, name: &str, configs: &[(&str, &str)]) {
        self.create_topic_with(name, 1, configs);
    }

    pub(super) fn create_topic_with(&mut self, name: &str, num_partitions: i32, configs: &[(&str, &str)]) {
        let configs = configs.iter().map(|(name, value)| CreatableTopicConfig {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
        });
        let topic = CreatableTopic {
            name: name.to_owned(),
            num_partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        assert_eq!(self.call::<CreateTopics>(7, &request).topics[0].error_code, 0);
    }

    /// Sends records to a topic's partition 0 with acks=all, by version 9.
    pub(super) fn produce(&mut self, topic: &str, records: &[u8]) -> PartitionProduceResponse {
        self.produce_with(9, -1, (topic, 0), Some(records))
    }

    pub(super) fn produce_with(
        &mut self,
        version: i16,
        acks: i16,
        (topic, index): (&str, i32),
        records: Option<&[u8]>,
    ) -> PartitionProduceResponse {
        let request = produce_request(acks, topic, index, records);
        let response = self.call::<Produce>(version, &request);
        response.responses[0].partition_responses[0].clone()
    }
}

pub(super) fn produce_request(acks: i16, topic: &str, index: i32, records: Option<&[u8]>) -> ProduceRequest {
    let partition = PartitionProduceData { index, records: records.map(Bytes::copy_from_slice) };
    let topic = TopicProduceData {
        name: topic.to_owned(),
        partition_data: vec![partition],
        ..TopicProduceData::default()
    };
    ProduceRequest { acks, timeout_ms: 10_000, topic_data: vec![topic], ..ProduceRequest::default() }
}

/// A request as it is sent, with its length.
pub(super) fn frame<A: Api>(version: i16, id: i32, request: &A::Request) -> Vec<u8> {
    let flexible = version >= A::FLEXIBLE_FROM;
    let mut header = Writer::new(version, false);
    A::KEY.write(&mut header);
    version.write(&mut header);
    id.write(&mut header);
    Some("raw".to_owned()).write(&mut header);
    let mut body = Writer::new(version, flexible);
    request.write(&mut body);
    let mut message = flat(header);
    if flexible {
        message.push(0);
    }
    message.extend(flat(body));
    let size = i32::try_from(message.len()).unwrap();
    [&size.to_be_bytes()[..], &message].concat()
}

/// What was written, without the length.
fn flat(writer: Writer) -> Vec<u8> {
    let pieces = writer.finish().pieces.into_iter().flat_map(|piece| match piece {
        Piece::Memory(bytes) => bytes.to_vec(),
        Piece::Gap(_) => panic!("requests have no gaps"),
    });
    pieces.skip(4).collect()
}

/// A batch of records with these values.
pub(super) fn batch(values: &[&[u8]]) -> Vec<u8> {
    batch_by(Compression::None, ProducerStamp::NONE, now(), values)
}

/// The time of records that any topic takes.
pub(super) fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

pub(super) fn batch_by(
    codec: Compression,
    stamp: ProducerStamp,
    timestamp: i64,
    values: &[&[u8]],
) -> Vec<u8> {
    let records = values.iter().map(|value| (None, Some(*value)));
    batch_of(codec, stamp, timestamp, records)
}

/// A batch of records with these keys and values.
pub(super) fn batch_of<'a>(
    codec: Compression,
    stamp: ProducerStamp,
    timestamp: i64,
    records: impl IntoIterator<Item = (Option<&'a [u8]>, Option<&'a [u8]>)>,
) -> Vec<u8> {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), codec);
    for (key, value) in records {
        builder.append(&RecordData { timestamp: Timestamp(timestamp), key, value, headers: &[] }).unwrap();
    }
    builder.seal(stamp, None).unwrap().view().bytes().to_vec()
}

/// What an idempotent producer puts on its batches.
pub(super) fn stamp(id: i64, epoch: i16, sequence: i32) -> ProducerStamp {
    ProducerStamp {
        producer_id: ProducerId(id),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        ..ProducerStamp::NONE
    }
}

/// Changes a batch behind its length field and makes its checksum right again.
pub(super) fn with_crc(mut batch: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    change(&mut batch);
    let crc = crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch
}

/// CRC-32C, bit by bit: slow and nobody else's.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
