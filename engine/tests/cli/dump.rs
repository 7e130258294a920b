//! `dump`.

use std::process::Command;

use crate::bench::{Bench, flip};

fn dump(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tidelog")).arg("dump").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_file_of_a_partition_is_told() {
    let bench = Bench::new();
    let lines: Vec<u8> = (0..20_000).flat_map(|n| format!("k{n}:\u{e4}{n}\n").into_bytes()).collect();
    let run = bench.feed(
        &[
            "produce",
            "--topic",
            "t",
            "--key-separator",
            ":",
            "--producer-property",
            "compression.type=zstd",
            "--producer-property",
            "enable.idempotence=true",
        ],
        &lines,
    );
    assert_eq!(run.code, 0, "{run:?}");
    let file = |suffix: &str| bench.partition_file("t-0", suffix).to_str().unwrap().to_owned();
    let (code, out, _) = dump(&["--records", &file(".log")]);
    assert_eq!(code, 0);
    assert!(out.contains("zstd") && out.contains("producer 0/0 sequence 0"), "{out:.500}");
    assert!(out.contains("key \"k19999\"  value \"\u{e4}19999\""));
    assert!(out.contains(" 20,000 records, "));
    let (code, json, _) = dump(&["--records", "--json", &file(".log")]);
    let records = json
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line.get("key").is_some());
    assert_eq!((code, records.count()), (0, 20_000));
    for suffix in [".index", ".timeindex", ".snapshot"] {
        let (code, out, err) = dump(&[&file(suffix)]);
        assert_eq!(code, 0, "{suffix}: {err}");
        assert!(out.contains("entr"), "{suffix}: {out}");
    }
}

#[test]
fn damage_is_shown_and_the_rest_still_told() {
    let bench = Bench::new();
    bench.produce("t", b"one\n");
    bench.produce("t", b"two\n");
    let log = bench.partition_file("t-0", ".log");
    flip(&log, 65);
    let name = log.to_str().unwrap();
    let (code, out, _) = dump(&["--records", name]);
    assert_eq!(code, 1);
    assert!(out.contains("DAMAGED: checksum") && out.contains("\"two\""), "{out}");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 3]).unwrap();
    let (code, out, err) = dump(&[name]);
    assert_eq!(code, 1);
    assert!(
        out.contains("then damage") && err.contains("error: ") && err.contains("damaged at byte"),
        "{err}"
    );
    let (code, _, err) = dump(&["nothing.txt", "00000000000000000000.log"]);
    assert_eq!(code, 1);
    assert!(err.contains("nothing.txt is not named as") && err.contains("00000000000000000000.log"), "{err}");
}
