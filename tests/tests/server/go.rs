//! franz-go.

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{installed, is_there, run, sources, text};

#[test]
fn franz_go_produces_and_two_members_share_a_group() {
    if !is_there("go") {
        return;
    }
    let program = installed("go").join("franz");
    let sources = sources("go");
    run(Command::new("go").current_dir(sources).args(["build", "-o"]).arg(&program).arg("."));
    let server = TestServer::start();
    let output = run(Command::new(program).arg(server.bootstrap()));
    assert_eq!(text(&output).trim(), "ok");
}
