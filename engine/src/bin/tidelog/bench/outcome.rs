//! [`Outcome`]: what a run has found out, for people and for programs; written to files, and read back for comparisons.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use hdrhistogram::Histogram;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::job::Measurement;
use super::plan::Plan;
use super::series::Series;
use crate::error::CliError;
use crate::latency::new_histogram;
use crate::output::{Align, Output, Row, duration_text, number_text};
use crate::throughput::{Throughput, rate_text};

/// Goes up when older programs cannot read what newer ones write.
const VERSION: u32 = 1;

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Of this format.
    pub(super) version: u32,
    /// What it is called in comparisons.
    pub(super) name: String,
    pub(super) tidelog: String,
    /// When it began.
    pub(super) began: String,
    pub(super) machine: Machine,
    pub(super) plan: Plan,
    /// Without the warm-up; bytes of values.
    pub(super) acknowledged: Throughput,
    /// `None` without consumers.
    pub(super) consumed: Option<Throughput>,
    /// From when a record was due.
    pub(super) produce_to_ack: Distribution,
    pub(super) produce_to_consume: Option<Distribution>,
    /// How late records were handed to the producer; with a rate only.
    pub(super) sent_late: Option<Distribution>,
    pub(super) seconds: Vec<SecondOutcome>,
}

/// Where it ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) kernel: String,
}

impl Machine {
    fn this() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let model = read("/proc/cpuinfo").lines().find_map(|line| {
            line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned())
        });
        Machine {
            processor: model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// Latencies in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Distribution {
    pub(super) count: u64,
    pub(super) min: u64,
    pub(super) mean: f64,
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) p9999: u64,
    pub(super) max: u64,
    /// All of it, to three digits: value and how often.
    pub(super) histogram: Vec<(u64, u64)>,
}

impl Distribution {
    pub(super) fn new(nanos: &Histogram<u64>) -> Distribution {
        Distribution {
            count: nanos.len(),
            min: if nanos.is_empty() { 0 } else { nanos.min() },
            mean: nanos.mean(),
            p50: nanos.value_at_quantile(0.5),
            p90: nanos.value_at_quantile(0.9),
            p99: nanos.value_at_quantile(0.99),
            p999: nanos.value_at_quantile(0.999),
            p9999: nanos.value_at_quantile(0.9999),
            max: nanos.max(),
            histogram: nanos
                .iter_recorded()
                .map(|step| (step.value_iterated_to(), step.count_at_value()))
                .collect(),
        }
    }

    /// The distribution again.
    pub(super) fn histogram(&self) -> Histogram<u64> {
        let mut nanos = new_histogram();
        for (value, count) in &self.histogram {
            nanos.saturating_record_n(*value, *count);
        }
        nanos
    }
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SecondOutcome {
    /// Where it begins, in seconds from where measuring began.
    pub(super) begin: f64,
    pub(super) acknowledged: u64,
    pub(super) ack_p50: u64,
    pub(super) ack_p99: u64,
    pub(super) ack_max: u64,
    pub(super) consumed: u64,
    pub(super) consume_p50: u64,
    pub(super) consume_p99: u64,
    pub(super) consume_max: u64,
}

impl Outcome {
    pub(super) fn new(plan: &Plan, measured: &Measurement) -> Outcome {
        let Measurement { began, acknowledged, received, lag } = measured;
        let began = began.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let began = Timestamp::from_second(i64::try_from(began).unwrap_or(0)).unwrap_or_default();
        let has_consumers = plan.consumers > 0;
        let throughput = |series: &Series| {
            let records = series.total.len();
            Throughput::new(records, records * u64::from(plan.size), series.took.as_secs_f64())
        };
        let seconds = acknowledged.seconds.iter().zip(&received.seconds).map(|(acks, records)| {
            let of = |nanos: &Histogram<u64>| {
                (nanos.len(), nanos.value_at_quantile(0.5), nanos.value_at_quantile(0.99), nanos.max())
            };
            let (acknowledged, ack_p50, ack_p99, ack_max) = of(&acks.nanos);
            let (consumed, consume_p50, consume_p99, consume_max) = of(&records.nanos);
            let begin = acks.begin.as_secs_f64();
            SecondOutcome {
                begin,
                acknowledged,
                ack_p50,
                ack_p99,
                ack_max,
                consumed,
                consume_p50,
                consume_p99,
                consume_max,
            }
        });
        Outcome {
            version: VERSION,
            name: plan.name(),
            tidelog: env!("CARGO_PKG_VERSION").to_owned(),
            began: began.to_string(),
            machine: Machine::this(),
            plan: plan.clone(),
            acknowledged: throughput(acknowledged),
            consumed: has_consumers.then(|| throughput(received)),
            produce_to_ack: Distribution::new(&acknowledged.total),
            produce_to_consume: has_consumers.then(|| Distribution::new(&received.total)),
            sent_late: plan.rate.0.map(|_| Distribution::new(lag)),
            seconds: seconds.collect(),
        }
    }

