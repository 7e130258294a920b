//! `tidelog topics`: lists, creates, describes and deletes topics.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use tidelog::broker::Topic;
use tidelog::client::KafkaError;
use tidelog::client::admin::{Admin, ConfigResource, Mode, NewPartitions, NewTopic, TopicDescription};
use tidelog::config::ConfigSource;
use tidelog::error_code::ErrorCode;

use crate::configs::parse_setting;
use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row, size_text};

/// List, create, describe and delete topics
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TopicsArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(subcommand)]
    command: TopicsCommand,
}

const EXAMPLES: &str = "\
Examples:
  tidelog topics create --topic orders --partitions 3 --config retention.ms=3600000
  tidelog topics describe --topic orders
  tidelog topics list --json";

#[derive(Subcommand)]
enum TopicsCommand {
    /// List all topics with their sizes
    List(ListArgs),
    /// Create topics, and the data directory if there is none
    Create(CreateArgs),
    /// Show settings and partitions
    Describe(DescribeArgs),
    /// Delete topics with all their records
    Delete(DeleteArgs),
    /// Give a topic more partitions; records stay where they are
    AddPartitions(AddPartitionsArgs),
}

#[derive(Args)]
struct ListArgs {
    /// Leave out the engine's own topics
    #[arg(long)]
    exclude_internal: bool,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct CreateArgs {
    /// Name of the topic; may be given several times
    #[arg(long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    /// Count of partitions [default: 1]
    #[arg(long, value_name = "COUNT")]
    partitions: Option<i32>,
    /// A setting that differs from its default; may be given several times
    #[arg(long = "config", value_name = "NAME=VALUE", value_parser = parse_setting)]
    config: Vec<(String, String)>,
    /// Do nothing for a topic that exists
    #[arg(long)]
    if_not_exists: bool,
    /// Only check whether the topics could be created
    #[arg(long)]
    validate_only: bool,
}

#[derive(Args)]
struct DescribeArgs {
    /// Name of the topic; may be given several times [default: all]
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct DeleteArgs {
    /// Name of the topic; may be given several times
    #[arg(long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    /// Do nothing for a topic that does not exist
    #[arg(long)]
    if_exists: bool,
}

#[derive(Args)]
struct AddPartitionsArgs {
    /// Name of the topic
    #[arg(long, value_name = "TOPIC")]
    topic: String,
    /// Count of partitions that it is to have then, in all
    #[arg(long, value_name = "COUNT")]
    partitions: i32,
}

pub(crate) fn run(args: &TopicsArgs) -> Outcome {
    match &args.command {
        TopicsCommand::List(list_args) => list(&args.directory, list_args),
        TopicsCommand::Create(create_args) => create(&args.directory, create_args),
        TopicsCommand::Describe(describe_args) => describe(&args.directory, describe_args),
        TopicsCommand::Delete(delete_args) => delete(&args.directory, delete_args),
        TopicsCommand::AddPartitions(add_args) => add_partitions(&args.directory, add_args),
    }
}

/// A topic in the list.
#[derive(Serialize)]
struct ListedTopic {
    topic: String,
    partitions: usize,
    /// Count of offsets between start and end; compaction and transactions leave some without a record.
    records: i64,
    bytes: u64,
    internal: bool,
}

impl Row for ListedTopic {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("TOPIC", Align::Left),
        ("PARTITIONS", Align::Right),
        ("RECORDS", Align::Right),
        ("SIZE", Align::Right),
    ];

