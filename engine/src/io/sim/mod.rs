//! A disk in memory: what tests cut the power of, and where engines live that leave nothing behind.
//!
//! Everything that happens by chance follows from the seed and the order of calls. A power cut may leave any state
//! that POSIX allows: synced bytes are sure, unsynced ones survive in any subset of their 512-byte sectors, a file's
//! size is any it had since the last sync, and a name is sure only after its directory was synced.

mod clock;
mod content;
mod faults;
mod file;
mod queue;
mod random;
mod space;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use self::faults::{Faults, Verdict};
use self::file::{FileNode, SimFile};
use self::queue::SimQueue;
use self::random::Random;
use self::space::Space;
use self::tree::{Node, Tree};
use super::{CommitQueue, Disk, DiskFile, OpenMode};

pub use self::clock::SimClock;
pub use self::faults::{Failure, Fault, Lasting, Operation};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tree: Mutex<Tree>,
    space: Arc<Space>,
    simulation: Option<Simulation>,
}

/// What a disk needs that can lose power and fail.
#[derive(Debug)]
struct Simulation {
    random: Mutex<Random>,
    faults: Mutex<Faults>,
    latency_ns: AtomicU64,
    delay_max: AtomicU64,
    /// Held shared by whatever changes the disk: a power cut is one moment for all files.
    power: RwLock<()>,
}

impl SimDisk {
    /// An empty disk that can lose power and fail. It remembers what is not durable yet.
    #[must_use]
    pub fn new(seed: u64) -> SimDisk {
        SimDisk::with(Tree::new(true), Arc::new(Space::new()), Some(seed))
    }

    /// An empty disk that is only memory: quick, as large as its data, and gone when dropped.
    #[must_use]
    pub fn memory() -> SimDisk {
        SimDisk::with(Tree::new(false), Arc::new(Space::new()), None)
    }

    fn with(tree: Tree, space: Arc<Space>, seed: Option<u64>) -> SimDisk {
        let simulation = seed.map(|seed| Simulation {
            random: Mutex::new(Random::new(seed)),
            faults: Mutex::default(),
            latency_ns: AtomicU64::new(0),
            delay_max: AtomicU64::new(0),
            power: RwLock::new(()),
        });
        SimDisk(Arc::new(Shared { tree: Mutex::new(tree), space, simulation }))
    }

    /// A disk as it may be found when the power goes now. This one runs on: call it again for another outcome. It
    /// has no faults. A [`SimDisk::memory`] disk loses everything.
    #[must_use]
    pub fn power_cut(&self) -> SimDisk {
        let Some(simulation) = &self.0.simulation else { return SimDisk::memory() };
        let _stopped = simulation.power.write();
        let mut random = simulation.random.lock();
        let space = Arc::new(Space::new());
        let tree = self.0.tree.lock().after_power_cut(&mut random, &space);
        SimDisk::with(tree, space, Some(random.next()))
    }

    /// Plans a failure. Several may wait at once. Without effect on a [`SimDisk::memory`] disk.
    pub fn inject(&self, fault: Fault) {
        if let Some(simulation) = &self.0.simulation {
            simulation.faults.lock().plan(fault);
        }
    }

    /// Repairs the disk: forgets all planned failures.
    pub fn clear_faults(&self) {
        if let Some(simulation) = &self.0.simulation {
            simulation.faults.lock().clear();
        }
    }

    /// Operations asked for so far, so that a test can let each one fail in turn.
    #[must_use]
    pub fn operation_count(&self) -> u64 {
        self.0.simulation.as_ref().map_or(0, |simulation| simulation.faults.lock().count())
    }

    /// Lets writes fail with `ENOSPC` beyond `bytes` in all files together; `None` lifts the limit.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.0.space.set_quota(bytes);
    }

    /// Makes everything that waits for the device take this long, in real time. A commit queue's cached appends do not.
    pub fn set_latency(&self, latency: Duration) {
        if let Some(simulation) = &self.0.simulation {
            let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            simulation.latency_ns.store(nanos, Ordering::SeqCst);
        }
    }

    /// Lets each operation of a commit queue finish up to `rounds_max` submits after the one that began it, by
    /// chance, so that different files overtake each other.
    pub fn set_delay(&self, rounds_max: u64) {
        if let Some(simulation) = &self.0.simulation {
            simulation.delay_max.store(rounds_max, Ordering::SeqCst);
        }
    }

    fn latency(&self) -> Duration {
        let simulation = self.0.simulation.as_ref();
        simulation.map_or(Duration::ZERO, |one| Duration::from_nanos(one.latency_ns.load(Ordering::SeqCst)))
    }

    /// Waits as a slow disk does.
    fn linger(&self) {
        let latency = self.latency();
        if !latency.is_zero() {
            std::thread::sleep(latency);
        }
    }

    fn running(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.0.simulation.as_ref().map(|simulation| simulation.power.read())
    }

    fn before(&self, operation: Operation, path: &Path) -> io::Result<Verdict> {
        match &self.0.simulation {
            Some(simulation) => simulation.faults.lock().before(operation, path),
            None => Ok(Verdict::Proceed),
        }
    }

    fn open_file(&self, path: &Path, mode: OpenMode) -> io::Result<SimFile> {
        let _running = self.running();
        self.before(Operation::Open, path)?;
        let mut tree = self.0.tree.lock();
        let node = match tree.find(path) {
            Ok(Node::Directory(_)) => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(Node::File(node)) => {
                if mode == OpenMode::Create {
                    node.set_size(0)?;
                }
                node
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && mode == OpenMode::Create => {
                let node = Arc::new(FileNode::new(self.0.simulation.is_some(), Arc::clone(&self.0.space)));
                let place = tree.place(path)?;
                tree.add_file(place, Arc::clone(&node))?;
                node
            }
            Err(error) => return Err(error),
        };
        Ok(SimFile::new(self.clone(), path.to_owned(), mode, node))
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(self.open_file(path, mode)?))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let _running = self.running();
        self.before(Operation::Name, path)?;
        self.0.tree.lock().create_directories(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let tree = self.0.tree.lock();
        tree.list(tree.find_directory(path)?)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.tree.lock().find_directory(path).is_ok()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let _running = self.running();
        self.before(Operation::Name, from)?;
        self.0.tree.lock().rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let _running = self.running();
        self.before(Operation::Name, path)?;
        self.0.tree.lock().remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let _running = self.running();
        self.before(Operation::Name, path)?;
        self.0.tree.lock().remove_directory(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let _running = self.running();
        self.before(Operation::SyncDirectory, path)?;
        let mut tree = self.0.tree.lock();
        let directory = tree.find_directory(path)?;
        tree.sync(directory);
        Ok(())
    }

    fn free_space(&self, _path: &Path) -> io::Result<u64> {
        Ok(self.0.space.free())
    }

    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>> {
        let seed = self.0.simulation.as_ref().map_or(0, |simulation| simulation.random.lock().next());
        Ok(Box::new(SimQueue::new(self.clone(), seed)))
    }
}

fn storage_full() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOSPC)
}
