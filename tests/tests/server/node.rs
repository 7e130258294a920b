//! kafkajs.

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{install_once, is_there, run, sources, text};

fn check(script: &str) {
    if !is_there("node") || !is_there("npm") {
        return;
    }
    let manifest = sources("node").join("package-lock.json");
    let folder = install_once("node", &manifest, |folder| {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(sources("node").join(file), folder.join(file)).unwrap();
        }
        run(Command::new("npm").current_dir(folder).args(["ci", "--silent"]));
    });
    let server = TestServer::start();
    let copied = folder.join(script);
    std::fs::copy(sources("node").join(script), &copied).unwrap();
    let output = run(Command::new("node").arg(copied).arg(server.bootstrap()));
    assert_eq!(text(&output).trim(), "ok");
}

#[test]
fn kafkajs_produces_consumes_and_administers() {
    check("kafkajs.js");
}

#[test]
fn kafkajs_moves_records_in_transactions() {
    check("transactions.js");
}
