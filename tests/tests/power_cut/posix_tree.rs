//! A tree of files in memory, and the operations that change it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::fuse::TOP;
use crate::witness::evidence::Mark;

/// One thing that was done to the tree, or noted.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Create {
        parent: u64,
        name: String,
        number: u64,
        is_directory: bool,
    },
    Unlink {
        parent: u64,
        name: String,
    },
    Rename {
        from: (u64, String),
        to: (u64, String),
    },
    /// Durable by itself if `synced` (`O_DSYNC`, `RWF_DSYNC`).
    Write {
        number: u64,
        at: u64,
        bytes: Bytes,
        synced: bool,
    },
    Resize {
        number: u64,
        size: u64,
    },
    /// A file was flushed.
    Sync {
        number: u64,
    },
    /// The flush of a file has failed: what it had to flush is not going to be flushed later on.
    FailedSync {
        number: u64,
    },
    /// The names in a directory were flushed.
    SyncNames {
        number: u64,
    },
    Note(Mark),
}

impl Operation {
    /// The files and directories that it changes.
    pub(super) fn changes(&self) -> Vec<u64> {
        match self {
            Operation::Write { number, .. } | Operation::Resize { number, .. } => vec![*number],
            Operation::Create { parent, .. } | Operation::Unlink { parent, .. } => vec![*parent],
            Operation::Rename { from, to } => vec![from.0, to.0],
            _ => Vec::new(),
        }
    }

    /// What is left of it when it is torn: of a write some bytes at either end, of anything else nothing.
    pub(super) fn torn(&self, seed: u64) -> Option<Operation> {
        let Operation::Write { number, at, bytes, synced } = self else { return None };
        let mut random = fastrand::Rng::with_seed(seed);
        let cut = random.usize(0..=bytes.len());
        let (at, bytes) = match random.bool() {
            true => (*at, bytes.slice(..cut)),
            false => (*at + cut as u64, bytes.slice(cut..)),
        };
        Some(Operation::Write { number: *number, at, bytes, synced: *synced })
    }
}

/// Files and directories by number. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    files: HashMap<u64, Arc<Vec<u8>>>,
    directories: HashMap<u64, BTreeMap<String, u64>>,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { files: HashMap::new(), directories: HashMap::from([(TOP, BTreeMap::new())]) }
    }

    pub(super) fn directory(&self, number: u64) -> Option<&BTreeMap<String, u64>> {
        self.directories.get(&number)
    }

    pub(super) fn file(&self, number: u64) -> Option<&[u8]> {
        self.files.get(&number).map(|bytes| bytes.as_slice())
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create { parent, name, number, is_directory } => {
                if *is_directory {
                    self.directories.entry(*number).or_default();
                } else {
                    self.files.entry(*number).or_default();
                }
                self.directories.entry(*parent).or_default().insert(name.clone(), *number);
            }
            Operation::Unlink { parent, name } => {
                self.directories.entry(*parent).or_default().remove(name);
            }
            Operation::Rename { from, to } => {
                if let Some(number) = self.directories.entry(from.0).or_default().remove(&from.1) {
                    self.directories.entry(to.0).or_default().insert(to.1.clone(), number);
                }
            }
            Operation::Write { number, at, bytes, .. } => {
                let file = Arc::make_mut(self.files.entry(*number).or_default());
                let (start, end) = (*at as usize, *at as usize + bytes.len());
                file.resize(file.len().max(end), 0);
                file[start..end].copy_from_slice(bytes);
            }
            Operation::Resize { number, size } => {
                Arc::make_mut(self.files.entry(*number).or_default()).resize(*size as usize, 0);
            }
            _ => {}
        }
    }

    /// Writes all that has a name to `place`.
    pub(super) fn write_to(&self, place: &Path) -> io::Result<()> {
        self.write_directory(TOP, place)
    }

    fn write_directory(&self, number: u64, place: &Path) -> io::Result<()> {
        for (name, number) in self.directories.get(&number).into_iter().flatten() {
            let path = place.join(name);
            if self.directories.contains_key(number) {
                std::fs::create_dir(&path)?;
                self.write_directory(*number, &path)?;
            } else {
                std::fs::write(&path, self.file(*number).unwrap_or_default())?;
            }
        }
        Ok(())
    }
}
