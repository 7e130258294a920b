//! [`TopicPartitionOffset`], the element of the lists that applications assign, commit and ask with, and
//! [`OffsetSpec`], a place in a partition by number or by meaning. Plain values.

use std::fmt;
use std::sync::Arc;

use crate::client::error::KafkaError;
use crate::types::{LeaderEpoch, Offset, PartitionIndex};

/// A place in a partition. In librdkafka's interface these are one number each, the special ones negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OffsetSpec {
    /// At this offset.
    At(Offset),
    /// At the oldest record (`OFFSET_BEGINNING`, -2).
    Beginning,
    /// Behind the newest record (`OFFSET_END`, -1).
    End,
    /// Where the group's committed offset says (`OFFSET_STORED`, -1000).
    Stored,
    /// Nowhere: not set, or not known (`OFFSET_INVALID`, -1001).
    #[default]
    Invalid,
    /// That many records before the end (`OFFSET_TAIL(n)`, -2000 - n).
    Tail(u64),
}

impl OffsetSpec {
    const BEGINNING: i64 = -2;
    const END: i64 = -1;
    const STORED: i64 = -1000;
    const INVALID: i64 = -1001;
    const TAIL_BASE: i64 = -2000;

    /// The place that `number` stands for; `None` for a negative number without a meaning.
    #[must_use]
    pub fn from_number(number: i64) -> Option<OffsetSpec> {
        match number {
            0.. => Some(OffsetSpec::At(Offset(number))),
            Self::END => Some(OffsetSpec::End),
            Self::BEGINNING => Some(OffsetSpec::Beginning),
            Self::STORED => Some(OffsetSpec::Stored),
            Self::INVALID => Some(OffsetSpec::Invalid),
            ..=Self::TAIL_BASE => Some(OffsetSpec::Tail(Self::TAIL_BASE.abs_diff(number))),
            _ => None,
        }
    }

    /// The number that stands for this place. A tail longer than numbers go is the longest there is.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            OffsetSpec::At(offset) => offset.0,
            OffsetSpec::Beginning => Self::BEGINNING,
            OffsetSpec::End => Self::END,
            OffsetSpec::Stored => Self::STORED,
            OffsetSpec::Invalid => Self::INVALID,
            OffsetSpec::Tail(count) => Self::TAIL_BASE.saturating_sub_unsigned(count),
        }
    }

    /// The offset, when it is a plain one.
    #[must_use]
    pub fn offset(self) -> Option<Offset> {
        match self {
            OffsetSpec::At(offset) => Some(offset),
            _ => None,
        }
    }
}

impl From<Offset> for OffsetSpec {
    fn from(offset: Offset) -> OffsetSpec {
        OffsetSpec::At(offset)
    }
}

impl fmt::Display for OffsetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// A partition with what is asked or known about it (librdkafka: `rd_kafka_topic_partition_t`).
///
/// The topic may be any text: whether it names one is found out by whoever looks it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPartitionOffset {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Number of the partition, or [`TopicPartitionOffset::UNASSIGNED`].
    pub partition: PartitionIndex,
    /// The place in it. When times are asked for, the time in milliseconds.
    pub offset: OffsetSpec,
    /// Text that is committed with the offset and comes back with it.
    pub metadata: Option<Arc<str>>,
    /// Epoch of the leader that the record before the offset came from (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// What went wrong with this partition.
    pub error: Option<KafkaError>,
}

impl TopicPartitionOffset {
    /// No partition in particular (`PARTITION_UA`): any, or all.
    pub const UNASSIGNED: PartitionIndex = PartitionIndex(-1);

    /// An element that says nothing but where.
    #[must_use]
    pub fn new(topic: Arc<str>, partition: PartitionIndex, offset: OffsetSpec) -> TopicPartitionOffset {
        TopicPartitionOffset { topic, partition, offset, metadata: None, leader_epoch: None, error: None }
    }

    /// What tells elements apart: confluent-kafka compares, sorts and hashes by it.
    #[must_use]
    pub fn key(&self) -> (&str, PartitionIndex) {
        (&self.topic, self.partition)
    }
}

/// Prints as confluent-kafka's `TopicPartition` does.
impl fmt::Display for TopicPartitionOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (topic, partition, offset) = (&self.topic, self.partition, self.offset);
        write!(f, "TopicPartition{{topic={topic},partition={partition},offset={offset},leader_epoch=")?;
        match self.leader_epoch {
            Some(LeaderEpoch(epoch)) => write!(f, "{epoch}")?,
            None => f.write_str("None")?,
        }
        match &self.error {
            Some(error) => write!(f, ",error={error}}}"),
            None => f.write_str(",error=None}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error_code::ErrorCode;

    #[test]
    fn special_offsets_have_librdkafkas_numbers() {
        for (number, spec) in [
            (0, OffsetSpec::At(Offset(0))),
            (i64::MAX, OffsetSpec::At(Offset(i64::MAX))),
            (-1, OffsetSpec::End),
            (-2, OffsetSpec::Beginning),
            (-1000, OffsetSpec::Stored),
            (-1001, OffsetSpec::Invalid),
            (-2000, OffsetSpec::Tail(0)),
            (-2010, OffsetSpec::Tail(10)),
        ] {
            assert_eq!(OffsetSpec::from_number(number), Some(spec));
            assert_eq!(spec.number(), number);
        }
        for meaningless in [-3, -999, -1002, -1999] {
            assert_eq!(OffsetSpec::from_number(meaningless), None);
        }
        assert_eq!(OffsetSpec::Tail(u64::MAX).number(), i64::MIN);
        assert_eq!(OffsetSpec::default(), OffsetSpec::Invalid);
    }

    #[test]
    fn prints_as_confluent_kafka_does() {
        let plain =
            TopicPartitionOffset::new("a".into(), TopicPartitionOffset::UNASSIGNED, OffsetSpec::Invalid);
        assert_eq!(
            plain.to_string(),
            "TopicPartition{topic=a,partition=-1,offset=-1001,leader_epoch=None,error=None}"
        );
        let failed = TopicPartitionOffset {
            leader_epoch: Some(LeaderEpoch(4)),
            error: Some(ErrorCode::LocalTimedOut.into()),
            ..TopicPartitionOffset::new("a".into(), PartitionIndex(1), OffsetSpec::Tail(5))
        };
        assert_eq!(
            failed.to_string(),
            "TopicPartition{topic=a,partition=1,offset=-2005,leader_epoch=4,\
             error=KafkaError{code=_TIMED_OUT,val=-185,str=\"Local: Timed out\"}}"
        );
        assert_eq!(failed.key(), ("a", PartitionIndex(1)));
    }

    proptest! {
        #[test]
        fn every_number_with_a_meaning_comes_back(number in any::<i64>()) {
            if let Some(spec) = OffsetSpec::from_number(number) {
                prop_assert_eq!(spec.number(), number);
                prop_assert_eq!(spec.offset().is_some(), number >= 0);
            }
        }
    }
}
