//! Clients in Go: franz-go, Sarama, and segmentio's kafka-go.

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{installed, is_there, run, sources, text};

/// Runs a program of `tests/clients/go`: each brings its own client.
fn check(package: &str, arguments: &[&str]) {
    if !is_there("go") {
        return;
    }
    let program = installed("go").join(package);
    run(Command::new("go")
        .current_dir(sources("go"))
        .args(["build", "-o"])
        .arg(&program)
        .arg(format!("./{package}")));
    let server = TestServer::start();
    let output = run(Command::new(program).arg(server.bootstrap()).args(arguments));
    assert_eq!(text(&output).trim(), "ok");
}

#[test]
fn franz_go_produces_and_two_members_share_a_group() {
    check("groups", &[]);
}

#[test]
fn franz_go_moves_records_in_transactions() {
    check("transactions", &[]);
}

#[test]
fn sarama_administers_produces_consumes_and_moves_records_in_transactions() {
    // What it speaks unless it is told what the broker is, and the newest that it knows.
    for version in ["2.1.0", "4.0.0"] {
        check("sarama", &[version]);
    }
}

#[test]
fn segmentios_client_administers_produces_and_consumes() {
    check("segmentio", &[]);
}
