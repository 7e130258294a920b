//! [`Wanted`]: a partition that a fetcher wants to read, and what it has been told of it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::types::TopicId;
use crate::wire::api::fetch::{FetchTopic, ForgottenTopic};

/// What a request calls a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum TopicKey {
    /// Before version 13.
    Name(Arc<str>),
    /// From then on.
    Id(TopicId),
}

impl TopicKey {
    fn new(by_id: bool, name: &str, id: TopicId) -> TopicKey {
        if by_id { TopicKey::Id(id) } else { TopicKey::Name(name.into()) }
    }

    /// The name, or nothing, and the id, or zeros: as answers give them.
    pub(super) fn name_and_id(&self) -> (String, TopicId) {
        match self {
            TopicKey::Name(name) => (name.to_string(), TopicId::default()),
            TopicKey::Id(id) => (String::new(), *id),
        }
    }
}

/// What a request calls a partition.
pub(super) type PartitionKey = (TopicKey, i32);

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) topic: TopicKey,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) last_epoch: i32,
    pub(super) leader_epoch: i32,
    pub(super) size_max: usize,
    /// What a session's fetcher knows: high watermark, last stable offset and log start.
    pub(super) told: Option<[i64; 3]>,
    /// The last answer had records of it.
    pub(super) had_records: bool,
}

impl Wanted {
    /// All that a request asks for.
    pub(super) fn of_all(topics: Vec<FetchTopic>, by_id: bool) -> Vec<Wanted> {
        let mut all = Vec::with_capacity(topics.iter().map(|topic| topic.partitions.len()).sum());
        for topic in topics {
            let key = TopicKey::new(by_id, &topic.topic, topic.topic_id);
            all.extend(topic.partitions.into_iter().map(|partition| Wanted {
                topic: key.clone(),
                partition: partition.partition,
                offset: partition.fetch_offset,
                last_epoch: partition.last_fetched_epoch,
                leader_epoch: partition.current_leader_epoch,
                size_max: usize::try_from(partition.partition_max_bytes).unwrap_or(0),
                told: None,
                had_records: false,
            }));
        }
        all
    }

    pub(super) fn key(&self) -> PartitionKey {
        (self.topic.clone(), self.partition)
    }
}

/// The partitions that a request forgets.
pub(super) fn forgotten(topics: Vec<ForgottenTopic>, by_id: bool) -> HashSet<PartitionKey> {
    let mut all = HashSet::new();
    for topic in topics {
        let key = TopicKey::new(by_id, &topic.topic, topic.topic_id);
        all.extend(topic.partitions.into_iter().map(|partition| (key.clone(), partition)));
    }
    all
}
