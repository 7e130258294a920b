//! What a simulated disk may lose, and what it must not.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::content::Content;
use super::random::Random;
use super::*;
use crate::io::{Clock, CommitQueue, Completion, Durability, Token};
use crate::types::Timestamp;

const DIRECTORY: &str = "/data";
const FILE: &str = "/data/file";

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir(DIRECTORY.as_ref()).unwrap();
    disk.sync_dir("/".as_ref()).unwrap();
    disk
}

/// A disk with one durable file.
fn disk_with_file(seed: u64, content: &[u8]) -> (SimDisk, Arc<dyn DiskFile>) {
    let disk = disk(seed);
    let file = disk.open(FILE.as_ref(), OpenMode::Create).unwrap();
    file.write_at(content, 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(DIRECTORY.as_ref()).unwrap();
    (disk, file)
}

fn content(disk: &SimDisk, path: &str) -> Vec<u8> {
    disk.read_file(path.as_ref(), 1 << 30).unwrap()
}

fn exists(disk: &SimDisk, path: &str) -> bool {
    disk.open(path.as_ref(), OpenMode::Read).is_ok()
}

fn fault(operation: Operation, nth: u64, lasting: Lasting) -> Fault {
    let failure = Failure::Errno(libc::EIO);
    Fault { operation: Some(operation), path_suffix: String::new(), nth, lasting, failure }
}

fn append(queue: &mut dyn CommitQueue, token: u64, path: &str, bytes: &'static [u8]) -> Completion {
    let handle = queue.open(path.as_ref(), 0).unwrap();
    queue.append(Token(token), handle, vec![Bytes::from_static(bytes)], Durability::Durable);
    let mut completions = Vec::new();
    queue.wait(None, &mut completions).unwrap();
    completions.pop().unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Write { position: usize, length: usize },
    Resize(usize),
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..150_000_usize, 0..5_000_usize).prop_map(|(position, length)| Step::Write { position, length }),
        2 => (0..150_000_usize).prop_map(Step::Resize),
        1 => Just(Step::Sync),
    ]
}

/// The content after each step since the last sync, the synced one first, with a plain vector as model.
fn run(steps: &[Step], content: &mut Content) -> Vec<Vec<u8>> {
    let mut states = vec![Vec::new()];
    for (turn, step) in steps.iter().enumerate() {
        let mut bytes: Vec<u8> = states.last().cloned().unwrap_or_default();
        match *step {
            Step::Write { position, length } => {
                let written = vec![u8::try_from(turn % 255).unwrap() + 1; length];
                content.write(&written, position);
                if position + length > bytes.len() && length > 0 {
                    bytes.resize(position + length, 0);
                }
                bytes.splice(position.min(bytes.len())..(position + length).min(bytes.len()), written);
            }
            Step::Resize(size) => {
                content.set_size(size);
                bytes.resize(size, 0);
            }
            Step::Sync => {
                content.sync();
                states.clear();
            }
        }
        states.push(bytes);
    }
    states
}

fn all(content: &Content) -> Vec<u8> {
    let mut bytes = vec![0xaa; content.size() + 10];
    let count = content.read(&mut bytes, 0);
    bytes.truncate(count);
    bytes
}

fn sector(state: &[u8], sector: usize) -> [u8; 512] {
    let mut bytes = [0; 512];
    let from = (sector * 512).min(state.len());
    let to = (sector * 512 + 512).min(state.len());
    bytes[..to - from].copy_from_slice(&state[from..to]);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_is_what_was_written(steps in prop::collection::vec(step(), 0..40), history in any::<bool>()) {
        let mut content = Content::new(history);
        let states = run(&steps, &mut content);
        prop_assert!(all(&content) == *states.last().unwrap());
        prop_assert!(content.stored() <= content.size());
    }

    #[test]
    fn each_sector_after_a_power_cut_is_one_it_had_since_the_sync(
        steps in prop::collection::vec(step(), 0..25), seed in any::<u64>(),
    ) {
        let mut content = Content::new(true);
        let states = run(&steps, &mut content);
        let mut random = Random::new(seed);
        for _ in 0..4 {
            let found = content.after_power_cut(&mut random);
            let bytes = all(&found);
            prop_assert!(states.iter().any(|state| state.len() == bytes.len()), "size {}", bytes.len());
            let whole_sectors = bytes.len() / 512;
            for number in 0..whole_sectors {
                let left = sector(&bytes, number);
                prop_assert!(states.iter().any(|state| sector(state, number) == left), "sector {number}");
            }
            if states.len() == 1 {
                prop_assert!(bytes == states[0]);
            }
        }
    }
}

