//! `bench`: what it measures, the files that it leaves, and comparisons.

use std::path::Path;
use std::process::{Command, Output};

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;

fn bench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidelog"));
    command.arg("bench").args(arguments).current_dir(folder).env("TMPDIR", folder).env_remove("RUST_LOG");
    command.output().unwrap()
}

/// The result of a short run that must succeed, and leave no data behind.
fn result(folder: &Path, arguments: &[&str]) -> Value {
    let short = ["--duration", "0.6", "--warmup", "0.2", "--json"];
    let all: Vec<&str> = arguments.iter().copied().chain(short).collect();
    let output = bench(folder, &all);
    assert!(output.status.success(), "{output:?}");
    let names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with("tidelog-bench")), "{names:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

#[test]
fn at_a_rate_every_record_is_measured_from_when_it_was_due() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--rate", "5000", "--producers", "2", "--partitions", "3", "--consumers", "2", "--keys", "zipf:100"];
    let result = result(folder.path(), &arguments);
    // 0.6 s of 5,000 a second, to within one of each producer.
    for side in ["acknowledged", "consumed"] {
        let records = number(&result, &format!("/{side}/records"));
        assert!((2998.0..=3002.0).contains(&records), "{side}: {records}");
    }
    for kind in ["produce_to_ack", "produce_to_consume", "sent_late"] {
        let values = ["min", "p50", "p90", "p99", "p999", "p9999", "max"];
        let values = values.map(|name| number(&result, &format!("/{kind}/{name}")));
        assert!(values.is_sorted() && values[0] > 0.0, "{kind}: {values:?}");
    }
    assert_eq!(number(&result, "/produce_to_ack/count"), number(&result, "/acknowledged/records"));
    // A record comes to a consumer only once it is in the log.
    assert!(number(&result, "/produce_to_consume/min") > 1000.0);
}

#[test]
fn flat_out_in_memory_there_is_more_than_a_trickle() {
    let folder = tempfile::tempdir().unwrap();
    let result = result(folder.path(), &["--target", "memory", "--size", "1000", "--compression", "lz4"]);
    assert!(number(&result, "/acknowledged/records_per_second") > 1000.0);
    assert_eq!(result.pointer("/sent_late"), Some(&Value::Null));
    let seconds = result["seconds"].as_array().unwrap();
    let sum: f64 = seconds.iter().map(|second| number(second, "/acknowledged")).sum();
    assert_eq!(sum, number(&result, "/acknowledged/records"));
}

#[test]
fn results_are_left_in_files_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["--hgrm", "a.hgrm", "--hdr-log", "a.hlog", "--svg", "a.svg", "--save", "a.json"];
    let common = ["--target", "memory", "--rate", "2000"];
    let first = result(folder.path(), &[&common[..], &["--name", "one"], &files].concat());
    result(
        folder.path(),
        &[&common[..], &["--name", "two", "--consumers", "0", "--save", "b.json"]].concat(),
    );
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("a.json")).unwrap(), first);
    assert!(read("a.hgrm").contains("1.000000000000"));
    assert!(read("a.svg").contains("produce to ack"));
    let log = read("a.hlog");
    let tags: Vec<String> = IntervalLogIterator::new(log.as_bytes())
        .filter_map(|entry| match entry.unwrap() {
            LogEntry::Interval(interval) => Some(interval.tag().unwrap().as_str().to_owned()),
            _ => None,
        })
        .collect();
    assert!(tags.contains(&"ack".to_owned()) && tags.contains(&"consume".to_owned()), "{tags:?}");

    let output = bench(folder.path(), &["compare", "a.json", "b.json", "--svg", "both.svg", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(compared[1]["run"]["name"], "two");
    let expected = number(&compared[1]["run"], "/records_per_second")
        / number(&compared[0]["run"], "/records_per_second");
    assert!((number(&compared[1], "/relative_to_first/records_per_second") - expected).abs() < 1e-9);
    assert_eq!(compared[1]["relative_to_first"]["consume"], Value::Null);
    assert!(read("both.svg").contains("two: produce to ack"));
    let table = String::from_utf8(bench(folder.path(), &["compare", "a.json", "b.json"]).stdout).unwrap();
    assert!(table.contains("one") && table.contains("two") && table.contains('x'), "{table}");
}

#[test]
fn what_cannot_be_measured_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("not.json"), "{}").unwrap();
    let short = ["--target", "memory", "--duration", "0.1", "--warmup", "0"];
    let refused: [(&[&str], &str); 8] = [
        (&["--rate", "fast"], "records per second"),
        (&["--size", "15"], "15"),
        (&["--keys", "gauss:2"], "zipf:COUNT"),
        (&["--target", "nowhere"], "HOST:PORT"),
        (&["--producer-property", "no.such=1"], "no.such"),
        (&["--producer-property", "acks=7000000"], "acks"),
        (&["compare", "not.json"], "2"),
        (&["compare", "not.json", "not.json"], "no version"),
    ];
    for (arguments, text) in refused {
        let is_run = !arguments.contains(&"compare") && !arguments.contains(&"--target");
        let all = [if is_run { &short[..] } else { &[] }, arguments].concat();
        let output = bench(folder.path(), &all);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(text) && !error.contains("panicked"), "{arguments:?}: {error}");
    }
}

#[cfg(feature = "librdkafka")]
#[test]
fn our_server_is_measured_through_librdkafka() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--target", "server", "--rate", "2000", "--partitions", "2", "--keys", "uniform:10"];
    let result = result(folder.path(), &arguments);
    let records = number(&result, "/acknowledged/records");
    assert!((1199.0..=1201.0).contains(&records), "{records}");
    assert_eq!(number(&result, "/consumed/records"), records);
}

#[cfg(not(feature = "librdkafka"))]
#[test]
fn without_librdkafka_a_cluster_is_refused_and_the_remedy_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &["--target", "localhost:9092"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features librdkafka"), "{output:?}");
}
