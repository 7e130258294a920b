//! The domain's integers and names as types of their own, so that an offset cannot be passed for a position.
//!
//! Pure values: no I/O, no locks, owned by nobody. Kafka's words are used with Kafka's meaning.

mod operation;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use operation::Operation;

/// Place of a record in its partition, counted from 0 without end (Kafka: `offset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

impl Offset {
    /// The first offset of a new partition.
    pub const ZERO: Offset = Offset(0);

    /// The offset `count` records further on. Saturates at the end of the number range.
    #[must_use]
    pub fn plus(self, count: i64) -> Offset {
        Offset(self.0.saturating_add(count))
    }
}

/// Milliseconds since the Unix epoch; negative values are times before it (Kafka: `timestamp`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Kafka's mark for "no timestamp".
    pub const NONE: Timestamp = Timestamp(-1);

    /// This time plus `duration`, saturating.
    #[must_use]
    pub fn after(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Number of a partition within its topic, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionIndex(pub i32);

/// Epoch of a partition's leader (KIP-101). A single node never fails over: it stays at 0 unless a directory
/// came from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

/// Identity of an idempotent or transactional producer (KIP-98); -1 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub i64);

impl ProducerId {
    /// A producer that asked for no idempotence.
    pub const NONE: ProducerId = ProducerId(-1);
}

/// Generation of a [`ProducerId`]: a higher one fences the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerEpoch(pub i16);

impl ProducerEpoch {
    /// The epoch that goes with [`ProducerId::NONE`].
    pub const NONE: ProducerEpoch = ProducerEpoch(-1);
}

/// Number of a producer's record within one partition; wraps to 0 after `i32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub i32);

impl Sequence {
    /// The sequence of a batch that has no producer id.
    pub const NONE: Sequence = Sequence(-1);

    /// The sequence `count` records further on, wrapping from `i32::MAX` to 0 as Kafka's does.
    #[must_use]
    pub fn plus(self, count: i32) -> Sequence {
        const SPAN: i64 = i32::MAX as i64 + 1;
        let next = (i64::from(self.0) + i64::from(count)).rem_euclid(SPAN);
        Sequence(i32::try_from(next).unwrap_or(0))
    }
}

/// These are told as the numbers that they are.
macro_rules! displayed_as_numbers {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

displayed_as_numbers!(Offset, Timestamp, PartitionIndex, LeaderEpoch, ProducerId, ProducerEpoch, Sequence);

/// Identity of a topic that survives a delete and re-create under the same name (KIP-516).
#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// The id with these halves, as Java and librdkafka tell ids.
    #[must_use]
    pub fn from_halves(most_significant: i64, least_significant: i64) -> TopicId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&most_significant.to_be_bytes());
        bytes[8..].copy_from_slice(&least_significant.to_be_bytes());
        TopicId(bytes)
    }

    /// The first 64 bits, and the last.
    #[must_use]
    pub fn halves(self) -> (i64, i64) {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        (i64::from_be_bytes([a, b, c, d, e, f, g, h]), i64::from_be_bytes(rest))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Name of a topic that has been checked: 1 to 249 characters of `[a-zA-Z0-9._-]`, neither `.` nor `..`.
///
/// Because of these rules a name is also a safe folder name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a string is not a topic name (Kafka: `INVALID_TOPIC_EXCEPTION`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// No characters at all.
    #[error("topic name is empty")]
    Empty,
    /// `.` or `..`, which name folders.
    #[error("topic name cannot be \".\" or \"..\"")]
    Dots,
    /// More than [`TopicName::LENGTH_MAX`] characters.
    #[error("topic name is {0} characters long, at most {max} are allowed", max = TopicName::LENGTH_MAX)]
    TooLong(usize),
    /// A character outside the allowed set.
    #[error(
        "topic name {name:?} contains {found:?}: only ASCII letters, digits, '.', '_' and '-' are allowed"
    )]
    Character {
        /// The name as given.
        name: String,
        /// The first character that is not allowed.
        found: char,
    },
}

impl TopicName {
    /// Longest name, so that `<name>-<partition>` and its suffixes fit a file name.
    pub const LENGTH_MAX: usize = 249;

    /// Checks `name` by Kafka's rules.
    ///
    /// # Errors
    /// [`TopicNameError`] says which rule was broken.
    pub fn new(name: &str) -> Result<TopicName, TopicNameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() {
            return Err(TopicNameError::Empty);
        }
        if name == "." || name == ".." {
            return Err(TopicNameError::Dots);
        }
        let length = name.chars().count();
        if length > Self::LENGTH_MAX {
            return Err(TopicNameError::TooLong(length));
        }
        match name.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(TopicNameError::Character { name: name.to_owned(), found }),
            None => Ok(TopicName(name.into())),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of Kafka's internal topics, which clients may not create or delete.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self.as_str(), "__consumer_offsets" | "__transaction_state")
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A partition of a topic; as a folder it is `<topic>-<partition>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number in it.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// When a produce is acknowledged (Kafka: `acks`). See the table in `engine/ARCHITECTURE.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acks {
    /// Handed over; nothing is promised (`acks=0`).
    None,
    /// The operating system has it; survives a crash of the application (`acks=1`).
    Written,
    /// It is on stable storage; survives a power failure (`acks=all` or `-1`).
    Durable,
}

/// Which records a reader sees (KIP-98, `isolation.level`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Everything below the high watermark.
    #[default]
    ReadUncommitted,
    /// Everything below the last stable offset, without aborted transactions.
    ReadCommitted,
}

impl Isolation {
    /// Where what a reader sees ends.
    #[must_use]
    pub fn end(self, high_watermark: Offset, last_stable: Offset) -> Offset {
        match self {
            Isolation::ReadUncommitted => high_watermark,
            Isolation::ReadCommitted => last_stable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_names_follow_kafkas_rules() {
        assert_eq!(TopicName::new("orders.v1_x-2").unwrap().as_str(), "orders.v1_x-2");
        assert_eq!(TopicName::new(""), Err(TopicNameError::Empty));
        assert_eq!(TopicName::new(".."), Err(TopicNameError::Dots));
        assert_eq!(TopicName::new(&"a".repeat(250)), Err(TopicNameError::TooLong(250)));
        assert!(TopicName::new(&"a".repeat(249)).is_ok());
        for bad in ["a/b", "a b", "a\0b", "größe", "a:b", "a\nb"] {
            assert!(matches!(TopicName::new(bad), Err(TopicNameError::Character { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_sequence_wraps_to_zero_after_the_largest() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
        assert_eq!(Sequence(5).plus(0), Sequence(5));
    }
}
