//! What a contestant is given for one sample.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::SampleError;

/// How much work a sample does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Just enough to show that everything runs; the figures mean nothing.
    Tiny,
    /// Seconds per table.
    Quick,
    /// The sizes whose figures are worth quoting.
    Full,
}

impl Scale {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scale::Tiny => "tiny",
            Scale::Quick => "quick",
            Scale::Full => "full",
        }
    }
}

/// One sample's directory and sizes. The directory is empty, on the file system under test, and removed afterwards.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where the contestant keeps its files.
    pub dir: PathBuf,
    /// How much work to do.
    pub scale: Scale,
    /// The variant's size in bytes.
    pub size: u64,
}

impl Job {
    /// The payload of one record, in bytes, where the variant says it.
    #[must_use]
    pub fn record_size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// A count or number of bytes for this scale.
    #[must_use]
    pub fn pick(&self, tiny: u64, quick: u64, full: u64) -> u64 {
        match self.scale {
            Scale::Tiny => tiny,
            Scale::Quick => quick,
            Scale::Full => full,
        }
    }

    /// A duration for this scale, in milliseconds.
    #[must_use]
    pub fn pick_ms(&self, tiny: u64, quick: u64, full: u64) -> Duration {
        Duration::from_millis(self.pick(tiny, quick, full))
    }

    /// Brings everything written so far to the disk, so that no contestant pays for what came before its clock
    /// started.
    ///
    /// # Errors
    /// When the file system cannot be synced.
    pub fn sync_disk(&self) -> Result<(), SampleError> {
        sync_file_system(&self.dir)
    }
}

/// Writes back all dirty pages of the file system that holds `dir`.
///
/// # Errors
/// When `dir` cannot be opened or the sync fails.
pub fn sync_file_system(dir: &Path) -> Result<(), SampleError> {
    rustix::fs::syncfs(File::open(dir)?)?;
    Ok(())
}
