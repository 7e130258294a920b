//! One run: contestants take turns, round by round, each sample in a process of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::contest::{Contestant, Part, Variant, Workload};
use crate::error::SampleError;
use crate::job::{Job, Scale, sync_file_system};
use crate::peer::walrus;

/// Longest time one sample may take.
const SAMPLE_SECONDS_MAX: u64 = 180;

/// How often the session looks whether a sample's process has ended.
const POLL: Duration = Duration::from_millis(10);

/// How the sample's figures are marked in what its process prints: peers may print as well.
const MARK: &str = "figures ";

/// One run's settings.
pub struct Session {
    /// Directory on the file system under test; every sample gets an empty folder in it.
    pub dir: PathBuf,
    /// How much work a sample does.
    pub scale: Scale,
    /// Samples per contestant.
    pub rounds: u32,
    /// This program, which takes a sample when given a [`SampleName`].
    pub program: PathBuf,
}

/// Which sample a process is to take: places in [`crate::workload::WORKLOADS`] and in its lists.
#[derive(Clone, Copy, Debug)]
pub struct SampleName {
    /// Place of the workload.
    pub workload: usize,
    /// Place of the variant.
    pub variant: usize,
    /// Place of the contestant.
    pub contestant: usize,
}

/// All samples of one workload at one size.
pub struct Table {
    /// The workload.
    pub workload: &'static Workload,
    /// The size.
    pub variant: &'static Variant,
    /// One row per contestant, floors last.
    pub rows: Vec<Row>,
}

/// One contestant's samples.
pub struct Row {
    /// Who.
    pub contestant: &'static Contestant,
    /// One set of figures per successful round, in the order of the workload's metrics.
    pub samples: Vec<Vec<f64>>,
    /// Why it stays out, or what went wrong in the rounds that gave no figures.
    pub failures: Vec<String>,
}

impl Row {
    /// Median of a metric over the rounds.
    #[must_use]
    pub fn median(&self, metric: usize) -> Option<f64> {
        let values = self.sorted(metric);
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            count if count % 2 == 1 => Some(values[middle]),
            _ => Some(f64::midpoint(values[middle - 1], values[middle])),
        }
    }

    /// Distance of the best and the worst round, as a share of the median.
    #[must_use]
    pub fn spread(&self, metric: usize) -> Option<f64> {
        let values = self.sorted(metric);
        Some((values.last()? - values.first()?) / self.median(metric)?)
    }

    /// Whether it stays out, or failed twice and never succeeded.
    fn gave_up(&self) -> bool {
        matches!(self.contestant.part, Part::StaysOut(_))
            || (self.samples.is_empty() && self.failures.len() >= 2)
    }

    fn sorted(&self, metric: usize) -> Vec<f64> {
        let mut values: Vec<f64> =
            self.samples.iter().filter_map(|sample| sample.get(metric).copied()).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

impl Session {
    /// Runs one workload at one size; `workload` is its place in [`crate::workload::WORKLOADS`].
    #[must_use]
    pub fn run(&self, place: usize, workload: &'static Workload, variant: usize) -> Table {
        let mut rows: Vec<Row> = workload
            .contestants
            .iter()
            .map(|contestant| Row { contestant, samples: Vec::new(), failures: reason(contestant) })
            .collect();
        for _ in 0..self.rounds {
            for (contestant, row) in rows.iter_mut().enumerate() {
                if row.gave_up() {
                    continue;
                }
                match self.sample(SampleName { workload: place, variant, contestant }) {
                    Ok(figures) => row.samples.push(figures),
                    Err(error) => row.failures.push(error.to_string()),
                }
            }
        }
        Table { workload, variant: &workload.variants[variant], rows }
    }

    /// Takes one sample in a process of its own, on a file system without work left over.
    fn sample(&self, name: SampleName) -> Result<Vec<f64>, SampleError> {
        let folder = tempfile::tempdir_in(&self.dir)?;
        let log = folder.path().join("log");
        fs::create_dir(&log)?;
        sync_file_system(&self.dir)?;
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        let mut child = Command::new(&self.program)
            .arg("--take-sample")
            .args([name.workload, name.variant, name.contestant].map(|place| place.to_string()))
            .arg("--dir")
            .arg(&log)
            .arg("--scale")
            .arg(self.scale.name())
            .envs(walrus::environment(&log))
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()?;
        let status = wait(&mut child)?;
        let printed = fs::read_to_string(&out)?;
        match printed.lines().rev().find_map(|line| line.strip_prefix(MARK)) {
            Some(figures) if status.success() => {
                serde_json::from_str(figures).map_err(|error| SampleError::Process(error.to_string()))
            }
            _ => Err(SampleError::Process(last_words(&err, status))),
        }
    }
}

fn reason(contestant: &Contestant) -> Vec<String> {
    match contestant.part {
        Part::Runs(_) => Vec::new(),
        Part::StaysOut(reason) => vec![reason.to_owned()],
    }
}

fn wait(child: &mut Child) -> Result<ExitStatus, SampleError> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > Duration::from_secs(SAMPLE_SECONDS_MAX) {
            child.kill()?;
            child.wait()?;
            return Err(SampleError::TimedOut(SAMPLE_SECONDS_MAX));
        }
        thread::sleep(POLL);
    }
}

/// The first line that a failed process wrote on its standard error, or else how it ended.
fn last_words(err: &Path, status: ExitStatus) -> String {
    let text = fs::read_to_string(err).unwrap_or_default();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        // A panic: the message stands in the line below the place.
        (Some(place), Some(message)) if place.contains("panicked at") => format!("panicked: {message}"),
        (Some(message), _) => message.to_owned(),
        (None, _) => status.to_string(),
    }
}

/// Takes one sample here and prints its figures: what the process of a sample does.
///
/// # Errors
/// When there is no such sample, or the contestant fails.
pub fn take(name: SampleName, dir: PathBuf, scale: Scale) -> Result<(), SampleError> {
    let none = || SampleError::Process("there is no such sample".to_owned());
    let workload = crate::workload::WORKLOADS.get(name.workload).ok_or_else(none)?;
    let variant = workload.variants.get(name.variant).ok_or_else(none)?;
    let contestant = workload.contestants.get(name.contestant).ok_or_else(none)?;
    let Part::Runs(sample) = contestant.part else {
        return Err(none());
    };
    let figures = sample(&Job { dir, scale, size: variant.size })?;
    let text = serde_json::to_string(&figures).map_err(SampleError::of)?;
    println!("{MARK}{text}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::WORKLOADS;

    fn row(samples: &[f64]) -> Row {
        Row {
            contestant: &WORKLOADS[0].contestants[0],
            samples: samples.iter().map(|&value| vec![value]).collect(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn the_median_is_the_middle_round_and_the_spread_spans_all() {
        let odd = row(&[5.0, 1.0, 4.0]);
        assert_eq!(odd.median(0), Some(4.0));
        assert_eq!(odd.spread(0), Some(1.0));
        assert_eq!(row(&[1.0, 3.0]).median(0), Some(2.0));
        assert_eq!(row(&[]).median(0), None);
        assert_eq!(row(&[1.0]).median(7), None);
    }
}
