//! One process owns a data directory.

use std::path::Path;
use std::time::{Duration, Instant};

use tidelog::client::Engine;
use tidelog::client::config::EngineSettings;

use crate::child::{Child, say};
use crate::engines::{create, eventually};

fn join(directory: &Path) -> Result<Engine, tidelog::client::KafkaError> {
    let mut config = tidelog::client::config::Config::new();
    config.set("bootstrap.servers", Some(&format!("tidelog:{}", directory.display()))).unwrap();
    let settings: EngineSettings = tidelog::client::config::AdminConfig::new(&config).unwrap().client.engine;
    Engine::join_directory(directory, &settings)
}

/// The child: opens the engine and keeps it.
pub(crate) fn hold_for_ever(directory: &Path) {
    let engine = join(directory).unwrap();
    create(engine.broker(), "a", 1, &[]).unwrap();
    say("open");
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
