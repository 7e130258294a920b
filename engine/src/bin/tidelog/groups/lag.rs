//! [`PartitionLag`]: how far a group is behind in one partition.

use std::collections::BTreeMap;

use serde::Serialize;
use tidelog::broker::OffsetSpec as OffsetQuestion;
use tidelog::broker::group::Stability;
use tidelog::client::admin::{Admin, GroupDescription, OffsetQuery};
use tidelog::client::{OffsetSpec, TopicPartitionOffset};
use tidelog::types::{Isolation, PartitionIndex};

use crate::error::CliError;
use crate::output::{Align, Row};

/// A partition of a group as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PartitionLag {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// Where the group goes on.
    pub(super) committed: Option<i64>,
    /// Offset behind the last record; none when the partition is gone.
    pub(super) end: Option<i64>,
    pub(super) lag: Option<i64>,
    /// Member that reads it.
    pub(super) member_id: Option<String>,
}

impl Row for PartitionLag {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("TOPIC", Align::Left),
        ("PARTITION", Align::Right),
        ("COMMITTED", Align::Right),
        ("END", Align::Right),
        ("LAG", Align::Right),
        ("MEMBER", Align::Left),
    ];

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        vec![
            self.topic.clone(),
            self.partition.to_string(),
            number(self.committed),
            number(self.end),
            number(self.lag),
            self.member_id.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    }
}

/// Every partition that the group has committed anything of, or that a member reads.
pub(super) fn of_group(admin: &Admin, group: &GroupDescription) -> Result<Vec<PartitionLag>, CliError> {
    let committed = admin.list_consumer_group_offsets(&group.group, None, Stability::Ignored)?;
    let mut partitions: BTreeMap<(String, PartitionIndex), (Option<i64>, Option<String>)> = BTreeMap::new();
    let key = |of: &TopicPartitionOffset| (of.topic.to_string(), of.partition);
    for of in &committed {
        partitions.entry(key(of)).or_default().0 = offset_of(of);
    }
    for member in &group.members {
        for of in &member.assignment {
            partitions.entry(key(of)).or_default().1 = Some(member.member_id.clone());
        }
    }
    let ends = ends(admin, partitions.keys());
    let lags = partitions.into_iter().zip(ends).map(|(((topic, partition), (committed, member_id)), end)| {
        let lag = committed.zip(end).map(|(committed, end)| end.saturating_sub(committed).max(0));
        PartitionLag { topic, partition: partition.0, committed, end, lag, member_id }
    });
    Ok(lags.collect())
}

fn offset_of(of: &TopicPartitionOffset) -> Option<i64> {
    match of.offset {
        OffsetSpec::At(offset) => Some(offset.0),
        _ => None,
    }
}

fn ends<'a>(
    admin: &Admin,
    partitions: impl Iterator<Item = &'a (String, PartitionIndex)>,
) -> Vec<Option<i64>> {
    let query = |(topic, partition): &(String, PartitionIndex)| OffsetQuery {
        topic: topic.clone(),
        partition: *partition,
        spec: OffsetQuestion::Latest,
    };
    let queries: Vec<OffsetQuery> = partitions.map(query).collect();
    let found = admin.list_offsets(&queries, Isolation::ReadUncommitted);
    found.into_iter().map(|end| Some(end.ok()??.offset.0)).collect()
}
