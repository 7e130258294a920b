//! `quickstart`: what it proves, and that it takes any input.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn quickstart(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidelog"));
    command
        .arg("quickstart")
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .env_remove("RUST_LOG");
    command.output().unwrap()
}

/// The report of a run that must succeed.
fn report(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let output = quickstart(folder, &all);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_record_arrives_once_in_order_and_each_partition_has_one_reader() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..30_000).map(|n| format!("key{} value {n}\n", n % 1000)).collect();
    std::fs::write(folder.path().join("a.txt"), text).unwrap();
    std::fs::write(folder.path().join("b.txt"), "no end of line").unwrap();
    let report = report(folder.path(), &["a.txt", "b.txt", "--partitions", "5", "--svg", "plot.svg"]);
    assert_eq!(report["proven"], true);
    for count in ["sent", "acknowledged", "consumed"] {
        assert_eq!(report[count], 30_001, "{count}");
    }
    let partitions = report["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 5);
    let mut readers: Vec<u64> = Vec::new();
    for partition in partitions {
        assert_eq!(partition["produced_checksum"], partition["consumed_checksum"]);
        assert_eq!(partition["committed"].as_u64(), partition["produced"].as_u64());
        readers.push(partition["members"].as_array().unwrap().last().unwrap().as_u64().unwrap());
    }
    readers.sort_unstable();
    readers.dedup();
    assert_eq!(readers, [0, 1], "both members read");
    assert!(report["produce_to_ack"]["p50"].as_u64().unwrap() > 1000);
    let svg = std::fs::read_to_string(folder.path().join("plot.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("<polyline").count() == 2);
    assert!(!Path::new(report["data"].as_str().unwrap()).exists(), "the data has gone");
}

#[test]
fn any_input_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut state = 1_u64;
    let junk: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(300_000)
    .collect();
    std::fs::write(path("junk"), &junk).unwrap();
    std::fs::write(path("empty"), b"").unwrap();
    std::fs::write(path("blank"), b"\n\n\n").unwrap();
    let lines = junk.split(|byte| *byte == b'\n').count();
    let all = report(folder.path(), &["junk", "empty", "blank"]);
    assert_eq!((all["proven"].as_bool(), all["consumed"].as_u64()), (Some(true), Some(lines as u64 + 3)));
    let nothing = report(folder.path(), &["empty"]);
    assert_eq!((nothing["proven"].as_bool(), nothing["sent"].as_u64()), (Some(true), Some(0)));
}

#[test]
fn a_line_that_is_too_long_ends_the_run_and_nothing_before_it_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("one\ntwo\n{}\nfour\n", "x".repeat(5000));
    std::fs::write(folder.path().join("long"), text).unwrap();
    let output = quickstart(folder.path(), &["long", "--message-max-bytes", "2000", "--json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("error: long: line 3 has more than 2000 bytes"), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["sent"].as_u64(), report["consumed"].as_u64()), (Some(2), Some(2)));
    let raised = self::report(folder.path(), &["long", "--message-max-bytes", "6000"]);
    assert_eq!(raised["consumed"], 4);
    let exact = format!("{}\n", "y".repeat(6000));
    std::fs::write(folder.path().join("exact"), exact).unwrap();
    assert_eq!(self::report(folder.path(), &["exact", "--message-max-bytes", "6000"])["consumed"], 1);
}

#[test]
fn files_that_cannot_be_read_are_named_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["missing.txt", "."] {
        let output = quickstart(folder.path(), &[name]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(error.contains(&format!("error: {name}: ")), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn without_files_text_is_found_and_a_second_run_gets_a_topic_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("note.md"), "some text\nof two lines\n").unwrap();
    let data = folder.path().join("data");
    let arguments = ["note.md", "--data-dir", data.to_str().unwrap()];
    assert_eq!(report(folder.path(), &arguments)["topic"], "quickstart");
    let second = report(folder.path(), &arguments);
    assert_eq!((second["topic"].as_str(), second["consumed"].as_u64()), (Some("quickstart-2"), Some(2)));
    assert!(data.join("quickstart-latency.svg").exists());
    let found = report(folder.path(), &[]);
    assert!(found["files"].as_u64().unwrap() >= 1 && found["proven"] == true);
}

#[test]
fn a_plot_that_cannot_be_written_does_not_take_the_report_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\ntwo\n").unwrap();
    let output = quickstart(folder.path(), &["a.txt", "--json", "--svg", "missing/plot.svg"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["proven"], true);
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing/plot.svg"), "{output:?}");
}
