//! kcat, on whichever librdkafka the distribution has (2.0.2 in Debian 12).

use std::process::Command;

use super::rig::TestServer;
use crate::programs::{run, run_with_input, text};

fn kcat(server: &TestServer, args: &[&str]) -> Command {
    let mut command = Command::new("kcat");
    command.args(["-b", &server.bootstrap()]).args(args);
    command
}

#[test]
fn kcat_lists_produces_and_consumes_with_and_without_a_group() {
    if !Command::new("kcat").arg("-V").output().is_ok_and(|asked| asked.status.success()) {
        eprintln!("skipped: kcat is not on this machine (Debian's package kcat)");
        return;
    }
    let server = TestServer::start();
    let lines: String = (0..5000).map(|number| format!("{}:{number}\n", number % 7)).collect();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("kcat-{codec}");
        let produce = ["-P", "-t", &topic, "-K:", "-z", codec, "-X", "enable.idempotence=true"];
        run_with_input(&mut kcat(&server, &produce), &lines);
        let consumed = run(&mut kcat(&server, &["-C", "-t", &topic, "-e", "-q", "-K:"]));
        assert_eq!(text(&consumed), lines, "{codec}");
    }
    let group = ["-G", "kcat", "-e", "-q", "-K:", "-X", "auto.offset.reset=earliest", "kcat-none"];
    assert_eq!(text(&run(&mut kcat(&server, &group))), lines);
    let listed = text(&run(&mut kcat(&server, &["-L"])));
    assert!(listed.contains("topic \"kcat-zstd\" with 1 partitions"), "{listed}");
    let query = text(&run(&mut kcat(&server, &["-Q", "-t", "kcat-none:0:-1"])));
    assert_eq!(query.trim(), "kcat-none [0] offset 5000");
}
