//! A server on a directory of its own, for one test.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tidelog::broker::{Broker, BrokerOptions};
use tidelog::config::EngineConfig;
use tidelog::io::{Disk, ListenAddress, PosixDisk, SystemClock, WriteMethod};
use tidelog::server::{Server, ServerOptions};

/// See the module. Stops with the test.
pub(super) struct TestServer {
    pub(super) server: Server,
    pub(super) broker: Arc<Broker>,
    directory: TempDir,
}

impl TestServer {
    /// A server with two shards at a free port.
    pub(super) fn start() -> TestServer {
        TestServer::with(&[], ServerOptions::default())
    }

    /// One with these settings of the engine.
    pub(super) fn with(settings: &[(&str, &str)], options: ServerOptions) -> TestServer {
        TestServer::on(Arc::new(PosixDisk::new(WriteMethod::Auto)), settings, options)
    }

    /// One on this disk.
    pub(super) fn on(disk: Arc<dyn Disk>, settings: &[(&str, &str)], options: ServerOptions) -> TestServer {
        TestServer::at(tempfile::tempdir().unwrap(), disk, settings, options)
    }

    /// This one, stopped in order and started again.
    pub(super) fn restarted(self, settings: &[(&str, &str)]) -> TestServer {
        self.server.stop();
        self.broker.close();
        let disk = Arc::new(PosixDisk::new(WriteMethod::Auto));
        // The old one is left without a folder to remove.
        let mut old = self;
        let directory = std::mem::replace(&mut old.directory, tempfile::tempdir().unwrap());
        TestServer::at(directory, disk, settings, ServerOptions::default())
    }

    fn at(
        directory: TempDir,
        disk: Arc<dyn Disk>,
        settings: &[(&str, &str)],
        options: ServerOptions,
    ) -> TestServer {
        let two_shards = [("tidelog.shards", "2")];
        let settings = two_shards.iter().chain(settings).copied();
        let broker = Broker::open(BrokerOptions {
            root: directory.path().join("data"),
            config: EngineConfig::parse(settings).unwrap(),
            disk,
            clock: Arc::new(SystemClock::new()),
            lock: None,
            accept_truncation: BTreeSet::new(),
        });
        let broker = broker.unwrap();
        let loopback = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let options = ServerOptions { listeners: vec![loopback], ..options };
        let server = Server::start(&broker, options).unwrap();
        TestServer { server, broker, directory }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        match self.server.addresses() {
            [ListenAddress::Tcp(address)] => *address,
            other => panic!("{other:?}"),
        }
    }

    /// The same as clients' settings have it.
    pub(super) fn bootstrap(&self) -> String {
        self.address().to_string()
    }

    /// A folder for the test's other files.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.stop();
        self.broker.close();
    }
}

/// Allows this process and those that it starts so many open files; says so when they are not to be had.
pub(super) fn allow_open_files(wanted: usize) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let can = limit.maximum.is_none_or(|most| most >= wanted as u64);
    // All that there may be: others want some, too.
    if !can || setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).is_err() {
        println!("skipped: {wanted} open files are needed, {:?} are allowed", limit.maximum);
        return false;
    }
    true
}
