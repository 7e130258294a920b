//! `tidelog check`: reads a whole data directory and says whether it is sound. It changes nothing; what can be repaired is
//! repaired by opening the directory.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use tidelog::broker::catalog::Catalog;
use tidelog::broker::producer_ids::ProducerIds;
use tidelog::config::topic::LogConfig;
use tidelog::config::{TopicDefaults, TopicOverrides};
use tidelog::io::{DirectoryLock, Disk, LockError, PosixDisk, WriteMethod};
use tidelog::log::inspection::{CheckFrom, PartitionCheck, check_partition};
use tidelog::log::{
    CheckpointFile, DataDirectory, DataDirectoryError, KnownWatermarks, MetaProperties, OpenFrom,
    PartitionOffsets,
};
use tidelog::types::{PartitionIndex, TopicPartition};

use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::output::{Align, FormatArgs, Output, Row, count_text, size_text};
use crate::progress;

/// Verify a data directory without changing anything
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Check only this topic; may be given several times
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
Every batch of every segment is read: its checksum, its offsets, the entries of both indexes, the
list of aborted transactions, and the small files beside them.

Exit code:
  0  sound
  1  a crash left a torn tail, or indexes are to be made anew: opening the directory does that,
     and nothing that was acknowledged is lost
  2  records or files that were promised are damaged; each is named
  3  the check could not be made, for example because a process has the directory open

Examples:
  tidelog check --data-dir /var/lib/app/log
  tidelog check --topic orders --json";

/// Exit code when there is no verdict.
const NOT_CHECKED: u8 = 3;

pub(crate) fn run(args: &CheckArgs) -> Outcome {
    match check(args) {
        Err(error @ (CliError::Output(_) | CliError::Usage(_))) => Err(error),
        Err(error) => {
            error.report();
            Ok(ExitCode::from(NOT_CHECKED))
        }
        outcome => outcome,
    }
}

/// How bad it is; the worst decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Sound,
    Repairable,
    Corrupt,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Verdict::Sound => "sound",
            Verdict::Repairable => "repairable",
            Verdict::Corrupt => "corrupt",
        }
    }

    fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Verdict::Sound => 0,
            Verdict::Repairable => 1,
            Verdict::Corrupt => 2,
        })
    }
}

/// What the check found.
#[derive(Serialize)]
struct Report {
    verdict: Verdict,
    /// The directory was closed in order.
    closed: bool,
    findings: Vec<ReportedFinding>,
    partitions: Vec<CheckedPartition>,
    /// Folders of partitions that belong to no topic.
    strays: Vec<String>,
}

/// Something that is wrong.
#[derive(Clone, Serialize)]
struct ReportedFinding {
    severity: Verdict,
    text: String,
}

impl ReportedFinding {
    fn corrupt(text: impl ToString) -> ReportedFinding {
        ReportedFinding { severity: Verdict::Corrupt, text: text.to_string() }
    }
}

/// A partition as it is listed.
#[derive(Serialize)]
struct CheckedPartition {
    topic: String,
    partition: i32,
    segments: usize,
    batches: u64,
    records: u64,
    bytes: u64,
    start: i64,
    end: i64,
    state: Verdict,
    findings: Vec<ReportedFinding>,
}

impl CheckedPartition {
    fn new(id: &TopicPartition, check: PartitionCheck) -> CheckedPartition {
        let findings: Vec<ReportedFinding> = check
            .findings
            .iter()
            .map(|finding| ReportedFinding {
                severity: if finding.is_repairable() { Verdict::Repairable } else { Verdict::Corrupt },
                text: finding.to_string(),
            })
            .collect();
        CheckedPartition {
            topic: id.topic.to_string(),
            partition: id.partition.0,
            segments: check.segments,
            batches: check.batches,
            records: check.records,
            bytes: check.bytes,
            start: check.start.0,
            end: check.end.0,
            state: worst(&findings),
            findings,
        }
    }
}

fn worst(findings: &[ReportedFinding]) -> Verdict {
    findings.iter().map(|finding| finding.severity).max().unwrap_or(Verdict::Sound)
}

