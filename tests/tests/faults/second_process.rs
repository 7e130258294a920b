//! One process owns a data directory.

use std::path::Path;
use std::time::{Duration, Instant};

use fork::{Fork, fork};
use rustix::process::{Pid, Signal, kill_process};
use tidelog::client::Engine;
use tidelog::config::EngineConfig;

use crate::child::{Child, say};
use crate::engines::{create, eventually};

fn join(directory: &Path) -> Result<Engine, tidelog::client::KafkaError> {
    Engine::join_directory(directory, &EngineConfig::default())
}

/// The child: opens the engine and keeps it.
pub(crate) fn hold_for_ever(directory: &Path) {
    let engine = join(directory).unwrap();
    create(engine.broker(), "a", 1, &[]).unwrap();
    say("open");
    sleep_for_ever();
}

/// The child: the same with a child of its own, whose pid it says.
pub(crate) fn hold_and_fork(directory: &Path) {
    let engine = join(directory).unwrap();
    create(engine.broker(), "a", 1, &[]).unwrap();
    match fork().unwrap() {
        Fork::Parent(pid) => say(&pid.to_string()),
        Fork::Child => {}
    }
    sleep_for_ever();
}

fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn a_second_process_is_told_the_owners_pid_at_once_and_opens_when_he_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut owner = Child::start("hold", directory.path());
    assert_eq!(owner.hear().as_deref(), Some("open"));
    let start = Instant::now();
    let refused = join(directory.path()).unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(refused.contains(&owner.pid().to_string()), "{refused}");
    owner.kill();
    let engine = join(directory.path()).unwrap();
    assert!(engine.broker().topic("a").is_some());
    drop(engine);
    eventually("closing gives the directory free", || join(directory.path()).is_ok());
}

#[test]
fn a_killed_owners_directory_is_free_at_once_though_its_forked_child_lives() {
    let directory = tempfile::tempdir().unwrap();
    let mut owner = Child::start("hold and fork", directory.path());
    let forked = Pid::from_raw(owner.hear().unwrap().parse().unwrap()).unwrap();
    let refused = join(directory.path()).unwrap_err().to_string();
    assert!(refused.contains(&owner.pid().to_string()), "{refused}");
    owner.kill();
    let start = Instant::now();
    let engine = join(directory.path());
    let lives = rustix::process::test_kill_process(forked).is_ok();
    kill_process(forked, Signal::KILL).unwrap();
    assert!(engine.unwrap().broker().topic("a").is_some());
    assert!(lives && start.elapsed() < Duration::from_secs(1));
}
