//! `topics` and `configs`.

use crate::bench::{Bench, piped};

#[test]
fn topics_are_created_listed_described_grown_and_deleted() {
    let bench = Bench::new();
    let created = bench.ok(&[
        "topics",
        "create",
        "--topic",
        "orders",
        "--topic",
        "users",
        "--partitions",
        "3",
        "--config",
        "retention.ms=60000",
    ]);
    assert_eq!(created, "topic orders created\ntopic users created\n");
    let listed = bench.json(&["topics", "list"]);
    assert_eq!(listed[0]["topic"], "orders");
    assert_eq!((listed[1]["partitions"].as_u64(), listed[1]["records"].as_i64()), (Some(3), Some(0)));
    let described = bench.json(&["topics", "describe", "--topic", "users"]);
    assert_eq!(described[0]["config"]["retention.ms"], "60000");
    assert_eq!(described[0]["partitions"].as_array().unwrap().len(), 3);
    bench.ok(&["topics", "add-partitions", "--topic", "users", "--partitions", "5"]);
    bench
        .run(&["topics", "add-partitions", "--topic", "users", "--partitions", "4"])
        .fails(1, &["topic users", "5 partition"]);
    bench.ok(&["topics", "delete", "--topic", "orders"]);
    let table = bench.ok(&["topics", "list"]);
    assert_eq!(table, "TOPIC  PARTITIONS  RECORDS  SIZE\nusers           5        0   0 B\n");
}

#[test]
fn one_wrong_topic_does_not_keep_the_others_from_being_created() {
    let bench = Bench::new();
    let run = bench.run(&["topics", "create", "--topic", "../evil", "--topic", "good"]);
    run.fails(1, &["topic ../evil"]);
    assert_eq!(run.out, "topic good created\n");
    assert!(!bench.path("evil-0").exists());
    bench.run(&["topics", "create", "--topic", "good"]).fails(1, &["already exists"]);
    bench.ok(&["topics", "create", "--topic", "good", "--if-not-exists"]);
    bench.ok(&["topics", "create", "--topic", "other", "--validate-only"]);
    assert_eq!(bench.json(&["topics", "list"]).as_array().unwrap().len(), 1);
    bench.run(&["topics", "delete", "--topic", "gone"]).fails(1, &["topic gone: does not exist"]);
    bench.ok(&["topics", "delete", "--topic", "gone", "--if-exists"]);
}

#[test]
fn settings_are_shown_changed_and_taken_back() {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t"]);
    let none = bench.run(&["configs", "describe", "--topic", "t"]);
    assert!(none.code == 0 && none.err.contains("--all"));
    let alter = |arguments: &[&str]| {
        let all: Vec<&str> = ["configs", "alter", "--topic", "t"].iter().chain(arguments).copied().collect();
        bench.run(&all)
    };
    assert_eq!(alter(&["--add-config", "cleanup.policy=[compact,delete],retention.ms=7"]).code, 0);
    let set = bench.json(&["configs", "describe", "--topic", "t"]);
    let names: Vec<_> = set.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cleanup.policy", "retention.ms"]);
    assert_eq!(set[0]["value"], "compact,delete");
    alter(&["--add-config", "retention.ms=soon"]).fails(1, &["retention.ms", "soon"]);
    alter(&["--add-config", "no.such=1"]).fails(1, &["no.such"]);
    alter(&["--add-config", "retention.ms"]).fails(2, &["NAME=VALUE"]);
    assert_eq!(alter(&["--delete-config", "retention.ms,cleanup.policy"]).code, 0);
    assert_eq!(bench.json(&["configs", "describe", "--topic", "t"]).as_array().unwrap().len(), 0);
    let engine = bench.json(&["configs", "describe", "--engine", "--all"]);
    assert!(engine.as_array().unwrap().iter().any(|it| it["name"] == "num.partitions"));
}

#[test]
fn without_a_data_directory_nothing_is_made_up() {
    let bench = Bench::new();
    bench.run(&["topics", "list"]).fails(1, &["is no tidelog data directory"]);
    assert!(!bench.data().exists());
}

#[test]
fn a_directory_that_is_in_use_names_the_process() {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t"]);
    let mut holder = piped(&mut bench.command(&["produce", "--topic", "t"]));
    let pid = holder.id().to_string();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let owner = || std::fs::read_to_string(bench.data().join(".lock")).unwrap();
    while owner().split_whitespace().next() != Some(pid.as_str()) && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    let expected = format!("is in use by process {pid}");
    bench.run(&["topics", "list"]).fails(1, &[&expected]);
    bench.run(&["check"]).fails(3, &[&expected]);
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    bench.ok(&["topics", "list"]);
}
