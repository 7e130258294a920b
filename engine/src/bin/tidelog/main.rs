//! `tidelog`, the command line. Reads the arguments, runs one command and turns its outcome into an exit code; what a
//! command does is in the file of its name.
//!
//! Every command works on a data directory in this process. Results go to standard output, everything else to standard
//! error, so that output can be piped.

mod bench;
mod check;
mod configs;
mod consume;
mod data_directory;
mod dump;
mod error;
mod fresh_folder;
mod groups;
mod interrupt;
mod latency;
mod line_format;
mod lines;
mod output;
mod plot;
mod produce;
mod progress;
mod quickstart;
mod record_format;
mod repair;
mod serve;
mod standard_input;
mod throughput;
mod time;
mod topics;
mod transactions;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Kafka in a library: work with a tidelog data directory, no server needed.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Say more about what is going on; twice for details, three times for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Quickstart(quickstart::QuickstartArgs),
    Topics(topics::TopicsArgs),
    Configs(configs::ConfigsArgs),
    Produce(produce::ProduceArgs),
    Consume(consume::ConsumeArgs),
    Groups(groups::GroupsArgs),
    Transactions(transactions::TransactionsArgs),
    Dump(dump::DumpArgs),
    Check(check::CheckArgs),
    Repair(repair::RepairArgs),
    Serve(serve::ServeArgs),
    Bench(Box<bench::BenchArgs>),
}

const EXAMPLES: &str = "\
Examples:
  tidelog quickstart
  echo 'alice:1' | tidelog produce --topic scores --key-separator :
  tidelog consume --topic scores --from-beginning
  tidelog check

Results go to standard output, everything else to standard error.
Exit code: 0 done, 1 something failed, 2 wrong arguments.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging(cli.verbose);
    let outcome = match cli.command {
        Command::Quickstart(args) => quickstart::run(&args),
        Command::Topics(args) => topics::run(&args),
        Command::Configs(args) => configs::run(&args),
        Command::Produce(args) => produce::run(&args),
        Command::Consume(args) => consume::run(&args),
        Command::Groups(args) => groups::run(&args),
        Command::Transactions(args) => transactions::run(&args),
        Command::Dump(args) => dump::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Repair(args) => repair::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    outcome.unwrap_or_else(|error| error.report())
}

/// Log lines go to standard error: warnings always, more with `-v`. `RUST_LOG` overrides both.
fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if verbose == 0 { lines.without_time().with_target(false).init() } else { lines.init() }
}
