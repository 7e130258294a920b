//! The same with a server: a process that serves a directory, and clients that write down what they are promised.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};

use tidelog::io::ListenAddress;
use tidelog::server::{Server, ServerOptions};

use super::victim::{DATA, Notes, ensure_topic, open};
use super::workload::Workload;
use crate::child::{Child, say};
use crate::programs::sources;
use crate::server::java::jars;
use crate::server::python::python;

/// The child: `argument` is the notes' path, the workload and the port (0: any), a line each. Serves for ever.
pub(crate) fn run(directory: &Path, argument: &str) {
    let [notes, workload, port] = argument.split('\n').collect::<Vec<_>>()[..] else { panic!("{argument}") };
    let workload = Workload::parse(workload);
    let broker = open(&directory.join(DATA), &workload);
    ensure_topic(&broker, &workload, &mut Notes::open(notes));
    let address = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    let options = ServerOptions {
        listeners: vec![ListenAddress::Tcp(address)],
        // On loopback, whose packets are large, the kernel holds much for those who do not read.
        send_buffer_size: Some(64 << 10),
        ..ServerOptions::default()
    };
    let server = Server::start(&broker, options).unwrap();
    match server.addresses() {
        [ListenAddress::Tcp(address)] => say(&address.port().to_string()),
        other => panic!("{other:?}"),
    }
    loop {
        std::thread::park();
    }
}

/// A server in a process of its own, and the port at which it listens.
pub(crate) fn start(directory: &Path, notes: &Path, workload: &Workload, port: u16) -> (Child, u16) {
    let argument = format!("{}\n{}\n{port}", notes.display(), workload.to_argument());
    let mut child = Child::start_with("serve", directory, &argument);
    let port = child.hear().expect("it says where it listens").parse().unwrap();
    (child, port)
}

/// A producer or consumer (librdkafka) in a process of its own.
pub(crate) struct Client(Process);

impl Client {
    /// Starts producer `name`; `None` when Python is not there.
    pub(crate) fn start(port: u16, notes: &Path, name: u64, workload: &Workload) -> Option<Client> {
        let arguments = [name.to_string(), workload.partitions.to_string(), workload.messages.to_string()];
        Client::run("write_down.py", port, notes, &arguments)
    }

    /// Starts a consumer of all partitions.
    pub(crate) fn reading_along(port: u16, notes: &Path, workload: &Workload) -> Option<Client> {
        Client::run("read_along.py", port, notes, &[workload.partitions.to_string()])
    }

    /// Starts a member of the group that reads together, by the protocol `classic` or `consumer`.
    pub(crate) fn reading_in_group(port: u16, notes: &Path, protocol: &str) -> Option<Client> {
        Client::run("read_in_group.py", port, notes, &[protocol.to_owned()])
    }

    /// Starts mover `name`, who carries what is in the topic to another one, in transactions: of KIP-98 (librdkafka), or of
    /// KIP-890 for odd names (Java, if it is there).
    pub(crate) fn moving(port: u16, notes: &Path, name: u64, workload: &Workload) -> Option<Client> {
        let arguments = [name.to_string(), workload.partitions.to_string()];
        match jars() {
            Some(jars) if !name.is_multiple_of(2) => {
                let mut command = Command::new("java");
                command.args([
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                ]);
                command.arg(jars.join("*")).arg(sources("java").join("Move.java"));
                Some(Client::start_with(command, port, notes, &arguments))
            }
            _ => Client::run("move.py", port, notes, &arguments),
        }
    }

    /// Starts a reader of what is moved.
    pub(crate) fn following(port: u16, notes: &Path, workload: &Workload) -> Option<Client> {
        Client::run("follow.py", port, notes, &[workload.partitions.to_string()])
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
    }

    fn run(script: &str, port: u16, notes: &Path, arguments: &[String]) -> Option<Client> {
        let mut command = Command::new(python()?);
        // Nothing is left beside the sources.
        command.arg(sources("python").join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
        Some(Client::start_with(command, port, notes, arguments))
    }

    fn start_with(mut command: Command, port: u16, notes: &Path, arguments: &[String]) -> Client {
        command.arg(format!("127.0.0.1:{port}")).arg(notes).args(arguments);
        Client(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Waits until all that it had to send has been acknowledged.
    pub(crate) fn finish(mut self) {
        // Waiting would close it, which ends the sending.
        let _input = self.0.stdin.take();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "the client ended with {status}");
    }

    /// Tells it to send no more, and waits.
    pub(crate) fn stop(mut self) {
        drop(self.0.stdin.take());
        self.finish();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
