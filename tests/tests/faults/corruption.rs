//! Files that do not hold what was written: every change is noticed or does no harm, and no reader sees a wrong record.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidelog::broker::Broker;
use tidelog::client::Producer;
use tidelog::error_code::ErrorCode;
use tidelog::log::ReadCursor;
use tidelog::record::Batches;
use tidelog::types::{Isolation, Offset, PartitionIndex};

use crate::effort::effort;
use crate::engines::{commit, create, on_directory, produce, producer};

const PARTITIONS: i32 = 2;
const RECORDS: usize = 60;

/// After so many records there is an aborted transaction, and a committed one.
const TRANSACTION_EVERY: usize = 6;

/// What is in records that nobody may see.
const ABORTED: &str = "aborted";

/// What each partition holds.
type Content = BTreeMap<i32, Vec<(Offset, Vec<u8>)>>;

/// A closed data directory with several segments, and what is in it.
fn template() -> (tempfile::TempDir, Content) {
    let directory = tempfile::tempdir().unwrap();
    let broker = on_directory(directory.path()).unwrap();
    create(&broker, "a", PARTITIONS, &[("segment.index.bytes", "96"), ("index.interval.bytes", "100")])
        .unwrap();
    let plain = producer(&broker, &[("enable.idempotence", "true")]);
    let transactional = producer(&broker, &[("transactional.id", "t")]);
    transactional.init_transactions(None).unwrap();
    let produce_all = |producer: &Producer, what: &str, n: usize| {
        for partition in 0..PARTITIONS {
            let value = format!("{partition}-{n}-{what}{}", "x".repeat(n));
            produce(producer, "a", partition, value.as_bytes()).unwrap();
        }
    };
    for n in 0..RECORDS {
        produce_all(&plain, "", n);
        if n % TRANSACTION_EVERY == 0 {
            transactional.begin_transaction().unwrap();
            produce_all(&transactional, ABORTED, n);
            produce_all(&plain, "", n);
            transactional.abort_transaction(None).unwrap();
            transactional.begin_transaction().unwrap();
            produce_all(&transactional, "committed", n);
            transactional.commit_transaction(None).unwrap();
        }
    }
    assert_eq!(commit(&broker, "g", 3), ErrorCode::None);
    let content: Content = (0..PARTITIONS)
        .map(|partition| {
            let (records, is_told) = readable(&broker, partition);
            assert!(!is_told && records.len() == RECORDS + 2 * RECORDS / TRANSACTION_EVERY);
            assert!(records.iter().all(|(_, value)| !String::from_utf8_lossy(value).contains(ABORTED)));
            (partition, records)
        })
        .collect();
    drop((plain, transactional));
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

/// Reads what can be read of a partition, as a consumer of committed records that checks sums does; stops at the first error, and says whether
/// there was one.
fn readable(broker: &Arc<Broker>, partition: i32) -> (Vec<(Offset, Vec<u8>)>, bool) {
    let mut records = Vec::new();
    let Ok(partition) = broker.served_partition("a", PartitionIndex(partition)) else {
        return (records, true);
    };
    let mut from = ReadCursor::from(partition.view().log_start());
    let view = partition.view();
    let Ok(aborted) = view.aborted_transactions(view.log_start(), view.last_stable_offset()) else {
        return (records, true);
    };
    while let Ok(read) = partition.read(from, 1 << 20, Isolation::ReadCommitted) {
        if read.pieces.is_empty() {
            return (records, false);
        }
        for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
            let Ok(batch) = batch else { return (records, true) };
            if batch.verify().is_err() {
                return (records, true);
            }
            let header = batch.header();
            if header.attributes().is_control() || aborted.iter().any(|one| one.covers(header)) {
                continue;
            }
            for record in batch.records().unwrap() {
                let record = record.unwrap();
                records.push((record.offset, record.value.unwrap_or_default().to_vec()));
            }
        }
        from = read.next;
    }
    (records, true)
}

/// What a look at a directory has found.
struct Found {
    /// Everything that was written is there.
    is_whole: bool,
    /// Something said that not everything is there: opening, a partition, a read, or recovery.
    is_told: bool,
}

