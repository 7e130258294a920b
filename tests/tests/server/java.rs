//! Kafka's own clients and tools, Kafka Streams and Kafka Connect.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::rig::TestServer;
use crate::programs::{Running, install_once, is_there, run, run_with_input, sources, text};

/// Folder with Kafka's jars, got by Maven.
pub(crate) fn jars() -> Option<PathBuf> {
    if !is_there("java") || !is_there("mvn") {
        return None;
    }
    let manifest = sources("java").join("pom.xml");
    Some(install_once("java", &manifest, |folder| {
        let mut maven = Command::new("mvn");
        maven.current_dir(sources("java")).args(["-q", "-B", "dependency:copy-dependencies"]);
        run(maven.arg(format!("-DoutputDirectory={}", folder.display())));
        // Maven leaves this folder behind beside the manifest.
        drop(std::fs::remove_dir_all(sources("java").join("target")));
    }))
}

/// One of the main classes of the jars.
pub(super) fn java(jars: &Path, class: &str) -> Command {
    let mut command = Command::new("java");
    command.args([
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
    ]);
    command.arg("-cp").arg(jars.join("*")).arg(class);
    command
}

/// A tool that is told where the server is.
fn tool(jars: &Path, server: &TestServer, class: &str, args: &[&str]) -> String {
    text(&run(java(jars, class).args(["--bootstrap-server", &server.bootstrap()]).args(args)))
}

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONFIGS: &str = "kafka.admin.ConfigCommand";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const PERFORMANCE: &str = "org.apache.kafka.tools.ProducerPerformance";
const OFFSETS: &str = "org.apache.kafka.tools.GetOffsetShell";
const QUORUM: &str = "org.apache.kafka.tools.MetadataQuorumCommand";
const LOG_DIRS: &str = "org.apache.kafka.tools.LogDirsCommand";
const TRANSACTIONS: &str = "org.apache.kafka.tools.TransactionsCommand";
const FEATURES: &str = "org.apache.kafka.tools.FeatureCommand";
const DUMP_LOG: &str = "kafka.tools.DumpLogSegments";
const CONNECT: &str = "org.apache.kafka.connect.cli.ConnectStandalone";

#[test]
fn kafkas_own_tools_work() {
    let Some(jars) = jars() else { return };
    let server = TestServer::start();
    let tool = |class: &str, args: &[&str]| tool(&jars, &server, class, args);
    tool(TOPICS, &["--create", "--topic", "tools", "--partitions", "3"]);
    let described = tool(TOPICS, &["--describe", "--topic", "tools"]);
    assert!(described.contains("PartitionCount: 3") && described.contains("Leader: 1"), "{described}");

    let lines: String = (0..500).map(|number| format!("line {number}\n")).collect();
    let mut producer = java(&jars, PRODUCER);
    producer.args(["--bootstrap-server", &server.bootstrap(), "--topic", "tools"]);
    run_with_input(&mut producer, &lines);
    let group = ["--topic", "tools", "--group", "tools", "--from-beginning", "--max-messages", "500"];
    let consumed = tool(CONSUMER, &group);
    let mut found: Vec<&str> = consumed.lines().filter(|line| line.starts_with("line")).collect();
    let mut expected: Vec<&str> = lines.lines().collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);

    assert!(tool(GROUPS, &["--list"]).lines().any(|line| line == "tools"));
    let state = tool(GROUPS, &["--describe", "--group", "tools"]);
    assert!(state.lines().any(|line| line.starts_with("tools") && line.contains(" 500 ")), "{state}");
    tool(GROUPS, &["--group", "tools", "--reset-offsets", "--to-earliest", "--all-topics", "--execute"]);

    let of_topic = ["--entity-type", "topics", "--entity-name", "tools"];
    tool(CONFIGS, &[&["--alter", "--add-config", "retention.ms=60000"][..], &of_topic].concat());
    let configs = tool(CONFIGS, &[&["--describe"][..], &of_topic].concat());
    assert!(configs.contains("retention.ms=60000"), "{configs}");

    let offsets = tool(OFFSETS, &["--topic", "tools"]);
    let total: u64 = offsets.lines().filter_map(|line| line.rsplit(':').next()?.parse::<u64>().ok()).sum();
    assert_eq!(total, 500);
    assert!(tool(QUORUM, &["describe", "--status"]).contains("LeaderId:               1"));
    assert!(tool(LOG_DIRS, &["--describe"]).contains("\"partition\":\"tools-0\""));
    tool(TOPICS, &["--delete", "--topic", "tools"]);
    assert!(!tool(TOPICS, &["--list"]).contains("tools"));
}

