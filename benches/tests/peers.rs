//! The comparison itself runs from end to end; no figure is judged.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_table_ends_with_a_floor_and_names_what_each_contestant_did() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let json = dir.join("peers.json");
    let status = Command::new(env!("CARGO_BIN_EXE_peers"))
        .args(["--scale", "tiny", "--rounds", "1", "--dir"])
        .arg(dir)
        .arg("--json")
        .arg(&json)
        .status()
        .unwrap();
    assert!(status.success());
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let tables = report["tables"].as_array().unwrap();
    assert!(tables.len() >= 9, "{report:#}");
    for table in tables {
        let rows = table["rows"].as_array().unwrap();
        assert_eq!(rows.last().unwrap()["role"], "floor", "{table:#}");
        for row in rows {
            // A peer may be broken on this machine, and a file system may refuse O_DIRECT; then the row says so.
            let excused = row["role"] == "peer" || row["contestant"].as_str().unwrap().contains("O_DIRECT");
            let spoke = !row["failures"].as_array().unwrap().is_empty();
            let gave = !row["samples"].as_array().unwrap().is_empty();
            assert!(gave || (excused && spoke), "{row:#}");
        }
    }
}
