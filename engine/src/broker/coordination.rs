//! What the coordinators of groups and of transactions have in common: state machines that keep their records in a
//! partition of an internal topic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::error_code::ErrorCode;
use crate::types::{Timestamp, TopicId};

/// Longest name that a coordinator takes in: records have 16 bits for its size, and a member's id adds 37 characters to
/// its client's.
pub(super) const TEXT_SIZE_MAX: usize = 16 << 10;

/// The topics that there are, as a coordinator looks at them.
pub trait Topics: Send + Sync {
    /// Identity of the topic of this name, and its count of partitions.
    fn find(&self, name: &str) -> Option<(TopicId, i32)>;

    /// Name of the topic of this identity.
    fn name_of(&self, id: TopicId) -> Option<String>;

    /// Grows whenever the other answers may be others.
    fn version(&self) -> u64;

    /// All names, in order.
    fn names(&self) -> Vec<String>;
}

/// The time of a call, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For timers; never goes back.
    pub monotonic: Duration,
    /// For what is written into records.
    pub wall: Timestamp,
}

/// Names an append that a coordinator has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppendId(u64);

/// What a coordinator leaves to be done outside: effects that were not fetched yet; and what follows appends that were not
/// acknowledged yet, with the name of whom it concerns.
#[derive(Debug)]
pub(super) struct Outbox<E, C> {
    pub(super) effects: Vec<E>,
    pub(super) appending: BTreeMap<AppendId, (Arc<str>, C)>,
    next: AppendId,
}

impl<E, C> Outbox<E, C> {
    pub(super) fn new() -> Outbox<E, C> {
        Outbox { effects: Vec::new(), appending: BTreeMap::new(), next: AppendId(0) }
    }

    /// Leaves an append to be done, behind all that were asked for earlier.
    pub(super) fn ask(&mut self, of: &Arc<str>, then: C, append: impl FnOnce(AppendId) -> E) {
        let id = self.next;
        self.next = AppendId(id.0 + 1);
        self.appending.insert(id, (Arc::clone(of), then));
        self.effects.push(append(id));
    }
}

/// A record of a coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatorRecord {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
}

/// What clients are told when a record could not be appended (Kafka: `appendGroupMetadataErrorToResponseError`, and
/// `TransactionStateManager.appendTransactionToLog`).
pub(super) fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::UnknownServerError
        }
        other => other,
    }
}
