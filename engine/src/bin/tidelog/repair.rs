//! `tidelog repair`: opens partitions that are damaged by cutting them where the damage starts. Never done unasked.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use tidelog::broker::{Broker, BrokerOptions};
use tidelog::config::EngineConfig;
use tidelog::io::{DirectoryLock, PosixDisk, SystemClock, WriteMethod};
use tidelog::types::{PartitionIndex, TopicName, TopicPartition};

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row};

/// Cut damaged partitions where the damage starts, keeping a copy of what is cut
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Partitions to cut, such as orders-0
    #[arg(required = true, value_name = "TOPIC-PARTITION", value_parser = partition)]
    partitions: Vec<TopicPartition>,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
A partition whose durable records are damaged stays closed, so that nothing is lost unseen;
`tidelog check` names file and byte. This command reads such a partition whole, keeps the records
before the damage, and moves what lies behind it into <file>.corrupt-<n> beside the log.
Indexes and lists of aborted transactions are made anew. What is sound stays as it is.

Example:
  tidelog check
  tidelog repair orders-0";

/// Takes the name of a partition's folder apart.
fn partition(text: &str) -> Result<TopicPartition, String> {
    let parts = text.rsplit_once('-').and_then(|(topic, number)| Some((topic, number.parse::<u32>().ok()?)));
    let (topic, number) = parts.ok_or("expected a topic and a partition, such as orders-0")?;
    let topic = TopicName::new(topic).map_err(|error| error.to_string())?;
    let number = i32::try_from(number).map_err(|error| error.to_string())?;
    Ok(TopicPartition { topic, partition: PartitionIndex(number) })
}

/// What became of one partition.
#[derive(Serialize)]
struct Repaired {
    partition: String,
    /// Offset that the next record gets.
    end: i64,
    /// Where the damaged bytes are now.
    copies: Vec<PathBuf>,
}

impl Row for Repaired {
    const COLUMNS: &'static [(&'static str, Align)] =
        &[("PARTITION", Align::Left), ("END OFFSET", Align::Right), ("CUT, KEPT IN", Align::Left)];

    fn cells(&self) -> Vec<String> {
        let copies: Vec<String> = self.copies.iter().map(|path| path.display().to_string()).collect();
        let kept = if copies.is_empty() { "nothing, it is sound".to_owned() } else { copies.join(", ") };
        vec![self.partition.clone(), self.end.to_string(), kept]
    }
}

pub(crate) fn run(args: &RepairArgs) -> Outcome {
    let path = args.directory.existing()?;
    let lock = DirectoryLock::acquire(path)?;
    let accept: BTreeSet<TopicPartition> = args.partitions.iter().cloned().collect();
    let options = BrokerOptions {
        root: path.to_owned(),
        config: EngineConfig::default(),
        disk: Arc::new(PosixDisk::new(WriteMethod::Auto)),
        clock: Arc::new(SystemClock::new()),
        lock: Some(lock),
        accept_truncation: accept.clone(),
    };
    let broker = Broker::open(options).map_err(|error| CliError::Repair(error.to_string()))?;
    let mut rows = Vec::with_capacity(accept.len());
    for id in &accept {
        rows.push(repaired(&broker, id)?);
    }
    broker.close();
    Output::new(args.format).list(&rows)?;
    Ok(ExitCode::SUCCESS)
}

fn repaired(broker: &Broker, id: &TopicPartition) -> Result<Repaired, CliError> {
    let served = broker.served_partition(id.topic.as_str(), id.partition);
    let served = served.map_err(|error| CliError::Repair(format!("partition {id}: {error}")))?;
    let report = broker.recovered().iter().find(|(recovered, _)| recovered == id);
    Ok(Repaired {
        partition: id.to_string(),
        end: served.view().end().0,
        copies: report.map(|(_, report)| report.copies.clone()).unwrap_or_default(),
    })
}
