//! [`Watch`]: what the members of the group and the one who waits for them share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tidelog::client::KafkaError;

use super::proof::{Ownership, PartitionTrail};

/// Members of the group.
pub(super) const MEMBERS_COUNT: usize = 2;

/// How long a member waits for the others to end.
const REST_MAX: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Watch {
    /// Who owns which partition.
    pub(super) ownership: Mutex<Ownership>,
    /// By partition: what has arrived. Locked by the member that reads the partition, once for a batch.
    pub(super) trails: Vec<Mutex<PartitionTrail>>,
    consumed: AtomicU64,
    stopping: AtomicBool,
    /// Members that read no more.
    resting: AtomicUsize,
    failure: Mutex<Option<KafkaError>>,
}

impl Watch {
    /// Over a topic with `partitions` partitions.
    pub(super) fn new(partitions: usize) -> Watch {
        Watch {
            ownership: Mutex::new(Ownership::new(partitions)),
            trails: (0..partitions).map(|_| Mutex::default()).collect(),
            consumed: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            resting: AtomicUsize::new(0),
            failure: Mutex::default(),
        }
    }

    /// Records that have arrived, repeated ones included.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Acquire)
    }

    /// Counts records that have arrived.
    pub(super) fn add_consumed(&self, count: u64) {
        self.consumed.fetch_add(count, Ordering::Release);
    }

    /// Asks the members to leave.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether members are to leave.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A member reads no more: waits until the others do not either.
    pub(super) fn rest(&self) {
        let deadline = Instant::now() + REST_MAX;
        self.resting.fetch_add(1, Ordering::AcqRel);
        while self.resting.load(Ordering::Acquire) < MEMBERS_COUNT && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// A member cannot go on.
    pub(super) fn fail(&self, error: KafkaError) {
        self.failure.lock().get_or_insert(error);
        self.stop();
    }

    /// Why a member could not go on, if one could not.
    pub(super) fn failure(&self) -> Option<KafkaError> {
        self.failure.lock().clone()
    }
}