/// Two members of the consumer protocol (KIP-848), as the tools see them, and their records as `kafka-dump-log` reads them.
#[test]
fn java_consumers_read_in_groups_of_the_consumer_protocol() {
    let Some(jars) = jars() else { return };
    let settings =
        [("group.consumer.heartbeat.interval.ms", "100"), ("group.consumer.session.timeout.ms", "20000")];
    let server = TestServer::with(&settings, Default::default());
    let tool = |class: &str, args: &[&str]| tool(&jars, &server, class, args);
    tool(TOPICS, &["--create", "--topic", "shared", "--partitions", "4"]);
    let said = ["one", "two"].map(|name| server.directory().join(name));
    let members = said.each_ref().map(|said| {
        let mut consumer = java(&jars, CONSUMER);
        consumer.args(["--bootstrap-server", &server.bootstrap(), "--group", "newer", "--from-beginning"]);
        let protocol = ["--command-property", "group.protocol=consumer"];
        Running::start_quietly(consumer.args(["--include", "sha.*"]).args(protocol), said)
    });
    let state = || tool(GROUPS, &["--describe", "--group", "newer", "--members", "--verbose"]);
    until("two share the topic", || state().matches(" 2               ").count() >= 2);
    let listed = tool(GROUPS, &["--list", "--type", "consumer", "--state"]);
    assert!(listed.contains("newer") && listed.contains("Stable"), "{listed}");

    let lines: String = (0..400).map(|number| format!("line {number}\n")).collect();
    let mut producer = java(&jars, PRODUCER);
    producer.args(["--bootstrap-server", &server.bootstrap(), "--topic", "shared", "--batch-size", "64"]);
    run_with_input(&mut producer, &lines);
    let read = || said.each_ref().map(|said| std::fs::read_to_string(said).unwrap().matches("line ").count());
    until("all is read", || read().iter().sum::<usize>() == 400);
    assert!(read().iter().all(|count| *count > 0), "both have read");
    drop(members);
    server.server.stop();
    server.broker.close();

    let mut dumped = String::new();
    for entry in std::fs::read_dir(server.broker.root()).unwrap() {
        let file = entry.unwrap().path().join("00000000000000000000.log");
        if file.to_string_lossy().contains("__consumer_offsets") && file.is_file() {
            dumped += &text(&run(java(&jars, DUMP_LOG).arg("--offsets-decoder").arg("--files").arg(file)));
        }
    }
    for kind in
        ["subscribedTopicNames\":[\"shared\"]", "assignmentEpoch\":", "memberEpoch\":2", "metadataHash\":"]
    {
        assert!(dumped.contains(kind), "{kind} in {dumped}");
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_java_producer_is_acknowledged_and_dump_log_verifies_what_it_wrote() {
    let Some(jars) = jars() else { return };
    let server = TestServer::with(&[("log.segment.bytes", "1048576")], Default::default());
    let properties = format!("bootstrap.servers={}", server.bootstrap());
    let load = ["--topic", "load", "--num-records", "30000", "--record-size", "100", "--throughput", "-1"];
    let codec = ["--producer-props", &properties, "compression.type=lz4"];
    let report = text(&run(java(&jars, PERFORMANCE).args(load).args(codec)));
    assert!(report.contains("30000 records sent"), "{report}");
    let uncompressed = ["--producer-props", &properties];
    run(java(&jars, PERFORMANCE).args(load).args(uncompressed));
    server.server.stop();
    server.broker.close();

    let folder = server.broker.root().join("load-0");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| {
        path.extension()
            .is_some_and(|kind| ["log", "index", "timeindex", "snapshot"].iter().any(|k| kind == *k))
    });
    names.sort();
    assert!(names.len() >= 9, "several segments: {names:?}");
    let list: Vec<String> = names.iter().map(|path| path.display().to_string()).collect();
    let mut dump = java(&jars, DUMP_LOG);
    let dumped = text(&run(dump.args(["--deep-iteration", "--files", &list.join(",")])));
    for complaint in
        ["isvalid: false", "Found timestamp mismatch", "Mismatches in", "Non-consecutive", "invalid"]
    {
        assert!(!dumped.contains(complaint), "{complaint}");
    }
    let records = dumped.matches("| offset:").count();
    assert_eq!(records, 60_000);
    assert!(dumped.contains("producerId: "), "a snapshot");
}

#[test]
fn kafka_streams_counts_words() {
    let Some(jars) = jars() else { return };
    for guarantee in ["at_least_once", "exactly_once_v2"] {
        let server = TestServer::start();
        let mut command = Command::new("java");
        command.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"]).arg(jars.join("*"));
        command.arg(sources("java").join("WordCount.java")).arg(server.bootstrap());
        let output = run(command.arg(server.directory().join("streams")).arg(guarantee));
        assert_eq!(text(&output).trim(), "ok", "{guarantee}");
        let transactions = server.broker.existing_transactions().unwrap();
        assert_eq!(transactions.is_some(), guarantee == "exactly_once_v2");
    }
}

#[test]
fn the_java_producer_writes_in_transactions_and_kafkas_tools_read_them() {
    let Some(jars) = jars() else { return };
    let server = TestServer::start();
    let properties = format!("bootstrap.servers={}", server.bootstrap());
    let load = ["--topic", "load", "--num-records", "2000", "--record-size", "100", "--throughput", "1000"];
    let settings = ["--producer-props", &properties, "transactional.id=load"];
    let durations = ["--transaction-duration-ms", "100"];
    let report = text(&run(java(&jars, PERFORMANCE).args(load).args(settings).args(durations)));
    assert!(report.contains("2000 records sent"), "{report}");

    let tool = |class: &str, args: &[&str]| tool(&jars, &server, class, args);
    let listed = tool(TRANSACTIONS, &["list"]);
    assert!(listed.contains("load") && listed.contains("CompleteCommit"), "{listed}");
    let described = tool(TRANSACTIONS, &["describe", "--transactional-id", "load"]);
    assert!(described.contains("CompleteCommit"), "{described}");
    // Coordinator, transactional id, producer id, its epoch, ...
    let epoch = described.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)).unwrap();
    assert!(epoch.parse::<i16>().unwrap() > 3, "each transaction has an epoch: {described}");
    let features = tool(FEATURES, &["describe"]);
    assert!(
        features.contains("transaction.version") && features.contains("FinalizedVersionLevel: 2"),
        "{features}"
    );
    let committed = ["--topic", "load", "--from-beginning", "--max-messages", "2000"];
    let isolation = ["--command-property", "isolation.level=read_committed"];
    let consumed = tool(CONSUMER, &[&committed[..], &isolation].concat());
    assert!(consumed.lines().count() >= 2000, "{}", consumed.lines().count());
    server.server.stop();
    server.broker.close();

    let mut dumped = String::new();
    for entry in std::fs::read_dir(server.broker.root()).unwrap() {
        let file = entry.unwrap().path().join("00000000000000000000.log");
        // One that nothing was written to has no segment yet.
        if file.to_string_lossy().contains("__transaction_state") && file.is_file() {
            let mut dump = java(&jars, DUMP_LOG);
            dump.arg("--transaction-log-decoder").arg("--files").arg(file);
            dumped += &text(&run(&mut dump));
        }
    }
    assert!(
        dumped.contains("transactional_id=load") || dumped.contains("transactionalId\":\"load"),
        "{dumped}"
    );
}

