//! [`Sources`]: the files that the quickstart reads: those that were named, or text that is there anyway.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Most bytes that are taken when nobody named a file.
const FOUND_SIZE_MAX: u64 = 32 << 20;

/// Most directory entries that are looked at on the way.
const VISITED_MAX: usize = 50_000;

/// Bytes at the front of a file that tell whether it is text.
const SAMPLE_SIZE: u64 = 4096;

/// Folders that hold what was made from text, not text.
const SKIPPED: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Where systems keep text.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/share/dict", "/usr/share/common-licenses", "/var/log"];

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Its name.
    pub(super) path: PathBuf,
    /// Its bytes when it was looked at; only for the progress bar.
    pub(super) size: u64,
}

/// Files in the order in which they are read.
#[derive(Debug)]
pub(super) struct Sources {
    /// The files.
    pub(super) files: Vec<Source>,
}

impl Sources {
    /// The files that the user named, each of which can be opened.
    ///
    /// # Errors
    /// [`CliError::File`] names the first one that cannot.
    pub(super) fn named(paths: &[PathBuf]) -> Result<Sources, CliError> {
        let files = paths.iter().map(|path| {
            let metadata = File::open(path).and_then(|file| file.metadata());
            let metadata = metadata.map_err(CliError::of_file(path))?;
            match metadata.is_dir() {
                true => Err(CliError::of_file(path)(io::ErrorKind::IsADirectory.into())),
                false => Ok(Source { path: path.clone(), size: metadata.len() }),
            }
        });
        Ok(Sources { files: files.collect::<Result<_, _>>()? })
    }

    /// Text below `folder` and of the system, as much as fits.
    pub(super) fn found(folder: &Path) -> Sources {
        let mut search = Search { files: Vec::new(), room: FOUND_SIZE_MAX, visits_left: VISITED_MAX };
        search.folder(folder, |_| true);
        for system in SYSTEM_FOLDERS {
            let folder = Path::new(system);
            let is_log_folder = system == "/var/log";
            search.folder(folder, |path| !is_log_folder || path.extension().is_some_and(|it| it == "log"));
        }
        Sources { files: search.files }
    }

    /// Bytes of all files.
    pub(super) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

struct Search {
    files: Vec<Source>,
    /// Bytes that may still be taken.
    room: u64,
    visits_left: usize,
}

impl Search {
    /// Takes text files below `folder`, those nearest to it first. What cannot be read was not asked for either.
    fn folder(&mut self, folder: &Path, is_wanted: impl Fn(&Path) -> bool) {
        let mut folders = VecDeque::from([folder.to_owned()]);
        while let Some(folder) = folders.pop_front() {
            let mut entries: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().collect();
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                if self.visits_left == 0 || self.room == 0 {
                    return;
                }
                self.visits_left -= 1;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else { continue };
                if name.starts_with('.') || SKIPPED.contains(&&*name) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push_back(entry.path());
                } else if kind.is_file() && is_wanted(&entry.path()) {
                    self.file(entry.path());
                }
            }
        }
    }

    fn file(&mut self, path: PathBuf) {
        let Ok(size) = fs::metadata(&path).map(|metadata| metadata.len()) else { return };
        if size > 0 && size <= self.room && is_text(&path).unwrap_or(false) {
            self.room -= size;
            self.files.push(Source { path, size });
        }
    }
}

/// Whether a file starts like text: no zero byte, and UTF-8 but for a character that is cut.
fn is_text(path: &Path) -> io::Result<bool> {
    let mut sample = Vec::new();
    File::open(path)?.take(SAMPLE_SIZE).read_to_end(&mut sample)?;
    let valid = match std::str::from_utf8(&sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    Ok(valid && !sample.contains(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_and_what_is_made_from_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
        };
        write("b.txt", b"text");
        write("deep/er/a.txt", "tëxt".as_bytes());
        write("binary", b"a\0b");
        write("latin1", b"\xe4 and more");
        write("empty", b"");
        write(".hidden", b"text");
        write("target/made.txt", b"text");
        let mut search = Search { files: Vec::new(), room: 100, visits_left: 100 };
        search.folder(folder.path(), |_| true);
        let names: Vec<_> = search
            .files
            .iter()
            .map(|file| file.path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["b.txt", "deep/er/a.txt"]);
        let mut little = Search { files: Vec::new(), room: 4, visits_left: 100 };
        little.folder(folder.path(), |_| true);
        assert_eq!(little.files.len(), 1);
    }

    #[test]
    fn a_named_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = Sources::named(std::slice::from_ref(&missing)).unwrap_err().to_string();
        assert!(error.starts_with(missing.to_str().unwrap()), "{error}");
        assert!(Sources::named(&[folder.path().to_owned()]).is_err());
    }
}
