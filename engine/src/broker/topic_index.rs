//! [`TopicIndex`]: the topics at work, by name and by identity. Swapped whole when topics come or go.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Topic;
use super::coordination::Topics;
use crate::types::{TopicId, TopicName};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct TopicIndex {
    /// Grows with each topic that comes, goes or gains partitions.
    pub(super) version: u64,
    by_name: HashMap<TopicName, Arc<Topic>>,
    by_id: HashMap<TopicId, Arc<Topic>>,
}

impl TopicIndex {
    pub(super) fn insert(&mut self, topic: Arc<Topic>) {
        self.by_id.insert(topic.id(), Arc::clone(&topic));
        self.by_name.insert(topic.name().clone(), topic);
    }

    pub(super) fn remove(&mut self, name: &TopicName) -> Option<Arc<Topic>> {
        let topic = self.by_name.remove(name)?;
        self.by_id.remove(&topic.id());
        Some(topic)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    pub(super) fn get_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }
}

impl Topics for ArcSwap<TopicIndex> {
    fn find(&self, name: &str) -> Option<(TopicId, i32)> {
        let topics = self.load();
        let topic = topics.get(name)?;
        Some((topic.id(), i32::try_from(topic.partition_count()).unwrap_or(i32::MAX)))
    }

    fn name_of(&self, id: TopicId) -> Option<String> {
        self.load().get_by_id(id).map(|topic| topic.name().to_string())
    }

    fn version(&self) -> u64 {
        self.load().version
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.load().iter().map(|topic| topic.name().to_string()).collect();
        names.sort_unstable();
        names
    }
}
