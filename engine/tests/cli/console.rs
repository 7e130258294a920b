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
    let many: String = (0..60).map(|n| format!("--topic=a-topic-with-a-rather-long-name-{n} ")).collect();
    let mut arguments = vec!["topics", "create"];
    arguments.extend(many.split_whitespace());
    bench.ok(&arguments);
    let mut child = crate::bench::piped(&mut bench.command(&["topics", "list", "--json"]));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}

/// A topic with ten records in each of two partitions.
fn filled() -> Bench {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t", "--partitions", "2"]);
    for partition in ["0", "1"] {
        let lines: String = (0..10).map(|n| format!("{partition}.{n}\n")).collect();
        let run = bench.feed(&["produce", "--topic", "t", "--partition", partition], lines.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
    }
    bench
}

fn consume(bench: &Bench, arguments: &[&str]) -> Vec<String> {
    let all: Vec<&str> = ["consume", "--topic", "t"].iter().chain(arguments).copied().collect();
    bench.ok(&all).lines().map(str::to_owned).collect()
}

#[test]
fn what_goes_in_comes_out_byte_for_byte() {
    let bench = Bench::new();
    let mut input: Vec<u8> =
        (0..50_000_u32).flat_map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761)).into_bytes()).collect();
    input.extend_from_slice(b"\n\r\n\xff\xfe\0binary\t\n");
    bench.produce("t", &input);
    let output = bench.command(&["consume", "--topic", "t", "--from-beginning"]).output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout == input, "{} bytes came out of {}", output.stdout.len(), input.len());
    assert!(String::from_utf8_lossy(&output.stderr).contains("consumed 50,003 records"));
}

#[test]
fn a_reader_starts_where_it_is_told() {
    let bench = filled();
    assert_eq!(consume(&bench, &["--from-beginning"]).len(), 20);
    assert_eq!(consume(&bench, &["--from-beginning", "--max-messages", "7"]).len(), 7);
    assert_eq!(consume(&bench, &["--partition", "1", "--offset", "8"]), ["1.8", "1.9"]);
    assert_eq!(consume(&bench, &["--partition", "0", "--offset", "earliest"]).len(), 10);
    let none = bench.run(&["consume", "--topic", "t"]);
    assert!(none.code == 0 && none.out.is_empty() && none.err.contains("--from-beginning"), "{none:?}");
    bench.run(&["consume", "--topic", "gone"]).fails(1, &["topic gone: does not exist"]);
    bench.run(&["consume", "--topic", "t", "--partition", "2"]).fails(1, &["t-2: does not exist"]);
    bench.run(&["consume", "--topic", "t", "--offset", "3"]).fails(2, &["--partition"]);
    bench.run(&["consume", "--topic", "t", "--partition", "0", "--offset=-3"]).fails(2, &["offset"]);
}

#[test]
fn parts_of_records_are_printed_as_asked() {
    let bench = Bench::new();
    let run = bench.feed(
        &["produce", "--topic", "t", "--key-separator", ":", "--property", "parse.headers=true"],
        b"h:1\tk:v\n",
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(consume(&bench, &["--from-beginning", "--key-separator", "="]), ["k=v"]);
    let parts = ["print.key=true", "print.offset=true", "print.partition=true", "print.headers=true"];
    let mut arguments = vec!["--from-beginning"];
    arguments.extend(parts.iter().flat_map(|part| ["--property", part]));
    assert_eq!(consume(&bench, &arguments), ["Partition:0\tOffset:0\th:1\tk\tv"]);
    let json = consume(&bench, &["--from-beginning", "--json"]);
    let record: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!((record["key"].as_str(), record["headers"][0][1].as_str()), (Some("k"), Some("1")));
}

#[test]
fn a_group_goes_on_where_it_was() {
    let bench = filled();
    let group = |arguments: &[&str]| {
        let all: Vec<&str> = ["--group", "g"].iter().chain(arguments).copied().collect();
        consume(&bench, &all)
    };
    let mut seen = group(&["--from-beginning", "--max-messages", "13"]);
    assert_eq!(seen.len(), 13);
    seen.extend(group(&["--from-beginning", "--max-messages", "3"]));
    let unseen = group(&["--consumer-property", "enable.auto.commit=false"]);
    assert_eq!(unseen.len(), 4, "nothing of this is committed");
    seen.extend(group(&[]));
    seen.sort();
    let mut all = consume(&bench, &["--from-beginning"]);
    all.sort();
    assert_eq!(seen, all);
    assert_eq!(group(&["--from-beginning"]).len(), 0);
    assert_eq!(bench.json(&["groups", "list"])[0]["lag"], 0);
}

#[test]
fn an_interrupt_ends_consume_in_order_and_commits() {
    let bench = filled();
    let mut child = crate::bench::piped(&mut bench.command(&[
        "consume",
        "--topic",
        "t",
        "--group",
        "g",
        "--from-beginning",
        "--follow",
    ]));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..20 {
        lines.next().unwrap().unwrap();
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(bench.json(&["groups", "list"])[0]["lag"], 0);
    assert_eq!(bench.json(&["check"])["closed"], true);
}

#[test]
fn a_reader_of_the_output_that_goes_away_ends_consume_quietly() {
    let bench = Bench::new();
    let input: Vec<u8> = (0..100_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    bench.produce("t", &input);
    let mut child = crate::bench::piped(&mut bench.command(&["consume", "--topic", "t", "--from-beginning"]));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()),
        (Some(0), String::new())
    );
}
