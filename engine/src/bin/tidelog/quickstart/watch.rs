//! [`Watch`]: what the members of the group and the one who waits for them share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use tidelog::client::KafkaError;

use super::proof::{Ownership, PartitionTrail};

/// See the module.
pub(super) struct Watch {
    /// Who owns which partition.
    pub(super) ownership: Mutex<Ownership>,
    /// By partition: what has arrived. Locked by the member that reads the partition, once for a batch.
    pub(super) trails: Vec<Mutex<PartitionTrail>>,
    consumed: AtomicU64,
    stopping: AtomicBool,
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