    /// Reads what [`Outcome::save`] has written.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be read, [`CliError::Usage`] when it is something else.
    pub(super) fn read(path: &Path) -> Result<Outcome, CliError> {
        let text = fs::read_to_string(path).map_err(CliError::of_file(path))?;
        let refused = |reason: String| CliError::Usage(format!("{}: {reason}", path.display()));
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| refused(format!("not a result of `tidelog bench`: {error}")))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => serde_json::from_value(value)
                .map_err(|error| refused(format!("not a result of `tidelog bench`: {error}"))),
            Some(version) => Err(refused(format!("has version {version}, this tidelog reads {VERSION}"))),
            None => Err(refused("not a result of `tidelog bench`: it has no version".to_owned())),
        }
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub(super) fn save(&self, path: &Path) -> Result<(), CliError> {
        let text =
            serde_json::to_string_pretty(self).map_err(|error| CliError::of_file(path)(error.into()))?;
        fs::write(path, text + "\n").map_err(CliError::of_file(path))
    }

    /// Everything, for people.
    pub(super) fn print(&self, output: &mut Output) -> Result<(), CliError> {
        let Machine { processor, cores, kernel } = &self.machine;
        output.line(format_args!("{}: {}", self.name, self.plan.summary()))?;
        output.line(format_args!("{processor}, {cores} cores, Linux {kernel}"))?;
        output.line("")?;
        let throughput = |what, throughput: Throughput| ThroughputRow { what, throughput };
        let mut rows = vec![throughput("acknowledged", self.acknowledged)];
        rows.extend(self.consumed.map(|consumed| throughput("consumed", consumed)));
        output.table(&rows)?;
        output.line("")?;
        let latency = |what, distribution| LatencyRow { what, distribution };
        let mut rows = vec![latency("produce to ack", &self.produce_to_ack)];
        rows.extend(self.produce_to_consume.iter().map(|nanos| latency("produce to consume", nanos)));
        rows.extend(self.sent_late.iter().map(|nanos| latency("sent late by", nanos)));
        output.table(&rows)?;
        if let Some(consumed) = self.consumed.filter(|consumed| consumed.records < self.acknowledged.records)
        {
            let missing = number_text(self.acknowledged.records - consumed.records);
            output.line("")?;
            output
                .line(format_args!("{missing} records were acknowledged and have not come to a consumer."))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct ThroughputRow {
    what: &'static str,
    throughput: Throughput,
}

impl Row for ThroughputRow {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("", Align::Left),
        ("RECORDS", Align::Right),
        ("SECONDS", Align::Right),
        ("RECORDS/S", Align::Right),
        ("MIB/S", Align::Right),
    ];

    fn cells(&self) -> Vec<String> {
        let Throughput { records, seconds, records_per_second, .. } = self.throughput;
        vec![
            self.what.to_owned(),
            number_text(records),
            format!("{seconds:.2}"),
            rate_text(records_per_second),
            format!("{:.1}", self.throughput.mib_per_second()),
        ]
    }
}

#[derive(Serialize)]
struct LatencyRow<'a> {
    what: &'static str,
    distribution: &'a Distribution,
}

impl Row for LatencyRow<'_> {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("", Align::Left),
        ("MIN", Align::Right),
        ("P50", Align::Right),
        ("P90", Align::Right),
        ("P99", Align::Right),
        ("P99.9", Align::Right),
        ("P99.99", Align::Right),
        ("MAX", Align::Right),
    ];

    fn cells(&self) -> Vec<String> {
        let Distribution { min, p50, p90, p99, p999, p9999, max, .. } = self.distribution;
        let values = [min, p50, p90, p99, p999, p9999, max].map(|nanos| duration_text(*nanos));
        std::iter::once(self.what.to_owned()).chain(values).collect()
    }
}
