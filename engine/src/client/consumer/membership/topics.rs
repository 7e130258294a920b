//! Which topics a subscription means, now and when topics come, go or grow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Membership, Phase, Then};
use crate::broker::NewTopic;
use crate::client::KafkaError;
use crate::client::consumer::events::ConsumerError;
use crate::client::subscription::{Subscription, is_pattern};
use crate::error_code::ErrorCode;
use crate::types::TopicName;

impl Membership {
    /// The topics meant, with their number of partitions. Makes those that are missing where that is allowed, and
    /// tells the application of those that stay missing.
    pub(super) fn select_topics(&mut self) -> BTreeMap<String, u32> {
        let Some(subscription) = self.subscription.clone() else { return BTreeMap::new() };
        if self.shared.config.client.metadata_refresh_interval.is_some() {
            self.topics_watch.watch_topics(self.broker());
        }
        let mut selected = self.find(&subscription);
        let missing: Vec<String> = subscription.missing(&selected).map(str::to_owned).collect();
        if missing.iter().any(|topic| !is_pattern(topic) && self.create(topic)) {
            selected = self.find(&subscription);
        }
        let missing: BTreeSet<String> = subscription.missing(&selected).map(str::to_owned).collect();
        for topic in missing.difference(&self.missing) {
            self.shared.report(unavailable(topic));
        }
        self.missing = missing;
        selected.iter().map(|topic| (topic.to_string(), self.partition_count(topic))).collect()
    }

    /// Sorted. Internal topics are meant only by their names: a pattern that reads what the group itself writes
    /// would never come to an end.
    fn find(&self, subscription: &Subscription) -> Vec<TopicName> {
        let topics = self.broker().topics();
        let named = |name: &TopicName| subscription.topics().iter().any(|topic| topic == name.as_str());
        let names = topics.iter().map(|topic| topic.name()).filter(|name| !name.is_internal() || named(name));
        subscription.select(names, &self.shared.config.topic_blacklist)
    }

    fn partition_count(&self, topic: &TopicName) -> u32 {
        let count = self.broker().topic(topic.as_str()).map_or(0, |topic| topic.partition_count());
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Makes a topic by asking for it, where consumer and engine allow that.
    fn create(&self, topic: &str) -> bool {
        let allowed = self.shared.config.client.allow_auto_create_topics
            && self.broker().config().auto_create_topics
            && !self.shared.config.topic_blacklist.matches(topic);
        allowed
            && self.broker().create_topic(&NewTopic { name: topic.to_owned(), ..NewTopic::default() }).is_ok()
    }

    /// Takes part in a new generation if the subscription means something else by now.
    pub(super) fn topics_changed(&mut self) {
        if self.subscription.is_none() || self.select_topics() == self.selected {
            return;
        }
        match self.phase {
            Phase::Stable => self.rejoin(),
            Phase::Joining | Phase::Syncing => self.outdated = true,
            Phase::Assigning(ref mut then @ Then::Stay) => *then = Then::Rejoin,
            _ => {}
        }
    }
}

/// librdkafka's text for a topic that is not there.
fn unavailable(topic: &str) -> ConsumerError {
    let code = ErrorCode::UnknownTopicOrPartition;
    let reason = format!("Subscribed topic not available: {topic}: {}", code.description());
    let error = KafkaError::with_reason(code, reason);
    ConsumerError { topic: Some(topic.into()), ..ConsumerError::new(error) }
}
