//! `tidelog transactions`: lists transactional ids and shows where their transactions stand.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use tidelog::broker::transaction::{ListedTransaction, TransactionDescription};
use tidelog::types::Timestamp;

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row};
use crate::time::timestamp_text;

/// List transactional ids, show where their transactions stand
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TransactionsArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(subcommand)]
    command: TransactionsCommand,
}

const EXAMPLES: &str = "\
Examples:
  tidelog transactions list
  tidelog transactions describe --transactional-id billing";

#[derive(Subcommand)]
enum TransactionsCommand {
    /// List all transactional ids
    List(ListArgs),
    /// Show who has an id, and which partitions are part of its transaction
    Describe(DescribeArgs),
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
struct DescribeArgs {
    /// The id; may be given several times [default: all]
    #[arg(long = "transactional-id", value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) fn run(args: &TransactionsArgs) -> Outcome {
    match &args.command {
        TransactionsCommand::List(list_args) => list(&args.directory, list_args),
        TransactionsCommand::Describe(describe_args) => describe(&args.directory, describe_args),
    }
}

/// An id in the list.
#[derive(Serialize)]
struct Listed {
    transactional_id: String,
    producer_id: i64,
    state: &'static str,
    started: Option<String>,
}

impl Row for Listed {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("TRANSACTIONAL ID", Align::Left),
        ("PRODUCER ID", Align::Right),
        ("STATE", Align::Left),
        ("STARTED", Align::Left),
    ];

    fn cells(&self) -> Vec<String> {
        let started = self.started.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.transactional_id.clone(), self.producer_id.to_string(), self.state.to_owned(), started]
    }
}

/// When a transaction began, if there was one.
fn started(at: Timestamp) -> Option<String> {
    (at != Timestamp::NONE).then(|| timestamp_text(at))
}

fn list(directory: &DirectoryArgs, args: &ListArgs) -> Outcome {
    let directory = directory.open()?;
    let listed = |one: ListedTransaction| Listed {
        transactional_id: one.transactional_id,
        producer_id: one.producer_id.0,
        state: one.state.name(),
        started: started(one.start),
    };
    let rows: Vec<Listed> = directory.admin().list_transactions()?.into_iter().map(listed).collect();
    let mut output = Output::new(args.format);
    output.list(&rows)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// An id in detail.
#[derive(Serialize)]
struct Described {
    transactional_id: String,
    producer_id: i64,
    producer_epoch: i16,
    state: &'static str,
    timeout_ms: u128,
    started: Option<String>,
    partitions: Vec<String>,
}

fn describe(directory: &DirectoryArgs, args: &DescribeArgs) -> Outcome {
    let directory = directory.open()?;
    let admin = directory.admin();
    let ids = match args.ids.is_empty() {
        true => admin.list_transactions()?.into_iter().map(|one| one.transactional_id).collect(),
        false => args.ids.clone(),
    };
    let mut exit = ExitCode::SUCCESS;
    let mut found = Vec::new();
    for id in ids {
        let described = admin.describe_transactions(&[&id]).remove(0);
        match described.map_err(CliError::about(format!("transactional id {id}"))) {
            Ok(one) => found.push(in_detail(id, &one)),
            Err(error) => exit = error.report(),
        }
    }
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&found)?;
    } else {
        for one in &found {
            print(&mut output, one)?;
        }
    }
    output.flush()?;
    Ok(exit)
}

fn in_detail(transactional_id: String, one: &TransactionDescription) -> Described {
    Described {
        transactional_id,
        producer_id: one.producer_id.0,
        producer_epoch: one.producer_epoch.0,
        state: one.state.name(),
        timeout_ms: one.timeout.as_millis(),
        started: started(one.start),
        partitions: one.partitions.iter().map(ToString::to_string).collect(),
    }
}

fn print(output: &mut Output, one: &Described) -> Result<(), CliError> {
    output.line(format_args!("{}  {}", one.transactional_id, one.state))?;
    output.line(format_args!("  producer id    {}, epoch {}", one.producer_id, one.producer_epoch))?;
    output.line(format_args!("  may last       {} ms", one.timeout_ms))?;
    output.line(format_args!("  started        {}", one.started.as_deref().unwrap_or("-")))?;
    let partitions = if one.partitions.is_empty() { "-".to_owned() } else { one.partitions.join(", ") };
    output.line(format_args!("  partitions     {partitions}"))
}
