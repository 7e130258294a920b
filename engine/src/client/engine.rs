//! [`Engine`]: the in-process engine that clients of one directory share. It opens with the first client and stops, in
//! order, with the last.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use super::KafkaError;
use super::config::{Bootstrap, ClientConfig};
use crate::broker::{Broker, BrokerOptions};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::{DirectoryLock, Disk, PosixDisk, SimDisk, SystemClock, WriteMethod};

/// A reference to a running engine. Clones share it; the last one that is dropped stops it.
#[derive(Clone, Debug)]
pub struct Engine {
    broker: Arc<Broker>,
}

/// What names an engine that several clients can join.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// Its canonical path.
    Directory(PathBuf),
    /// The name behind `tidelog::memory:`.
    Memory(String),
}

/// Engines of this process.
static OPEN: LazyLock<Mutex<HashMap<Key, Weak<Broker>>>> = LazyLock::new(Mutex::default);

impl Engine {
    /// Opens the engine that `client` names, or joins the one that this process has open already; `tidelog.*` settings
    /// then have no effect. `None` when the client is offline.
    ///
    /// # Errors
    /// `_INVALID_ARG` for wrong settings; `_CRIT_SYS_RESOURCE` with the reason when the directory cannot be opened,
    /// with the owner's pid when another process has it.
    pub fn open(client: &ClientConfig) -> Result<Option<Engine>, KafkaError> {
        match &client.bootstrap {
            Bootstrap::Offline => Ok(None),
            Bootstrap::Memory { name: None } => Engine::in_memory(&client.engine).map(Some),
            Bootstrap::Memory { name: Some(name) } => Engine::join_memory(name, &client.engine).map(Some),
            Bootstrap::Directory(path) => Engine::join_directory(path, &client.engine).map(Some),
        }
    }

    /// A new engine in memory that nobody else can join.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn in_memory(config: &EngineConfig) -> Result<Engine, KafkaError> {
        Engine::start(Path::new("/memory"), config, Arc::new(SimDisk::memory()), None)
    }

    fn join_memory(name: &str, config: &EngineConfig) -> Result<Engine, KafkaError> {
        Engine::join(Key::Memory(name.to_owned()), || Engine::in_memory(config))
    }

    /// The engine of the directory `path`: the one that this process has open, or a new one.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn join_directory(path: &Path, config: &EngineConfig) -> Result<Engine, KafkaError> {
        let disk = PosixDisk::new(WriteMethod::Auto);
        let prepared = disk.create_dir_durably(path).and_then(|()| path.canonicalize());
        let path =
            prepared.map_err(|error| cannot_open(&format!("cannot use {}: {error}", path.display())))?;
        Engine::join(Key::Directory(path.clone()), || {
            let lock = DirectoryLock::acquire(&path).map_err(|error| cannot_open(&error.to_string()))?;
            Engine::start(&path, config, Arc::new(disk), Some(lock))
        })
    }

    fn join(key: Key, start: impl FnOnce() -> Result<Engine, KafkaError>) -> Result<Engine, KafkaError> {
        let mut open = OPEN.lock();
        if let Some(broker) = open.get(&key).and_then(Weak::upgrade) {
            return Ok(Engine { broker });
        }
        let engine = start()?;
        open.retain(|_, broker| broker.strong_count() > 0);
        open.insert(key, Arc::downgrade(&engine.broker));
        Ok(engine)
    }

    fn start(
        root: &Path,
        config: &EngineConfig,
        disk: Arc<dyn Disk>,
        lock: Option<DirectoryLock>,
    ) -> Result<Engine, KafkaError> {
        let config = match &lock {
            Some(_) => config.clone(),
            None => without_reserve(config)?,
        };
        let clock = Arc::new(SystemClock::new());
        let options = BrokerOptions {
            root: root.to_owned(),
            config,
            disk,
            clock,
            lock,
            accept_truncation: BTreeSet::new(),
        };
        let broker = Broker::open(options).map_err(|error| cannot_open(&error.to_string()))?;
        Ok(Engine { broker })
    }

    /// An engine of a broker that was opened otherwise.
    #[cfg(test)]
    pub(crate) fn of(broker: Arc<Broker>) -> Engine {
        Engine { broker }
    }

    /// What the engine serves.
    #[must_use]
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }
}

/// An engine that its caller has opened, on a disk and a clock of his choice.
impl From<Arc<Broker>> for Engine {
    fn from(broker: Arc<Broker>) -> Engine {
        Engine { broker }
    }
}

/// Memory has no day on which it is full that a file in it would help with.
fn without_reserve(config: &EngineConfig) -> Result<EngineConfig, KafkaError> {
    let given = config.given().iter().map(|(name, text)| (name.as_str(), text.as_str()));
    EngineConfig::parse([("tidelog.reserve.bytes", "0")].into_iter().chain(given))
        .map_err(|error| KafkaError::with_reason(ErrorCode::LocalInvalidArg, error.to_string()))
}

fn cannot_open(reason: &str) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalCritSysResource, reason.to_owned())
}
