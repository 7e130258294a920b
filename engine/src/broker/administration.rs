//! What changes topics: create, delete, add partitions, alter settings, delete records. Each change is one durable
//! write of the catalog; what a crash leaves half done before or after it is cleaned up when the directory is opened.

use std::sync::Arc;

use super::catalog::{Catalog, Topic as CatalogTopic};
use super::new_topics::{CheckedTopic, NewTopic};
use super::topic_index::TopicIndex;
use super::{Broker, BrokerError, Served, Topic};
use crate::config::topic::LogConfig;
use crate::config::{
    AlterOperation, Alteration, ConfigEntry, ConfigSource, TopicOverrides, alter, describe_topic,
};
use crate::io::Disk;
use crate::log::ProducerDescription;
use crate::shard::PartitionSpec;
use crate::types::{Offset, PartitionIndex, TopicId, TopicName, TopicPartition};

impl Broker {
    /// Creates a topic.
    ///
    /// # Errors
    /// [`BrokerError`]; there is no such topic then.
    pub fn create_topic(&self, new: &NewTopic) -> Result<Arc<Topic>, BrokerError> {
        self.create(new.check(self)?)
    }

    /// What [`Broker::create_topic`] would say, without creating anything; returns how many partitions the topic would
    /// have, and its settings.
    ///
    /// # Errors
    /// As [`Broker::create_topic`].
    pub fn validate_topic(&self, new: &NewTopic) -> Result<(i32, Vec<ConfigEntry>), BrokerError> {
        let checked = new.check(self)?;
        Ok((checked.partitions, describe_topic(&self.config, &new.config)?))
    }

    /// Whether a new topic can have this name.
    ///
    /// # Errors
    /// As [`Broker::create_topic`].
    pub fn check_new_name(&self, name: &str) -> Result<TopicName, BrokerError> {
        let checked = TopicName::new(name)?;
        if checked.is_internal() {
            return Err(BrokerError::Internal(name.to_owned()));
        }
        self.catalog.lock().check_name(&checked)?;
        Ok(checked)
    }

    /// Creates what has been found to be possible.
    pub(super) fn create(&self, checked: CheckedTopic) -> Result<Arc<Topic>, BrokerError> {
        let CheckedTopic { name, partitions: count, config, overrides } = checked;
        let config = Arc::new(config);
        let id = TopicId(*uuid::Uuid::new_v4().as_bytes());
        let mut catalog = self.catalog.lock();
        let mut changed = catalog.clone();
        changed.create(&name, CatalogTopic { id, partitions: count, overrides: overrides.clone() })?;
        if !name.is_internal() {
            self.check_space()?;
        }
        let partitions = self.create_partitions(&name, id, 0..count, &config)?;
        self.commit(&mut catalog, changed)?;
        let topic = Arc::new(Topic::new(name, id, partitions, config));
        self.publish(|topics| topics.insert(Arc::clone(&topic)));
        Ok(topic)
    }

    /// What is kept back on a full disk is not for new topics.
    fn check_space(&self) -> Result<(), BrokerError> {
        if self.disk.is_full() { Err(BrokerError::DiskFull) } else { Ok(()) }
    }

    fn create_partitions(
        &self,
        topic: &TopicName,
        topic_id: TopicId,
        numbers: std::ops::Range<i32>,
        config: &Arc<LogConfig>,
    ) -> Result<Vec<Served>, BrokerError> {
        let specs = numbers.map(|number| {
            let id = TopicPartition { topic: topic.clone(), partition: PartitionIndex(number) };
            PartitionSpec {
                dir: self.directory.partition_path(&id),
                topic_id,
                config: Arc::clone(config),
                open: None,
                id,
            }
        });
        let attached = self.attach_all(specs.collect())?;
        let mut partitions = Vec::with_capacity(attached.len());
        let mut failure = None;
        for result in attached {
            match result {
                Ok((partition, _)) => partitions.push(Ok(partition)),
                Err(error) => failure = Some(error),
            }
        }
        let Some(error) = failure else { return Ok(partitions) };
        self.remove_partitions(topic_id, partitions);
        Err(error.into())
    }

