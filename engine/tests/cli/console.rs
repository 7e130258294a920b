//! `produce` and `consume`.

use crate::bench::Bench;

#[test]
fn lines_become_records_with_keys_and_headers() {
    let bench = Bench::new();
    let run = bench.feed(
        &["produce", "--topic", "t", "--key-separator", ":", "--property", "parse.headers=true"],
        b"h:1,g:2\talice:one\n\tbob:two",
    );
    run.fails(1, &["line 2", "header"]);
    assert!(run.err.contains("produced 1 record "), "{run:?}");
    let dump = bench.ok(&["topics", "describe", "--topic", "t"]);
    assert!(dump.contains("online"));
}

#[test]
fn what_cannot_be_produced_is_named_and_what_came_before_is_kept() {
    let bench = Bench::new();
    let produce = |arguments: &[&str], input: &[u8]| {
        let all: Vec<&str> = ["produce", "--topic", "t"].iter().chain(arguments).copied().collect();
        bench.feed(&all, input)
    };
    let mut long = b"first\n".to_vec();
    long.resize(3_000_000, b'x');
    let run = produce(&[], &long);
    run.fails(1, &["line 2", "message.max.bytes"]);
    assert!(run.err.contains("produced 1 record "));
    produce(&["--partition", "9"], b"x\n").fails(1, &["line 1", "Unknown partition"]);
    produce(&["--producer-property", "no.such=1"], b"").fails(2, &["no.such"]);
    produce(&["--property", "parse.keys=true"], b"").fails(2, &["parse.keys"]);
    bench.feed(&["produce", "--topic", "bad name"], b"x\n").fails(1, &["1 record not delivered", "bad name"]);
    assert_eq!(produce(&[], b"").code, 0);
    let listed = bench.json(&["topics", "list"]);
    assert_eq!(listed[0]["records"], 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new();
    let many: String = (0..500).map(|n| format!("--topic=a-topic-with-a-rather-long-name-{n} ")).collect();
    let mut arguments = vec!["topics", "create"];
    arguments.extend(many.split_whitespace());
    bench.ok(&arguments);
    let mut child = crate::bench::piped(&mut bench.command(&["topics", "list", "--json"]));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}
