//! [`Job`]: one run of the quickstart, from an empty topic to the report.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tidelog::broker::group::Stability;
use tidelog::client::admin::{Admin, Mode, NewTopic};
use tidelog::client::config::Config;
use tidelog::client::{KafkaError, OffsetSpec, Producer};
use tidelog::error_code::ErrorCode;

use super::QuickstartArgs;
use super::ingest::{Ingest, Ingested};
use super::members::{self, MemberResult};
use super::place::Place;
use super::proof::Arrivals;
use super::report::{PartitionReport, Report};
use super::sources::Sources;
use super::watch::{MEMBERS_COUNT, Watch};
use crate::data_directory::Directory;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::latency::{Percentiles, new_histogram};
use crate::output::{count_text, size_text};
use crate::plot::{Curve, LatencyPlot};
use crate::progress;
use crate::throughput::Throughput;

/// Name of topic and group; a number follows where there is one of the name.
const NAME: &str = "quickstart";

/// How long the members may take to share out the partitions, and how long no record may arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often progress is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// See the module.
pub(super) struct Job<'a> {
    pub(super) args: &'a QuickstartArgs,
    pub(super) sources: &'a Sources,
    pub(super) place: &'a Place,
    pub(super) directory: &'a Directory,
    pub(super) interrupt: &'a Interrupt,
}

/// What both sides saw.
struct Run {
    topic: String,
    start: Instant,
    ingested: Ingested,
    members: Vec<MemberResult>,
    watch: Arc<Watch>,
    /// Why not everything was sent, or not everything awaited.
    error: Option<CliError>,
}

