//! Start and stop of a [`Broker`]: what is read and written around the time that shards serve.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::catalog::{Catalog, Topic as CatalogTopic};
use super::checkpoints::Checkpoints;
use super::maintenance::Housekeeper;
use super::producer_ids::ProducerIds;
use super::topic_index::TopicIndex;
use super::transactions::Reach;
use super::{Broker, OpenError, Ownership, Served, Topic};
use crate::config::EngineConfig;
use crate::config::topic::LogConfig;
use crate::io::{Clock, DirectoryLock, Disk, OwnerProcess, ReservedDisk};
use crate::log::{
    DataDirectory, DataDirectoryError, LogCheckpoint, LogError, MetaProperties, RecoveryReport,
};
use crate::metrics::ShardMetrics;
use crate::shard::{Partition, PartitionSpec, Shard, ShardOptions, ShardStopped, Waiters, Worker};
use crate::types::{PartitionIndex, TopicId, TopicName, TopicPartition};

/// How to open a data directory.
pub struct BrokerOptions {
    /// The folder; made when it is missing.
    pub root: PathBuf,
    /// Settings.
    pub config: EngineConfig,
    /// Where the folder is.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The lock that keeps other processes out; taken only where the disk is one that they can reach.
    pub lock: Option<DirectoryLock>,
    /// Partitions whose logs are read whole and, where they are damaged, cut there: what is cut is kept beside the log in
    /// copies. The others stay closed when they are damaged.
    pub accept_truncation: BTreeSet<TopicPartition>,
}

impl Broker {
    /// Opens a data directory: reads its lists, recovers its logs if it was not closed in order, and serves it.
    ///
    /// A partition whose log cannot be opened does not keep the others from being served: it says why it is offline.
    ///
    /// # Errors
    /// [`OpenError`] names what is wrong with the directory as a whole; nothing has been changed then.
    pub fn open(options: BrokerOptions) -> Result<Arc<Broker>, OpenError> {
        let BrokerOptions { root, config, disk, clock, lock, accept_truncation } = options;
        disk.create_dir_durably(&root).map_err(|source| OpenError::Io { path: root.clone(), source })?;
        let reserve = root.join(RESERVE_FILE);
        let disk = Arc::new(ReservedDisk::new(disk, reserve, config.reserve_bytes.into()));
        let catalog = Catalog::load(&*disk, &root)?;
        let producer_ids = ProducerIds::open(&*disk, &root)?;
        let new =
            MetaProperties { cluster_id: random_id(), node_id: config.node_id, directory_id: random_id() };
        let directory = DataDirectory::open(disk.clone(), &root, new)?;
        let found = Checkpoints::read(&directory, accept_truncation)?;
        let metrics: Vec<Arc<ShardMetrics>> = (0..config.shards.max(1)).map(|_| Arc::default()).collect();
        let mut shards = Vec::with_capacity(metrics.len());
        for (number, metrics) in metrics.iter().enumerate() {
            let options = ShardOptions {
                number,
                disk: Arc::clone(&disk),
                clock: Arc::clone(&clock),
                durable_marks: directory.watermark_path(number),
                marks_sequence: found.marks_sequence(),
                cache_size_max: CACHE_SIZE_MAX,
                spin: config.spin,
                metrics: Arc::clone(metrics),
            };
            shards.push(Shard::start(options).map_err(|source| OpenError::Shard { shard: number, source })?);
        }
        let mut broker = Broker {
            config: Arc::new(config),
            disk: Arc::clone(&disk),
            clock,
            root,
            directory,
            topic_waiters: Waiters::default(),
            catalog: Mutex::new(catalog),
            reach: Arc::new(Reach {
                disk,
                topics: Arc::default(),
                producer_ids: Mutex::new(producer_ids),
                groups: Mutex::new(None),
            }),
            transactions: Mutex::new(None),
            shards,
            metrics,
            process: OwnerProcess::current(),
            recovered: Vec::new(),
            ownership: Mutex::new(Ownership { closed: false, lock, housekeeper: None }),
            closing: AtomicBool::new(false),
        };
        broker.recovered = broker.serve_all(&found)?;
        let broker = Arc::new(broker);
        let housekeeper = Housekeeper::start(&broker).map_err(|source| OpenError::Thread { source })?;
        broker.ownership.lock().housekeeper = Some(housekeeper);
        // What was begun and not ended keeps readers waiting until its time is over.
        if let Err(error) = broker.existing_transactions() {
            tracing::error!(%error, "transactions that were open stay so");
        }
        Ok(broker)
    }

