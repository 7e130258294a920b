//! `peers`: the same work for tidelog, its peers and the floors of this machine, in turns, in one run.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tidelog_benches::error::SampleError;
use tidelog_benches::job::Scale;
use tidelog_benches::machine::{Machine, file_system};
use tidelog_benches::report::{Report, text};
use tidelog_benches::session::{SampleName, Session, take};
use tidelog_benches::workload::WORKLOADS;

/// Compares tidelog with its peers and with the floor of this machine: the same work, in turns, in one run.
#[derive(Parser)]
struct Arguments {
    /// Workloads to run; all when none is named.
    #[arg(value_parser = workload_place)]
    workloads: Vec<usize>,
    /// Lists the workloads and who takes part.
    #[arg(long)]
    list: bool,
    /// Smaller samples: figures in minutes, good for a first look.
    #[arg(long, conflicts_with = "scale")]
    quick: bool,
    /// Size of the samples.
    #[arg(long, value_enum, default_value = "full")]
    scale: Scale,
    /// Samples per contestant; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Where to put the data, which is removed afterwards. By default next to this program, if that is on a disk.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Also writes all figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Takes the one sample at these places: what this program starts itself for.
    #[arg(long, hide = true, num_args = 3, requires = "dir")]
    take_sample: Option<Vec<usize>>,
}

fn workload_place(name: &str) -> Result<usize, String> {
    let names = || WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
    WORKLOADS
        .iter()
        .position(|workload| workload.name == name)
        .ok_or_else(|| format!("there are {}", names()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), SampleError> {
    if let (Some([workload, variant, contestant]), Some(dir)) =
        (arguments.take_sample.as_deref(), &arguments.dir)
    {
        let name = SampleName { workload: *workload, variant: *variant, contestant: *contestant };
        return take(name, dir.clone(), arguments.scale);
    }
    if arguments.list {
        list();
        return Ok(());
    }
    compare(&arguments)
}

fn list() {
    for workload in WORKLOADS {
        println!("{}: {}", workload.name, workload.about);
        for contestant in workload.contestants {
            println!("    {}", contestant.name);
        }
    }
}

fn compare(arguments: &Arguments) -> Result<(), SampleError> {
    let program = std::env::current_exe()?;
    let scale = if arguments.quick { Scale::Quick } else { arguments.scale };
    let dir = tempfile::Builder::new().prefix("peers-").tempdir_in(place(arguments, &program)?)?;
    let machine = Machine::look(dir.path())?;
    println!(
        "kernel {}, {} cores, {}, load {}; {:?} samples, median of {} rounds, every sample in its own process",
        machine.kernel, machine.core_count, machine.file_system, machine.load, scale, arguments.rounds
    );
    let mut report = Report::new(machine, scale, arguments.rounds);
    let session = Session { dir: dir.path().to_owned(), scale, rounds: arguments.rounds, program };
    for (place, workload) in WORKLOADS.iter().enumerate() {
        if !arguments.workloads.is_empty() && !arguments.workloads.contains(&place) {
            continue;
        }
        for variant in 0..workload.variants.len() {
            let table = session.run(place, workload, variant);
            println!("\n{}", text(&table).trim_end());
            report.add(&table);
        }
    }
    if let Some(file) = &arguments.json {
        serde_json::to_writer_pretty(BufWriter::new(File::create(file)?), &report)
            .map_err(SampleError::of)?;
    }
    Ok(())
}

/// Where the data goes: where the caller says, else the folder of the build, which must not be in memory.
fn place(arguments: &Arguments, program: &Path) -> Result<PathBuf, SampleError> {
    if let Some(dir) = &arguments.dir {
        return Ok(dir.clone());
    }
    let dir = program.ancestors().nth(2).unwrap_or(Path::new("."));
    if file_system(dir)? == "tmpfs" {
        let text = format!("{} is in memory; name a directory on a disk with --dir", dir.display());
        return Err(SampleError::Process(text));
    }
    Ok(dir.to_owned())
}
