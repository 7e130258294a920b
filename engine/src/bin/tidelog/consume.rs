//! `tidelog consume`: records become lines of standard output. A group's offsets are committed only behind lines that have
//! been handed on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use tidelog::broker::group::Stability;
use tidelog::client::config::Config;
use tidelog::client::consumer::{Consumer, ConsumerError, Event};
use tidelog::client::{KafkaError, Message, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Offset, PartitionIndex};

use crate::configs::parse_setting;
use crate::data_directory::{Directory, DirectoryArgs};
use crate::error::{CliError, Outcome, of_consumer};
use crate::groups::remove_ghosts;
use crate::interrupt::Interrupt;
use crate::output::{FormatArgs, Output, count_text, size_text};
use crate::record_format::{JsonRecord, RecordFormat};

/// Print records as lines on standard output
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConsumeArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Topic to read
    #[arg(long, value_name = "TOPIC")]
    topic: String,
    /// Start at the oldest record; with --group only where the group has committed nothing
    #[arg(long, conflicts_with = "offset")]
    from_beginning: bool,
    /// Go on where this group has committed, and commit what was read
    #[arg(long, value_name = "GROUP", conflicts_with = "offset")]
    group: Option<String>,
    /// Partition to read [default: all]
    #[arg(long, value_name = "NUMBER")]
    partition: Option<i32>,
    /// Where to start: an offset, earliest or latest
    #[arg(long, value_name = "OFFSET", value_parser = parse_offset, requires = "partition")]
    offset: Option<OffsetSpec>,
    /// End after that many records
    #[arg(long, value_name = "COUNT")]
    max_messages: Option<u64>,
    /// Wait at the end for more until interrupted, as Kafka's tool does
    #[arg(long)]
    follow: bool,
    /// A line is a key, this text and a value
    #[arg(long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// What to print of a record, see below; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    properties: Vec<(String, String)>,
    /// A setting of the consumer, such as isolation.level=read_uncommitted; may be given several times
    #[arg(long = "consumer-property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    consumer_properties: Vec<(String, String)>,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
Ends when all records have been printed, because while this process has the directory open no
other can add any. Ctrl-C ends earlier; what was printed is committed for the group.

Properties:
  print.key=true            print the key before the value
  print.timestamp=true      print kind and milliseconds since 1970
  print.partition=true      print the number of the partition
  print.offset=true         print the offset
  print.headers=true        print the headers
  print.value=false         do not print the value
  key.separator=TEXT        what stands between these parts [default: \\t]
  line.separator=TEXT       what stands behind a record [default: \\n]
  headers.separator=TEXT    what stands between two headers [default: ,]
  null.literal=TEXT         what stands for null [default: null]

Examples:
  tidelog consume --topic greetings --from-beginning
  tidelog consume --topic scores --group billing --from-beginning --key-separator :
  tidelog consume --topic scores --partition 0 --offset 100 --max-messages 10 --json";

/// How long one wait for records takes before Ctrl-C is looked at again.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How often a group's offsets are committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

fn parse_offset(text: &str) -> Result<OffsetSpec, String> {
    match text {
        "earliest" => Ok(OffsetSpec::Beginning),
        "latest" => Ok(OffsetSpec::End),
        _ => match text.parse() {
            Ok(offset @ 0..) => Ok(OffsetSpec::At(Offset(offset))),
            _ => Err(format!("{text:?} is neither an offset nor earliest nor latest")),
        },
    }
}

pub(crate) fn run(args: &ConsumeArgs) -> Outcome {
    let format =
        RecordFormat::new(args.key_separator.as_deref(), &args.properties).map_err(CliError::Usage)?;
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let directory = args.directory.open()?;
    let config = consumer_config(directory.config(), args)?;
    let partitions = partitions(&directory, args)?;
    if let Some(group) = &args.group {
        match remove_ghosts(directory.admin(), group) {
            // It comes to be with its first offset.
            Err(CliError::Item { source, .. }) if source.code() == ErrorCode::GroupIdNotFound => {}
            removed => removed?,
        }
    }
    let consumer = Consumer::new(&config)?;
    consumer.assign(&partitions).map_err(of_consumer)?;
    // The user's own setting switches committing off.
    let commits_to = args.group.as_deref().filter(|_| commits(args));
    let mut printing = Printing {
        args,
        format: &format,
        directory: &directory,
        commits_to,
        output: Output::new(args.format),
        line: Vec::new(),
        waiting_for: partitions.iter().map(|of| of.partition).collect(),
        positions: BTreeMap::new(),
        next_commit: Instant::now() + COMMIT_INTERVAL,
        records: 0,
        bytes: 0,
    };
    let result = printing.all(&consumer, &interrupt);
    let handed_on = printing.hand_on();
    consumer.close();
    let Printing { records, bytes, .. } = printing;
    result.and(handed_on)?;
    eprintln!(
        "consumed {} ({}) from {}",
        count_text(records, "record", "records"),
        size_text(bytes),
        args.topic
    );
    if records == 0 && !args.from_beginning && args.group.is_none() && args.offset.is_none() {
        eprintln!("started behind the last record; --from-beginning starts at the first");
    }
    Ok(ExitCode::SUCCESS)
}

