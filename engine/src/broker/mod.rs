//! Kafka's meaning on top of logs: topics, groups, offsets, producer ids.
//!
//! [`Broker`] is one open data directory with its shards. Around it, in reading order: `opening` (start and stop),
//! `topic` (a topic at work), `new_topics` (what can be created), `administration` (create, delete, alter), `maintenance`
//! (retention, checkpoints), `compaction`, `list_offsets`, `election`, `groups` (consumer groups at work), `transactions`
//! (the same), `coordinators` and `coordinator_log` (their thread, and where they keep their records). The rest are state
//! machines that neither read the clock nor do I/O of their own, so that one seed replays a run: [`catalog`], [`group`] (whose
//! records [`offsets_schema`] describes), [`transaction`] (whose records [`transaction_schema`] describes), [`producer_ids`].

mod administration;
pub mod catalog;
mod checkpoints;
mod compaction;
pub mod consumer_protocol;
mod coordination;
mod coordinator_log;
mod coordinators;
mod election;
mod error;
pub mod group;
mod groups;
mod list_offsets;
mod maintenance;
mod new_topics;
pub mod offsets_schema;
mod opening;
pub mod producer_ids;
mod record_fields;
mod topic;
mod topic_index;
pub mod transaction;
pub mod transaction_schema;
mod transactions;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

pub use election::Election;
pub use error::{BrokerError, OpenError, produce_error_code, read_error_code};
pub use groups::{Groups, OFFSETS_TOPIC};
pub use list_offsets::{FoundOffset, OffsetSpec};
pub use new_topics::{NewPartitions, NewTopic};
pub use opening::BrokerOptions;
pub use topic::{Served, Topic};
pub use transactions::{TRANSACTIONS_TOPIC, Transactions};

use crate::config::EngineConfig;
use crate::io::{Clock, DirectoryLock, Forked, OwnerProcess, ReservedDisk};
use crate::log::{DataDirectory, RecoveryReport};
use crate::metrics::ShardMetrics;
use crate::shard::{Notify, Partition, Shard, ShardStopped, Waiters, Worker};
use crate::types::{PartitionIndex, ProducerId, TopicId, TopicPartition};
use catalog::Catalog;
use maintenance::Housekeeper;
use transactions::Reach;

/// One open data directory: its topics, served by shards. Clients share it; [`Broker::close`] (or dropping the last
/// reference) stops it in order.
pub struct Broker {
    config: Arc<EngineConfig>,
    disk: Arc<ReservedDisk>,
    clock: Arc<dyn Clock>,
    root: PathBuf,
    directory: DataDirectory,
    /// Who wants to know when topics or partitions come or go.
    topic_waiters: Waiters,
    /// Held while topics change, so that file, folders and `topics` change as one.
    catalog: Mutex<Catalog>,
    /// Topics, groups and producer ids.
    reach: Arc<Reach>,
    /// Started when somebody asks for them, or when they have left something to be ended.
    transactions: Mutex<Option<Arc<Transactions>>>,
    shards: Vec<Shard>,
    metrics: Vec<Arc<ShardMetrics>>,
    process: OwnerProcess,
    /// What opening found in logs that had to be read.
    recovered: Vec<(TopicPartition, RecoveryReport)>,
    ownership: Mutex<Ownership>,
    /// It is being closed: whoever works in the background stops soon.
    closing: AtomicBool,
}

/// Whether this broker still owns its directory.
struct Ownership {
    closed: bool,
    lock: Option<DirectoryLock>,
    housekeeper: Option<Housekeeper>,
}

impl Broker {
    /// Folder of the data.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Settings of the engine.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// The engine's time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Identity of the data directory (Kafka: `cluster.id`).
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.directory.meta().cluster_id
    }

    /// Whether this is the process that opened the directory.
    ///
    /// # Errors
    /// In a forked child, which must leave the directory to its parent.
    pub fn check_process(&self) -> Result<(), Forked> {
        self.process.check()
    }

    /// What opening the directory found in logs that it had to read: all after a crash, none after a stop in order.
    #[must_use]
    pub fn recovered(&self) -> &[(TopicPartition, RecoveryReport)] {
        &self.recovered
    }

    /// Latencies, by shard.
    #[must_use]
    pub fn metrics(&self) -> &[Arc<ShardMetrics>] {
        &self.metrics
    }

    /// The topic of this name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.reach.topics.load().get(name).cloned()
    }

    /// The topic of this identity.
    #[must_use]
    pub fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.reach.topics.load().get_by_id(id).cloned()
    }

    /// All topics, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        let mut topics: Vec<_> = self.reach.topics.load().iter().cloned().collect();
        topics.sort_by(|a, b| a.name().cmp(b.name()));
        topics
    }

    /// Registers `waiter` to be told once when a topic is created or deleted or gains partitions. Look at the topics
    /// again after this call.
    pub fn notify_on_topics_change(&self, waiter: Arc<dyn Notify>) {
        self.topic_waiters.register(waiter);
    }

    /// Takes [`Broker::notify_on_topics_change`] back.
    pub fn forget_topics_waiter(&self, waiter: &Arc<dyn Notify>) {
        self.topic_waiters.unregister(waiter);
    }

    /// Count of shards.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Runs `task` on shard number `shard` and waits for its result. Not to be called on a shard's thread.
    ///
    /// # Errors
    /// [`ShardStopped`], also when there is no such shard.
    pub fn on_shard<R: Send + 'static>(
        &self,
        shard: usize,
        task: impl FnOnce(&mut Worker) -> R + Send + 'static,
    ) -> Result<R, ShardStopped> {
        self.shards.get(shard).ok_or(ShardStopped)?.run(task)
    }

    /// A new id for an idempotent producer; none is ever given twice.
    ///
    /// # Errors
    /// [`BrokerError::ProducerId`].
    pub fn allocate_producer_id(&self) -> Result<ProducerId, BrokerError> {
        self.check_process()?;
        Ok(self.reach.fresh_producer_id()?)
    }

    /// All partitions of an internal topic, in order.
    ///
    /// # Errors
    /// When one of them is not served.
    fn all_partitions(&self, topic: &str) -> Result<Vec<Arc<Partition>>, BrokerError> {
        let count = self.topic(topic).map_or(0, |topic| topic.partition_count());
        let numbers = (0..count).map(|number| PartitionIndex(i32::try_from(number).unwrap_or(i32::MAX)));
        numbers.map(|number| self.served_partition(topic, number)).collect()
    }

    /// The shard that serves a partition: neighbours in a topic are spread.
    fn shard_of(&self, topic: TopicId, partition: PartitionIndex) -> &Shard {
        let start =
            topic.0.iter().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let index = usize::try_from(partition.0).unwrap_or(0);
        &self.shards[start.wrapping_add(index) % self.shards.len()]
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Broker({})", self.root.display())
    }
}