impl Row for CheckedPartition {
    const COLUMNS: &'static [(&'static str, Align)] = &[
        ("PARTITION", Align::Left),
        ("SEGMENTS", Align::Right),
        ("BATCHES", Align::Right),
        ("RECORDS", Align::Right),
        ("SIZE", Align::Right),
        ("START", Align::Right),
        ("END", Align::Right),
        ("STATE", Align::Left),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            format!("{}-{}", self.topic, self.partition),
            self.segments.to_string(),
            self.batches.to_string(),
            self.records.to_string(),
            size_text(self.bytes),
            self.start.to_string(),
            self.end.to_string(),
            self.state.text().to_owned(),
        ]
    }
}

fn check(args: &CheckArgs) -> Outcome {
    let root = args.directory.existing()?;
    let _lock = lock(root)?;
    let disk: Arc<dyn Disk> = Arc::new(PosixDisk::new(WriteMethod::Auto));
    let report = check_directory(&disk, root, &args.topics)?;
    let mut output = Output::new(args.format);
    if output.is_json() {
        output.json(&report)?
    } else {
        print(&mut output, &report)?
    }
    output.flush()?;
    Ok(report.verdict.exit_code())
}

/// Keeps other processes from changing what is being read. A directory that no process has ever opened, or that this one
/// may not write to, is checked without.
fn lock(root: &Path) -> Result<Option<DirectoryLock>, CliError> {
    if !root.join(".lock").exists() {
        return Ok(None);
    }
    match DirectoryLock::acquire(root) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Io { source, .. }) if is_read_only(&source) => Ok(None),
        Err(error) => Err(CliError::Lock(error)),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// What the files at the root say.
struct Root {
    directory: DataDirectory,
    catalog: Option<Catalog>,
    closed: bool,
    recovery_points: PartitionOffsets,
    log_starts: PartitionOffsets,
    compacted: PartitionOffsets,
    gaps: PartitionOffsets,
    watermarks: KnownWatermarks,
    findings: Vec<ReportedFinding>,
}

impl Root {
    fn read(disk: &Arc<dyn Disk>, root: &Path) -> Result<Root, CliError> {
        // Not used: the file with the properties is there.
        let new = MetaProperties { cluster_id: String::new(), node_id: 0, directory_id: String::new() };
        let directory = DataDirectory::open(Arc::clone(disk), root, new)?;
        let mut findings = Vec::new();
        let mut checkpoint = |file| match directory.read_checkpoint(file) {
            Ok(offsets) => Ok(offsets),
            Err(error @ DataDirectoryError::File(_)) => Err(CliError::Root(error)),
            Err(error) => {
                findings.push(ReportedFinding::corrupt(error));
                Ok(PartitionOffsets::new())
            }
        };
        let recovery_points = checkpoint(CheckpointFile::RecoveryPoint)?;
        let log_starts = checkpoint(CheckpointFile::LogStart)?;
        let compacted = checkpoint(CheckpointFile::Cleaner)?;
        let gaps = checkpoint(CheckpointFile::Gaps)?;
        checkpoint(CheckpointFile::HighWatermark)?;
        let catalog =
            Catalog::load(&**disk, root).map_err(|error| findings.push(ReportedFinding::corrupt(error)));
        if let Err(error) = ProducerIds::open(&**disk, root) {
            findings.push(ReportedFinding::corrupt(error));
        }
        let watermarks = directory.read_watermarks().map_err(DataDirectoryError::from)?;
        let closed = directory.has_clean_shutdown().map_err(DataDirectoryError::from)?;
        let catalog = catalog.ok();
        Ok(Root {
            directory,
            catalog,
            closed,
            recovery_points,
            log_starts,
            compacted,
            gaps,
            watermarks,
            findings,
        })
    }

    /// The partitions that should be there and, apart from them, folders that belong to no topic.
    fn partitions(&self) -> Result<(Vec<TopicPartition>, Vec<TopicPartition>), CliError> {
        let folders = self.directory.partition_folders().map_err(DataDirectoryError::from)?;
        let Some(catalog) = self.catalog.as_ref().filter(|catalog| !catalog.is_empty()) else {
            // Without a list of topics every folder counts.
            return Ok((folders, Vec::new()));
        };
        let listed: BTreeSet<TopicPartition> = catalog
            .iter()
            .flat_map(|(name, topic)| (0..topic.partitions).map(move |number| (name, number)))
            .map(|(name, number)| TopicPartition { topic: name.clone(), partition: PartitionIndex(number) })
            .collect();
        let strays = folders.into_iter().filter(|folder| !listed.contains(folder)).collect();
        Ok((listed.into_iter().collect(), strays))
    }

