//! `check`: what it finds, and that it changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, flip};

/// Every file below `folder` with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if path.file_name() != Some(".lock".as_ref()) {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn filled() -> Bench {
    let bench = Bench::new();
    let lines: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    bench.produce("t", lines.as_bytes());
    bench
}

#[test]
fn a_sound_directory_is_called_sound() {
    let bench = filled();
    let before = contents(&bench.data());
    let report = bench.json(&["check"]);
    assert_eq!((report["verdict"].as_str(), report["closed"].as_bool()), (Some("sound"), Some(true)));
    assert_eq!(report["partitions"][0]["records"], 20_000);
    let table = bench.ok(&["check", "--topic", "t"]);
    assert!(
        table.ends_with("sound: 1 partition, 20,000 records, 312.7 KiB\n")
            || table.contains("sound: 1 partition")
    );
    assert_eq!(contents(&bench.data()), before, "a check changes nothing");
    bench.run(&["check", "--topic", "other"]).fails(2, &["other"]);
}

#[test]
fn a_damaged_index_can_be_repaired() {
    let bench = filled();
    flip(&bench.partition_file("t-0", ".index"), 5);
    let run = bench.run(&["check"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains(".index") && run.out.contains("repairable: 1 partition"), "{run:?}");
}

#[test]
fn a_damaged_record_is_corruption_and_named_by_file_and_byte() {
    let bench = filled();
    let log = bench.partition_file("t-0", ".log");
    flip(&log, 100);
    let run = bench.run(&["check"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.out.contains(&format!("{} is corrupt at byte 0", log.display())), "{run:?}");
    let other = filled();
    flip(&other.data().join("tidelog-topics"), 20);
    assert_eq!(other.run(&["check"]).code, 2);
}

#[test]
fn a_corrupt_partition_stays_closed_until_its_damage_is_accepted() {
    let bench = Bench::new();
    let lines = |from: usize| (from..from + 5000).map(|n| format!("line {n}\n")).collect::<String>();
    bench.produce("t", lines(0).as_bytes());
    bench.produce("t", lines(5000).as_bytes());
    let log = bench.partition_file("t-0", ".log");
    let size = usize::try_from(std::fs::metadata(&log).unwrap().len()).unwrap();
    flip(&log, size - 10);
    // As after a crash: the next opening reads it.
    std::fs::remove_file(bench.data().join(".kafka_cleanshutdown")).unwrap();
    for _ in 0..2 {
        bench.run(&["consume", "--topic", "t", "--from-beginning"]).fails(1, &["tidelog repair"]);
    }
    bench.run(&["repair", "t"]).fails(2, &["orders-0"]);
    bench.run(&["repair", "other-0"]).fails(1, &["other"]);
    let repaired = bench.json(&["repair", "t-0"]);
    let end = repaired[0]["end"].as_u64().unwrap();
    assert!((5000..10_000).contains(&end), "{repaired}");
    let copy = repaired[0]["copies"][0].as_str().unwrap();
    assert!(copy.contains(".corrupt-") && Path::new(copy).exists(), "{copy}");
    assert_eq!(bench.json(&["check"])["verdict"], "sound");
    bench.produce("t", b"more\n");
    let read =
        bench.ok(&["consume", "--topic", "t", "--from-beginning", "--max-messages", &(end + 1).to_string()]);
    assert_eq!(read.lines().count() as u64, end + 1);
    assert!(read.starts_with("line 0\n") && read.ends_with("more\n"));
    assert_eq!(bench.json(&["repair", "t-0"])[0]["copies"].as_array().map(Vec::len), Some(0));
}

#[test]
fn after_a_crash_the_directory_can_be_repaired() {
    let bench = filled();
    let mut child = crate::bench::piped(&mut bench.command(&["produce", "--topic", "t"]));
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"more\n").unwrap();
    let log = bench.partition_file("t-0", ".log");
    let before = std::fs::metadata(&log).unwrap().len();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::fs::metadata(&log).unwrap().len() == before && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let run = bench.run(&["check"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("not closed in order"), "{run:?}");
    bench.ok(&["topics", "list"]);
    assert_eq!(bench.run(&["check"]).code, 0);
}

#[test]
fn what_cannot_be_checked_has_a_code_of_its_own() {
    Bench::new().run(&["check"]).fails(3, &["is no tidelog data directory"]);
}