impl Job<'_> {
    /// Runs it. The report is about what was sent; the error beside it says why that is not everything.
    ///
    /// # Errors
    /// When there is nothing to report.
    pub(super) fn run(&self) -> Result<(Report, Option<CliError>), CliError> {
        let topic = self.create_topic()?;
        let partitions = usize::from(self.args.partitions);
        let watch = Arc::new(Watch::new(partitions));
        let start = Instant::now();
        let members = self.start_members(&topic, start, &watch)?;
        let ready = self.await_assignment(&watch);
        let ingested = match &ready {
            Ok(()) => self.ingest(&topic, start, &watch),
            Err(_) => Ok((Ingested::nothing(partitions, start), None)),
        };
        watch.stop();
        let members: Vec<MemberResult> =
            members.into_iter().filter_map(|thread| thread.join().ok()).collect();
        ready?;
        let (ingested, error) = ingested?;
        let run = Run { topic, start, ingested, members, watch, error };
        let (report, plotted) = self.report(&run)?;
        Ok((report, run.error.or(plotted.err())))
    }

    /// A topic of its own for this run.
    fn create_topic(&self) -> Result<String, CliError> {
        let admin = self.directory.admin();
        for number in 1_u32.. {
            let name = if number == 1 { NAME.to_owned() } else { format!("{NAME}-{number}") };
            // Room for the header of a batch and the stamp of its record.
            let size_max = u64::from(self.args.message_max_bytes) + 1024;
            let new = NewTopic {
                name: name.clone(),
                partitions: Some(i32::from(self.args.partitions)),
                config: [("max.message.bytes".to_owned(), size_max.to_string())].into(),
                ..NewTopic::default()
            };
            match admin.create_topics(&[new], Mode::Apply).remove(0) {
                Ok(()) => return Ok(name),
                Err(error) if error.code() == ErrorCode::TopicAlreadyExists => {}
                Err(error) => return Err(CliError::about(format!("topic {name}"))(error)),
            }
        }
        Err(CliError::Engine(KafkaError::new(ErrorCode::TopicAlreadyExists)))
    }

    fn start_members(
        &self,
        topic: &str,
        start: Instant,
        watch: &Arc<Watch>,
    ) -> Result<Vec<thread::JoinHandle<MemberResult>>, CliError> {
        let mut config = self.directory.config();
        for (name, value) in [("group.id", topic), ("auto.offset.reset", "earliest")] {
            config.set(name, Some(value)).map_err(KafkaError::from)?;
        }
        let start_one = |member| {
            let (config, topic, watch): (Config, String, _) =
                (config.clone(), topic.to_owned(), Arc::clone(watch));
            thread::Builder::new()
                .name(format!("member-{}", member + 1))
                .spawn(move || members::run(member, &config, &topic, start, &watch))
                .map_err(CliError::Thread)
        };
        (0..MEMBERS_COUNT).map(start_one).collect()
    }

    /// Waits until the members have shared out the partitions.
    fn await_assignment(&self, watch: &Watch) -> Result<(), CliError> {
        let deadline = Instant::now() + PATIENCE;
        while !watch.ownership.lock().is_shared_by(MEMBERS_COUNT) {
            if let Some(error) = watch.failure() {
                return Err(CliError::Engine(error));
            }
            if self.interrupt.is_set() {
                return Err(CliError::Interrupted);
            }
            if Instant::now() > deadline {
                return Err(CliError::Engine(KafkaError::new(ErrorCode::LocalTimedOut)));
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// Sends everything and waits until it has arrived, as far as that can be.
    fn ingest(
        &self,
        topic: &str,
        start: Instant,
        watch: &Watch,
    ) -> Result<(Ingested, Option<CliError>), CliError> {
        let size_max = self.args.message_max_bytes;
        let config = self.producer_config(size_max)?;
        let producer = Producer::new(&config)?;
        let size_max = usize::try_from(size_max).unwrap_or(usize::MAX);
        let partitions = usize::from(self.args.partitions);
        let mut ingest = Ingest::new(&producer, topic, partitions, start, size_max, self.interrupt);
        let bar = progress::bytes("producing", self.sources.size());
        let sent = self.sources.files.iter().try_for_each(|source| ingest.file(source, &bar));
        // Also after an error: what was sent before is to be accounted for.
        let finished = ingest.finish();
        bar.finish_and_clear();
        let arrived = self.await_arrival(ingest.result.acknowledged, watch);
        Ok((ingest.result, sent.and(finished).and(arrived).err()))
    }

    fn producer_config(&self, size_max: u32) -> Result<Config, CliError> {
        let mut config = self.directory.config();
        let size_max = size_max.saturating_add(512).to_string();
        let settings = [
            ("acks", "all"),
            ("linger.ms", "0"),
            ("message.max.bytes", size_max.as_str()),
            // Little enough that records do not wait long, and enough to keep every partition busy.
            ("queue.buffering.max.kbytes", "1024"),
        ];
        let given = &self.args.producer_properties;
        let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in settings.into_iter().chain(given) {
            config.set(name, Some(value)).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        Ok(config)
    }

    /// Waits for `count` records to arrive, as long as any do.
    fn await_arrival(&self, count: u64, watch: &Watch) -> Result<(), CliError> {
        let bar = progress::count("consuming", count);
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            let consumed = watch.consumed();
            bar.set_position(consumed);
            if consumed >= count {
                bar.finish_and_clear();
                return Ok(());
            }
            if let Some(error) = watch.failure() {
                return Err(CliError::Engine(error));
            }
            if self.interrupt.is_set() {
                return Err(CliError::Interrupted);
            }
            if consumed > seen {
                (seen, since) = (consumed, Instant::now());
            } else if since.elapsed() > PATIENCE {
                // The report says what is missing.
                return Ok(());
            }
            thread::sleep(LOOK_INTERVAL);
        }
    }

    /// The report, and whether the plot beside it could be written.
    fn report(&self, run: &Run) -> Result<(Report, Result<(), CliError>), CliError> {
        let mut arrivals = Arrivals::default();
        let mut consumed_latency = new_histogram();
        for member in &run.members {
            arrivals.merge(&member.arrivals);
            // Of the same bounds, so that there is room for everything.
            consumed_latency += &member.latency;
        }
        let ingested = &run.ingested;
        let partitions = self.partition_reports(run)?;
        let last_arrival = run.members.iter().map(|member| member.last_arrival).max().unwrap_or(run.start);
        let seconds = |until: Instant| {
            let first = ingested.first_sent.unwrap_or(run.start);
            until.saturating_duration_since(first).as_secs_f64()
        };
        let throughput = |records, until| Throughput::new(records, ingested.bytes, seconds(until));
        let mut report = Report {
            data: self.place.data.display().to_string(),
            plot: self.place.plot.display().to_string(),
            topic: run.topic.clone(),
            files: self.sources.files.len(),
            proven: false,
            faults: Vec::new(),
            sent: ingested.sent,
            acknowledged: ingested.acknowledged,
            consumed: arrivals.count,
            repeated: arrivals.repeated,
            bytes: ingested.bytes,
            produce: throughput(ingested.acknowledged, ingested.last_acknowledged),
            consume: throughput(arrivals.count, last_arrival),
            produce_to_ack: Percentiles::new(&ingested.latency),
            produce_to_consume: Percentiles::new(&consumed_latency),
            partitions,
        };
        report.faults = faults(&report, run);
        report.proven = report.faults.is_empty();
        let curves = [
            Curve { name: "produce to ack", nanos: &ingested.latency },
            Curve { name: "produce to consume", nanos: &consumed_latency },
        ];
        let plotted = self.write_plot(&report, &curves);
        Ok((report, plotted))
    }

    fn write_plot(&self, report: &Report, curves: &[Curve<'_>]) -> Result<(), CliError> {
        let title = format!("tidelog: latency of {}, acks=all", count_text(report.sent, "record", "records"));
        let note = format!(
            "{} partitions, {MEMBERS_COUNT} consumers in one process, {} in {:.2} s",
            self.args.partitions,
            size_text(report.bytes),
            report.produce.seconds
        );
        let svg = LatencyPlot { title: &title, note: &note, curves }.svg();
        std::fs::write(&self.place.plot, svg).map_err(CliError::of_file(&self.place.plot))
    }

    fn partition_reports(&self, run: &Run) -> Result<Vec<PartitionReport>, CliError> {
        let committed = committed(self.directory.admin(), &run.topic)?;
        let ownership = run.watch.ownership.lock();
        let sides = run.ingested.trails.iter().zip(&run.watch.trails);
        let reports = sides.enumerate().map(|(partition, (produced, consumed))| {
            let consumed = *consumed.lock();
            let members = ownership.readers_of(partition).to_vec();
            let out_of_order = produced.out_of_order + consumed.out_of_order;
            let count = produced.fingerprint.count;
            let committed = committed.get(partition).copied().flatten();
            let is_committed = committed.map_or(count == 0, |offset| u64::try_from(offset) == Ok(count));
            PartitionReport {
                partition,
                produced: count,
                consumed: consumed.fingerprint.count,
                out_of_order,
                produced_checksum: format!("{:016x}", produced.fingerprint.sum),
                consumed_checksum: format!("{:016x}", consumed.fingerprint.sum),
                committed,
                proven: produced.fingerprint == consumed.fingerprint
                    && out_of_order == 0
                    && members.is_empty() == (count == 0)
                    && is_committed,
                members,
            }
        });
        Ok(reports.collect())
    }
}

/// What the group has committed, by partition.
fn committed(admin: &Admin, name: &str) -> Result<Vec<Option<i64>>, CliError> {
    let mut committed = Vec::new();
    for of in admin.list_consumer_group_offsets(name, None, Stability::Required)? {
        let partition = usize::try_from(of.partition.0).unwrap_or(0);
        if partition >= committed.len() {
            committed.resize(partition + 1, None);
        }
        committed[partition] = match of.offset {
            OffsetSpec::At(offset) => Some(offset.0),
            _ => None,
        };
    }
    Ok(committed)
}

/// Everything that is not as it should be.
fn faults(report: &Report, run: &Run) -> Vec<String> {
    let mut faults = Vec::new();
    let missing = report.acknowledged.saturating_sub(report.consumed);
    let violations = run.watch.ownership.lock().violations;
    for (count, text) in [
        (report.sent.saturating_sub(report.acknowledged), "records were not acknowledged"),
        (missing, "records did not arrive"),
        (report.repeated, "records arrived again"),
        (violations, "times a partition had no owner or two"),
    ] {
        if count > 0 {
            faults.push(format!("{count} {text}"));
        }
    }
    for partition in report.partitions.iter().filter(|partition| !partition.proven) {
        faults.push(format!("partition {} differs", partition.partition));
    }
    faults
}
