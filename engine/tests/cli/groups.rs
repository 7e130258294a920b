//! `groups`.

use crate::bench::Bench;

fn filled() -> Bench {
    let bench = Bench::new();
    bench.ok(&["topics", "create", "--topic", "t", "--partitions", "2"]);
    let lines: String = (0..100).map(|n| format!("{n}\n")).collect();
    for partition in ["0", "1"] {
        let run = bench.feed(&["produce", "--topic", "t", "--partition", partition], lines.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
    }
    bench
}

fn reset(bench: &Bench, arguments: &[&str]) -> crate::bench::Run {
    let all: Vec<&str> =
        ["groups", "reset-offsets", "--group", "g"].iter().chain(arguments).copied().collect();
    bench.run(&all)
}

/// What the group has committed of each partition of `t`.
fn committed(bench: &Bench) -> Vec<Option<i64>> {
    let described = bench.json(&["groups", "describe", "--group", "g"]);
    let partitions = described[0]["partitions"].as_array().unwrap();
    partitions.iter().map(|partition| partition["committed"].as_i64()).collect()
}

#[test]
fn a_group_is_moved_only_when_told_to() {
    let bench = filled();
    let shown = reset(&bench, &["--topic", "t", "--to-latest"]);
    assert_eq!(shown.code, 0);
    assert!(shown.out.contains("100") && shown.err.contains("--execute"), "{shown:?}");
    assert_eq!(bench.json(&["groups", "list"]).as_array().unwrap().len(), 0);
    for (arguments, expected) in [
        (&["--topic", "t", "--to-latest"][..], [100, 100]),
        (&["--topic", "t:1", "--to-offset", "40"], [100, 40]),
        (&["--all-topics", "--shift-by", "-10"], [90, 30]),
        (&["--topic", "t:0", "--to-offset", "5000"], [100, 30]),
        (&["--topic", "t:0", "--to-datetime", "2001-01-01"], [0, 30]),
        (&["--topic", "t:1", "--to-datetime", "2901-01-01T12:00:00Z"], [0, 100]),
        (&["--all-topics", "--to-earliest"], [0, 0]),
    ] {
        let all: Vec<&str> = arguments.iter().chain(&["--execute"]).copied().collect();
        let run = reset(&bench, &all);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(committed(&bench), expected.map(Some), "{arguments:?}");
    }
    let listed = bench.json(&["groups", "list"]);
    assert_eq!((listed[0]["group"].as_str(), listed[0]["lag"].as_i64()), (Some("g"), Some(200)));
}

#[test]
fn a_reset_that_cannot_be_is_refused() {
    let bench = filled();
    reset(&bench, &["--topic", "t", "--shift-by", "1"]).fails(1, &["t-0", "nothing is committed"]);
    reset(&bench, &["--topic", "gone", "--to-latest"]).fails(1, &["topic gone: does not exist"]);
    reset(&bench, &["--topic", "t:7", "--to-latest"]).fails(1, &["t-7"]);
    reset(&bench, &["--all-topics", "--to-latest"]).fails(1, &["group g: does not exist"]);
    reset(&bench, &["--topic", "t"]).fails(2, &["--to-earliest"]);
    reset(&bench, &["--topic", "t", "--to-latest", "--to-earliest"]).fails(2, &["--to-earliest"]);
    reset(&bench, &["--to-latest"]).fails(2, &["--topic"]);
    reset(&bench, &["--topic", "t", "--to-datetime", "soon"]).fails(2, &["soon"]);
}

#[test]
fn groups_are_deleted_each_by_itself() {
    let bench = filled();
    assert_eq!(reset(&bench, &["--topic", "t", "--to-latest", "--execute"]).code, 0);
    let run = bench.run(&["groups", "delete", "--group", "gone", "--group", "g"]);
    run.fails(1, &["group gone: does not exist"]);
    assert_eq!(run.out, "group g deleted\n");
    bench.run(&["groups", "describe", "--group", "g"]).fails(1, &["group g: does not exist"]);
    assert_eq!(bench.ok(&["groups", "list"]), "GROUP  STATE  MEMBERS  LAG\n");
}
