//! [`Place`]: where the quickstart keeps its data and leaves its plot.

use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::fresh_folder::{fresh_folder, remove_folder};

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
        let folder = fresh_folder(parent, "tidelog-quickstart")?;
        Ok(Place { data: folder.join("data"), plot: folder.join("latency.svg"), is_passing: true })
    }

    /// The folder that the user named, which stays.
    pub(super) fn named(data: &Path) -> Place {
        Place { data: data.to_owned(), plot: data.join("quickstart-latency.svg"), is_passing: false }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_passing {
            remove_folder(&self.data);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
