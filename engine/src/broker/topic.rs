//! [`Topic`]: a topic at work, with the partitions that shards serve for it. Shared by all clients; changed only by the
//! broker's administration.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use crate::config::topic::LogConfig;
use crate::shard::Partition;
use crate::types::{PartitionIndex, TopicId, TopicName};

/// A partition, or why it is not served: its log could not be opened.
pub type Served = Result<Arc<Partition>, Arc<str>>;

/// A topic at work.
#[derive(Debug)]
pub struct Topic {
    name: TopicName,
    id: TopicId,
    partitions: ArcSwap<Vec<Served>>,
    /// Length of `partitions`, for the many who only want to know whether it has grown.
    count: AtomicUsize,
    config: ArcSwap<LogConfig>,
    deleted: AtomicBool,
}

impl Topic {
    pub(super) fn new(
        name: TopicName,
        id: TopicId,
        partitions: Vec<Served>,
        config: Arc<LogConfig>,
    ) -> Topic {
        Topic {
            name,
            id,
            count: AtomicUsize::new(partitions.len()),
            partitions: ArcSwap::from_pointee(partitions),
            config: ArcSwap::new(config),
            deleted: AtomicBool::new(false),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TopicName {
        &self.name
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> TopicId {
        self.id
    }

    /// All partitions, by number.
    #[must_use]
    pub fn partitions(&self) -> Arc<Vec<Served>> {
        self.partitions.load_full()
    }

    /// Count of partitions. It only grows.
    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// One partition; `None` when the topic has no such number.
    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<Served> {
        let place = usize::try_from(index.0).ok()?;
        self.partitions.load().get(place).cloned()
    }

    /// Settings of the topic's logs.
    #[must_use]
    pub fn config(&self) -> Arc<LogConfig> {
        self.config.load_full()
    }

    /// Whether the topic has been deleted: who holds it should look its name up again.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub(super) fn add_partitions(&self, added: Vec<Served>) {
        let mut partitions = Vec::clone(&self.partitions.load());
        partitions.extend(added);
        let count = partitions.len();
        self.partitions.store(Arc::new(partitions));
        self.count.store(count, Ordering::Release);
    }

    pub(super) fn set_config(&self, config: Arc<LogConfig>) {
        self.config.store(config);
    }

    pub(super) fn mark_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }
}
