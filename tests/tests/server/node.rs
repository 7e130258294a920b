//! kafkajs.

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{install_once, is_there, run, sources, text};

#[test]
fn kafkajs_produces_consumes_and_administers() {
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
    let script = folder.join("kafkajs.js");
    std::fs::copy(sources("node").join("kafkajs.js"), &script).unwrap();
    let output = run(Command::new("node").arg(script).arg(server.bootstrap()));
    assert_eq!(text(&output).trim(), "ok");
}
