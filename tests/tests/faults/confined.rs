//! Processes that may do less than usual: no io_uring, as in a container with Docker's default seccomp profile, little memory
//! that may be locked, few open files.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};
use tidelog::error_code::ErrorCode;
use tidelog::io::DirectoryLock;
use tidelog::types::Offset;

use crate::child::{self, Child, allow_descriptors, say, take_descriptors};
use crate::engines::{commit, committed, create, eventually, on_directory, produce, producer, records};

/// The system calls of io_uring, which have the same numbers everywhere.
const IO_URING: [i64; 3] = [425, 426, 427];

/// The child: everything works, though io_uring answers EPERM.
pub(crate) fn work_without_io_uring(directory: &Path) {
    let rules = IO_URING.into_iter().map(|call| (call, Vec::new())).collect::<BTreeMap<_, _>>();
    let refuse = SeccompAction::Errno(1);
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    apply_filter_all_threads(&program).unwrap();
    say(&tidelog::io::io_uring_refused().map_or("not refused".to_owned(), |why| why.to_string()));
    work(directory);
}

/// The child: everything works with what many systems allow by default.
pub(crate) fn work_with_little_locked_memory(directory: &Path) {
    let little = Some(64 << 10);
    setrlimit(Resource::Memlock, Rlimit { current: little, maximum: little }).unwrap();
    work(directory);
}

/// The child: a history of more segments than there may be file descriptors is read.
pub(crate) fn read_a_history_with_few_descriptors(directory: &Path) {
    // Of which the newest third is read from the cache.
    const SEGMENTS: i64 = 1200;
    static VALUE: [u8; 20_000] = [0; 20_000];
    allow_descriptors(400);
    let broker = on_directory(directory).unwrap();
    create(&broker, "a", 1, &[("internal.segment.bytes", "24000")]).unwrap();
    let client = producer(&broker, &[]);
    for number in 0..SEGMENTS {
        assert_eq!(produce(&client, "a", 0, &VALUE), Ok(Offset(number)));
    }
    assert_eq!(records(&broker, "a", 0).len(), usize::try_from(SEGMENTS).unwrap());
    drop(client);
    broker.close();
}

/// The child: what cannot be opened is refused and says why, and goes on once it can be.
pub(crate) fn work_with_few_descriptors(directory: &Path) {
    allow_descriptors(500);
    // All that there are; then some are given back.
    let mut taken = Vec::new();
    take_descriptors(&mut taken);
    say(&DirectoryLock::acquire(directory).map(drop).unwrap_err().to_string());
    taken.truncate(taken.len() - 48);
    let broker = on_directory(directory).unwrap();
    create(&broker, "a", 1, &[]).unwrap();
    let client = producer(&broker, &[]);
    assert_eq!(produce(&client, "a", 0, b"before"), Ok(Offset(0)));
    let mut made = 0;
    let (refused, last) = loop {
        let name = format!("t-{made}");
        // A log opens its file with its first record.
        let tried = create(&broker, &name, 4, &[]).map_err(|error| error.to_string()).and_then(|()| {
            let outcomes = (0..4).map(|partition| produce(&client, &name, partition, b"x").map(drop));
            outcomes.collect::<Result<(), _>>().map_err(|error| error.to_string())
        });
        match tried {
            Ok(()) => made += 1,
            Err(error) => break (error, name),
        }
    };
    assert!(made > 0, "{refused}");
    say(&refused);
    assert_eq!(produce(&client, "a", 0, b"meanwhile"), Ok(Offset(1)));
    taken.clear();
    // What could not be opened is tried again.
    drop(create(&broker, &last, 4, &[]));
    eventually("all partitions are back", || {
        (0..4).all(|partition| produce(&client, &last, partition, b"x").is_ok())
    });
    create(&broker, "later", 4, &[]).unwrap();
    assert_eq!(produce(&client, "later", 3, b"x"), Ok(Offset(0)));
    drop(client);
    broker.close();
    drop(broker);
    let broker = on_directory(directory).unwrap();
    for number in 0..made {
        assert_eq!(records(&broker, &format!("t-{number}"), 3).len(), 1);
    }
    assert_eq!(records(&broker, "a", 0).len(), 2);
    broker.close();
}

/// Runs an engine through its life, twice.
fn work(directory: &Path) {
    let broker = on_directory(directory).unwrap();
    create(&broker, "a", 2, &[]).unwrap();
    for (partition, acks) in [(0, "all"), (1, "1")] {
        let producer = producer(&broker, &[("acks", acks)]);
        for n in 0..100 {
            assert_eq!(produce(&producer, "a", partition, b"x"), Ok(Offset(n)));
        }
    }
    assert_eq!(commit(&broker, "g", 7), ErrorCode::None);
    broker.close();
    drop(broker);
    let broker = on_directory(directory).unwrap();
    assert_eq!(committed(&broker, "g"), 7);
    assert_eq!((records(&broker, "a", 0).len(), records(&broker, "a", 1).len()), (100, 100));
    assert_eq!(produce(&producer(&broker, &[]), "a", 0, b"x"), Ok(Offset(100)));
    broker.close();
}

#[test]
fn without_io_uring_everything_works() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Child::start("no io_uring", directory.path());
    let why = child.hear().unwrap();
    assert!(why.contains("EPERM") || why.contains("not permitted"), "{why}");
    child.finish();
}

#[test]
fn with_little_locked_memory_everything_works() {
    child::run("little locked memory");
}

#[test]
fn a_history_may_have_more_segments_than_there_are_file_descriptors() {
    child::run("a history and few file descriptors");
}

#[test]
fn with_few_file_descriptors_what_cannot_be_opened_is_refused_and_everything_else_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Child::start("few file descriptors", directory.path());
    let why = child.hear().unwrap();
    assert!(why.contains("Too many open files"), "{why}");
    let why = child.hear().unwrap();
    assert!(why.contains("Too many open files") || why.contains("Disk error"), "{why}");
    child.finish();
}
