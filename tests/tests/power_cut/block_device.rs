//! Power cuts of a block device under a real file system.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::block_box::{Access, BlockBox, DEVICE, Device};
use super::block_replay::replay;
use super::fuse::Mounted;
use super::real_file_system::{FileSystem, LoopDevice, MountedFileSystem};
use super::verdict::Verdict;
use super::{can_mount, scratch};
use crate::effort::effort;
use crate::server::python::python;
use crate::witness::careless::Carelessness;
use crate::witness::server::{self, Client};
use crate::witness::victim;
use crate::witness::workload::{SMALL, Workload};

/// Of the device: writes that may overtake each other.
const THREADS: usize = 16;

/// Has somebody work on an empty file system, who is told its place and where to note promises; returns what was done to the
/// device.
fn record(content: Vec<u8>, file_system: FileSystem, work: impl FnOnce(&Path, &Path)) -> Vec<Access> {
    let device = Arc::new(Mutex::new(Device::new(content)));
    let place = scratch();
    let _mounted = Mounted::new(BlockBox(Arc::clone(&device)), place.path(), THREADS).unwrap();
    let loop_device = LoopDevice::new(&place.path().join(DEVICE)).unwrap();
    let mounted = MountedFileSystem::new(file_system, &loop_device).unwrap();
    work(mounted.path(), &place.path().join(victim::NOTES));
    // What the unmounting writes is no longer part of it.
    let accesses = std::mem::take(&mut device.lock().accesses);
    drop(mounted);
    drop(loop_device);
    accesses
}

fn cut(file_system: FileSystem, workload: &Workload, wanted: usize) -> Verdict {
    let content = file_system.make();
    let accesses = record(content.clone(), file_system, |place, notes| {
        victim::start(place, notes, workload).finish();
    });
    replay(content, &accesses, file_system, workload, wanted)
}

fn expect_nothing_lost(file_system: FileSystem) {
    if !can_mount() || !file_system.is_there() {
        return;
    }
    let few = Workload { retains: true, messages: 160, ..SMALL };
    let some = Workload { partitions: 8, ..few };
    let many = Workload { partitions: 64, ..few };
    for (workload, wanted) in [(few, effort(250, 2_500)), (some, effort(200, 2_000)), (many, effort(50, 500))]
    {
        let of = format!("{file_system:?}, {} partitions", workload.partitions);
        cut(file_system, &workload, wanted).expect_good(&of);
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_on_ext4() {
    expect_nothing_lost(FileSystem::Ext4);
}

#[test]
fn nothing_that_was_acknowledged_is_lost_on_xfs() {
    expect_nothing_lost(FileSystem::Xfs);
}

#[test]
fn nothing_that_a_server_acknowledged_to_its_clients_is_lost() {
    if !can_mount() || !FileSystem::Ext4.is_there() || python().is_none() {
        return;
    }
    let workload = Workload { partitions: 8, messages: 160, ..SMALL };
    let content = FileSystem::Ext4.make();
    let accesses = record(content.clone(), FileSystem::Ext4, |place, notes| {
        let (child, port) = server::start(place, notes, &workload, 0);
        let client = |name| Client::start(port, notes, name, &workload).unwrap();
        let clients: Vec<_> = (0..workload.producers).map(client).collect();
        clients.into_iter().for_each(Client::finish);
        child.kill();
    });
    let verdict = replay(content, &accesses, FileSystem::Ext4, &workload, effort(100, 1_000));
    verdict.expect_good("a server and its clients");
}

#[test]
fn an_early_acknowledgement_is_noticed() {
    if !can_mount() || !FileSystem::Ext4.is_there() {
        return;
    }
    // A file system may flush names unasked, and the device fails no flush: the other two are noticed by the strict disk.
    let workload = Workload { carelessness: Some(Carelessness::AcknowledgesEarly), ..SMALL };
    cut(FileSystem::Ext4, &workload, effort(100, 1_000)).expect_bad("an early acknowledgement");
}