#[test]
fn writing_nothing_beyond_the_end_does_not_grow_a_file() {
    let mut content = Content::new(true);
    content.write(&[], 7);
    assert_eq!((content.size(), all(&content)), (0, Vec::new()));
}

#[test]
fn synced_bytes_survive_every_power_cut() {
    for seed in 0..50 {
        let (disk, file) = disk_with_file(seed, &[7; 3000]);
        file.write_at(&[8; 2000], 3000).unwrap();
        let found = content(&disk.power_cut(), FILE);
        assert!(found.len() >= 3000 && found[..3000] == [7; 3000]);
    }
}

#[test]
fn unsynced_bytes_are_kept_lost_and_torn_by_some_power_cut() {
    let (disk, file) = disk_with_file(1, &[1; 4096]);
    file.write_at(&[2; 4096], 0).unwrap();
    let outcomes: Vec<Vec<u8>> = (0..200).map(|_| content(&disk.power_cut(), FILE)).collect();
    assert!(outcomes.contains(&vec![1; 4096]) && outcomes.contains(&vec![2; 4096]));
    let torn = |found: &Vec<u8>| found.contains(&1) && found.contains(&2);
    assert!(outcomes.iter().any(torn));
    let whole =
        |found: &Vec<u8>| found.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0]));
    assert!(outcomes.iter().all(whole));
}

#[test]
fn an_unsynced_size_is_kept_and_lost() {
    let (disk, file) = disk_with_file(2, b"12345678");
    file.set_size(100_000).unwrap();
    file.set_size(3).unwrap();
    let mut sizes: Vec<usize> = (0..200).map(|_| content(&disk.power_cut(), FILE).len()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, [3, 8, 100_000]);
}

#[test]
fn a_name_is_sure_only_after_its_directory_was_synced() {
    let disk = disk(3);
    disk.open(FILE.as_ref(), OpenMode::Create).unwrap().sync().unwrap();
    let survived = (0..100).filter(|_| exists(&disk.power_cut(), FILE)).count();
    assert!((1..100).contains(&survived), "survived {survived} of 100");
    disk.sync_dir(DIRECTORY.as_ref()).unwrap();
    assert!((0..100).all(|_| exists(&disk.power_cut(), FILE)));
    disk.remove_file(FILE.as_ref()).unwrap();
    let survived = (0..100).filter(|_| exists(&disk.power_cut(), FILE)).count();
    assert!((1..100).contains(&survived), "survived {survived} of 100");
    disk.sync_dir(DIRECTORY.as_ref()).unwrap();
    assert!(!(0..100).any(|_| exists(&disk.power_cut(), FILE)));
}

#[test]
fn a_file_in_an_unsynced_directory_is_not_sure() {
    let disk = disk(4);
    disk.create_dir("/data/topic-0/deep".as_ref()).unwrap();
    disk.open("/data/topic-0/deep/log".as_ref(), OpenMode::Create).unwrap();
    disk.sync_dir("/data/topic-0/deep".as_ref()).unwrap();
    disk.sync_dir("/data/topic-0".as_ref()).unwrap();
    assert!((0..100).any(|_| !disk.power_cut().is_dir("/data/topic-0".as_ref())));
    disk.sync_dir(DIRECTORY.as_ref()).unwrap();
    assert!((0..100).all(|_| exists(&disk.power_cut(), "/data/topic-0/deep/log")));
}

