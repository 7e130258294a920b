//! Every kind of engine can be served, and every kind of address be listened at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tidelog::io::{Disk, ListenAddress, PosixDisk, SimDisk, WriteMethod};
use tidelog::server::{Server, ServerError, ServerOptions};
use tidelog::wire::api::api_versions::{ApiVersions, ApiVersionsRequest};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest};

use super::raw::{RawClient, batch, frame};
use super::rig::TestServer;

fn produce_and_fetch(server: &TestServer) {
    let mut client = RawClient::connect(server);
    client.create_topic("kinds", &[]);
    for offset in 0..20 {
        assert_eq!(client.produce("kinds", &batch(&[b"value"])).base_offset, offset);
    }
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topic =
        FetchTopic { topic: "kinds".to_owned(), partitions: vec![partition], ..FetchTopic::default() };
    let request = FetchRequest { min_bytes: 1, topics: vec![topic], ..FetchRequest::default() };
    let answer = client.call::<Fetch>(12, &request);
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 20);
    assert_eq!(answer.responses[0].partitions[0].records.size(), 20 * batch(&[b"value"]).len());
}

#[test]
fn an_engine_on_any_disk_with_any_way_of_writing_is_served() {
    let disks: [Arc<dyn Disk>; 4] = [
        Arc::new(PosixDisk::new(WriteMethod::Auto)),
        Arc::new(PosixDisk::new(WriteMethod::Buffered)),
        Arc::new(PosixDisk::new(WriteMethod::ThreadPool)),
        Arc::new(SimDisk::memory()),
    ];
    for disk in disks {
        produce_and_fetch(&TestServer::on(disk, &[], ServerOptions::default()));
    }
}

#[test]
fn a_unix_socket_is_listened_at_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidelog.sock");
    let server = TestServer::start();
    let broker = Arc::clone(&server.broker);
    server.server.stop();
    let options =
        || ServerOptions { listeners: vec![ListenAddress::Unix(path.clone())], ..ServerOptions::default() };
    let unix = Server::start(&broker, options()).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(&frame::<ApiVersions>(0, 1, &ApiVersionsRequest::default())).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    assert!(i32::from_be_bytes(length) > 100);
    let second = Server::start(&broker, options()).unwrap_err();
    assert!(matches!(second, ServerError::Listen { .. }), "{second}");
    drop(unix);
    assert!(!path.exists());
    // What a killed server leaves behind does not keep the next one away.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Server::start(&broker, options()).unwrap());
}

#[test]
fn clients_are_told_the_address_they_have_connected_to_or_the_one_that_is_advertised() {
    let asked = |server: &TestServer| {
        let mut client = RawClient::connect(server);
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let broker = client.call::<Metadata>(12, &request).brokers.remove(0);
        (broker.host, broker.port)
    };
    let server = TestServer::start();
    assert_eq!(asked(&server), ("127.0.0.1".to_owned(), server.address().port().into()));
    let advertised = Some(("broker.example".to_owned(), 1234));
    let server = TestServer::with(&[], ServerOptions { advertised, ..ServerOptions::default() });
    assert_eq!(asked(&server), ("broker.example".to_owned(), 1234));
}

#[test]
fn ipv6_is_listened_at() {
    let loopback: SocketAddr = "[::1]:0".parse().unwrap();
    if std::net::TcpListener::bind(loopback).is_err() {
        return eprintln!("skipped: there is no IPv6 on this machine");
    }
    let server = TestServer::start();
    server.server.stop();
    let options = ServerOptions { listeners: vec![ListenAddress::Tcp(loopback)], ..ServerOptions::default() };
    let server = Server::start(&server.broker, options).unwrap();
    let [ListenAddress::Tcp(address)] = server.addresses() else { panic!("one address") };
    assert!(TcpStream::connect(address).is_ok());
}
