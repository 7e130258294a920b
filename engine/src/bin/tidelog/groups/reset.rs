//! `tidelog groups reset-offsets`: where a group goes on. Without `--execute` it is only shown.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tidelog::broker::OffsetSpec as OffsetQuestion;
use tidelog::broker::group::Stability;
use tidelog::client::admin::{Admin, OffsetQuery};
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Isolation, Offset, PartitionIndex, Timestamp};

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row};
use crate::time::parse_timestamp;

#[derive(Args)]
pub(super) struct ResetArgs {
    /// Name of the group; it comes to be when there is none
    #[arg(long, value_name = "GROUP")]
    group: String,
    /// Topic, or some of its partitions; may be given several times
    #[arg(long = "topic", value_name = "TOPIC[:0,1,...]", value_parser = parse_topic)]
    #[arg(required_unless_present = "all_topics", conflicts_with = "all_topics")]
    topics: Vec<TopicChoice>,
    /// All partitions that the group has committed anything of
    #[arg(long)]
    all_topics: bool,
    #[command(flatten)]
    target: TargetArgs,
    /// Make it so
    #[arg(long, conflicts_with = "dry_run")]
    execute: bool,
    /// Only show it, which is the default
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// Where to go; exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct TargetArgs {
    /// To the first record
    #[arg(long)]
    to_earliest: bool,
    /// Behind the last record
    #[arg(long)]
    to_latest: bool,
    /// To this offset, or the nearest that there is
    #[arg(long, value_name = "OFFSET")]
    to_offset: Option<i64>,
    /// To the first record of this time or later; UTC unless it says otherwise
    #[arg(long, value_name = "TIME", value_parser = parse_timestamp)]
    to_datetime: Option<Timestamp>,
    /// By that many records, back when negative
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    shift_by: Option<i64>,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Earliest,
    Latest,
    At(i64),
    Since(Timestamp),
    Shift(i64),
}

impl TargetArgs {
    fn target(&self) -> Target {
        let at = self.to_offset.map(Target::At);
        let since = self.to_datetime.map(Target::Since);
        let chosen = at.or(since).or(self.shift_by.map(Target::Shift));
        chosen.unwrap_or(if self.to_latest { Target::Latest } else { Target::Earliest })
    }
}

/// A topic, or some of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TopicChoice {
    topic: String,
    partitions: Option<Vec<i32>>,
}

fn parse_topic(text: &str) -> Result<TopicChoice, String> {
    let Some((topic, numbers)) = text.split_once(':') else {
        return Ok(TopicChoice { topic: text.to_owned(), partitions: None });
    };
    let parsed = numbers.split(',').map(|number| number.trim().parse::<i32>());
    match parsed.collect() {
        Ok(partitions) => Ok(TopicChoice { topic: topic.to_owned(), partitions: Some(partitions) }),
        Err(_) => Err(format!("{numbers:?} are no numbers of partitions")),
    }
}

/// A partition of the plan.
#[derive(Serialize)]
struct Step {
    topic: String,
    partition: i32,
    /// Where the group would go on without this.
    committed: Option<i64>,
    /// Where it goes on.
    new_offset: i64,
}

impl Row for Step {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("TOPIC", Align::Left),
        ("PARTITION", Align::Right),
        ("COMMITTED", Align::Right),
        ("NEW-OFFSET", Align::Right),
    ];

    fn cells(&self) -> Vec<String> {
        let committed = self.committed.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        vec![self.topic.clone(), self.partition.to_string(), committed, self.new_offset.to_string()]
    }
}

pub(super) fn run(directory: &DirectoryArgs, args: &ResetArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let plan = plan(admin, args)?;
    if args.execute {
        execute(admin, &args.group, &plan)?;
    }
    let mut output = Output::new(args.format);
    output.list(&plan)?;
    output.flush()?;
    if !args.execute {
        eprintln!("nothing has changed; --execute makes it so");
    }
    Ok(ExitCode::SUCCESS)
}