    /// Makes `changed` the list of topics, durably.
    fn commit(&self, catalog: &mut Catalog, changed: Catalog) -> Result<(), BrokerError> {
        self.check_process()?;
        changed.save(&*self.disk, &self.root).map_err(BrokerError::Catalog)?;
        *catalog = changed;
        Ok(())
    }

    fn publish<R>(&self, change: impl FnOnce(&mut TopicIndex) -> R) -> R {
        let mut topics = TopicIndex::clone(&self.reach.topics.load());
        let result = change(&mut topics);
        topics.version += 1;
        self.reach.topics.store(Arc::new(topics));
        self.topic_waiters.wake_all();
        result
    }

    /// Deletes a topic with all its records.
    ///
    /// # Errors
    /// [`BrokerError`]; the topic is still there then.
    pub fn delete_topic(&self, name: &str) -> Result<(), BrokerError> {
        let name = TopicName::new(name)?;
        if name.is_internal() {
            return Err(BrokerError::Internal(name.to_string()));
        }
        let mut catalog = self.catalog.lock();
        let mut changed = catalog.clone();
        changed.delete(&name)?;
        self.commit(&mut catalog, changed)?;
        if let Some(topic) = self.publish(|topics| topics.remove(&name)) {
            topic.mark_deleted();
            self.remove_partitions(topic.id(), topic.partitions().to_vec());
        }
        // Before the name is free again: a new topic must not inherit where the old one started.
        self.write_checkpoints(&catalog, &[])?;
        drop(catalog);
        if let Some(groups) = &*self.reach.groups.lock() {
            groups.topic_deleted(name.as_str());
        }
        Ok(())
    }

    /// Stops serving partitions that are in no catalog, and removes their folders.
    fn remove_partitions(&self, topic: TopicId, partitions: Vec<Served>) {
        for partition in partitions.into_iter().flatten() {
            let id = partition.id().clone();
            let shard = self.shard_of(topic, id.partition);
            if shard.run(move |worker| worker.detach(&partition)).is_ok()
                && let Err(error) = self.directory.delete_partition(&id, topic)
            {
                tracing::warn!(partition = %id, %error, "folder of a deleted partition stays until the next opening");
            }
        }
    }

    /// Raises the count of a topic's partitions to `count`.
    ///
    /// # Errors
    /// [`BrokerError`]; the count has not changed then.
    pub fn add_partitions(&self, name: &str, count: i32) -> Result<(), BrokerError> {
        let name = TopicName::new(name)?;
        let mut catalog = self.catalog.lock();
        let mut changed = catalog.clone();
        changed.add_partitions(&name, count)?;
        let topic = self.known_topic(&name)?;
        let before = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
        self.check_space()?;
        let added = self.create_partitions(&name, topic.id(), before..count, &topic.config())?;
        self.commit(&mut catalog, changed)?;
        topic.add_partitions(added);
        self.publish(|_| ());
        Ok(())
    }

    fn known_topic(&self, name: &TopicName) -> Result<Arc<Topic>, BrokerError> {
        let unknown = || super::catalog::TopicError::Unknown(name.clone());
        Ok(self.topic(name.as_str()).ok_or_else(unknown)?)
    }

    /// Changes a topic's settings, or only checks the change (`validate_only`).
    ///
    /// # Errors
    /// [`BrokerError`]; nothing has changed then.
    pub fn alter_topic(
        &self,
        name: &str,
        alterations: &[Alteration],
        validate_only: bool,
    ) -> Result<(), BrokerError> {
        let name = TopicName::new(name)?;
        let topic = self.known_topic(&name)?;
        let mut catalog = self.catalog.lock();
        let mut changed = catalog.clone();
        let overrides = changed.get(name.as_str()).map(|topic| topic.overrides.clone()).unwrap_or_default();
        let overrides = alter(&self.config.topic_defaults, &overrides, alterations)?;
        let config = Arc::new(LogConfig::parse(&self.config.topic_defaults, &overrides)?);
        if validate_only {
            return Ok(());
        }
        changed.set_overrides(&name, overrides)?;
        self.commit(&mut catalog, changed)?;
        topic.set_config(Arc::clone(&config));
        for partition in topic.partitions().iter().flatten() {
            let partition = Arc::clone(partition);
            let config = Arc::clone(&config);
            let shard = self.shard_of(topic.id(), partition.id().partition);
            shard.submit(move |worker| worker.set_config(&partition, config))?;
        }
        Ok(())
    }