#[test]
fn replacing_a_file_leaves_the_old_or_the_new_content() {
    let (disk, _) = disk_with_file(5, b"old");
    let file = disk.open("/data/file.tmp".as_ref(), OpenMode::Create).unwrap();
    file.write_at(b"new content", 0).unwrap();
    file.sync().unwrap();
    disk.rename("/data/file.tmp".as_ref(), FILE.as_ref()).unwrap();
    let outcomes: Vec<Vec<u8>> = (0..100).map(|_| content(&disk.power_cut(), FILE)).collect();
    assert!(outcomes.iter().all(|found| found == b"old" || found == b"new content"));
    assert!(outcomes.contains(&b"old".to_vec()) && outcomes.contains(&b"new content".to_vec()));
    disk.write_file(FILE.as_ref(), b"newest").unwrap();
    assert!((0..100).all(|_| content(&disk.power_cut(), FILE) == b"newest"));
}

#[test]
fn a_removed_directory_may_come_back_in_part() {
    let disk = disk(6);
    disk.create_dir("/data/topic".as_ref()).unwrap();
    for name in ["a", "b"] {
        disk.open(&Path::new("/data/topic").join(name), OpenMode::Create).unwrap();
    }
    disk.sync_dir("/data/topic".as_ref()).unwrap();
    disk.sync_dir(DIRECTORY.as_ref()).unwrap();
    disk.remove_dir("/data/topic".as_ref()).unwrap();
    assert!(!disk.is_dir("/data/topic".as_ref()));
    let mut counts: Vec<Option<usize>> = (0..100)
        .map(|_| disk.power_cut().list("/data/topic".as_ref()).ok().map(|names| names.len()))
        .collect();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!(counts, [None, Some(0), Some(1), Some(2)]);
}

#[test]
fn a_durable_append_survives_and_a_cached_one_may_not() {
    let disk = disk(7);
    let mut queue = disk.commit_queue().unwrap();
    let handle = queue.open(FILE.as_ref(), 0).unwrap();
    let mut completions = Vec::new();
    queue.append(Token(1), handle, vec![Bytes::from(vec![1; 5000])], Durability::Durable);
    queue.submit(&mut completions).unwrap();
    queue.append(Token(2), handle, vec![Bytes::from(vec![2; 5000])], Durability::Cached);
    queue.submit(&mut completions).unwrap();
    assert!(completions.iter().all(|completion| completion.result.is_ok()));
    let outcomes: Vec<Vec<u8>> = (0..100).map(|_| content(&disk.power_cut(), FILE)).collect();
    assert!(outcomes.iter().all(|found| found[..5000] == [1; 5000]));
    let kept = |found: &Vec<u8>| found.len() >= 10_000 && found[5000..10_000] == [2; 5000];
    assert!(outcomes.iter().any(kept) && !outcomes.iter().all(kept));
    queue.flush(Token(3), handle);
    queue.submit(&mut completions).unwrap();
    assert!((0..100).all(|_| kept(&content(&disk.power_cut(), FILE))));
}

#[test]
fn a_failed_sync_is_not_made_good_by_a_later_one() {
    let (disk, file) = disk_with_file(8, &[1; 512]);
    file.write_at(&[2; 512], 0).unwrap();
    disk.inject(fault(Operation::Sync, 1, Lasting::Once));
    file.sync().unwrap_err();
    file.sync().unwrap();
    assert!((0..100).any(|_| content(&disk.power_cut(), FILE) == [1; 512]));
    file.write_at(&[3; 512], 0).unwrap();
    file.sync().unwrap();
    assert!((0..100).all(|_| content(&disk.power_cut(), FILE) == [3; 512]));
}

#[test]
fn the_nth_operation_fails_once_or_for_good() {
    let (disk, file) = disk_with_file(9, b"");
    disk.inject(fault(Operation::Write, 2, Lasting::Once));
    file.write_at(b"a", 0).unwrap();
    assert_eq!(file.write_at(b"b", 0).unwrap_err().raw_os_error(), Some(libc::EIO));
    file.write_at(b"c", 0).unwrap();
    disk.inject(Fault { path_suffix: "other".to_owned(), ..fault(Operation::Write, 1, Lasting::ForGood) });
    file.write_at(b"d", 0).unwrap();
    disk.inject(fault(Operation::Open, 1, Lasting::ForGood));
    assert!(!exists(&disk, FILE) && !exists(&disk, FILE));
    disk.clear_faults();
    assert_eq!(content(&disk, FILE), b"d");
}