fn consumer_config(mut config: Config, args: &ConsumeArgs) -> Result<Config, CliError> {
    let reset = if args.from_beginning { "earliest" } else { "latest" };
    let settings = [("auto.offset.reset", reset), ("group.id", args.group.as_deref().unwrap_or_default())];
    let given = args.consumer_properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    // Behind what the user gives: this command commits by itself, and has to know where a partition ends.
    let fixed = [("enable.auto.commit", "false"), ("enable.partition.eof", "true")];
    for (name, value) in settings.into_iter().chain(given).chain(fixed) {
        config.set(name, Some(value)).map_err(|error| CliError::Usage(error.to_string()))?;
    }
    Ok(config)
}

fn commits(args: &ConsumeArgs) -> bool {
    let mut given = args.consumer_properties.iter().filter(|(name, _)| name == "enable.auto.commit");
    given.next_back().is_none_or(|(_, value)| value != "false")
}

/// What to read, and from where.
fn partitions(directory: &Directory, args: &ConsumeArgs) -> Result<Vec<TopicPartitionOffset>, CliError> {
    let described = directory.admin().describe_topics(&[&args.topic]).remove(0);
    let topic = described.map_err(CliError::about(format!("topic {}", args.topic)))?;
    let wanted = args.partition.map(PartitionIndex);
    let all = topic.partitions.iter().map(|partition| partition.partition);
    let chosen: Vec<PartitionIndex> = all.filter(|all| wanted.is_none_or(|wanted| wanted == *all)).collect();
    if let (Some(wanted), true) = (wanted, chosen.is_empty()) {
        let unknown = KafkaError::new(ErrorCode::UnknownTopicOrPartition);
        return Err(CliError::about(format!("partition {}-{wanted}", args.topic))(unknown));
    }
    let first = if args.from_beginning { OffsetSpec::Beginning } else { OffsetSpec::End };
    let start = args.offset.unwrap_or(first);
    let element = |partition| TopicPartitionOffset::new(args.topic.as_str().into(), partition, start);
    let partitions: Vec<TopicPartitionOffset> = chosen.into_iter().map(element).collect();
    let Some(group) = &args.group else { return Ok(partitions) };
    let committed =
        directory.admin().list_consumer_group_offsets(group, Some(&partitions), Stability::Required)?;
    let go_on = |(of, committed): (TopicPartitionOffset, TopicPartitionOffset)| match committed.offset {
        OffsetSpec::At(_) => TopicPartitionOffset { offset: committed.offset, ..of },
        _ => of,
    };
    Ok(partitions.into_iter().zip(committed).map(go_on).collect())
}

struct Printing<'a> {
    args: &'a ConsumeArgs,
    format: &'a RecordFormat,
    directory: &'a Directory,
    /// Group to commit for.
    commits_to: Option<&'a str>,
    output: Output,
    /// The line of one record.
    line: Vec<u8>,
    /// Partitions that are not at their end.
    waiting_for: BTreeSet<PartitionIndex>,
    /// By partition: where to go on behind what has been printed.
    positions: BTreeMap<PartitionIndex, Offset>,
    next_commit: Instant,
    records: u64,
    bytes: u64,
}

impl Printing<'_> {
    /// Prints until the end, the count wanted or Ctrl-C.
    fn all(&mut self, consumer: &Consumer, interrupt: &Interrupt) -> Result<(), CliError> {
        while !interrupt.is_set() && !self.is_done() {
            match consumer.poll(Some(POLL_INTERVAL)).map_err(of_consumer)? {
                Some(Event::Message(message)) => self.message(&message)?,
                Some(Event::Error(error)) => self.event(&error)?,
                None => self.output.flush()?,
            }
            if Instant::now() >= self.next_commit {
                self.hand_on()?;
                self.next_commit = Instant::now() + COMMIT_INTERVAL;
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        let is_enough = self.args.max_messages.is_some_and(|max| self.records >= max);
        is_enough || (self.waiting_for.is_empty() && !self.args.follow)
    }

    fn message(&mut self, message: &Message) -> Result<(), CliError> {
        if self.output.is_json() {
            self.output.json_line(&JsonRecord::new(message))?;
        } else {
            self.line.clear();
            self.format.write(message, &mut self.line);
            self.output.bytes(&self.line)?;
        }
        self.records += 1;
        self.bytes += message.value().map_or(0, |value| value.len() as u64);
        if let Some(offset) = message.offset() {
            self.positions.insert(message.partition(), offset.plus(1));
        }
        Ok(())
    }

    fn event(&mut self, event: &ConsumerError) -> Result<(), CliError> {
        let (ErrorCode::LocalPartitionEof, Some(partition)) = (event.error.code(), event.partition) else {
            let what = match event.partition {
                Some(partition) => format!("partition {}-{partition}", self.args.topic),
                None => format!("topic {}", self.args.topic),
            };
            return Err(CliError::about(what)(event.error.clone()));
        };
        self.waiting_for.remove(&partition);
        if let Some(end) = event.offset {
            self.positions.insert(partition, end);
        }
        self.output.flush()
    }

    /// Hands on what has been printed, and only then commits it.
    fn hand_on(&mut self) -> Result<(), CliError> {
        self.output.flush()?;
        let Some(group) = self.commits_to.filter(|_| !self.positions.is_empty()) else { return Ok(()) };
        let topic = &self.args.topic;
        let element = |(partition, offset): (PartitionIndex, Offset)| {
            TopicPartitionOffset::new(topic.as_str().into(), partition, OffsetSpec::At(offset))
        };
        let offsets: Vec<_> = std::mem::take(&mut self.positions).into_iter().map(element).collect();
        for result in self.directory.admin().alter_consumer_group_offsets(group, &offsets)? {
            if let Some(error) = result.error {
                return Err(CliError::about(format!("offsets of group {group}"))(error));
            }
        }
        Ok(())
    }
}
