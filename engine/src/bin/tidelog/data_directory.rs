//! [`DirectoryArgs`]: which data directory a command works on, and how it is opened. Opening takes the directory's lock,
//! so that a second process is told who has it.

use std::path::{Path, PathBuf};

use clap::Args;
use tidelog::client::Admin;
use tidelog::client::config::Config;

use crate::error::CliError;

/// A file that every data directory has.
const MARK: &str = "meta.properties";

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub(crate) struct DirectoryArgs {
    /// Directory that holds the data; one process at a time can have it open
    #[arg(long, value_name = "DIR", default_value = "./tidelog-data", global = true)]
    data_dir: PathBuf,
}

/// An open data directory.
pub(crate) struct Directory {
    /// Settings that make a client join this engine.
    config: Config,
    admin: Admin,
}

impl DirectoryArgs {
    /// Where it is, if it is there.
    pub(crate) fn existing(&self) -> Result<&Path, CliError> {
        match self.data_dir.join(MARK).exists() {
            true => Ok(&self.data_dir),
            false => Err(CliError::NoDirectory(self.data_dir.clone())),
        }
    }

    /// Opens a directory that is there.
    pub(crate) fn open(&self) -> Result<Directory, CliError> {
        Directory::open(self.existing()?)
    }

    /// Opens a directory, a new one when there is none.
    pub(crate) fn open_or_create(&self) -> Result<Directory, CliError> {
        Directory::open(&self.data_dir)
    }
}

impl Directory {
    /// Opens the data directory at `path`, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Directory, CliError> {
        let absolute = std::path::absolute(path).map_err(CliError::of_file(path))?;
        let name = absolute.to_str().ok_or_else(|| CliError::DirectoryName(path.to_owned()))?;
        let mut config = Config::new();
        config
            .set("bootstrap.servers", Some(&format!("tidelog:{name}")))
            .map_err(tidelog::client::KafkaError::from)?;
        let admin = Admin::new(&config)?;
        Ok(Directory { config, admin })
    }

    /// Settings of a client of this engine.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Looks at the engine and changes it.
    pub(crate) fn admin(&self) -> &Admin {
        &self.admin
    }
}
