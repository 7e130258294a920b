//! `tidelog quickstart`: the main job from end to end. Text goes into a topic as keyed records, two members of a consumer
//! group read it back meanwhile, and what arrived is held against what was sent.
//!
//! In reading order: `sources` (which text), `place` (where the data goes), `ingest` (the producer's side), `members` (the
//! consumers' side), `watch` (what both share), `proof` (what is compared), `report` (what is told).

mod ingest;
mod job;
mod members;
mod place;
mod proof;
mod report;
mod sources;
mod stamp;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::configs::parse_setting;
use crate::data_directory::Directory;
use crate::error::{CliError, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{FormatArgs, Output, count_text, size_text};
use job::Job;
use place::Place;
use sources::Sources;

/// Put text through an embedded engine and prove what arrives: the main job from end to end
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QuickstartArgs {
    /// Text to read, line by line [default: text below this folder, word lists, licenses and logs of the system]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Directory for the data [default: a fresh one below the system's for temporary files]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep the data of a fresh directory
    #[arg(long)]
    keep: bool,
    /// Count of partitions
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u16).range(2..))]
    partitions: u16,
    /// Largest record in bytes; a line beyond it ends the run
    #[arg(long, value_name = "BYTES", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1_000..=1_000_000_000))]
    message_max_bytes: u32,
    /// A setting of the producer, such as linger.ms=0 or compression.type=zstd; may be given several times
    #[arg(long = "producer-property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    producer_properties: Vec<(String, String)>,
    /// File for the latency plot [default: latency.svg beside the data]
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
Each line becomes a record whose key is the line's first word. Records are produced with acks=all
and read by two members of one consumer group, which run at the same time. Then count, order and
checksum of every partition are compared on both sides, and throughput and latencies are printed.

Exit code: 0 when everything is proven, 1 when not.

Examples:
  tidelog quickstart
  tidelog quickstart /usr/share/dict/words --partitions 12
  tidelog quickstart access.log --data-dir ./demo --svg latency.svg";

pub(crate) fn run(args: &QuickstartArgs) -> Outcome {
    let sources = match args.files.is_empty() {
        true => Sources::found(&std::env::current_dir().map_err(CliError::of_file("."))?),
        false => Sources::named(&args.files)?,
    };
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let mut place = match &args.data_dir {
        Some(folder) => Place::named(folder),
        None => Place::fresh(&std::env::temp_dir())?,
    };
    place.is_passing &= !args.keep;
    place.plot = args.svg.clone().unwrap_or(std::mem::take(&mut place.plot));
    let (files, size) = (count_text(sources.files.len() as u64, "file", "files"), size_text(sources.size()));
    eprintln!("reading {files}, {size}; key: the first word of each line");
    let until = if place.is_passing { " until the end; --keep keeps it" } else { "" };
    eprintln!("the data is in {}{until}", place.data.display());
    let result = {
        let directory = Directory::open(&place.data)?;
        Job { args, sources: &sources, place: &place, directory: &directory, interrupt: &interrupt }.run()
    };
    let (report, error) = result?;
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&report)?
    } else {
        report.print(&mut output)?
    }
    output.flush()?;
    match error {
        Some(error) => Err(error),
        None if report.proven => Ok(ExitCode::SUCCESS),
        None => Err(CliError::NotProven(report.faults.join("; "))),
    }
}
