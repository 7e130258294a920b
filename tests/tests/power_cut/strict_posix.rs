//! Power cuts of a file system that promises what POSIX promises and no more.

use std::sync::Arc;

use parking_lot::Mutex;

use super::fuse::Mounted;
use super::posix_box::{PosixBox, Recorder};
use super::posix_replay::replay;
use super::posix_tree::Operation;
use super::verdict::Verdict;
use super::{can_mount, scratch};
use crate::effort::effort;
use crate::witness::careless::Carelessness;
use crate::witness::victim;
use crate::witness::workload::{SMALL, Workload};

/// Runs a victim and returns what was done to its disk.
fn record(workload: &Workload, fails_after: Option<usize>) -> Vec<Operation> {
    let recorder = Arc::new(Mutex::new(Recorder::new(fails_after)));
    let place = scratch();
    let mounted = Mounted::new(PosixBox(Arc::clone(&recorder)), place.path(), 1).unwrap();
    let notes = place.path().join(victim::NOTES);
    victim::start(place.path(), &notes, workload).finish();
    drop(mounted);
    std::mem::take(&mut recorder.lock().operations)
}

fn cut(workload: &Workload, fails_after: Option<usize>, wanted: usize) -> Verdict {
    replay(&record(workload, fails_after), workload, wanted)
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    if !can_mount() {
        return;
    }
    let few = Workload { retains: true, administrates: true, messages: 400, ..SMALL };
    let some = Workload { partitions: 8, ..few };
    let many = Workload { partitions: 64, messages: 256, ..few };
    for (workload, wanted) in
        [(few, effort(900, 9_000)), (some, effort(900, 9_000)), (many, effort(200, 2_000))]
    {
        cut(&workload, None, wanted).expect_good(&format!("{} partitions", workload.partitions));
    }
}

#[test]
fn a_flush_that_fails_takes_nothing_that_was_acknowledged() {
    if !can_mount() {
        return;
    }
    cut(&SMALL, Some(40), effort(200, 2_000)).expect_good("a flush that fails");
}

#[test]
fn every_carelessness_is_noticed() {
    if !can_mount() {
        return;
    }
    for carelessness in Carelessness::ALL {
        let fails_after = (carelessness == Carelessness::RetriesFlush).then_some(40);
        let workload = Workload { carelessness: Some(carelessness), ..SMALL };
        cut(&workload, fails_after, effort(200, 1_000)).expect_bad(&format!("{carelessness:?}"));
    }
}
