//! [`Place`]: where the quickstart keeps its data and leaves its plot.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Folders tried before giving up: those of the same name are left from earlier runs.
const ATTEMPTS_MAX: u32 = 1000;

/// See the module. Data that nobody asked to keep goes when the value does.
pub(super) struct Place {
    /// Where the data is.
    pub(super) data: PathBuf,
    /// Where the plot goes.
    pub(super) plot: PathBuf,
    /// The data is removed at the end.
    pub(super) is_passing: bool,
}

impl Place {
    /// A fresh folder below `parent`; the data in it is removed at the end, the plot beside it stays.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub(super) fn fresh(parent: &Path) -> Result<Place, CliError> {
        let folder = fresh_folder(parent)?;
        Ok(Place { data: folder.join("data"), plot: folder.join("latency.svg"), is_passing: true })
    }

    /// The folder that the user named, which stays.
    pub(super) fn named(data: &Path) -> Place {
        Place { data: data.to_owned(), plot: data.join("quickstart-latency.svg"), is_passing: false }
    }
}

fn fresh_folder(parent: &Path) -> Result<PathBuf, CliError> {
    let name = format!("tidelog-quickstart-{}", std::process::id());
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

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_passing
            && let Err(error) = fs::remove_dir_all(&self.data)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.data.display(), %error, "the data stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_folder_is_nobody_elses_and_only_its_data_goes() {
        let parent = tempfile::tempdir().unwrap();
        let first = Place::fresh(parent.path()).unwrap();
        let second = Place::fresh(parent.path()).unwrap();
        assert_ne!(first.data, second.data);
        for place in [&first, &second] {
            fs::create_dir_all(place.data.join("t-0")).unwrap();
            fs::write(&place.plot, "plot").unwrap();
        }
        let (data, plot) = (first.data.clone(), first.plot.clone());
        drop(first);
        assert!(!data.exists() && plot.exists() && second.data.exists());
    }
}
