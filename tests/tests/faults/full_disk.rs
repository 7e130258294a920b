//! A disk without space: what was acknowledged stays, deleting and committing go on, writing resumes without a restart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tidelog::broker::Broker;
use tidelog::error_code::ErrorCode;
use tidelog::io::{DirectoryLock, SimDisk};
use tidelog::types::{Offset, PartitionIndex};

use crate::engines::{
    Outcome, commit, committed, create, eventually, on_directory, open, produce, producer, records, soon,
};

const FULL: Outcome = Err(ErrorCode::KafkaStorageError);

/// Enough for the engine, what it keeps back, and some records.
const DISK_SIZE: u64 = 48 << 20;

/// A small file system in memory, mounted for one test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, with the reason printed, where mounting is not allowed.
    fn mount() -> Option<SmallDisk> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_SIZE}"), "tidelog-test"])
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(directory)),
            Ok(output) => {
                eprintln!(
                    "skipped: no file system can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                None
            }
            Err(error) => {
                eprintln!("skipped: there is no mount command: {error}");
                None
            }
        }
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// Writes large records until the disk takes no more; returns how many were acknowledged.
fn fill(broker: &Arc<Broker>) -> usize {
    let producer = producer(broker, &[]);
    let value = vec![b'x'; 200 << 10];
    for count in 0..1000 {
        match produce(&producer, "filler", 0, &value) {
            Ok(offset) => assert_eq!(offset, Offset(i64::try_from(count).unwrap())),
            refused => {
                assert_eq!(refused, FULL);
                return count;
            }
        }
    }
    panic!("the disk is not full after 200 MB");
}

fn a_full_disk(broker: &Arc<Broker>) {
    create(broker, "a", 1, &[]).unwrap();
    create(broker, "filler", 1, &[("segment.bytes", "8000000")]).unwrap();
    let small = producer(broker, &[]);
    assert_eq!(produce(&small, "a", 0, b"before"), Ok(Offset(0)));
    assert_eq!(commit(broker, "g", 1), ErrorCode::None);

    let acknowledged = fill(broker);
    assert!(acknowledged > 50, "{acknowledged}");
    assert_eq!(records(broker, "filler", 0).len(), acknowledged, "what was acknowledged can be read");
    assert_eq!(records(broker, "a", 0).len(), 1);
    assert_eq!(produce(&small, "a", 0, b"refused"), FULL);
    assert!(create(broker, "new", 1, &[]).is_err());
    for offset in 2..20 {
        eventually("a commit on a full disk", || commit(broker, "g", offset) == ErrorCode::None);
        assert_eq!(committed(broker, "g"), offset);
    }
    assert_eq!(produce(&small, "a", 0, b"refused"), FULL, "what is kept back is not for records");

    let half = Offset(i64::try_from(acknowledged / 2).unwrap());
    assert_eq!(broker.delete_records("filler", PartitionIndex(0), Some(half)).unwrap(), half);
    broker.delete_topic("filler").unwrap();
    eventually("writing on a disk that has space again", || produce(&small, "a", 0, b"after").is_ok());
    create(broker, "new", 1, &[]).unwrap();
    assert_eq!(produce(&small, "new", 0, b"x"), Ok(Offset(0)));
    let values: Vec<Vec<u8>> = records(broker, "a", 0).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [b"before".to_vec(), b"after".to_vec()], "what was refused is not there");
}

fn is_as_before(broker: &Broker) {
    assert_eq!(records(broker, "a", 0).len(), 2);
    assert_eq!(records(broker, "new", 0).len(), 1);
    assert_eq!(committed(broker, "g"), 19);
    assert!(broker.topic("filler").is_none());
}

#[test]
fn a_full_file_system_refuses_records_and_nothing_else() {
    let Some(disk) = SmallDisk::mount() else { return };
    let root = disk.root();
    std::fs::create_dir(&root).unwrap();
    let reserve = root.join("tidelog-reserve");
    let broker = on_directory(&root).unwrap();
    assert!(reserve.exists());
    a_full_disk(&broker);
    assert!(reserve.exists(), "it is kept back again");
    soon("close", move || broker.close());
    is_as_before(&on_directory(&root).unwrap());
}

#[test]
fn a_directory_on_a_full_file_system_opens_and_can_be_read() {
    let Some(disk) = SmallDisk::mount() else { return };
    let root = disk.root();
    std::fs::create_dir(&root).unwrap();
    let broker = on_directory(&root).unwrap();
    create(&broker, "filler", 1, &[]).unwrap();
    let acknowledged = fill(&broker);
    soon("close", move || broker.close());
    stuff(&disk.0.path().join("stuffing"));
    let broker = on_directory(&root).unwrap();
    assert_eq!(records(&broker, "filler", 0).len(), acknowledged);
    broker.delete_topic("filler").unwrap();
}

#[test]
fn a_read_only_file_system_is_refused_with_the_file_that_cannot_be_written() {
    let Some(disk) = SmallDisk::mount() else { return };
    let root = disk.root();
    std::fs::create_dir(&root).unwrap();
    let broker = on_directory(&root).unwrap();
    create(&broker, "a", 1, &[]).unwrap();
    assert_eq!(produce(&producer(&broker, &[]), "a", 0, b"before"), Ok(Offset(0)));
    soon("close", move || broker.close());
    let remount = |mode: &str| {
        let remounted =
            Command::new("mount").args(["-o", &format!("remount,{mode}")]).arg(disk.0.path()).status();
        assert!(remounted.is_ok_and(|status| status.success()));
    };
    remount("ro");
    let refused = DirectoryLock::acquire(&root).unwrap_err().to_string();
    assert!(refused.contains(&*root.to_string_lossy()) && refused.contains("ead-only"), "{refused}");
    remount("rw");
    let broker = on_directory(&root).unwrap();
    assert_eq!(records(&broker, "a", 0).len(), 1);
    assert_eq!(produce(&producer(&broker, &[]), "a", 0, b"second"), Ok(Offset(1)));
    assert_eq!(records(&broker, "a", 0).len(), 2);
    soon("close", move || broker.close());
}

/// Takes all space that is left.
fn stuff(path: &Path) {
    let size = usize::try_from(DISK_SIZE).unwrap();
    for piece in [size, 1 << 20, 4096, 1] {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        while std::io::Write::write(&mut &file, &vec![0; piece]).is_ok_and(|written| written > 0) {}
    }
}

#[test]
fn a_simulated_full_disk_refuses_records_and_nothing_else() {
    let disk = SimDisk::new(11);
    disk.set_quota(Some(DISK_SIZE));
    let broker = open(&disk);
    a_full_disk(&broker);
    soon("close", move || broker.close());
    is_as_before(&open(&disk));
}
