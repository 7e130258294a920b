//! A tidelog server in this process, with one shard.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use tidelog::broker::{Broker, BrokerOptions, NewTopic};
use tidelog::config::EngineConfig;
use tidelog::io::{ListenAddress, PosixDisk, SystemClock, WriteMethod};
use tidelog::server::{Server, ServerOptions};

use super::client;

/// Records of one batch of [`TidelogServer::fill`], and their size.
const BATCH: (usize, usize) = (900, 1000);

/// See the module.
pub(crate) struct TidelogServer {
    server: Server,
    broker: Arc<Broker>,
    _directory: TempDir,
}

impl TidelogServer {
    pub(crate) fn start() -> TidelogServer {
        let directory = tempfile::tempdir().expect("a folder");
        let broker = Broker::open(BrokerOptions {
            root: directory.path().join("data"),
            config: EngineConfig::parse([("log.segment.bytes", "1073741824")]).expect("a setting"),
            disk: Arc::new(PosixDisk::new(WriteMethod::Auto)),
            clock: Arc::new(SystemClock::new()),
            lock: None,
            accept_truncation: BTreeSet::new(),
        });
        let broker = broker.expect("an engine");
        let loopback = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let options = ServerOptions { listeners: vec![loopback], ..ServerOptions::default() };
        let server = Server::start(&broker, options).expect("a server");
        TidelogServer { server, broker, _directory: directory }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self.server.addresses() {
            [ListenAddress::Tcp(address)] => *address,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn create_topic(&self, name: &str) {
        let new = NewTopic { name: name.to_owned(), partitions: Some(1), ..NewTopic::default() };
        self.broker.create_topic(&new).expect("a topic");
    }

    /// Produces `size` bytes and more; returns how many there are.
    pub(crate) fn fill(&self, topic: &str, size: u64) -> u64 {
        let batch = client::batch(BATCH.0, BATCH.1);
        let count = size.div_ceil(batch.len() as u64);
        let request = client::produce(topic, batch.clone());
        let mut stream = TcpStream::connect(self.address()).expect("a connection");
        for _ in 0..count {
            stream.write_all(&request).expect("sent");
            let mut length = [0; 4];
            stream.read_exact(&mut length).expect("an answer");
            let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
            stream.read_exact(&mut answer).expect("an answer");
        }
        count * batch.len() as u64
    }

    /// The files of a topic's partition, oldest first.
    pub(crate) fn segments(&self, topic: &str) -> Vec<PathBuf> {
        let folder = self.broker.root().join(format!("{topic}-0"));
        let entries = std::fs::read_dir(folder).expect("the folder of a partition");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a name").path()).collect();
        files.retain(|path| path.extension().is_some_and(|kind| kind == "log"));
        files.sort();
        files
    }
}

impl Drop for TidelogServer {
    fn drop(&mut self) {
        self.server.stop();
        self.broker.close();
    }
}
