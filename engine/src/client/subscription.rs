//! [`Subscription`]: which topics a consumer asked for, by name or by pattern, and [`PatternList`], topics to leave
//! out (`topic.blacklist`). Pure values; no look at the topics that exist unless they are given.

use std::collections::HashSet;

use regex::{Regex, RegexBuilder};

use crate::types::TopicName;

/// Most memory that one compiled pattern may take, in bytes.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Longest pattern, in bytes.
const PATTERN_LENGTH_MAX: usize = 4096;

/// Why a consumer cannot subscribe. librdkafka answers each with `_INVALID_ARG`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// Nothing to subscribe to.
    #[error("the list of topics is empty")]
    Empty,
    /// A topic without a name.
    #[error("a topic has no name")]
    Unnamed,
    /// The same topic or pattern twice.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// A pattern that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// A pattern that is not a regular expression, or too costly a one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Failed to parse pattern \"{pattern}\": {reason}")]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it, in one line.
    pub reason: String,
}

/// The topics a consumer subscribed to. One that starts with `^` is a pattern, as in librdkafka; it is searched for
/// in the topic's name and, because of that first character, found only at its start.
#[derive(Clone, Debug)]
pub struct Subscription {
    topics: Vec<String>,
    names: HashSet<String>,
    patterns: Vec<Regex>,
}

impl Subscription {
    /// A subscription to `topics`, in their order.
    ///
    /// # Errors
    /// [`SubscriptionError`]. A name that no topic can have is no error: it just never exists.
    pub fn new<T: AsRef<str>>(topics: &[T]) -> Result<Subscription, SubscriptionError> {
        if topics.is_empty() {
            return Err(SubscriptionError::Empty);
        }
        let mut all = Vec::with_capacity(topics.len());
        let mut seen = HashSet::with_capacity(topics.len());
        let mut names = HashSet::new();
        let mut patterns = Vec::new();
        for topic in topics.iter().map(AsRef::as_ref) {
            if topic.is_empty() {
                return Err(SubscriptionError::Unnamed);
            }
            if !seen.insert(topic) {
                return Err(SubscriptionError::Duplicate(topic.to_owned()));
            }
            if is_pattern(topic) {
                patterns.push(compile(topic)?);
            } else {
                names.insert(topic.to_owned());
            }
            all.push(topic.to_owned());
        }
        Ok(Subscription { topics: all, names, patterns })
    }

    /// Names and patterns as they were given.
    #[must_use]
    pub fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.names.iter().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The patterns as one that fits where any of them does; empty when there is none. For coordinators, which hold it against
    /// whole names.
    #[must_use]
    pub fn expression(&self) -> String {
        self.patterns.iter().map(Regex::as_str).collect::<Vec<_>>().join("|")
    }

    /// Whether new topics may match later, so that the list of topics must be looked at again from time to time
    /// (`topic.metadata.refresh.interval.ms`).
    #[must_use]
    pub fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Whether `topic` is one of those meant.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        self.names.contains(topic) || self.patterns.iter().any(|pattern| pattern.is_match(topic))
    }

    /// Those of the topics that exist which are meant and not on the `blacklist`, sorted by name.
    pub fn select<'a>(
        &self,
        existing: impl IntoIterator<Item = &'a TopicName>,
        blacklist: &PatternList,
    ) -> Vec<TopicName> {
        let wanted = |topic: &&TopicName| self.matches(topic.as_str()) && !blacklist.matches(topic.as_str());
        let mut selected: Vec<TopicName> = existing.into_iter().filter(wanted).cloned().collect();
        selected.sort_unstable();
        selected
    }

    /// Names that are not among `selected`, and patterns that match none of them: the consumer reports each as
    /// `UNKNOWN_TOPIC_OR_PART`. In the order they were given.
    pub fn missing<'a>(&'a self, selected: &'a [TopicName]) -> impl Iterator<Item = &'a str> {
        let is_there = |topic: &str| match self.patterns.iter().find(|pattern| pattern.as_str() == topic) {
            Some(pattern) => selected.iter().any(|selected| pattern.is_match(selected.as_str())),
            None => selected.binary_search_by(|selected| selected.as_str().cmp(topic)).is_ok(),
        };
        self.topics.iter().map(String::as_str).filter(move |topic| !is_there(topic))
    }
}

/// Whether `topic` of a subscription is a pattern and no name.
#[must_use]
pub fn is_pattern(topic: &str) -> bool {
    topic.starts_with('^')
}

/// Patterns separated by commas; each is searched for anywhere in a topic's name (librdkafka:
/// `rd_kafka_pattern_list_t`).
#[derive(Clone, Debug, Default)]
pub struct PatternList {
    text: String,
    patterns: Vec<Regex>,
}

