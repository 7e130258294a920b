//! What the figures were taken on: kernel, cores, file system, load.

use std::fs;
use std::path::Path;
use std::thread;

use crate::error::SampleError;

/// Description of the machine, printed above the tables.
#[derive(Debug, serde::Serialize)]
pub struct Machine {
    /// Release of the kernel.
    pub kernel: String,
    /// Processors this process may use.
    pub core_count: usize,
    /// Kind of the file system under test.
    pub file_system: String,
    /// Load average of the last minute when the run began; above a few tenths, figures are only indicative.
    pub load: String,
}

impl Machine {
    /// Looks at this machine and at the file system of `dir`.
    ///
    /// # Errors
    /// When `dir` cannot be looked at.
    pub fn look(dir: &Path) -> Result<Machine, SampleError> {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Machine {
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            core_count: thread::available_parallelism()?.get(),
            file_system: file_system(dir)?,
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        })
    }
}

/// Name of the file system that holds `dir`; its magic number where the name is not known here.
///
/// # Errors
/// When `dir` cannot be looked at.
pub fn file_system(dir: &Path) -> Result<String, SampleError> {
    // Numbers of statfs(2).
    Ok(match rustix::fs::statfs(dir)?.f_type {
        0x0102_1994 => "tmpfs".to_owned(),
        0xEF53 => "ext4".to_owned(),
        0x5846_5342 => "xfs".to_owned(),
        0x9123_683E => "btrfs".to_owned(),
        0x794C_7630 => "overlayfs".to_owned(),
        other => format!("{other:#x}"),
    })
}