    /// Opens all logs; returns what was found in those that had to be read.
    fn serve_all(&self, found: &Checkpoints) -> Result<Vec<(TopicPartition, RecoveryReport)>, OpenError> {
        let catalog = self.catalog.lock();
        let mut recovered = Vec::new();
        let mut topics = TopicIndex::default();
        for (name, topic) in catalog.iter() {
            let config = LogConfig::parse(&self.config.topic_defaults, &topic.overrides)
                .map_err(|source| OpenError::Config { topic: name.to_string(), source })?;
            let config = Arc::new(config);
            let partitions = self.open_partitions(name, topic, &config, found, &mut recovered)?;
            topics.insert(Arc::new(Topic::new(name.clone(), topic.id, partitions, config)));
        }
        self.reach.topics.store(Arc::new(topics));
        if found.knows_other_than(|id| catalog.has_partition(id)) {
            self.write_checkpoints(&catalog, &[])?;
        }
        Ok(recovered)
    }

    fn open_partitions(
        &self,
        name: &TopicName,
        topic: &CatalogTopic,
        config: &Arc<LogConfig>,
        found: &Checkpoints,
        recovered: &mut Vec<(TopicPartition, RecoveryReport)>,
    ) -> Result<Vec<Served>, OpenError> {
        let specs = (0..topic.partitions).map(|number| {
            let id = TopicPartition { topic: name.clone(), partition: PartitionIndex(number) };
            let from = found.open_from(&id, topic.id);
            PartitionSpec {
                dir: self.directory.partition_path(&id),
                topic_id: topic.id,
                config: Arc::clone(config),
                open: Some(from),
                id,
            }
        });
        let attached = self.attach_all(specs.collect())?;
        for (partition, report) in attached.iter().flatten().filter(|(_, report)| report.segments_read > 0) {
            recovered.push((partition.id().clone(), report.clone()));
        }
        Ok(attached.into_iter().map(served).collect())
    }

    /// Has shards open or create logs, side by side; answers in the order asked.
    pub(super) fn attach_all(&self, specs: Vec<PartitionSpec>) -> Result<Vec<Attached>, ShardStopped> {
        let mut answers = Vec::with_capacity(specs.len());
        for spec in specs {
            let (answer, result) = crossbeam::channel::bounded(1);
            let shard = self.shard_of(spec.topic_id, spec.id.partition);
            shard.submit(move |worker| drop(answer.send(worker.attach(spec))))?;
            answers.push(result);
        }
        answers.into_iter().map(|result| result.recv().map_err(|_| ShardStopped)).collect()
    }

    /// Stops in order: finishes what is in flight, trims and flushes all logs, and leaves the mark that lets the next
    /// opening skip recovery. Clients find the engine stopped. Fine to call twice. Does nothing in a forked child.
    pub fn close(&self) {
        if self.check_process().is_err() {
            return;
        }
        self.closing.store(true, Ordering::Release);
        let mut ownership = self.ownership.lock();
        if std::mem::replace(&mut ownership.closed, true) {
            return;
        }
        drop(ownership.housekeeper.take());
        drop(self.transactions.lock().take());
        drop(self.reach.groups.lock().take());
        let mut closed = Vec::new();
        // A log that could not be opened has not been recovered: the next opening must not trust it either.
        let mut clean = self.topics().iter().all(|topic| topic.partitions().iter().all(Result::is_ok));
        for shard in &self.shards {
            for (partition, log) in shard.run(Worker::close_all).unwrap_or_default() {
                match log {
                    Ok(checkpoint) => closed.push((partition.id().clone(), checkpoint)),
                    Err(error) => {
                        clean = false;
                        tracing::error!(partition = %partition.id(), %error, "log was not closed in order");
                    }
                }
            }
            clean &= !shard.has_stopped();
            shard.stop();
        }
        if let Err(error) = self.leave(&closed, clean) {
            tracing::error!(%error, "the data directory was not closed in order, the next opening will recover it");
        }
        drop(ownership.lock.take());
    }

    /// Writes the last checkpoints and, when all was closed in order, the mark that says so.
    fn leave(
        &self,
        closed: &[(TopicPartition, LogCheckpoint)],
        clean: bool,
    ) -> Result<(), DataDirectoryError> {
        self.write_checkpoints(&self.catalog.lock(), closed)?;
        if clean {
            self.directory.mark_clean_shutdown()?;
        }
        Ok(())
    }
}

/// A random id as Kafka writes it: 128 bits in URL-safe base64 without padding.
fn random_id() -> String {
    crate::log::format_id(TopicId(*uuid::Uuid::new_v4().as_bytes()))
}

/// Space kept back for a full disk, in the data directory.
const RESERVE_FILE: &str = "tidelog-reserve";

/// Bytes of the newest batches that a shard keeps in memory for readers that keep up.
const CACHE_SIZE_MAX: usize = 8 << 20;

/// A partition that a shard serves now and what opening its log found, or why it cannot be served.
pub(super) type Attached = Result<(Arc<Partition>, RecoveryReport), LogError>;

fn served(attached: Attached) -> Served {
    match attached {
        Ok((partition, report)) => {
            if report.bytes_cut > 0 {
                tracing::warn!(partition = %partition.id(), bytes = report.bytes_cut, "cut a torn tail");
            }
            Ok(partition)
        }
        Err(error) => {
            tracing::error!(%error, "partition stays offline");
            Err(error.to_string().into())
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.close();
    }
}