#[test]
fn every_single_operation_can_be_made_to_fail() {
    let job = |disk: &SimDisk| -> io::Result<()> {
        disk.create_dir("/data/topic".as_ref())?;
        disk.write_file("/data/topic/meta".as_ref(), b"text")?;
        disk.remove_dir("/data/topic".as_ref())?;
        disk.sync_dir(DIRECTORY.as_ref())
    };
    let calm = disk(10);
    let before = calm.operation_count();
    job(&calm).unwrap();
    let operations = calm.operation_count() - before;
    assert!(operations > 6);
    for nth in 1..=operations {
        let disk = disk(10);
        disk.inject(Fault { operation: None, ..fault(Operation::Open, nth, Lasting::Once) });
        job(&disk).unwrap_err();
    }
}

#[test]
fn a_short_write_leaves_half_and_poisons_the_queues_file() {
    let disk = disk(11);
    let mut queue = disk.commit_queue().unwrap();
    disk.inject(Fault { failure: Failure::Short, ..fault(Operation::Write, 1, Lasting::Once) });
    append(&mut *queue, 1, FILE, b"12345678").result.unwrap_err();
    assert_eq!(content(&disk, FILE), b"1234");
    let handle = queue.open("/data/second".as_ref(), 0).unwrap();
    disk.inject(fault(Operation::Sync, 1, Lasting::Once));
    let mut completions = Vec::new();
    for token in 0..3 {
        queue.append(Token(token), handle, vec![Bytes::from_static(b"x")], Durability::Durable);
        queue.wait(None, &mut completions).unwrap();
    }
    assert!(completions.len() == 3 && completions.iter().all(|completion| completion.result.is_err()));
    queue.close(handle).unwrap();
    append(&mut *queue, 4, "/data/third", b"fine").result.unwrap();
}

#[test]
fn a_full_disk_refuses_bytes_until_some_are_removed() {
    let (disk, file) = disk_with_file(12, &[1; 1000]);
    disk.set_quota(Some(1500));
    assert_eq!(disk.free_space(DIRECTORY.as_ref()).unwrap(), 500);
    assert_eq!(file.write_at(&[2; 1000], 900).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.size().unwrap(), 1500);
    file.write_at(&[3; 1500], 0).unwrap();
    file.set_size(100).unwrap();
    let other = disk.open("/data/other".as_ref(), OpenMode::Create).unwrap();
    other.write_at(&[4; 1400], 0).unwrap();
    assert_eq!(disk.free_space(DIRECTORY.as_ref()).unwrap(), 0);
    disk.remove_file("/data/other".as_ref()).unwrap();
    assert_eq!(disk.free_space(DIRECTORY.as_ref()).unwrap(), 1400);
    disk.set_quota(None);
    file.write_at(&[5; 10_000], 0).unwrap();
}

#[test]
fn one_seed_replays_one_history() {
    let history = |seed| {
        let disk = disk(seed);
        disk.set_delay(4);
        let mut queue = disk.commit_queue().unwrap();
        let handles: Vec<_> =
            (0..8).map(|file| queue.open(&Path::new(DIRECTORY).join(file.to_string()), 0).unwrap()).collect();
        let mut completions = Vec::new();
        for (file, handle) in handles.iter().enumerate() {
            let pieces = vec![Bytes::from(vec![1; 3000])];
            queue.append(Token(file as u64), *handle, pieces, Durability::Durable);
        }
        while completions.len() < handles.len() {
            queue.wait(None, &mut completions).unwrap();
        }
        let order: Vec<u64> = completions.iter().map(|completion| completion.token.0).collect();
        let found = disk.power_cut();
        let sizes: Vec<usize> =
            (0..8).map(|file| content(&found, &format!("{DIRECTORY}/{file}")).len()).collect();
        (order, sizes)
    };
    assert!((0..20).all(|seed| history(seed) == history(seed)));
    let in_order: Vec<u64> = (0..8).collect();
    assert!((0..20).any(|seed| history(seed).0 != in_order));
    assert!((0..20).any(|seed| history(seed).1 != history(seed + 20).1));
}