    fn cells(&self) -> Vec<String> {
        vec![self.topic.clone(), self.partitions.to_string(), self.records.to_string(), size_text(self.bytes)]
    }
}

fn list(directory: &DirectoryArgs, args: &ListArgs) -> Outcome {
    let directory = directory.open()?;
    let mut rows = Vec::new();
    for topic in directory.admin().list_topics()? {
        if topic.is_internal && args.exclude_internal {
            continue;
        }
        let partitions = partition_rows(directory.admin(), &topic)?;
        rows.push(ListedTopic {
            topic: topic.name.to_string(),
            partitions: partitions.len(),
            records: partitions.iter().map(PartitionRow::records).sum(),
            bytes: partitions.iter().map(|partition| partition.bytes).sum(),
            internal: topic.is_internal,
        });
    }
    let mut output = Output::new(args.format);
    output.list(&rows)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn create(directory: &DirectoryArgs, args: &CreateArgs) -> Outcome {
    let directory = directory.open_or_create()?;
    let config: BTreeMap<String, String> = args.config.iter().cloned().collect();
    let new = |name: &String| NewTopic {
        name: name.clone(),
        partitions: args.partitions,
        config: config.clone(),
        ..NewTopic::default()
    };
    let topics: Vec<NewTopic> = args.topics.iter().map(new).collect();
    let (mode, done) = match args.validate_only {
        true => (Mode::ValidateOnly, "can be created"),
        false => (Mode::Apply, "created"),
    };
    let results = directory.admin().create_topics(&topics, mode);
    let fine = if args.if_not_exists { Some(ErrorCode::TopicAlreadyExists) } else { None };
    report_each(&args.topics, results, done, fine)
}

fn delete(directory: &DirectoryArgs, args: &DeleteArgs) -> Outcome {
    let directory = directory.open()?;
    let results = directory.admin().delete_topics(&args.topics);
    let fine = if args.if_exists { Some(ErrorCode::UnknownTopicOrPartition) } else { None };
    report_each(&args.topics, results, "deleted", fine)
}

fn add_partitions(directory: &DirectoryArgs, args: &AddPartitionsArgs) -> Outcome {
    let directory = directory.open()?;
    let AddPartitionsArgs { topic, partitions } = args;
    let new = NewPartitions { topic: topic.clone(), total_count: *partitions, ..NewPartitions::default() };
    let results = directory.admin().create_partitions(&[new], Mode::Apply);
    let done = format!("has {partitions} partitions");
    report_each(std::slice::from_ref(topic), results, &done, None)
}

/// Says what became of each topic; an error of code `fine` is none.
fn report_each(
    topics: &[String],
    results: Vec<Result<(), KafkaError>>,
    done: &str,
    fine: Option<ErrorCode>,
) -> Outcome {
    let mut output = Output::text();
    let mut exit = ExitCode::SUCCESS;
    for (topic, result) in topics.iter().zip(results) {
        match result {
            Ok(()) => output.line(format_args!("topic {topic} {done}"))?,
            Err(error) if Some(error.code()) == fine => {}
            Err(error) => exit = CliError::about(format!("topic {topic}"))(error).report(),
        }
    }
    output.flush()?;
    Ok(exit)
}

/// A topic in detail.
#[derive(Serialize)]
struct DescribedTopic {
    topic: String,
    id: String,
    internal: bool,
    /// Settings that differ from the defaults.
    config: BTreeMap<String, String>,
    partitions: Vec<PartitionRow>,
}

/// A partition of a [`DescribedTopic`].
#[derive(Serialize)]
struct PartitionRow {
    partition: i32,
    /// First offset.
    start: i64,
    /// Offset behind the last record that consumers can see.
    end: i64,
    bytes: u64,
    segments: usize,
    /// Why it is offline, if it is.
    error: Option<String>,
}

impl PartitionRow {
    fn records(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

impl Row for PartitionRow {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("PARTITION", Align::Right),
        ("START", Align::Right),
        ("END", Align::Right),
        ("RECORDS", Align::Right),
        ("SIZE", Align::Right),
        ("SEGMENTS", Align::Right),
        ("STATE", Align::Left),
    ];

    fn cells(&self) -> Vec<String> {
        let state = match &self.error {
            Some(reason) => format!("offline: {reason}"),
            None => "online".to_owned(),
        };
        vec![
            self.partition.to_string(),
            self.start.to_string(),
            self.end.to_string(),
            self.records().to_string(),
            size_text(self.bytes),
            self.segments.to_string(),
            state,
        ]
    }
}

fn describe(directory: &DirectoryArgs, args: &DescribeArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let names = match args.topics.is_empty() {
        true => admin.list_topics()?.iter().map(|topic| topic.name.to_string()).collect(),
        false => args.topics.clone(),
    };
    let mut exit = ExitCode::SUCCESS;
    let mut described = Vec::new();
    for (name, topic) in names.iter().zip(admin.describe_topics(&names)) {
        match topic {
            Ok(topic) => described.push(describe_one(admin, &topic)?),
            Err(error) => exit = CliError::about(format!("topic {name}"))(error).report(),
        }
    }
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&described)?;
    } else {
        for topic in &described {
            print_topic(&mut output, topic)?;
        }
    }
    output.flush()?;
    Ok(exit)
}

fn describe_one(admin: &Admin, topic: &TopicDescription) -> Result<DescribedTopic, CliError> {
    let name = topic.name.to_string();
    let resource = ConfigResource::Topic(name.clone());
    let entries = admin.describe_configs(&[resource]).into_iter().next().transpose()?.unwrap_or_default();
    let set = entries.into_iter().filter(|entry| entry.source == ConfigSource::Topic);
    Ok(DescribedTopic {
        partitions: partition_rows(admin, topic)?,
        id: tidelog::log::format_id(topic.id),
        internal: topic.is_internal,
        config: set.map(|entry| (entry.name.to_owned(), entry.value)).collect(),
        topic: name,
    })
}

fn print_topic(output: &mut Output, topic: &DescribedTopic) -> Result<(), CliError> {
    output.line(format_args!("{}  id {}", topic.topic, topic.id))?;
    for (name, value) in &topic.config {
        output.line(format_args!("  {name}={value}"))?;
    }
    output.table(&topic.partitions)?;
    output.line("")
}

fn partition_rows(admin: &Admin, topic: &TopicDescription) -> Result<Vec<PartitionRow>, CliError> {
    let served = admin.engine().and_then(|engine| engine.broker().topic(topic.name.as_str()));
    let row = |described: &tidelog::client::admin::PartitionDescription| {
        let view = served.as_deref().and_then(|topic: &Topic| topic.partition(described.partition)?.ok());
        let error = described.error.as_ref().map(|error| error.reason().to_owned());
        let partition = described.partition.0;
        let Some(view) = view.map(|partition| partition.view()) else {
            return Ok(PartitionRow { partition, start: 0, end: 0, bytes: 0, segments: 0, error });
        };
        let bytes = view.size().map_err(|error| {
            let reason = KafkaError::with_reason(ErrorCode::KafkaStorageError, error.to_string());
            CliError::about(format!("partition {}-{partition}", topic.name))(reason)
        })?;
        Ok(PartitionRow {
            partition,
            start: view.log_start().0,
            end: view.high_watermark().0,
            bytes,
            segments: view.segment_bases().len(),
            error,
        })
    };
    topic.partitions.iter().map(row).collect()
}
