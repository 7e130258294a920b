//! What the repository looks like: its top level, its file names, how files begin, and that all crates are linted.

use tidelog_tests::repository::{files, rust_files, text, top_level};

/// All that may stand at the top level.
const TOP_LEVEL: [&str; 17] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "deny.toml",
    "engine",
    "ffi",
    "include",
    "python",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: [&str; 4] = ["utils", "helpers", "common", "misc"];

#[test]
fn nothing_else_stands_at_the_top_level() {
    let strangers: Vec<String> =
        top_level().into_iter().filter(|name| !TOP_LEVEL.contains(&name.as_str())).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn every_name_says_what_is_in_the_file() {
    let says_nothing = |part: &str| EMPTY_NAMES.contains(&part.split('.').next().unwrap_or(part));
    let empty: Vec<String> = files().into_iter().filter(|path| path.split('/').any(says_nothing)).collect();
    assert!(empty.is_empty(), "{empty:?}");
}

#[test]
fn every_rust_file_begins_by_saying_what_it_is() {
    let silent: Vec<String> =
        rust_files().into_iter().filter(|path| !text(path).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn every_crate_is_held_to_the_workspaces_lints() {
    let manifests = files().into_iter().filter(|path| path.ends_with("/Cargo.toml"));
    let unlinted: Vec<String> =
        manifests.filter(|path| !text(path).contains("[lints]\nworkspace = true\n")).collect();
    assert!(unlinted.is_empty(), "{unlinted:?}");
}
