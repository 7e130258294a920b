//! [`Engine`]: the in-process engine that clients of one directory share. It opens with the first client and stops, in
//! order, with the last.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::KafkaError;
use crate::broker::{Broker, BrokerOptions};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::{DirectoryLock, Disk, PosixDisk, SimDisk, SystemClock, WriteMethod};

/// Where a client's engine is, as `bootstrap.servers` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineAddress {
    /// `tidelog:/path`: the engine of this directory.
    Directory(PathBuf),
    /// `tidelog::memory:`: a private one that leaves nothing behind.
    Memory,
}

/// A reference to a running engine. Clones share it; the last one that is dropped stops it.
#[derive(Clone, Debug)]
pub struct Engine {
    broker: Arc<Broker>,
}

/// Engines of this process, by canonical directory.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Weak<Broker>>>> = LazyLock::new(Mutex::default);

impl Engine {
    /// Opens the engine of `address`, or joins the one that this process has open already; `settings` then have no
    /// effect.
    ///
    /// # Errors
    /// `_INVALID_ARG` for wrong settings; `_CRIT_SYS_RESOURCE` with the reason when the directory cannot be opened,
    /// the owner's pid when another process has it.
    pub fn open(address: &EngineAddress, settings: &[(String, String)], spin: Duration) -> Result<Engine, KafkaError> {
        let pairs = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let config = EngineConfig::parse(pairs)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalInvalidArg, error.to_string()))?;
        match address {
            EngineAddress::Memory => Engine::start(Path::new("/memory"), config, Arc::new(SimDisk::memory()), None, spin),
            EngineAddress::Directory(path) => Engine::join(path, config, spin),
        }
    }

    fn join(path: &Path, config: EngineConfig, spin: Duration) -> Result<Engine, KafkaError> {
        let mut open = OPEN.lock();
        let disk = PosixDisk::new(WriteMethod::Auto);
        let prepared = disk.create_dir(path).and_then(|()| path.canonicalize());
        let path = prepared.map_err(|error| cannot_open(&format!("cannot use {}: {error}", path.display())))?;
        if let Some(broker) = open.get(&path).and_then(Weak::upgrade) {
            return Ok(Engine { broker });
        }
        let lock = DirectoryLock::acquire(&path).map_err(|error| cannot_open(&error.to_string()))?;
        let engine = Engine::start(&path, config, Arc::new(disk), Some(lock), spin)?;
        open.retain(|_, broker| broker.strong_count() > 0);
        open.insert(path, Arc::downgrade(&engine.broker));
        Ok(engine)
    }

    fn start(
        root: &Path,
        config: EngineConfig,
        disk: Arc<dyn Disk>,
        lock: Option<DirectoryLock>,
        spin: Duration,
    ) -> Result<Engine, KafkaError> {
        let options =
            BrokerOptions { root: root.to_owned(), config, disk, clock: Arc::new(SystemClock::new()), lock, spin };
        let broker = Broker::open(options).map_err(|error| cannot_open(&error.to_string()))?;
        Ok(Engine { broker })
    }

    /// What the engine serves.
    #[must_use]
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }
}

fn cannot_open(reason: &str) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalCritSysResource, reason.to_owned())
}
