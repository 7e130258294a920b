//! franz-go.

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{installed, is_there, run, sources, text};

fn check(package: &str) {
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
    let output = run(Command::new(program).arg(server.bootstrap()));
    assert_eq!(text(&output).trim(), "ok");
}

#[test]
fn franz_go_produces_and_two_members_share_a_group() {
    check("groups");
}

#[test]
fn franz_go_moves_records_in_transactions() {
    check("transactions");
}
