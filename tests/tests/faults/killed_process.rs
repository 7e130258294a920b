//! `kill -9` of a process that works with an engine, again and again: what it was promised is there, once and in order.
//!
//! The promises of the process itself, and those of a server to its clients, which go on with whoever comes after it.

use std::path::Path;
use std::time::Duration;

use crate::effort::effort;
use crate::witness::evidence::Evidence;
use crate::witness::server::{self, Client};
use crate::witness::victim::{self, DATA, NOTES};
use crate::witness::workload::{SMALL, Workload};

const WORK: Workload = Workload { partitions: 2, producers: 3, messages: u64::MAX, retains: true, ..SMALL };

/// Names of the producers that write on after each death.
const CHECKERS: u64 = 1 << 32;

/// A moment of work, other in each cycle.
fn work_a_while(random: &mut fastrand::Rng) {
    std::thread::sleep(Duration::from_millis(random.u64(10..200)));
}

fn wait_for_more(notes: &Path, than: u64) -> u64 {
    let size = || notes.metadata().unwrap().len();
    crate::engines::eventually("something is acknowledged", || size() > than);
    size()
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_nothing_is_there_twice() {
    let directory = tempfile::tempdir().unwrap();
    let notes = directory.path().join(NOTES);
    std::fs::write(&notes, "").unwrap();
    let (mut random, mut noted) = (fastrand::Rng::with_seed(1), 0);
    for cycle in 0..effort(25, 1000) {
        let work = Workload { first_producer: cycle * WORK.producers, ..WORK };
        let child = victim::start(directory.path(), &notes, &work);
        // Only once it is under way is there something to lose.
        noted = wait_for_more(&notes, noted);
        work_a_while(&mut random);
        child.kill();
        let found = Evidence::read(&notes).check(&directory.path().join(DATA), &work, CHECKERS + cycle);
        found.unwrap_or_else(|error| panic!("cycle {cycle}: {error}"));
    }
    println!("{} acknowledged", Evidence::read(&notes).acknowledged());
}

#[test]
fn clients_of_a_server_that_is_killed_go_on_and_nothing_is_lost_repeated_or_unseen() {
    let directory = tempfile::tempdir().unwrap();
    let notes = directory.path().join(NOTES);
    std::fs::write(&notes, "").unwrap();
    let mut random = fastrand::Rng::with_seed(2);
    let kept = Workload { retains: false, ..WORK };
    let (mut child, port) = server::start(directory.path(), &notes, &kept, 0);
    // Retention would take from the consumer what it has not come to.
    let producers: Option<Vec<_>> = (0..2).map(|name| Client::start(port, &notes, name, &kept)).collect();
    let (Some(producers), Some(consumer)) = (producers, Client::reading_along(port, &notes, &kept)) else {
        return;
    };
    let mut noted = wait_for_more(&notes, 0);
    for _ in 0..effort(25, 1000) {
        work_a_while(&mut random);
        child.kill();
        child = server::start(directory.path(), &notes, &kept, port).0;
        noted = wait_for_more(&notes, noted);
    }
    producers.into_iter().for_each(Client::stop);
    consumer.stop();
    child.kill();
    let evidence = Evidence::read(&notes);
    println!("{} acknowledged, {} seen by a consumer", evidence.acknowledged(), evidence.seen());
    assert_eq!(evidence.missed(), []);
    evidence.check(&directory.path().join(DATA), &kept, CHECKERS).unwrap();
}

#[test]
fn a_group_whose_members_and_server_are_killed_sees_everything() {
    let directory = tempfile::tempdir().unwrap();
    let notes = directory.path().join(NOTES);
    std::fs::write(&notes, "").unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let work = Workload { retains: false, partitions: 4, ..WORK };
    let (mut child, port) = server::start(directory.path(), &notes, &work, 0);
    let producers: Option<Vec<_>> = (0..2).map(|name| Client::start(port, &notes, name, &work)).collect();
    let start_member = || Client::reading_in_group(port, &notes);
    let members: Option<Vec<_>> = (0..3).map(|_| start_member()).collect();
    let (Some(producers), Some(mut members)) = (producers, members) else { return };
    let mut noted = wait_for_more(&notes, 0);
    for _ in 0..effort(12, 500) {
        std::thread::sleep(Duration::from_millis(random.u64(50..1000)));
        match random.u8(..3) {
            0 => {
                child.kill();
                child = server::start(directory.path(), &notes, &work, port).0;
            }
            1 => {
                members.swap_remove(random.usize(..members.len())).kill();
                members.extend(start_member());
            }
            _ => {
                members.swap_remove(random.usize(..members.len())).stop();
                members.extend(start_member());
            }
        }
        noted = wait_for_more(&notes, noted);
    }
    producers.into_iter().for_each(Client::stop);
    crate::engines::eventually("the group has seen everything", || {
        Evidence::read(&notes).missed().is_empty()
    });
    members.into_iter().for_each(Client::stop);
    child.kill();
    let evidence = Evidence::read(&notes);
    println!("{} acknowledged, {} seen by the group", evidence.acknowledged(), evidence.seen());
    evidence.check(&directory.path().join(DATA), &work, CHECKERS).unwrap();
}
