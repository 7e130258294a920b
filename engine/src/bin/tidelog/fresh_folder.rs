//! Folders that no other process uses.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Folders tried before giving up: those of the same name are left from earlier runs.
const ATTEMPTS_MAX: u32 = 1000;

/// Makes a folder below `parent` whose name begins with `prefix`; only this user may read it.
///
/// # Errors
/// [`CliError::File`].
pub(crate) fn fresh_folder(parent: &Path, prefix: &str) -> Result<PathBuf, CliError> {
    let name = format!("{prefix}-{}", std::process::id());
    let mut attempt = 0;
    loop {
        let folder = parent.join(if attempt == 0 { name.clone() } else { format!("{name}-{attempt}") });
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS_MAX => {
                attempt += 1
            }
            Err(error) => return Err(CliError::of_file(folder)(error)),
        }
    }
}

/// Removes a folder and what is in it, if it is there; says so when it cannot.
pub(crate) fn remove_folder(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "the data stays");
    }
}

/// A fresh folder that goes when the value does.
pub(crate) struct PassingFolder(PathBuf);

impl PassingFolder {
    /// As [`fresh_folder`] makes it, below the system's for temporary files.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub(crate) fn new(prefix: &str) -> Result<PassingFolder, CliError> {
        fresh_folder(&std::env::temp_dir(), prefix).map(PassingFolder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PassingFolder {
    fn drop(&mut self) {
        remove_folder(&self.0);
    }
}
