//! Names of partitions' folders: `<topic>-<n>` while they are in use, with a suffix once they are not. Pure text.
//!
//! Source: Kafka's `LogManager`, `UnifiedLog.logDirNameWithSuffix`.

use crate::types::{PartitionIndex, TopicId, TopicName, TopicPartition};

/// Longest name of a file.
const NAME_SIZE_MAX: usize = 255;

/// Why a folder is no longer in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retired {
    /// It is being deleted.
    Delete,
    /// It belongs to a topic that is not known.
    Stray,
}

impl Retired {
    fn suffix(self) -> &'static str {
        match self {
            Retired::Delete => "-delete",
            Retired::Stray => "-stray",
        }
    }

    /// Whether `name` is that of a folder retired for this reason.
    pub(super) fn is_name(self, name: &str) -> bool {
        name.contains('.') && name.ends_with(self.suffix())
    }

    /// The name that the folder `name` gets: `<topic>-<n>.<topic id>-delete`, the topic's name cut to what fits.
    pub(super) fn name(self, name: &str, topic_id: TopicId) -> String {
        let (topic, number) = name.rsplit_once('-').unwrap_or((name, "0"));
        let suffix = format!("-{number}.{topic_id:?}{}", self.suffix());
        let kept = topic.len().min(NAME_SIZE_MAX.saturating_sub(suffix.len()));
        // A topic's name is ASCII: every length is a boundary.
        format!("{}{suffix}", topic.get(..kept).unwrap_or_default())
    }
}

/// The partition that a folder is named for, with its number as Kafka prints it; `None` for any other folder.
pub(super) fn parse(name: &str) -> Option<TopicPartition> {
    // Kafka's own log of cluster metadata is no topic's.
    if name.starts_with("__cluster_metadata-") {
        return None;
    }
    let (topic, number) = name.rsplit_once('-')?;
    let partition: i32 = number.parse().ok()?;
    if partition < 0 || partition.to_string() != number {
        return None;
    }
    Some(TopicPartition { topic: TopicName::new(topic).ok()?, partition: PartitionIndex(partition) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: TopicId = TopicId(*b"0123456789abcdef");

    #[test]
    fn a_folder_name_leads_to_its_partition_or_to_nothing() {
        let partition = |topic: &str, number| {
            Some(TopicPartition { topic: TopicName::new(topic).unwrap(), partition: PartitionIndex(number) })
        };
        assert_eq!(parse("a-b-12"), partition("a-b", 12));
        assert_eq!(parse("a--1"), partition("a-", 1));
        for name in ["a", "a-", "-1", "a-01", "a-+1", "a-1-stray", "a-1-future", "a-99999999999", "a/b-1"] {
            assert_eq!(parse(name), None, "{name}");
        }
        assert_eq!(parse("__cluster_metadata-0"), None);
    }

    #[test]
    fn a_retired_folders_name_always_fits_and_names_no_partition() {
        let name = Retired::Delete.name("t-3", TOPIC);
        assert_eq!(name, "t-3.30313233343536373839616263646566-delete");
        let long = Retired::Stray.name(&format!("{}-{}", "x".repeat(249), i32::MAX), TOPIC);
        assert_eq!(long.len(), NAME_SIZE_MAX);
        for name in [name, long] {
            assert_eq!(parse(&name), None);
            assert!(Retired::Delete.is_name(&name) != Retired::Stray.is_name(&name));
        }
        assert!(!Retired::Delete.is_name("kept-delete"));
    }
}