#[test]
fn kafka_connect_copies_a_file_through_a_topic() {
    let Some(jars) = jars() else { return };
    let server = TestServer::start();
    let file = |name: &str| server.directory().join(name);
    let write = |name: &str, lines: &[String]| {
        std::fs::write(file(name), lines.join("\n") + "\n").unwrap();
        file(name)
    };
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let (input, output) = (write("input.txt", &lines), file("output.txt"));
    let string = "org.apache.kafka.connect.storage.StringConverter";
    let worker = write(
        "worker.properties",
        &[
            format!("bootstrap.servers={}", server.bootstrap()),
            format!("key.converter={string}"),
            format!("value.converter={string}"),
            format!("offset.storage.file.filename={}", file("offsets").display()),
            "listeners=http://127.0.0.1:0".to_owned(),
        ],
    );
    let connector = |name: &str, class: &str, path: &Path, topic: &str| {
        let (class, path) = (format!("connector.class={class}"), format!("file={}", path.display()));
        write(&format!("{name}.properties"), &[format!("name={name}"), class, path, topic.to_owned()])
    };
    let source = connector("source", "FileStreamSource", &input, "topic=connect");
    let sink = connector("sink", "FileStreamSink", &output, "topics=connect");
    let mut connect = Running::start(java(&jars, CONNECT).arg(worker).arg(source).arg(sink));
    let start = Instant::now();
    let copied = || std::fs::read_to_string(&output).unwrap_or_default();
    while copied().lines().count() < lines.len() {
        assert!(!connect.has_ended() && start.elapsed() < Duration::from_secs(120), "{:?}", copied());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(copied().lines().collect::<Vec<_>>(), lines);
}