#[test]
fn a_slow_disk_finishes_late_and_can_be_interrupted() {
    let disk = disk(13);
    let mut queue = disk.commit_queue().unwrap();
    let waker = queue.waker();
    let handle = queue.open(FILE.as_ref(), 0).unwrap();
    disk.set_latency(Duration::from_millis(40));
    let start = Instant::now();
    queue.append(Token(1), handle, vec![Bytes::from_static(b"x")], Durability::Durable);
    let mut completions = Vec::new();
    waker.wake();
    queue.wait(None, &mut completions).unwrap();
    queue.wait(Some(Duration::from_millis(1)), &mut completions).unwrap();
    assert!(completions.is_empty() || start.elapsed() >= Duration::from_millis(40));
    while completions.is_empty() {
        queue.wait(None, &mut completions).unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(40));
}

#[test]
fn memory_holds_the_data_and_nothing_else() {
    let disk = SimDisk::memory();
    disk.create_dir(DIRECTORY.as_ref()).unwrap();
    let file = disk.open(FILE.as_ref(), OpenMode::Create).unwrap();
    let free = disk.free_space(DIRECTORY.as_ref()).unwrap();
    for _ in 0..100 {
        file.write_at(&[1; 100_000], 0).unwrap();
        file.set_size(1 << 40).unwrap();
        disk.write_file("/data/checkpoint".as_ref(), b"12345").unwrap();
    }
    assert_eq!(free - disk.free_space(DIRECTORY.as_ref()).unwrap(), 100_005);
    disk.create_dir("/data/a/b".as_ref()).unwrap();
    disk.remove_dir("/data/a".as_ref()).unwrap();
    assert_eq!(disk.list(DIRECTORY.as_ref()).unwrap(), ["checkpoint", "file"]);
    assert!(disk.power_cut().list("/".as_ref()).unwrap().is_empty());
}

#[test]
fn names_behave_as_those_of_a_real_disk() {
    let (disk, _) = disk_with_file(14, b"x");
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(disk.remove_file("/data/none".as_ref())), io::ErrorKind::NotFound);
    assert_eq!(kind(disk.remove_file(DIRECTORY.as_ref())), io::ErrorKind::IsADirectory);
    assert_eq!(kind(disk.remove_dir(FILE.as_ref())), io::ErrorKind::NotADirectory);
    assert_eq!(kind(disk.rename("/none".as_ref(), FILE.as_ref())), io::ErrorKind::NotFound);
    assert_eq!(kind(disk.create_dir("/data/../x".as_ref())), io::ErrorKind::InvalidInput);
    assert_eq!(kind(disk.open("/none/x".as_ref(), OpenMode::Create).map(drop)), io::ErrorKind::NotFound);
    let reader = disk.open(FILE.as_ref(), OpenMode::Read).unwrap();
    assert!(reader.write_at(b"y", 0).is_err() && reader.set_size(0).is_err());
    disk.rename(DIRECTORY.as_ref(), "/moved".as_ref()).unwrap();
    assert_eq!(content(&disk, "/moved/file"), b"x");
    assert!(!disk.is_dir(DIRECTORY.as_ref()) && disk.is_dir("/moved".as_ref()));
}

#[test]
fn the_clock_moves_only_when_told() {
    let clock = SimClock::new(Timestamp(1000));
    let same = clock.clone();
    clock.advance(Duration::from_millis(250));
    assert_eq!((same.now(), same.monotonic()), (Timestamp(1250), Duration::from_millis(250)));
    clock.set_wall(Timestamp(-5));
    assert_eq!((same.now(), same.monotonic()), (Timestamp(-5), Duration::from_millis(250)));
}