/// Opens a directory and holds what can be read against what was written.
fn look(directory: &Path, written: &Content, what: &str) -> Found {
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let broker = match on_directory(directory) {
            Ok(broker) => broker,
            Err(error) => {
                let text = error.to_string();
                assert!(
                    text.contains(&*directory.to_string_lossy()),
                    "{what}: the error names no file: {text}"
                );
                return Found { is_whole: false, is_told: true };
            }
        };
        let mut found = Found { is_whole: true, is_told: false };
        for (partition, expected) in written {
            let (read, is_told) = readable(&broker, *partition);
            let known: BTreeMap<_, _> = expected.iter().cloned().collect();
            for (offset, value) in &read {
                assert_eq!(known.get(offset), Some(value), "{what}: a wrong record in partition {partition}");
            }
            let in_order = read.windows(2).all(|pair| pair[0].0 < pair[1].0);
            assert!(in_order, "{what}: records out of order in partition {partition}");
            found.is_whole &= read.len() == expected.len();
            found.is_told |= is_told;
        }
        found.is_told |= broker.recovered().iter().any(|(_, report)| report.bytes_cut > 0);
        broker.close();
        found
    }));
    looked.unwrap_or_else(|panic| {
        eprintln!("{what}");
        std::panic::resume_unwind(panic)
    })
}

/// What happens to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip { bit: u32 },
    ZeroedSector,
    Truncation,
    SwappedSectors { other: usize },
}

const SECTOR: usize = 512;

impl Damage {
    fn any(random: &mut fastrand::Rng, size: usize) -> Damage {
        match random.u8(..8) {
            0 => Damage::ZeroedSector,
            1 => Damage::Truncation,
            2 => Damage::SwappedSectors { other: random.usize(..size) },
            _ => Damage::Flip { bit: random.u32(..8) },
        }
    }

    /// Does it around `place`. False when that changes nothing.
    fn change(self, bytes: &mut Vec<u8>, place: usize) -> bool {
        let before = bytes.clone();
        let sector =
            |place: usize, size: usize| place - place % SECTOR..size.min(place - place % SECTOR + SECTOR);
        match self {
            Damage::Flip { bit } => bytes[place] ^= 1 << bit,
            Damage::ZeroedSector => bytes[sector(place, before.len())].fill(0),
            Damage::Truncation => bytes.truncate(place),
            Damage::SwappedSectors { other } => {
                let (one, other) = (sector(place, before.len()), sector(other, before.len()));
                if one.len() == other.len() {
                    bytes[one.clone()].copy_from_slice(&before[other.clone()]);
                    bytes[other].copy_from_slice(&before[one]);
                }
            }
        }
        *bytes != before
    }
}

#[test]
fn every_damage_is_noticed_or_harmless() {
    let (directory, written) = template();
    let all = files(directory.path());
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let (mut whole, mut changed, mut silent) = (0, 0, Vec::new());
    for round in 0..effort(1_000, 100_000) {
        let copy = copy(directory.path());
        let file = random.choice(&all).unwrap();
        let name = file.strip_prefix(directory.path()).unwrap();
        let target = copy.path().join(name);
        let mut bytes = fs::read(&target).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let (place, damage) = (random.usize(..bytes.len()), Damage::any(&mut random, bytes.len()));
        if !damage.change(&mut bytes, place) {
            continue;
        }
        changed += 1;
        fs::write(&target, bytes).unwrap();
        if round % 2 == 0 && name != Path::new(".kafka_cleanshutdown") {
            make_unclean(copy.path());
        }
        let what = format!("{damage:?} at byte {place} of {}, unclean: {}", name.display(), round % 2 == 0);
        let found = look(copy.path(), &written, &what);
        whole += usize::from(found.is_whole);
        if !found.is_whole && !found.is_told {
            silent.push(what);
        }
    }
    println!("{changed} changes, {whole} of them did no harm");
    assert!(
        silent.is_empty(),
        "{} of {changed} changes took records and nobody said so: {silent:#?}",
        silent.len()
    );
    assert!(whole > changed / 8, "most changes do no harm to other partitions: {whole} of {changed}");
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
            assert!(look(copy.path(), &written, change).is_whole, "{change}, unclean: {unclean}");
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
            let found = look(copy.path(), &written, &what);
            assert!(!found.is_whole && found.is_told, "{what}");
        }
    }
}
