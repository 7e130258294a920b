//! The files that a run can leave: percentiles as HdrHistogram's tools read and plot them, and a plot of our own.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::job::Measurement;
use super::outcome::Outcome;
use crate::error::CliError;
use crate::plot::{Curve, LatencyPlot};

/// Steps for each halving of the distance to 100 percent, as HdrHistogram's own tools have it.
const TICKS_PER_HALF: u32 = 5;

/// Nanoseconds of what the files count in.
const MILLISECOND: f64 = 1e6;

/// Writes the percentiles of a distribution as text (`.hgrm`), in milliseconds.
///
/// # Errors
/// [`CliError::File`].
pub(super) fn write_hgrm(path: &Path, nanos: &Histogram<u64>) -> Result<(), CliError> {
    fs::write(path, hgrm(nanos)).map_err(CliError::of_file(path))
}

fn hgrm(nanos: &Histogram<u64>) -> String {
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut below = 0;
    for step in nanos.iter_quantiles(TICKS_PER_HALF) {
        below += step.count_since_last_iteration();
        let (value, quantile) = (step.value_iterated_to() as f64 / MILLISECOND, step.quantile_iterated_to());
        text.push_str(&format!("{value:12.6} {quantile:2.12} {below:10}"));
        if quantile < 1.0 {
            text.push_str(&format!(" {:14.2}", 1.0 / (1.0 - quantile)));
        }
        text.push('\n');
    }
    let in_millis = |value: f64| value / MILLISECOND;
    text.push_str(&format!(
        "#[Mean    = {:12.6}, StdDeviation   = {:12.6}]\n",
        in_millis(nanos.mean()),
        in_millis(nanos.stdev())
    ));
    let (max, count) = (in_millis(nanos.max() as f64), nanos.len());
    text.push_str(&format!("#[Max     = {max:12.6}, Total count    = {count:12}]\n"));
    text
}

/// Writes the seconds of a run as a HdrHistogram log; acknowledgements have the tag `ack`, consumed records `consume`.
///
/// # Errors
/// [`CliError::File`].
pub(super) fn write_log(path: &Path, outcome: &Outcome, measured: &Measurement) -> Result<(), CliError> {
    log_to(path, outcome, measured).map_err(CliError::of_file(path))
}

fn log_to(path: &Path, outcome: &Outcome, measured: &Measurement) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment(&format!("tidelog bench: {}: {}", outcome.name, outcome.plan.summary()));
    builder
        .with_start_time(measured.began)
        .with_base_time(measured.began)
        .with_max_value_divisor(MILLISECOND);
    let mut log = builder.begin_log_with(&mut file, &mut serializer)?;
    for (name, series) in [("ack", &measured.acknowledged), ("consume", &measured.received)] {
        for second in series.seconds.iter().filter(|second| !second.nanos.is_empty()) {
            log.write_histogram(&second.nanos, second.begin, second.length, Tag::new(name))
                .map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
    }
    file.flush()
}

/// Draws the distributions of all outcomes over each other.
///
/// # Errors
/// [`CliError::File`].
pub(super) fn write_plot(path: &Path, outcomes: &[Outcome]) -> Result<(), CliError> {
    let mut curves = Vec::new();
    for outcome in outcomes {
        let own = |what: &str| match outcomes {
            [_] => what.to_owned(),
            _ => format!("{}: {what}", outcome.name),
        };
        curves.push((own("produce to ack"), outcome.produce_to_ack.histogram()));
        curves.extend(outcome.produce_to_consume.iter().map(|nanos| (own("consume"), nanos.histogram())));
    }
    let curves: Vec<Curve<'_>> = curves.iter().map(|(name, nanos)| Curve { name, nanos }).collect();
    let (title, note) = match outcomes {
        [one] => (format!("tidelog bench: {}", one.name), one.plan.summary()),
        _ => {
            ("tidelog bench".to_owned(), "each run has its own plan; see `tidelog bench compare`".to_owned())
        }
    };
    let svg = LatencyPlot { title: &title, note: &note, curves: &curves }.svg();
    fs::write(path, svg).map_err(CliError::of_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::new_histogram;

    #[test]
    fn percentiles_are_text_that_other_tools_read() {
        let mut nanos = new_histogram();
        (1..=1000).for_each(|value| nanos.record(value * 1_000_000).unwrap());
        let text = hgrm(&nanos);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]);
        let median = lines.iter().find(|line| line.get(1) == Some(&"0.500000000000")).unwrap();
        assert!((499.0..502.0).contains(&median[0].parse().unwrap()), "{median:?}");
        let counts: Vec<u64> = lines[2..]
            .iter()
            .filter(|line| line[0] != "#[Mean" && line[0] != "#[Max")
            .map(|line| line[2].parse().unwrap())
            .collect();
        assert!(counts.is_sorted() && counts.last() == Some(&1000), "{counts:?}");
        assert!(text.ends_with("Total count    =         1000]\n"), "{text}");
    }
}
