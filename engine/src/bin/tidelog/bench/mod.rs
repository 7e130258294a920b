//! `tidelog bench`: how long records take to be acknowledged and to come to a consumer, at a rate or flat out, and how many
//! there can be: of an engine in this process, of our server, of any Kafka cluster.
//!
//! In reading order: `plan` (what is asked for), `target` with `embedded` and `librdkafka` (what is measured), `job` (one run),
//! `sending` and `receiving` (its threads), `meter` and `series` (what they measure), `outcome` and `files` (what is
//! told), `compare` (several runs).

mod compare;
mod embedded;
mod files;
mod job;
#[cfg(feature = "librdkafka")]
mod librdkafka;
mod meter;
mod outcome;
mod payload;
mod plan;
mod receiving;
mod sending;
mod series;
mod stamp;
mod target;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::error::{CliError, Outcome as CommandOutcome};
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::output::{FormatArgs, Output};
use compare::CompareArgs;
use job::Job;
use outcome::Outcome;
use plan::Plan;

/// `max.message.bytes` of the topic: the largest value that can be asked for, and room beside it.
const MESSAGE_SIZE_MAX: u32 = 101_000_000;

/// Measure throughput and latency of an engine, our server or any Kafka cluster
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    command: Option<BenchCommand>,
    #[command(flatten)]
    plan: Plan,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Subcommand)]
enum BenchCommand {
    Compare(CompareArgs),
}

/// What a run leaves beside what it prints.
#[derive(Args)]
struct FileArgs {
    /// Write the result there, as JSON, for `tidelog bench compare`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write percentiles of produce to ack there, in milliseconds, as HdrHistogram's plotters read them
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
    /// The same of produce to consume
    #[arg(long, value_name = "FILE")]
    consume_hgrm: Option<PathBuf>,
    /// Write a HdrHistogram log there: one histogram a second, tagged ack and consume
    #[arg(long, value_name = "FILE")]
    hdr_log: Option<PathBuf>,
    /// Plot the percentiles there
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

const EXAMPLES: &str = "\
With a rate, each latency counts from the moment at which its record was due, however late it was sent:
a target that stalls cannot hide what waits behind the stall. Without one, from the moment it was sent.
Values are words that a codec can compress to about a half.

Targets:
  embedded      an engine in this process, on a fresh directory below the one for temporary files
  embedded:DIR  the same in DIR
  memory        an engine in this process, in memory
  server        our server in this process, on a fresh directory, over TCP
  HOST:PORT     any Kafka cluster
The last two go through librdkafka, and need a tidelog that was built with `--features librdkafka`.

Examples:
  tidelog bench --rate 50000 --svg latency.svg
  tidelog bench --target memory --size 1000 --producers 2 --consumers 2 --partitions 4
  tidelog bench --rate 10000 --acks 1 --save a.json
  tidelog bench compare a.json b.json";

pub(crate) fn run(args: &BenchArgs) -> CommandOutcome {
    if let Some(BenchCommand::Compare(args)) = &args.command {
        return compare::run(args);
    }
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let measured = Job { plan: &args.plan, interrupt: &interrupt }.run()?;
    let outcome = Outcome::new(&args.plan, &measured);
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&outcome)?
    } else {
        outcome.print(&mut output)?
    }
    output.flush()?;
    let files = &args.files;
    files.save.iter().try_for_each(|path| outcome.save(path))?;
    files.hgrm.iter().try_for_each(|path| files::write_hgrm(path, &measured.acknowledged.total))?;
    files.consume_hgrm.iter().try_for_each(|path| files::write_hgrm(path, &measured.received.total))?;
    files.hdr_log.iter().try_for_each(|path| files::write_log(path, &outcome, &measured))?;
    files.svg.iter().try_for_each(|path| files::write_plot(path, std::slice::from_ref(&outcome)))?;
    Ok(if interrupt.is_set() { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}