fn plan(admin: &Admin, args: &ResetArgs) -> Result<Vec<Step>, CliError> {
    let committed = admin.list_consumer_group_offsets(&args.group, None, Stability::Ignored)?;
    let mut partitions = Vec::new();
    if args.all_topics {
        partitions.extend(committed.iter().map(|of| (of.topic.to_string(), of.partition.0)));
        if partitions.is_empty() {
            let nothing = KafkaError::new(ErrorCode::GroupIdNotFound);
            return Err(CliError::about(format!("group {}", args.group))(nothing));
        }
    }
    for choice in &args.topics {
        partitions.extend(partitions_of(admin, choice)?);
    }
    let target = args.target.target();
    let step = |(topic, partition): (String, i32)| {
        let known = committed.iter().find(|of| of.key() == (topic.as_str(), PartitionIndex(partition)));
        let committed = known.and_then(|of| of.offset.offset()).map(|offset| offset.0);
        let new_offset = find(admin, &topic, partition, committed, target)?;
        Ok(Step { topic, partition, committed, new_offset })
    };
    partitions.into_iter().map(step).collect()
}

fn partitions_of(admin: &Admin, choice: &TopicChoice) -> Result<Vec<(String, i32)>, CliError> {
    let name = &choice.topic;
    let described = admin.describe_topics(&[name]).remove(0);
    let topic = described.map_err(CliError::about(format!("topic {name}")))?;
    let all = topic.partitions.iter().map(|partition| partition.partition.0);
    let chosen = choice.partitions.clone().unwrap_or_else(|| all.collect());
    Ok(chosen.into_iter().map(|partition| (name.clone(), partition)).collect())
}

/// The offset in a partition that the target means, within what there is.
fn find(
    admin: &Admin,
    topic: &str,
    partition: i32,
    committed: Option<i64>,
    target: Target,
) -> Result<i64, CliError> {
    let look_up = |spec| {
        let query = OffsetQuery { topic: topic.to_owned(), partition: PartitionIndex(partition), spec };
        let found = admin.list_offsets(&[query], Isolation::ReadUncommitted).remove(0);
        found.map_err(CliError::about(format!("partition {topic}-{partition}")))
    };
    let of = |spec| look_up(spec).map(|found| found.map_or(0, |found| found.offset.0));
    let within = |offset: i64| -> Result<i64, CliError> {
        let (start, end) = (of(OffsetQuestion::Earliest)?, of(OffsetQuestion::Latest)?);
        Ok(offset.clamp(start, end.max(start)))
    };
    match target {
        Target::Earliest => of(OffsetQuestion::Earliest),
        Target::Latest => of(OffsetQuestion::Latest),
        Target::At(offset) => within(offset),
        Target::Since(time) => match look_up(OffsetQuestion::At(time))? {
            Some(found) => Ok(found.offset.0),
            None => of(OffsetQuestion::Latest),
        },
        Target::Shift(count) => match committed {
            Some(offset) => within(offset.saturating_add(count)),
            None => {
                let reason = "nothing is committed that could be shifted";
                let error = KafkaError::with_reason(ErrorCode::LocalNoOffset, reason);
                Err(CliError::about(format!("partition {topic}-{partition}"))(error))
            }
        },
    }
}

fn execute(admin: &Admin, group: &str, plan: &[Step]) -> Result<(), CliError> {
    match super::remove_ghosts(admin, group) {
        // It comes to be with its first offset.
        Err(CliError::Item { source, .. }) if source.code() == ErrorCode::GroupIdNotFound => {}
        removed => removed?,
    }
    let offsets: Vec<TopicPartitionOffset> = plan
        .iter()
        .map(|step| {
            let place = OffsetSpec::At(Offset(step.new_offset));
            TopicPartitionOffset::new(step.topic.as_str().into(), PartitionIndex(step.partition), place)
        })
        .collect();
    for result in admin.alter_consumer_group_offsets(group, &offsets)? {
        if let Some(error) = result.error {
            let what = format!("partition {}-{}", result.topic, result.partition);
            return Err(CliError::about(what)(error));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_named_behind_the_topic() {
        let choice = |topic: &str, partitions: Option<&[i32]>| TopicChoice {
            topic: topic.to_owned(),
            partitions: partitions.map(<[i32]>::to_vec),
        };
        assert_eq!(parse_topic("t"), Ok(choice("t", None)));
        assert_eq!(parse_topic("t:0, 2"), Ok(choice("t", Some(&[0, 2]))));
        for wrong in ["t:", "t:a", "t:1,,2"] {
            assert!(parse_topic(wrong).is_err(), "{wrong}");
        }
    }
}
