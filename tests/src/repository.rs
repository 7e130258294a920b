//! The files of this repository, for tests that hold them against its rules.

use std::fs;
use std::path::{Path, PathBuf};

/// Entries of the top level that are not part of the repository.
const NOT_OURS: [&str; 2] = [".git", "target"];

/// The folder with the workspace's `Cargo.toml`.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' folder lies in the repository")
}

/// Names at the top level, sorted, without what builds and git leave there.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn top_level() -> Vec<String> {
    let mut names = names(root());
    names.retain(|name| !NOT_OURS.contains(&name.as_str()));
    names
}

/// Every file, as a path from the root with `/` between its parts, sorted.
///
/// # Panics
/// When a folder cannot be read.
#[must_use]
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut open = top_level();
    while let Some(path) = open.pop() {
        let full = root().join(&path);
        if full.is_dir() {
            open.extend(names(&full).into_iter().map(|name| format!("{path}/{name}")));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every Rust file.
///
/// # Panics
/// When a folder cannot be read.
#[must_use]
pub fn rust_files() -> Vec<String> {
    let mut files = files();
    files.retain(|path| path.ends_with(".rs"));
    files
}

/// Text of a file, by its path from the root.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn text(path: &str) -> String {
    let full: PathBuf = root().join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
}

/// The lines of the fenced block with this info string, split at the colon into a name and a list of words.
///
/// # Panics
/// When there is no such block, or a line in it has no colon.
#[must_use]
pub fn table(path: &str, info: &str) -> Vec<(String, Vec<String>)> {
    let text = text(path);
    let start = format!("```{info}");
    let lines: Vec<&str> =
        text.lines().skip_while(|line| *line != start).skip(1).take_while(|line| *line != "```").collect();
    assert!(!lines.is_empty(), "{path} has no block {start}");
    let split = |line: &&str| {
        let (name, words) = line.split_once(':').unwrap_or_else(|| panic!("{path}: no colon in {line:?}"));
        (name.to_owned(), words.split_whitespace().map(str::to_owned).collect())
    };
    lines.iter().map(split).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