    /// Replaces a topic's settings: those that are not named go back to their defaults. Or only checks that
    /// (`validate_only`).
    ///
    /// # Errors
    /// [`BrokerError`]; nothing has changed then.
    pub fn replace_topic_config(
        &self,
        name: &str,
        settings: &TopicOverrides,
        validate_only: bool,
    ) -> Result<(), BrokerError> {
        let entries = self.describe_topic_config(name)?;
        let gone = entries
            .iter()
            .filter(|entry| entry.source == ConfigSource::Topic && !settings.contains_key(entry.name))
            .map(|entry| Alteration { name: entry.name.to_owned(), operation: AlterOperation::Delete });
        let set = settings.iter().map(|(name, value)| Alteration {
            name: name.clone(),
            operation: AlterOperation::Set(value.clone()),
        });
        let alterations: Vec<Alteration> = set.chain(gone).collect();
        self.alter_topic(name, &alterations, validate_only)
    }

    /// The idempotent producers that a partition remembers, by id.
    ///
    /// # Errors
    /// [`BrokerError`], when the partition is not served.
    pub fn describe_producers(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Result<Vec<ProducerDescription>, BrokerError> {
        let partition = self.served_partition(topic, partition)?;
        let shard = self.shard_of(partition.topic_id(), partition.id().partition);
        let described =
            shard.run(move |worker| worker.log(&partition).map(|log| log.describe_producers()))?;
        Ok(described.ok_or(crate::shard::ShardStopped)?)
    }

    /// Bytes that can still be written to the data directory.
    ///
    /// # Errors
    /// The operating system's.
    pub fn free_space(&self) -> std::io::Result<u64> {
        self.disk.free_space(&self.root)
    }

    /// A topic's settings, each with where it comes from.
    ///
    /// # Errors
    /// [`BrokerError`], when there is no such topic.
    pub fn describe_topic_config(&self, name: &str) -> Result<Vec<ConfigEntry>, BrokerError> {
        let name = TopicName::new(name)?;
        let catalog = self.catalog.lock();
        let topic =
            catalog.get(name.as_str()).ok_or_else(|| super::catalog::TopicError::Unknown(name.clone()))?;
        Ok(describe_topic(&self.config, &topic.overrides)?)
    }

    /// Deletes the records of a partition before `before`, or all up to the high watermark for `None`. Returns the
    /// first offset that is left.
    ///
    /// # Errors
    /// [`BrokerError`]; nothing was deleted then.
    pub fn delete_records(
        &self,
        topic: &str,
        partition: PartitionIndex,
        before: Option<Offset>,
    ) -> Result<Offset, BrokerError> {
        let found = self.known_topic(&TopicName::new(topic)?)?;
        let partition = served(&found, partition)?;
        let policy = found.config().cleanup_policy;
        if found.name().is_internal() {
            return Err(BrokerError::Internal(topic.to_owned()));
        }
        if policy.compact && !policy.delete {
            return Err(BrokerError::KeepsRecords(topic.to_owned()));
        }
        let shard = self.shard_of(partition.topic_id(), partition.id().partition);
        let before = before.unwrap_or_else(|| partition.high_watermark());
        let deleted =
            shard.run(move |worker| worker.log(&partition).map(|log| log.delete_records(before)))?;
        let start = deleted.ok_or(crate::shard::ShardStopped)??;
        self.checkpoint();
        Ok(start)
    }

    /// The partition, if it is served.
    ///
    /// # Errors
    /// [`BrokerError`] says whether topic or partition are missing or the partition is offline.
    pub fn served_partition(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Result<Arc<crate::shard::Partition>, BrokerError> {
        served(&*self.known_topic(&TopicName::new(topic)?)?, partition)
    }
}

/// A partition of `topic`, if it is served.
fn served(topic: &Topic, partition: PartitionIndex) -> Result<Arc<crate::shard::Partition>, BrokerError> {
    let name = || topic.name().to_string();
    match topic.partition(partition) {
        None => Err(BrokerError::UnknownPartition { topic: name(), partition }),
        Some(Err(reason)) => {
            Err(BrokerError::Offline { topic: name(), partition, reason: reason.to_string() })
        }
        Some(Ok(partition)) => Ok(partition),
    }
}