    /// What a partition's folder is held against.
    fn expectation(&self, id: &TopicPartition) -> CheckFrom {
        let topic = self.catalog.as_ref().and_then(|catalog| catalog.get(id.topic.as_str()));
        let of = |offsets: &PartitionOffsets| offsets.get(id).copied().unwrap_or_default();
        let none = TopicOverrides::new();
        let overrides = topic.map_or(&none, |topic| &topic.overrides);
        let config = LogConfig::parse(&TopicDefaults::default(), overrides).unwrap_or_default();
        let durable = topic.map(|topic| self.watermarks.durable(topic.id, id.partition));
        CheckFrom {
            topic_id: topic.map(|topic| topic.id),
            open: OpenFrom {
                clean: self.closed,
                recovery_point: of(&self.recovery_points),
                log_start: of(&self.log_starts),
                durable: durable.unwrap_or_default(),
                gaps_below: of(&self.gaps).max(of(&self.compacted)),
                compacted: of(&self.compacted),
                accept_truncation: false,
            },
            index_interval: config.index_interval_bytes,
        }
    }
}

fn check_directory(disk: &Arc<dyn Disk>, path: &Path, topics: &[String]) -> Result<Report, CliError> {
    let root = Root::read(disk, path)?;
    let (mut ids, strays) = root.partitions()?;
    if !topics.is_empty() {
        ids.retain(|id| topics.iter().any(|topic| topic == id.topic.as_str()));
        if let Some(missing) = topics.iter().find(|topic| !ids.iter().any(|id| id.topic.as_str() == **topic))
        {
            return Err(CliError::Usage(format!("there is no topic {missing}")));
        }
    }
    let bar = progress::bytes("checking", ids.iter().map(|id| log_size(disk, &root, id)).sum());
    let mut partitions = Vec::with_capacity(ids.len());
    for id in &ids {
        let folder = root.directory.partition_path(id);
        let check = check_partition(disk, &folder, &root.expectation(id), &mut |bytes| bar.inc(bytes));
        partitions.push(CheckedPartition::new(id, check));
    }
    bar.finish_and_clear();
    let worst_partition = partitions.iter().map(|partition| partition.state).max().unwrap_or(Verdict::Sound);
    Ok(Report {
        verdict: worst_partition.max(worst(&root.findings)),
        closed: root.closed,
        findings: root.findings,
        partitions,
        strays: strays.iter().map(ToString::to_string).collect(),
    })
}

/// Bytes that there are to read; only for the progress bar.
fn log_size(disk: &Arc<dyn Disk>, root: &Root, id: &TopicPartition) -> u64 {
    let folder = root.directory.partition_path(id);
    let names = disk.list(&folder).unwrap_or_default();
    let logs = names.iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "log"));
    let sizes = logs.filter_map(|name| std::fs::metadata(PathBuf::from(&folder).join(name)).ok());
    sizes.map(|metadata| metadata.len()).sum()
}

fn print(output: &mut Output, report: &Report) -> Result<(), CliError> {
    output.table(&report.partitions)?;
    output.line("")?;
    let of_partitions = report.partitions.iter().flat_map(|partition| &partition.findings);
    for finding in report.findings.iter().chain(of_partitions) {
        output.line(format_args!("{}: {}", finding.severity.text(), finding.text))?;
    }
    for stray in &report.strays {
        output.line(format_args!("stray: {stray} belongs to no topic and is ignored"))?;
    }
    if !report.closed && report.verdict < Verdict::Corrupt {
        output.line("The directory was not closed in order; opening it will recover it.")?;
    }
    let records = report.partitions.iter().map(|partition| partition.records).sum();
    let bytes = report.partitions.iter().map(|partition| partition.bytes).sum();
    let partitions = count_text(report.partitions.len() as u64, "partition", "partitions");
    let (records, bytes) = (count_text(records, "record", "records"), size_text(bytes));
    output.line(format_args!("{}: {partitions}, {records}, {bytes}", report.verdict.text()))
}
