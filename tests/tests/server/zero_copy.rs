//! History leaves by sendfile(2), and a setting lets it leave through memory.

use tidelog::server::{FetchMethod, ServerOptions};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic};
use tidelog::wire::records::Piece;

use super::raw::{RawClient, batch};
use super::rig::TestServer;

/// More than the batches that stay in memory.
const RECORDS: usize = 40;
const RECORD_SIZE: usize = 900_000;

/// Reads a topic from its start, and returns the bytes of its batches.
fn read_all(client: &mut RawClient, topic: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offset = 0;
    while offset < i64::try_from(RECORDS).unwrap() {
        let partition = FetchPartition {
            fetch_offset: offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic: topic.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
        let request =
            FetchRequest { min_bytes: 1, max_wait_ms: 1000, topics: vec![topic], ..FetchRequest::default() };
        let answer = client.call::<Fetch>(11, &request);
        assert_eq!(answer.responses[0].partitions[0].error_code, 0);
        for piece in &answer.responses[0].partitions[0].records.pieces {
            let Piece::Memory(piece) = piece else { panic!("what was received is in memory") };
            // The last batch may be cut off; whole ones follow each other.
            let mut rest = &piece[..];
            while let Some(header) = rest.first_chunk::<12>() {
                let size = 12 + usize::try_from(u32::from_be_bytes(header[8..].try_into().unwrap())).unwrap();
                if rest.len() < size {
                    break;
                }
                assert_eq!(rest[..8], offset.to_be_bytes());
                bytes.extend_from_slice(&rest[..size]);
                rest = &rest[size..];
                offset += 1;
            }
        }
    }
    bytes
}

fn serve(method: FetchMethod) -> (TestServer, Vec<u8>) {
    let options = ServerOptions { fetch_method: method, ..ServerOptions::default() };
    let server = TestServer::with(&[("log.segment.bytes", "20000000")], options);
    let mut client = RawClient::connect(&server);
    client.create_topic("history", &[]);
    for number in 0..RECORDS {
        let value = vec![u8::try_from(number).unwrap(); RECORD_SIZE];
        assert_eq!(client.produce("history", &batch(&[&value])).error_code, 0);
    }
    let read = read_all(&mut client, "history");
    (server, read)
}

/// The batches as they lie in the topic's files.
fn on_disk(server: &TestServer) -> Vec<u8> {
    server.server.stop();
    server.broker.close();
    let folder = server.broker.root().join("history-0");
    let mut logs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.extension().is_some_and(|kind| kind == "log"));
    logs.sort();
    logs.iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn history_leaves_by_sendfile_and_is_never_in_memory() {
    let (server, read) = serve(FetchMethod::Sendfile);
    let metrics = server.server.metrics();
    let (by_sendfile, copied) = (metrics.sent_by_sendfile.get(), metrics.copied_for_fetch.get());
    let from_memory = metrics.fetched_from_memory.get();
    assert_eq!(copied, 0, "bytes of history that were copied");
    assert!(by_sendfile > 0 && by_sendfile + from_memory >= u64::try_from(read.len()).unwrap());
    assert!(read == on_disk(&server), "what was received is what lies on disk");
}

#[test]
fn history_leaves_through_memory_if_that_is_wanted() {
    let (server, read) = serve(FetchMethod::Copy);
    let metrics = server.server.metrics();
    assert_eq!(metrics.sent_by_sendfile.get(), 0);
    assert!(metrics.copied_for_fetch.get() > 0);
    assert!(read == on_disk(&server), "what was received is what lies on disk");
}
