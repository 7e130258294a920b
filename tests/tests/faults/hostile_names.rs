//! Names that try to be paths: a topic's name is part of a folder's, and nothing may come to lie outside the data directory.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::effort::effort;
use crate::engines::{commit, create, on_directory, produce, producer};

/// What names are made of: what Kafka allows, and what file systems, shells and texts make something of.
const PIECES: [&str; 18] = [
    "a", "Z", "0", "-", "_", ".", "..", "/", "\\", "../", "\0", "\n", " ", "~", "$(x)", "%2e", "ü",
    "\u{202e}",
];

/// Names in a directory and the directories below it.
fn all_below(path: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        names.insert(path.display().to_string());
        if path.is_dir() {
            names.append(&mut all_below(&path));
        }
    }
    names
}

#[test]
fn no_name_leads_out_of_the_data_directory() {
    let around = tempfile::tempdir().unwrap();
    let data = around.path().join("data");
    fs::create_dir(&data).unwrap();
    let broker = on_directory(&data).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut made, mut refused) = (0, 0);
    for _ in 0..effort(10_000, 100_000) {
        let length = if random.u8(..20) == 0 { random.usize(200..260) } else { random.usize(..7) };
        let name: String = (0..length).map(|_| *random.choice(&PIECES).unwrap()).collect();
        // Each topic costs a folder: of those that are fine, a few are enough.
        let is_legal = name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char));
        if is_legal && made > 40 {
            continue;
        }
        match create(&broker, &name, 1, &[]) {
            Ok(()) => made += 1,
            Err(error) => {
                refused += 1;
                let text = error.to_string().to_lowercase();
                assert!(text.contains("topic"), "{name:?}: {text}");
            }
        }
    }
    assert!(made > 20 && refused > 1_000, "{made} made, {refused} refused");
    // Groups have any name, and no file.
    for name in PIECES {
        commit(&broker, name, 1);
    }
    let client = producer(&broker, &[]);
    create(&broker, "plain", 1, &[]).unwrap();
    assert!(produce(&client, "plain", 0, b"x").is_ok());
    drop(client);
    broker.close();
    let outside: Vec<String> =
        all_below(around.path()).into_iter().filter(|path| !Path::new(path).starts_with(&data)).collect();
    assert_eq!(outside, Vec::<String>::new());
    for path in all_below(&data) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if Path::new(&path).is_dir() { 0o700 } else { 0o600 }, "{path:?}");
    }
}
