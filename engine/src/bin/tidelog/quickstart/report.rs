//! [`Report`]: what the quickstart found out, for people and for programs.

use serde::Serialize;

use crate::error::CliError;
use crate::latency::Percentiles;
use crate::output::{Align, Output, Row, count_text, duration_text, number_text, size_text};
use crate::throughput::{Throughput, rate_text};

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
    pub(super) produce: Throughput,
    pub(super) consume: Throughput,
    pub(super) produce_to_ack: Percentiles,
    pub(super) produce_to_consume: Percentiles,
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

fn throughput_text(throughput: &Throughput) -> String {
    let Throughput { seconds, records_per_second, .. } = *throughput;
    let (rate, mib) = (rate_text(records_per_second), throughput.mib_per_second());
    format!("{rate} records/s, {mib:.1} MiB/s, {seconds:.2} s")
}

fn latency_text(latency: &Percentiles) -> String {
    let [p50, p99, p999, max] = latency.values().map(duration_text);
    format!("p50 {p50}, p99 {p99}, p99.9 {p999}, max {max}")
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
        output.line(format_args!("produce             {}", throughput_text(&self.produce)))?;
        output.line(format_args!("consume             {}", throughput_text(&self.consume)))?;
        output.line(format_args!("produce to ack      {}", latency_text(&self.produce_to_ack)))?;
        output.line(format_args!("produce to consume  {}", latency_text(&self.produce_to_consume)))?;
        output.line(format_args!("latency plot        {}", self.plot))?;
        output.line("")?;
        match (self.proven, self.sent) {
            (true, 0) => output.line("The input has no lines: there was nothing to send."),
            (true, _) => output.line(PROVEN),
            (false, _) => Ok(()),
        }
    }
}
