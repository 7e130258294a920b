//! Files that do not hold what was written: every change is noticed or does no harm, and no reader sees a wrong record.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidelog::broker::Broker;
use tidelog::error_code::ErrorCode;
use tidelog::log::ReadCursor;
use tidelog::record::Batches;
use tidelog::types::{Isolation, Offset, PartitionIndex};

use crate::engines::{commit, create, on_directory, produce, producer, records};

const PARTITIONS: i32 = 2;
const RECORDS: usize = 60;

/// What each partition holds.
type Content = BTreeMap<i32, Vec<(Offset, Vec<u8>)>>;

/// A closed data directory with several segments, and what is in it.
fn template() -> (tempfile::TempDir, Content) {
    let directory = tempfile::tempdir().unwrap();
    let broker = on_directory(directory.path()).unwrap();
    create(&broker, "a", PARTITIONS, &[("segment.index.bytes", "96"), ("index.interval.bytes", "100")])
        .unwrap();
    let producer = producer(&broker, &[("enable.idempotence", "true")]);
    for n in 0..RECORDS {
        for partition in 0..PARTITIONS {
            let value = format!("{partition}-{n}-{}", "x".repeat(n));
            produce(&producer, "a", partition, value.as_bytes()).unwrap();
        }
    }
    assert_eq!(commit(&broker, "g", 3), ErrorCode::None);
    let content = (0..PARTITIONS).map(|partition| (partition, records(&broker, "a", partition))).collect();
    drop(producer);
    broker.close();
    drop(broker);
    (directory, content)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.file_name().is_none_or(|name| name != ".lock" && name != "tidelog-reserve") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn copy(from: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files(from) {
        let target = directory.path().join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, &target).unwrap();
    }
    directory
}

/// As a crash leaves it: the next opening recovers.
fn make_unclean(directory: &Path) {
    fs::remove_file(directory.join(".kafka_cleanshutdown")).unwrap();
}

/// Reads what can be read of a partition, as a consumer that checks sums does; stops at the first error.
fn readable(broker: &Arc<Broker>, partition: i32) -> Vec<(Offset, Vec<u8>)> {
    let Ok(partition) = broker.served_partition("a", PartitionIndex(partition)) else { return Vec::new() };
    let mut records = Vec::new();
    let mut from = ReadCursor::from(partition.view().log_start());
    while let Ok(read) = partition.read(from, 1 << 20, Isolation::ReadUncommitted) {
        if read.pieces.is_empty() {
            break;
        }
        for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
            let Ok(batch) = batch else { return records };
            if batch.verify().is_err() {
                return records;
            }
            for record in batch.records().unwrap() {
                let record = record.unwrap();
                records.push((record.offset, record.value.unwrap_or_default().to_vec()));
            }
        }
        from = read.next;
    }
    records
}

/// Opens a directory and holds what can be read against what was written. Says whether all of it was there.
fn look(directory: &Path, written: &Content, what: &str) -> bool {
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let broker = match on_directory(directory) {
            Ok(broker) => broker,
            Err(error) => {
                let text = error.to_string();
                assert!(
                    text.contains(&*directory.to_string_lossy()),
                    "{what}: the error names no file: {text}"
                );
                return false;
            }
        };
        let mut whole = true;
        for (partition, expected) in written {
            let read = readable(&broker, *partition);
            let known: BTreeMap<_, _> = expected.iter().cloned().collect();
            for (offset, value) in &read {
                assert_eq!(known.get(offset), Some(value), "{what}: a wrong record in partition {partition}");
            }
            let in_order = read.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(in_order, "{what}: records out of order in partition {partition}");
            whole &= read.len() == expected.len();
        }
        broker.close();
        whole
    }));
    looked.unwrap_or_else(|panic| {
        eprintln!("{what}");
        std::panic::resume_unwind(panic)
    })
}

/// Numbers that are the same in every run.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 16).unwrap()
}

#[test]
fn flipped_bits_are_noticed_or_harmless() {
    let (directory, written) = template();
    let all = files(directory.path());
    let (mut state, mut whole) = (0x5eed, 0);
    for round in 0..150 {
        let copy = copy(directory.path());
        let file = &all[random(&mut state) % all.len()];
        let name = file.strip_prefix(directory.path()).unwrap();
        let target = copy.path().join(name);
        let mut bytes = fs::read(&target).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let place = random(&mut state) % bytes.len();
        bytes[place] ^= 1 << (random(&mut state) % 8);
        fs::write(&target, bytes).unwrap();
        if round % 2 == 0 && name != Path::new(".kafka_cleanshutdown") {
            make_unclean(copy.path());
        }
        whole += usize::from(look(copy.path(), &written, &format!("byte {place} of {}", name.display())));
    }
    assert!(whole > 20, "most flips do no harm to other partitions: {whole}");
}

#[test]
fn indexes_are_made_anew_from_the_segments() {
    let (directory, written) = template();
    for change in ["missing", "empty", "garbage"] {
        for unclean in [false, true] {
            let copy = copy(directory.path());
            if unclean {
                make_unclean(copy.path());
            }
            for file in files(copy.path()) {
                let is_index = file
                    .extension()
                    .is_some_and(|extension| extension == "index" || extension == "timeindex");
                match change {
                    _ if !is_index => {}
                    "missing" => fs::remove_file(&file).unwrap(),
                    "empty" => fs::write(&file, b"").unwrap(),
                    _ => fs::write(&file, [0xa5; 96]).unwrap(),
                }
            }
            assert!(look(copy.path(), &written, change), "{change}, unclean: {unclean}");
        }
    }
}

#[test]
fn a_damaged_small_file_is_named_or_made_anew() {
    let (directory, written) = template();
    for file in files(directory.path()) {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if ["log", "index", "timeindex"].contains(&extension) {
            continue;
        }
        let name = file.strip_prefix(directory.path()).unwrap();
        for damage in ["missing", "empty", "garbage", "half"] {
            for unclean in [false, true] {
                let copy = copy(directory.path());
                let target = copy.path().join(name);
                let bytes = fs::read(&target).unwrap();
                match damage {
                    "missing" => fs::remove_file(&target).unwrap(),
                    "empty" => fs::write(&target, b"").unwrap(),
                    "garbage" => fs::write(&target, b"\xff\x00what is this\n\n1 2 3").unwrap(),
                    _ => fs::write(&target, &bytes[..bytes.len() / 2]).unwrap(),
                }
                if unclean && copy.path().join(".kafka_cleanshutdown").exists() {
                    make_unclean(copy.path());
                }
                look(copy.path(), &written, &format!("{damage} {}, unclean: {unclean}", name.display()));
            }
        }
    }
}

#[test]
fn segments_that_are_cut_short_lose_only_what_was_cut() {
    let (directory, written) = template();
    let segments: Vec<PathBuf> = files(directory.path())
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "log"))
        .filter(|file| file.starts_with(directory.path().join("a-0")))
        .collect();
    assert!(segments.len() > 3);
    for (number, segment) in segments.iter().enumerate() {
        for unclean in [false, true] {
            let copy = copy(directory.path());
            let target = copy.path().join(segment.strip_prefix(directory.path()).unwrap());
            let bytes = fs::read(&target).unwrap();
            fs::write(&target, &bytes[..bytes.len() - 7]).unwrap();
            if unclean {
                make_unclean(copy.path());
            }
            let what = format!("segment {number} of {}, unclean: {unclean}", segments.len());
            assert!(!look(copy.path(), &written, &what), "{what}");
        }
    }
}
