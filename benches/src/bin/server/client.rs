//! The client of both: as little work for an answer as can be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use tidelog::record::{BatchBuilder, Compression, PooledBuffer, ProducerStamp, RecordData};
use tidelog::types::Timestamp;
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest};
use tidelog::wire::api::produce::{PartitionProduceData, Produce, ProduceRequest, TopicProduceData};
use tidelog::wire::records::Piece;
use tidelog::wire::schema::{Api, Wire};
use tidelog::wire::writer::Writer;

/// A request as it is sent.
pub(crate) fn frame<A: Api>(version: i16, request: &A::Request) -> Vec<u8> {
    let mut writer = Writer::new(version, false);
    A::KEY.write(&mut writer);
    version.write(&mut writer);
    1_i32.write(&mut writer);
    Some("bench".to_owned()).write(&mut writer);
    request.write(&mut writer);
    let pieces = writer.finish().pieces.into_iter();
    pieces
        .flat_map(|piece| match piece {
            Piece::Memory(bytes) => bytes,
            Piece::Gap(_) => Bytes::new(),
        })
        .collect()
}

pub(crate) fn metadata_request() -> Vec<u8> {
    frame::<Metadata>(4, &MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() })
}

/// One batch with one record of `size` bytes.
pub(crate) fn produce_request(topic: &str, size: usize) -> Vec<u8> {
    produce(topic, batch(1, size))
}

pub(crate) fn produce(topic: &str, batch: Bytes) -> Vec<u8> {
    let partition = PartitionProduceData { index: 0, records: Some(batch) };
    let topic = TopicProduceData {
        name: topic.to_owned(),
        partition_data: vec![partition],
        ..TopicProduceData::default()
    };
    let request =
        ProduceRequest { acks: 1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
    frame::<Produce>(8, &request)
}

pub(crate) fn batch(records: usize, size: usize) -> Bytes {
    let value = vec![b'x'; size];
    let now = std::time::UNIX_EPOCH.elapsed().expect("a time after 1970").as_millis();
    let timestamp = Timestamp(i64::try_from(now).expect("a time before the year 292 million"));
    let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
    for _ in 0..records {
        let record = RecordData { timestamp, key: None, value: Some(&value), headers: &[] };
        builder.append(&record).expect("a small batch");
    }
    let sealed = builder.seal(ProducerStamp::NONE, None).expect("a small batch");
    Bytes::copy_from_slice(sealed.view().bytes())
}

/// Bytes of the answer to a request, its length included.
pub(crate) fn answer_size(address: SocketAddr, request: &[u8]) -> usize {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(request).expect("sent");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("an answer");
    4 + usize::try_from(i32::from_be_bytes(length)).expect("a length")
}

/// Connections with one request under way each.
pub(crate) struct Load<'a> {
    streams: Vec<TcpStream>,
    request: &'a [u8],
    answer: Vec<u8>,
}

impl<'a> Load<'a> {
    pub(crate) fn new(
        address: SocketAddr,
        connections: usize,
        request: &'a [u8],
        answer_size: usize,
    ) -> Load<'a> {
        let connect = |_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("an option");
            stream
        };
        Load { streams: (0..connections).map(connect).collect(), request, answer: vec![0; answer_size] }
    }

    /// Answers per second.
    pub(crate) fn rate(mut self, time: Duration) -> f64 {
        let poll = epoll::create(CreateFlags::CLOEXEC).expect("epoll");
        for (number, stream) in self.streams.iter_mut().enumerate() {
            epoll::add(&poll, &*stream, EventData::new_u64(number as u64), EventFlags::IN).expect("epoll");
            stream.write_all(self.request).expect("sent");
        }
        let start = Instant::now();
        let mut answers = 0_u32;
        let mut events = Vec::with_capacity(512);
        while start.elapsed() < time {
            events.clear();
            epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None).expect("epoll");
            for event in &events {
                let number = usize::try_from(event.data.u64()).expect("a number");
                self.streams[number].read_exact(&mut self.answer).expect("an answer");
                self.streams[number].write_all(self.request).expect("sent");
                answers += 1;
            }
        }
        f64::from(answers) / start.elapsed().as_secs_f64()
    }

    /// Of the answers of the first connection, `percent` come within this time, in microseconds.
    pub(crate) fn percentile(mut self, percent: usize, time: Duration) -> f64 {
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < time {
            let sent = Instant::now();
            self.streams[0].write_all(self.request).expect("sent");
            self.streams[0].read_exact(&mut self.answer).expect("an answer");
            times.push(sent.elapsed());
        }
        times.sort_unstable();
        times[times.len() * percent / 100].as_secs_f64() * 1e6
    }
}

/// Bytes of one answer: consumers ask for up to `fetch.max.bytes`, 50 MiB, of all partitions together.
const FETCH_SIZE: i32 = 16 << 20;

/// Fetches a topic from its start; bytes per second.
pub(crate) fn fetch_all(address: SocketAddr, topic: &str, size: u64) -> f64 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut buffer = vec![0; 2 * usize::try_from(FETCH_SIZE).expect("a size")];
    let start = Instant::now();
    let (mut offset, mut received) = (0, 0);
    while received < size {
        let partition = FetchPartition {
            fetch_offset: offset,
            partition_max_bytes: FETCH_SIZE,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic: topic.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
        let request =
            FetchRequest { max_wait_ms: 100, min_bytes: 1, topics: vec![topic], ..Default::default() };
        stream.write_all(&frame::<Fetch>(11, &request)).expect("sent");
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("an answer");
        let length = usize::try_from(i32::from_be_bytes(length)).expect("a length");
        stream.read_exact(&mut buffer[..length]).expect("an answer");
        let (next, bytes) = whole_batches(&buffer[..length], offset);
        assert!(next > offset, "there is more to read");
        (offset, received) = (next, received + bytes);
    }
    received as f64 / start.elapsed().as_secs_f64()
}

/// The offset behind the whole batches of an answer for one partition, and their bytes.
fn whole_batches(answer: &[u8], from: i64) -> (i64, u64) {
    // The records end the answer, and their length stands before them: the first place where it fits.
    let start = (0..200).find(|start| {
        let length =
            answer.get(*start..start + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
        length.is_some_and(|length| usize::try_from(length) == Ok(answer.len() - start - 4))
    });
    let mut rest = &answer[start.expect("records") + 4..];
    let (mut next, mut bytes) = (from, 0);
    while let Some(header) = rest.first_chunk::<61>() {
        let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let size = 12 + number(8) as usize;
        if rest.len() < size {
            break;
        }
        let base = i64::from_be_bytes(header[..8].try_into().expect("eight bytes"));
        next = base + i64::from(number(23)) + 1;
        bytes += size as u64;
        rest = &rest[size..];
    }
    (next, bytes)
}

/// Receives what a bare server sends; bytes per second.
pub(crate) fn receive_all(address: SocketAddr, size: u64) -> f64 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut buffer = vec![0; 4 << 20];
    let start = Instant::now();
    let mut received = 0;
    while received < size {
        match stream.read(&mut buffer).expect("bytes") {
            0 => break,
            count => received += count as u64,
        }
    }
    received as f64 / start.elapsed().as_secs_f64()
}

/// Bytes of memory that this process holds, files that are mapped aside.
pub(crate) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("a file of the kernel");
    pages.split(' ').nth(1).and_then(|count| count.parse::<u64>().ok()).map_or(0, |count| count * 4096)
}
