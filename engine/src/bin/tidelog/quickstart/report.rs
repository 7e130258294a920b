//! [`Report`]: what the quickstart found out, for people and for programs.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::error::CliError;
use crate::output::{Align, Output, Row, count_text, duration_text, number_text, size_text};

const PROVEN: &str = "\
Proven: every record arrived once, in order within its partition, and each partition was read by
exactly one member at a time.";

/// See the module.
#[derive(Serialize)]
pub(super) struct Report {
    /// Where the data is, or was.
    pub(super) data: String,
    /// Where the plot is.
    pub(super) plot: String,
    pub(super) topic: String,
    pub(super) files: usize,
    pub(super) proven: bool,
    /// What is wrong when it is not proven.
    pub(super) faults: Vec<String>,
    /// Records that were sent.
    pub(super) sent: u64,
    /// Records that were acknowledged.
    pub(super) acknowledged: u64,
    /// Different records that arrived.
    pub(super) consumed: u64,
    /// Arrivals of a record that had been there.
    pub(super) repeated: u64,
    /// Bytes of all lines.
    pub(super) bytes: u64,
    pub(super) partitions: Vec<PartitionReport>,
    pub(super) produce: Rate,
    pub(super) consume: Rate,
    pub(super) produce_to_ack: Latency,
    pub(super) produce_to_consume: Latency,
}

/// One partition, as both sides saw it.
#[derive(Serialize)]
pub(super) struct PartitionReport {
    pub(super) partition: usize,
    /// Members that read it, one after the other.
    pub(super) members: Vec<usize>,
    pub(super) produced: u64,
    pub(super) consumed: u64,
    /// Records on either side that did not follow the one before.
    pub(super) out_of_order: u64,
    pub(super) produced_checksum: String,
    pub(super) consumed_checksum: String,
    /// What the group has committed.
    pub(super) committed: Option<i64>,
    /// Everything is as it should be.
    pub(super) proven: bool,
}

impl Row for PartitionReport {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("PARTITION", Align::Right),
        ("READ BY", Align::Left),
        ("PRODUCED", Align::Right),
        ("CONSUMED", Align::Right),
        ("COMMITTED", Align::Right),
        ("CHECKSUM PRODUCED", Align::Left),
        ("CHECKSUM CONSUMED", Align::Left),
        ("", Align::Left),
    ];

    fn cells(&self) -> Vec<String> {
        let members: Vec<String> =
            self.members.iter().map(|member| format!("member {}", member + 1)).collect();
        vec![
            self.partition.to_string(),
            if members.is_empty() { "-".to_owned() } else { members.join(", then ") },
            number_text(self.produced),
            number_text(self.consumed),
            self.committed.map_or_else(|| "-".to_owned(), |offset| offset.to_string()),
            self.produced_checksum.clone(),
            self.consumed_checksum.clone(),
            if self.proven { "same" } else { "DIFFERENT" }.to_owned(),
        ]
    }
}

/// How fast one side was.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Rate {
    pub(super) seconds: f64,
    pub(super) records_per_second: f64,
    pub(super) bytes_per_second: f64,
}

impl Rate {
    /// Of `records` with `bytes` in `seconds`.
    pub(super) fn new(records: u64, bytes: u64, seconds: f64) -> Rate {
        let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        Rate { seconds, records_per_second: per_second(records), bytes_per_second: per_second(bytes) }
    }

    fn text(&self) -> String {
        format!(
            "{} records/s, {:.1} MiB/s, {:.2} s",
            number_text(whole(self.records_per_second)),
            self.bytes_per_second / f64::from(1 << 20),
            self.seconds
        )
    }
}

/// Percentiles of one distribution, in nanoseconds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Latency {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) max: u64,
}

impl Latency {
    /// Of a distribution.
    pub(super) fn new(nanos: &Histogram<u64>) -> Latency {
        Latency {
            p50: nanos.value_at_quantile(0.5),
            p99: nanos.value_at_quantile(0.99),
            p999: nanos.value_at_quantile(0.999),
            max: nanos.max(),
        }
    }

    fn text(&self) -> String {
        let Latency { p50, p99, p999, max } = self;
        let [p50, p99, p999, max] = [p50, p99, p999, max].map(|nanos| duration_text(*nanos));
        format!("p50 {p50}, p99 {p99}, p99.9 {p999}, max {max}")
    }
}

/// A count that was divided, for people.
fn whole(number: f64) -> u64 {
    format!("{number:.0}").parse().unwrap_or(0)
}

impl Report {
    /// Everything, for people.
    pub(super) fn print(&self, output: &mut Output) -> Result<(), CliError> {
        output.table(&self.partitions)?;
        output.line("")?;
        let [sent, acknowledged, consumed] = [self.sent, self.acknowledged, self.consumed].map(number_text);
        output.line(format_args!(
            "records             {sent} sent, {acknowledged} acknowledged, {consumed} consumed, {} repeated",
            number_text(self.repeated)
        ))?;
        output.line(format_args!(
            "input               {}, {}",
            count_text(self.files as u64, "file", "files"),
            size_text(self.bytes)
        ))?;
        output.line(format_args!("produce             {}", self.produce.text()))?;
        output.line(format_args!("consume             {}", self.consume.text()))?;
        output.line(format_args!("produce to ack      {}", self.produce_to_ack.text()))?;
        output.line(format_args!("produce to consume  {}", self.produce_to_consume.text()))?;
        output.line(format_args!("latency plot        {}", self.plot))?;
        output.line("")?;
        match (self.proven, self.sent) {
            (true, 0) => output.line("The input has no lines: there was nothing to send."),
            (true, _) => output.line(PROVEN),
            (false, _) => Ok(()),
        }
    }
}
