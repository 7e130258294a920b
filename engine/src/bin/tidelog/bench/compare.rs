//! `tidelog bench compare`: results of several runs beside each other, and as ratios to the first.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::files::write_plot;
use super::outcome::{Distribution, Outcome};
use crate::error::Outcome as CommandOutcome;
use crate::latency::Percentiles;
use crate::output::{Align, FormatArgs, Output, Row, duration_text};
use crate::throughput::rate_text;

/// Compare the results of runs with those of the first
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// What `tidelog bench --save FILE` has written
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    results: Vec<PathBuf>,
    /// Plot all distributions over each other
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
Below each further run stands what it has relative to the first: more is better for RECORDS/S, less for
latencies. Compare what ran in turns on a quiet machine, several times.

Example:
  tidelog bench --rate 50000 --save a.json
  tidelog bench --rate 50000 --target localhost:9092 --save b.json
  tidelog bench compare a.json b.json --svg both.svg";

pub(super) fn run(args: &CompareArgs) -> CommandOutcome {
    let results = args.results.iter().map(|path| Outcome::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut output = Output::new(args.format);
    let compared: Vec<Compared> = results.iter().map(Compared::of).collect();
    let Some(first) = compared.first() else { return Ok(ExitCode::SUCCESS) };
    let ratios = compared[1..].iter().map(|other| other.relative_to(first));
    if output.is_json() {
        let all: Vec<serde_json::Value> = compared
            .iter()
            .zip(std::iter::once(None).chain(ratios.map(Some)))
            .map(|(run, ratio)| serde_json::json!({"run": run, "relative_to_first": ratio}))
            .collect();
        output.json(&all)?;
    } else {
        let mut rows = vec![Line::Run(first)];
        let ratios: Vec<Ratios> = ratios.collect();
        for (run, ratio) in compared[1..].iter().zip(&ratios) {
            rows.extend([Line::Run(run), Line::Ratios(ratio)]);
        }
        output.table(&rows)?;
        for (run, outcome) in compared.iter().zip(&results) {
            output.line(format_args!("\n{}: {}", run.name, outcome.plan.summary()))?;
        }
    }
    output.flush()?;
    if let Some(path) = &args.svg {
        write_plot(path, &results)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is compared of a run.
#[derive(Serialize)]
struct Compared {
    name: String,
    records_per_second: f64,
    ack: Option<Percentiles>,
    consume: Option<Percentiles>,
}

/// `None` where there was nothing.
fn percentiles(distribution: &Distribution) -> Option<Percentiles> {
    let Distribution { count, p50, p99, p999, max, .. } = *distribution;
    (count > 0).then_some(Percentiles { p50, p99, p999, max })
}

/// A run divided by another: throughput, then four latencies of each kind.
#[derive(Serialize)]
struct Ratios {
    records_per_second: f64,
    ack: Option<[f64; 4]>,
    consume: Option<[f64; 4]>,
}

impl Compared {
    fn of(outcome: &Outcome) -> Compared {
        Compared {
            name: outcome.name.clone(),
            records_per_second: outcome.acknowledged.records_per_second,
            ack: percentiles(&outcome.produce_to_ack),
            consume: outcome.produce_to_consume.as_ref().and_then(percentiles),
        }
    }

    fn relative_to(&self, first: &Compared) -> Ratios {
        let latency = |own: &Option<Percentiles>, other: &Option<Percentiles>| {
            let (own, other) = (own.as_ref()?.values(), other.as_ref()?.values());
            Some(std::array::from_fn(|at| own[at] as f64 / other[at].max(1) as f64))
        };
        Ratios {
            records_per_second: self.records_per_second / first.records_per_second,
            ack: latency(&self.ack, &first.ack),
            consume: latency(&self.consume, &first.consume),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Run(&'a Compared),
    Ratios(&'a Ratios),
}

impl Row for Line<'_> {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("RUN", Align::Left),
        ("RECORDS/S", Align::Right),
        ("ACK P50", Align::Right),
        ("P99", Align::Right),
        ("P99.9", Align::Right),
        ("MAX", Align::Right),
        ("CONSUME P50", Align::Right),
        ("P99", Align::Right),
        ("P99.9", Align::Right),
        ("MAX", Align::Right),
    ];

    fn cells(&self) -> Vec<String> {
        let nothing = || ["-"; 4].map(str::to_owned);
        let ratio = |ratio: f64| format!("{ratio:.2}x");
        match self {
            Line::Run(run) => {
                let texts = |latency: &Option<Percentiles>| {
                    latency.as_ref().map_or_else(nothing, |latency| latency.values().map(duration_text))
                };
                let front = [run.name.clone(), rate_text(run.records_per_second)];
                front.into_iter().chain(texts(&run.ack)).chain(texts(&run.consume)).collect()
            }
            Line::Ratios(ratios) => {
                let texts =
                    |values: &Option<[f64; 4]>| values.map_or_else(nothing, |values| values.map(ratio));
                let front = [String::new(), ratio(ratios.records_per_second)];
                front.into_iter().chain(texts(&ratios.ack)).chain(texts(&ratios.consume)).collect()
            }
        }
    }
}
