//! `kill -9` of a process that works with an engine, again and again: what it was promised is there, once and in order.
//!
//! The promises of the process itself, and those of a server to its clients, which go on with whoever comes after it.

use std::path::Path;
use std::time::Duration;

use crate::effort::effort;
use crate::engines::eventually;
use crate::witness::evidence::Evidence;
use crate::witness::server::{self, Client};
use crate::witness::victim::{self, DATA, new_notes};
use crate::witness::workload::{SMALL, Workload};

const WORK: Workload = Workload { partitions: 2, producers: 3, messages: u64::MAX, retains: true, ..SMALL };

/// Retention would take from consumers what they have not come to.
const KEPT: Workload = Workload { retains: false, ..WORK };

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

/// Waits until a consumer has noted everything that was acknowledged, as long as it gets on.
fn nothing_is_missed(notes: &Path) {
    let mut missed = Evidence::read(notes).missed();
    while let Some(first) = missed.first() {
        let what = format!("a consumer gets {first:?}, or another of {} that it has missed", missed.len());
        eventually(&what, || {
            let before = std::mem::replace(&mut missed, Evidence::read(notes).missed());
            missed.len() < before.len()
        });
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_nothing_is_there_twice() {
    let directory = tempfile::tempdir().unwrap();
    let notes = new_notes(directory.path());
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
    let notes = new_notes(directory.path());
    let mut random = fastrand::Rng::with_seed(2);
    let (mut child, port) = server::start(directory.path(), &notes, &KEPT, 0);
    let producers: Option<Vec<_>> = (0..2).map(|name| Client::start(port, &notes, name, &KEPT)).collect();
    let (Some(producers), Some(consumer)) = (producers, Client::reading_along(port, &notes, &KEPT)) else {
        return;
    };
    let mut noted = wait_for_more(&notes, 0);
    for _ in 0..effort(25, 1000) {
        work_a_while(&mut random);
        child.kill();
        child = server::start(directory.path(), &notes, &KEPT, port).0;
        noted = wait_for_more(&notes, noted);
    }
    producers.into_iter().for_each(Client::stop);
    nothing_is_missed(&notes);
    consumer.stop();
    child.kill();
    let evidence = Evidence::read(&notes);
    println!("{} acknowledged, {} seen by a consumer", evidence.acknowledged(), evidence.seen());
    evidence.check(&directory.path().join(DATA), &KEPT, CHECKERS).unwrap();
}

#[test]
fn a_group_whose_members_and_server_are_killed_sees_everything() {
    group_sees_everything("classic", 3, effort(12, 500));
}

#[test]
fn a_group_of_the_consumer_protocol_whose_members_and_server_are_killed_sees_everything() {
    group_sees_everything("consumer", 5, effort(6, 500));
}

fn group_sees_everything(protocol: &str, seed: u64, changes: u32) {
    let directory = tempfile::tempdir().unwrap();
    let notes = new_notes(directory.path());
    let mut random = fastrand::Rng::with_seed(seed);
    let work = Workload { partitions: 4, ..KEPT };
    let (mut child, port) = server::start(directory.path(), &notes, &work, 0);
    let producers: Option<Vec<_>> = (0..2).map(|name| Client::start(port, &notes, name, &work)).collect();
    let start_member = || Client::reading_in_group(port, &notes, protocol);
    let members: Option<Vec<_>> = (0..3).map(|_| start_member()).collect();
    let (Some(producers), Some(mut members)) = (producers, members) else { return };
    let mut noted = wait_for_more(&notes, 0);
    for _ in 0..changes {
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
    nothing_is_missed(&notes);
    members.into_iter().for_each(Client::stop);
    child.kill();
    let evidence = Evidence::read(&notes);
    println!("{} acknowledged, {} seen by the group", evidence.acknowledged(), evidence.seen());
    evidence.check(&directory.path().join(DATA), &work, CHECKERS).unwrap();
}

#[test]
fn what_is_moved_in_transactions_arrives_once_and_in_order_whoever_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let notes = new_notes(directory.path());
    let mut random = fastrand::Rng::with_seed(4);
    let work = Workload { partitions: 3, ..KEPT };
    let (mut child, port) = server::start(directory.path(), &notes, &work, 0);
    let producers: Option<Vec<_>> = (0..2).map(|name| Client::start(port, &notes, name, &work)).collect();
    let start_mover = |name| Client::moving(port, &notes, name, &work);
    let movers: Option<Vec<_>> = (0..2).map(start_mover).collect();
    let (Some(producers), Some(mut movers)) = (producers, movers) else { return };
    let Some(reader) = Client::following(port, &notes, &work) else { return };
    let mut noted = wait_for_more(&notes, 0);
    for _ in 0..effort(12, 500) {
        std::thread::sleep(Duration::from_millis(random.u64(200..1500)));
        let name = random.usize(..movers.len());
        match random.u8(..3) {
            0 => {
                child.kill();
                child = server::start(directory.path(), &notes, &work, port).0;
            }
            _ => {
                // Its successor has the same name, and fences what is left of it.
                let successor = start_mover(u64::try_from(name).unwrap()).unwrap();
                std::mem::replace(&mut movers[name], successor).kill();
            }
        }
        noted = wait_for_more(&notes, noted);
    }
    producers.into_iter().for_each(Client::stop);
    reader.stop();
    movers.into_iter().for_each(Client::stop);
    child.kill();
    let evidence = Evidence::read(&notes);
    println!("{} acknowledged and moved", evidence.acknowledged());
    evidence.check(&directory.path().join(DATA), &work, CHECKERS).unwrap();
}