impl PatternList {
    /// The patterns of `text`. A comma always separates, it cannot be escaped.
    ///
    /// # Errors
    /// [`PatternError`] for the first that cannot be used.
    pub fn parse(text: &str) -> Result<PatternList, PatternError> {
        let each = text.split(',').map(|pattern| pattern.trim_start_matches(' '));
        let patterns = each.filter(|pattern| !pattern.is_empty()).map(compile).collect::<Result<_, _>>()?;
        Ok(PatternList { text: text.to_owned(), patterns })
    }

    /// The text it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether any pattern is found in `topic`.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_match(topic))
    }
}

impl PartialEq for PatternList {
    fn eq(&self, other: &PatternList) -> bool {
        self.text == other.text
    }
}

fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let refuse = |reason: String| PatternError { pattern: pattern.to_owned(), reason };
    if pattern.len() > PATTERN_LENGTH_MAX {
        return Err(refuse(format!("longer than {PATTERN_LENGTH_MAX} bytes")));
    }
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => refuse(format!("needs more than {limit} bytes")),
        other => refuse(last_line(&other.to_string())),
    })
}

/// The regex crate draws a picture of the place first; the reason is its last line.
fn last_line(text: &str) -> String {
    let line = text.lines().next_back().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(names: &[&str]) -> Vec<TopicName> {
        names.iter().map(|name| TopicName::new(name).unwrap()).collect()
    }

    #[test]
    fn names_match_whole_and_patterns_from_the_start() {
        let subscription = Subscription::new(&["orders", "^pay.*s$", "^x"]).unwrap();
        for (topic, expected) in [
            ("orders", true),
            ("orders2", false),
            ("payments", true),
            ("repayments", false),
            ("payment", false),
            ("xylophone", true),
            ("ax", false),
        ] {
            assert_eq!(subscription.matches(topic), expected, "{topic}");
        }
        assert!(subscription.has_patterns());
        assert_eq!(subscription.topics(), ["orders", "^pay.*s$", "^x"]);
    }

    #[test]
    fn a_name_is_not_a_pattern() {
        let subscription = Subscription::new(&["a.c"]).unwrap();
        assert!(subscription.matches("a.c") && !subscription.matches("abc"));
        assert!(!subscription.has_patterns());
    }

    #[test]
    fn selects_sorted_without_the_blacklisted_and_names_the_missing() {
        let subscription = Subscription::new(&["zebra", "^a", "gone", "not/a topic", "^b"]).unwrap();
        let blacklist = PatternList::parse("internal, secret$, ^b").unwrap();
        let existing = topics(&["zebra", "apple", "a-internal-b", "a.secret", "a.secrets", "b"]);
        let selected = subscription.select(&existing, &blacklist);
        assert_eq!(selected, topics(&["a.secrets", "apple", "zebra"]));
        assert_eq!(subscription.missing(&selected).collect::<Vec<_>>(), ["gone", "not/a topic", "^b"]);
    }

    #[test]
    fn a_blacklisted_name_counts_as_missing() {
        let subscription = Subscription::new(&["a"]).unwrap();
        let selected = subscription.select(&topics(&["a"]), &PatternList::parse("^a$").unwrap());
        assert_eq!(subscription.missing(&selected).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn impossible_subscriptions_are_refused() {
        assert_eq!(Subscription::new::<&str>(&[]).unwrap_err(), SubscriptionError::Empty);
        assert_eq!(Subscription::new(&["a", ""]).unwrap_err(), SubscriptionError::Unnamed);
        assert_eq!(Subscription::new(&["a", "a"]).unwrap_err(), SubscriptionError::Duplicate("a".into()));
        assert!(matches!(Subscription::new(&["^("]), Err(SubscriptionError::Pattern(_))));
    }

    #[test]
    fn a_pattern_cannot_eat_memory_or_time() {
        for bomb in ["^((a{100}){100}){100}", &format!("^{}", "a".repeat(PATTERN_LENGTH_MAX))] {
            let error = Subscription::new(&[bomb]).unwrap_err();
            assert!(matches!(error, SubscriptionError::Pattern(_)), "{error}");
        }
        let slow = Subscription::new(&["^(a+)+$"]).unwrap();
        assert!(!slow.matches(&format!("{}b", "a".repeat(249))));
    }

    #[test]
    fn a_bad_pattern_is_named_with_its_reason_in_one_line() {
        let error = PatternList::parse("ok,(b").unwrap_err();
        assert_eq!(error.to_string(), "Failed to parse pattern \"(b\": unclosed group");
    }

    #[test]
    fn an_empty_blacklist_matches_nothing() {
        for text in ["", ",", " , "] {
            assert!(!PatternList::parse(text).unwrap().matches("a"), "{text:?}");
        }
    }
}
