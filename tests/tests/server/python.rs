//! confluent-kafka, kafka-python and aiokafka.

use std::path::PathBuf;
use std::process::Command;

use tidelog::server::ServerOptions;

use super::rig::TestServer;
use crate::programs::{install_once, is_there, run, sources, text};

/// Python with the clients, in an environment of its own.
pub(crate) fn python() -> Option<PathBuf> {
    if !is_there("python3") {
        return None;
    }
    let manifest = sources("python").join("requirements.txt");
    let folder = install_once("python", &manifest, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "-r"]).arg(&manifest));
    });
    Some(folder.join("bin/python"))
}

fn check(script: &str) {
    check_with(&[], script);
}

/// With these settings of the engine.
fn check_with(settings: &[(&str, &str)], script: &str) {
    let Some(python) = python() else { return };
    let server = TestServer::with(settings, ServerOptions::default());
    let output = run(Command::new(python).arg(sources("python").join(script)).arg(server.bootstrap()));
    assert_eq!(text(&output).trim(), "ok");
}

#[test]
fn confluent_kafka_produces_consumes_and_administers() {
    check("confluent.py");
}

#[test]
fn confluent_kafka_moves_records_in_transactions() {
    check("transactions.py");
}

#[test]
fn confluent_kafka_reads_in_groups_of_the_consumer_protocol() {
    let settings =
        [("group.consumer.heartbeat.interval.ms", "100"), ("group.consumer.session.timeout.ms", "3000")];
    check_with(&settings, "consumer_protocol.py");
}

#[test]
fn kafka_python_produces_and_consumes() {
    check("kafka_python.py");
}

#[test]
fn aiokafka_produces_and_consumes() {
    check("aio.py");
}

#[test]
fn kafka_python_moves_records_in_transactions() {
    check("kafka_python_transactions.py");
}

#[test]
fn aiokafka_moves_records_in_transactions() {
    check("aio_transactions.py");
}

#[test]
fn all_of_them_read_what_compaction_has_left() {
    check_with(&[("log.cleaner.backoff.ms", "20")], "compacted.py");
}
