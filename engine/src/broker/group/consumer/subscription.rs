//! What the members of a group read: names of topics, and regular expressions that stand for names.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::ConsumerGroup;
use super::assignor::{Assignor, Reader};
use super::heartbeat::Surroundings;
use super::member::ConsumerMember;
use crate::broker::coordination::Topics;
use crate::broker::offsets_schema::ResolvedExpression;
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::types::{Timestamp, TopicId};

/// Why a request is refused: an error and what is wrong.
pub(super) type Refusal = (ErrorCode, String);

/// FNV-1a, 64 bits.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// Reads a regular expression, which stands for topics whose whole names match it.
pub(super) fn read_expression(text: &str) -> Result<Regex, Refusal> {
    Regex::new(&format!("^(?:{text})$")).map_err(|_| {
        // The parser of the part alone tells the place as the user counts it.
        let why = Regex::new(text).err().map_or_else(|| "unbalanced".to_owned(), |error| error.to_string());
        let text = format!("SubscribedTopicRegex `{text}` is not a valid regular expression: {why}.");
        (ErrorCode::InvalidRegularExpression, text)
    })
}

impl ConsumerGroup {
    /// Whether a member reads a topic of this name.
    pub(in crate::broker::group) fn is_subscribed(&self, topic: &str) -> bool {
        self.members.values().any(|member| {
            member.metadata.topics.contains(topic)
                || self.resolved(member).is_some_and(|resolved| resolved.topics.contains(topic))
        })
    }

    fn resolved(&self, member: &ConsumerMember) -> Option<&ResolvedExpression> {
        self.expressions.get(member.metadata.expression.as_deref()?)
    }

    /// Names of the topics that a member reads, whether they exist or not.
    fn topic_names<'a>(&'a self, member: &'a ConsumerMember) -> impl Iterator<Item = &'a str> {
        let resolved = self.resolved(member).into_iter().flat_map(|resolved| &resolved.topics);
        member.metadata.topics.iter().chain(resolved).map(String::as_str)
    }

    /// Topics that a member reads, of those that exist.
    pub(super) fn topic_ids(&self, member: &ConsumerMember, topics: &dyn Topics) -> BTreeSet<TopicId> {
        self.topic_names(member).filter_map(|name| topics.find(name)).map(|(id, _)| id).collect()
    }

    /// Looks through the topics for those that the members' regular expressions mean. Whether any means others than
    /// before.
    pub(super) fn resolve_expressions(&mut self, topics: &dyn Topics, now: Timestamp) -> bool {
        let used: BTreeSet<String> = self
            .members
            .values()
            .filter_map(|member| member.metadata.expression.clone())
            .filter(|text| !text.is_empty())
            .collect();
        self.expressions.retain(|text, _| used.contains(text));
        if used.is_empty() {
            return false;
        }
        let names = topics.names();
        let mut changed = false;
        for text in used {
            // All have been read when members came with them, or by Kafka before.
            let Ok(expression) = read_expression(&text) else { continue };
            let meant = names.iter().filter(|name| expression.is_match(name)).cloned().collect();
            let known = self.expressions.get(&text);
            if known.is_none_or(|known| known.topics != meant) {
                changed = true;
                self.expressions.insert(text, ResolvedExpression { topics: meant, resolved_at: now });
            }
        }
        changed
    }

    /// Stands for the topics that the members read: another one means that they are others, or have other counts of
    /// partitions. 0 for none.
    pub(super) fn hash_of_topics(&self, topics: &dyn Topics) -> i64 {
        let names: BTreeSet<&str> =
            self.members.values().flat_map(|member| self.topic_names(member)).collect();
        let mut hash = FNV_OFFSET;
        let mut is_none = true;
        for (id, partitions) in names.into_iter().filter_map(|name| topics.find(name)) {
            is_none = false;
            for byte in id.0.into_iter().chain(partitions.to_be_bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
            }
        }
        if is_none { 0 } else { hash.cast_signed() }
    }

    /// Of the ways of assigning that are allowed, the one that most members want; the first of them when they are equal.
    pub(super) fn assignor(&self, config: &EngineConfig) -> Assignor {
        let wanted = self.members.values().filter_map(|member| member.metadata.assignor.as_deref());
        let wanted: Vec<Assignor> = wanted.filter_map(Assignor::of).collect();
        let votes = |of: &Assignor| wanted.iter().filter(|wanted| *wanted == of).count();
        // One at least is allowed.
        Assignor::allowed(config).into_iter().rev().max_by_key(votes).unwrap_or(Assignor::Uniform)
    }

    /// Assigns anew, for the epoch of now.
    pub(super) fn assign(&mut self, around: &Surroundings<'_>) {
        let topics = around.topics;
        let read: BTreeMap<&str, BTreeSet<TopicId>> =
            self.members.iter().map(|(id, member)| (id.as_str(), self.topic_ids(member, topics))).collect();
        let readers = read.iter().map(|(id, topics)| {
            let instance_id = self.members.get(*id).and_then(|member| member.metadata.instance_id.as_deref());
            (*id, Reader { instance_id, topics, target: self.targets.get(*id) })
        });
        let names = self.members.values().flat_map(|member| self.topic_names(member));
        let counts = names.filter_map(|name| topics.find(name)).collect();
        self.targets = self.assignor(around.config).assign(&readers.collect(), &counts);
        self.assignment_epoch = self.epoch;
    }
}
