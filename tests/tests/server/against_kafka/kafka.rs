//! [`Kafka`]: Kafka's own broker, as a process of this test.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::java;
use crate::programs::{Running, run};

/// Longest time that a broker may take to start.
const START_MAX: Duration = Duration::from_secs(120);

/// See the module. It is killed, and its files go, when this is dropped.
pub(super) struct Kafka {
    pub(super) address: SocketAddr,
    _process: Running,
    _directory: TempDir,
}

impl Kafka {
    /// A broker of its own; `None` where there is no Java, or no Maven to get it with.
    pub(super) fn start() -> Option<Kafka> {
        let jars = java::jars()?;
        let directory = tempfile::tempdir().unwrap();
        let [address, controller] = free_addresses();
        let settings = directory.path().join("server.properties");
        std::fs::write(&settings, properties(directory.path(), address, controller)).unwrap();
        let settings = settings.to_str().unwrap();
        let mut format = java::java(&jars, "kafka.tools.StorageTool");
        format.args(["format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c"]);
        run(format.arg(settings));
        let mut command = java::java(&jars, "kafka.Kafka");
        command.env("JAVA_TOOL_OPTIONS", "-Xmx512m");
        let mut process = Running::start_quietly(command.arg(settings), &directory.path().join("said"));
        let deadline = Instant::now() + START_MAX;
        while std::net::TcpStream::connect(address).is_err() {
            let said = || std::fs::read_to_string(directory.path().join("said")).unwrap();
            assert!(!process.has_ended() && Instant::now() < deadline, "Kafka does not start: {}", said());
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(Kafka { address, _process: process, _directory: directory })
    }
}

/// Ports that nobody listens at: a broker has to be told those that it advertises.
fn free_addresses() -> [SocketAddr; 2] {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = [(); 2].map(|()| TcpListener::bind(loopback).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

fn properties(directory: &Path, address: SocketAddr, controller: SocketAddr) -> String {
    let directory = directory.join("data");
    [
        "process.roles=broker,controller".to_owned(),
        "node.id=1".to_owned(),
        format!("controller.quorum.voters=1@{controller}"),
        format!("listeners=PLAINTEXT://{address},CONTROLLER://{controller}"),
        "controller.listener.names=CONTROLLER".to_owned(),
        format!("log.dirs={}", directory.display()),
        "offsets.topic.replication.factor=1".to_owned(),
        "offsets.topic.num.partitions=1".to_owned(),
        "transaction.state.log.replication.factor=1".to_owned(),
        "transaction.state.log.min.isr=1".to_owned(),
        "transaction.state.log.num.partitions=1".to_owned(),
        "group.initial.rebalance.delay.ms=0".to_owned(),
        "log.cleaner.backoff.ms=20".to_owned(),
        "log.retention.check.interval.ms=20".to_owned(),
        "log.initial.task.delay.ms=0".to_owned(),
        // It is cleared for each log.
        "log.cleaner.dedupe.buffer.size=2097152".to_owned(),
    ]
    .join("\n")
}
