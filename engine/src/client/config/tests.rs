//! This crate's answers beside librdkafka's. The files under `golden/` hold what the real library answered; the
//! script there says how they are made and what is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::record::Compression;
use crate::types::Acks;

/// Rows of a golden file: fields by tabs, escapes undone, `\N` is `None`.
fn rows(file: &'static str) -> impl Iterator<Item = Vec<Option<String>>> {
    let unescape = |field: &str| {
        let mut text = String::new();
        let mut chars = field.chars();
        while let Some(c) = chars.next() {
            match (c, if c == '\\' { chars.next() } else { None }) {
                ('\\', Some('t')) => text.push('\t'),
                ('\\', Some('n')) => text.push('\n'),
                (_, Some(other)) => text.push(other),
                (c, None) => text.push(c),
            }
        }
        text
    };
    file.lines()
        .map(move |line| line.split('\t').map(|field| (field != "\\N").then(|| unescape(field))).collect())
}

fn set_all<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Config {
    Config::from_entries(settings.into_iter().map(|(name, value)| (name, Some(value))), []).unwrap()
}

#[test]
fn the_table_is_librdkafkas() {
    let mut count = 0;
    for row in rows(include_str!("golden/properties.tsv")) {
        let [level, name, role, kind, range, default, alias] = row.try_into().unwrap();
        let (level, name) = (level.unwrap(), name.unwrap());
        let level = if level == "topic" { Level::Topic } else { Level::Global };
        let of =
            |name: &str| *PROPERTIES.iter().find(|row| row.level() == level && row.name() == name).unwrap();
        let written = of(&name);
        count += 1;
        assert!(!written.is_hidden(), "{name}");
        let meant = match (written.kind(), alias) {
            (Kind::Alias { of: meant }, Some(alias)) => {
                assert_eq!(*meant, alias, "{name}");
                of(meant)
            }
            (_, None) => written,
            other => panic!("{name}: {other:?}"),
        };
        let expected_role = match role.as_deref() {
            Some("P") => Role::Producer,
            Some("C") => Role::Consumer,
            _ => Role::Any,
        };
        assert_eq!(meant.role(), expected_role, "{name}");
        let expected = (kind.unwrap(), range.unwrap(), default.unwrap());
        let ours = described(meant.kind());
        match name.as_str() {
            "builtin.features" | "plugin.library.paths" => {} // what this build can do
            "compression.type" if level == Level::Topic => {} // printed with the client's range and default
            "interceptors" => assert!(matches!(meant.kind(), Kind::Internal)),
            _ => assert_eq!(ours, expected, "{name}"),
        }
    }
    assert_eq!(count, 199);
}

/// Type, range and default as `rd_kafka_conf_properties_show()` prints them.
fn described(kind: &Kind) -> (String, String, String) {
    let (name, range, default) = match *kind {
        Kind::Bool { default } => ("boolean", "true, false".into(), default.to_string()),
        Kind::Int { min, max, default, .. } => ("integer", format!("{min} .. {max}"), default.to_string()),
        Kind::Float { min, max, default } => (
            "float",
            format!("{} .. {}", number::general(min), number::general(max)),
            number::general(default),
        ),
        Kind::Text { default, .. } | Kind::Unsupported { default, .. } => {
            ("string", String::new(), default.unwrap_or_default().to_owned())
        }
        Kind::Choice { default, words, .. } => ("enum value", words.join(", "), default.to_owned()),
        Kind::Flags { words, .. } => ("CSV flags", words.join(", "), String::new()),
        Kind::Patterns => ("pattern list", String::new(), String::new()),
        _ => ("see dedicated API", String::new(), String::new()),
    };
    (name.to_owned(), range, default)
}

#[test]
fn every_value_is_taken_or_refused_with_librdkafkas_words() {
    let (mut taken, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for row in rows(include_str!("golden/values.tsv")) {
        let [name, value, error, read] = row.try_into().unwrap();
        let name = name.unwrap();
        let mut config = Config::new();
        let ours = config.set(&name, value.as_deref());
        let context = format!("{name} = {value:?}");
        match &ours {
            Ok(()) => taken += 1,
            Err(_) => refused += 1,
        }
        let text = ours.as_ref().err().map(ConfigError::to_string);
        if text != error {
            wrong.push(format!("{context}: {text:?} instead of {error:?}"));
        }
        // Upstream, topic settings cannot be read before one is set, nor under a name with `topic.` in front; and a
        // list of flags that is refused half way leaves its first half behind.
        let only_here = table::find(Level::Global, &name).is_none() && read.is_none();
        let half_set = name == "debug" && ours.is_err();
        if !(only_here || half_set) {
            let ours = config.get(&name);
            if ours != read {
                wrong.push(format!("{context}: reads {ours:?} instead of {read:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(taken > 700 && refused > 900, "{taken} taken, {refused} refused");
}

#[test]
fn every_client_is_created_or_refused_with_librdkafkas_words() {
    let (mut created, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for row in rows(include_str!("golden/clients.tsv")) {
        let mut fields = row.into_iter();
        let (role, settings, error) =
            (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let settings = settings.unwrap();
        let config = set_all(settings.split(" ; ").filter_map(|setting| setting.split_once('=')));
        let is_producer = role.as_deref() == Some("producer");
        let ours = if is_producer {
            ProducerConfig::new(&config).map(|config| adjusted_producer(&config))
        } else {
            ConsumerConfig::new(&config).map(|config| adjusted_consumer(&config))
        };
        let expected = match error {
            Some(error) => Err(error),
            None => Ok(fields.map(Option::unwrap).collect::<Vec<String>>()),
        };
        match &expected {
            Ok(_) => created += 1,
            Err(_) => refused += 1,
        }
        let ours = ours.map_err(|error| error.to_string());
        if ours != expected {
            wrong.push(format!("{role:?} {settings}: {ours:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(created > 40 && refused > 600, "{created} created, {refused} refused");
}

/// What the generator reads back from a producer, in its order.
fn adjusted_producer(config: &ProducerConfig) -> Vec<String> {
    vec![
        number::general(config.linger.as_secs_f64() * 1000.0),
        config.sticky_linger.as_millis().to_string(),
        config.client.request_timeout.as_millis().to_string(),
        config.idempotence.to_string(),
        config.client.allow_auto_create_topics.to_string(),
    ]
}

/// What the generator reads back from a consumer, in its order.
fn adjusted_consumer(config: &ConsumerConfig) -> Vec<String> {
    vec![config.fetch.bytes_max.to_string(), config.client.allow_auto_create_topics.to_string()]
}

#[test]
fn numbers_that_do_not_fit_are_out_of_range_not_cut() {
    for value in ["4294967297", "99999999999999999999", "-4294967296"] {
        let error = Config::new().set("retries", Some(value)).unwrap_err();
        assert!(matches!(error, ConfigError::IntRange { name: "message.send.max.retries", .. }), "{error}");
    }
    assert_eq!(
        Config::new().set("linger.ms", Some("nan")),
        Err(ConfigError::Number("queue.buffering.max.ms"))
    );
}

#[test]
fn a_refused_value_changes_nothing() {
    let mut config = Config::new();
    config.set("debug", Some("cgrp")).unwrap();
    config.set("debug", Some("msg,nonsense")).unwrap_err();
    assert_eq!(config.get("debug").as_deref(), Some("cgrp"));
    config.set("topic.blacklist", Some("^a")).unwrap();
    config.set("topic.blacklist", Some("(")).unwrap_err();
    assert_eq!(config.get("topic.blacklist").as_deref(), Some("^a"));
}

#[test]
fn topic_defaults_join_the_others_and_win() {
    let entries = [("acks", Some("all")), ("linger.ms", Some("7"))];
    let config = Config::from_entries(entries, [("acks", Some("1")), ("linger.ms", Some("9"))]).unwrap();
    assert_eq!((config.get("acks").as_deref(), config.get("linger.ms").as_deref()), (Some("1"), Some("9")));
    let bad = Config::from_entries([], [("nonsense", Some("1"))]).unwrap_err();
    assert!(bad.is_unknown());
}

#[test]
fn a_topic_may_have_its_own_settings() {
    let config = set_all([("compression.type", "lz4"), ("acks", "1"), ("message.timeout.ms", "5000")]);
    let mut topic = config.topic_defaults();
    topic.set("acks", Some("0")).unwrap();
    topic.set("topic.compression.codec", Some("zstd")).unwrap();
    topic.set("linger.ms", Some("1")).unwrap_err();
    let own = TopicProducerConfig::new(&config, &topic);
    let others = ProducerConfig::new(&config).unwrap().topic;
    assert_eq!((own.acks, own.compression), (Acks::None, Compression::Zstd));
    assert_eq!((others.acks, others.compression), (Acks::Written, Compression::Lz4));
    assert_eq!(own.message_timeout, Some(Duration::from_secs(5)));

    let mut replaced = config.clone();
    replaced.set_topic_defaults(&TopicConfig::new());
    assert_eq!(ProducerConfig::new(&replaced).unwrap().topic.acks, Acks::Durable);
    assert_eq!(replaced.get("compression.type").as_deref(), Some("lz4"));
}

#[test]
fn a_transaction_bounds_its_messages() {
    let config =
        set_all([("transactional.id", "t"), ("transaction.timeout.ms", "1000"), ("linger.ms", "2000")]);
    let config = ProducerConfig::new(&config).unwrap();
    assert_eq!(config.topic.message_timeout, Some(Duration::from_secs(1)));
    assert!(config.linger < Duration::from_secs(1));
}

#[test]
fn secrets_are_not_printed() {
    let config = set_all([("sasl.password", "hush"), ("client.id", "me")]);
    let printed = format!("{config:?}");
    assert!(
        printed.contains("[redacted]") && printed.contains("me") && !printed.contains("hush"),
        "{printed}"
    );
}

#[test]
fn every_default_is_a_value_that_its_own_row_accepts() {
    let settable = |row: &Property| !matches!(row.kind(), Kind::Unsupported { .. });
    for (place, property) in PROPERTIES.iter().enumerate().filter(|(_, row)| settable(row)) {
        let Some(default) = Config::new().values.print(place).filter(|default| !default.is_empty()) else {
            continue;
        };
        let mut config = Config::new();
        let name = match property.level() {
            Level::Global => property.name().to_owned(),
            Level::Topic => format!("topic.{}", property.name()),
        };
        assert_eq!(config.set(&name, Some(&default)), Ok(()), "{name} = {default}");
        assert_eq!(config.get(&name), Some(default), "{name}");
    }
}

#[test]
fn names_are_unique_and_dumped_once() {
    let mut names = BTreeMap::new();
    for row in properties() {
        assert_eq!(names.insert((row.name(), row.level() == Level::Topic), ()), None, "{}", row.name());
    }
    let config = set_all([("bootstrap.servers", "tidelog::memory:"), ("acks", "1")]);
    let dump = config.dump();
    assert!(dump.contains(&("metadata.broker.list".to_owned(), "tidelog::memory:".to_owned())));
    assert!(dump.iter().all(|(name, _)| *name != "bootstrap.servers" && *name != "request.required.acks"));
    assert!(config.topic_defaults().dump().contains(&("request.required.acks".to_owned(), "1".to_owned())));
}

#[test]
fn the_engines_settings_have_our_prefix() {
    let mut config = set_all([
        ("tidelog.shards", "4"),
        ("tidelog.num.partitions", "3"),
        ("tidelog.log.retention.hours", "2"),
        ("tidelog.group.min.session.timeout.ms", "1800001"),
        ("tidelog.group.max.session.timeout.ms", "1800002"),
    ]);
    let engine = AdminConfig::new(&config).unwrap().client.engine;
    assert_eq!((engine.shards, engine.num_partitions), (4, 3));
    assert_eq!(engine.given()["log.retention.hours"], "2");
    assert_eq!(config.get("tidelog.num.partitions").as_deref(), Some("3"));
    assert_eq!(config.get("tidelog.node.id").as_deref(), Some("1"));
    assert!(config.is_set("tidelog.shards") && !config.is_set("tidelog.node.id"));
    assert!(config.dump().contains(&("tidelog.num.partitions".to_owned(), "3".to_owned())));
    assert!(format!("{config:?}").contains("\"tidelog.shards\": \"4\""));
    let without = config.without(&["tidelog.log.", "tidelog.sh"]);
    assert!(without.is_set("tidelog.num.partitions"));
    assert!(!without.is_set("tidelog.shards") && !without.is_set("tidelog.log.retention.hours"));

    config.set("tidelog.group.min.session.timeout.ms", Some("1800003")).unwrap();
    let refused = AdminConfig::new(&config).unwrap_err().to_string();
    assert!(refused.starts_with("group.max.session.timeout.ms must be greater"), "{refused}");
    for name in ["tidelog.shard", "tidelog.", "shards", "num.partitions", "tidelog.tidelog.shards"] {
        assert_eq!(Config::new().set(name, Some("1")), Err(ConfigError::Unknown(name.into())));
    }
    for (name, value, text) in [
        (
            "tidelog.num.partitions",
            Some("0"),
            "Invalid value 0 for configuration tidelog.num.partitions: Value must be at least 1",
        ),
        (
            "tidelog.log.roll.hours",
            None,
            "Invalid value  for configuration tidelog.log.roll.hours: Not a number of type INT",
        ),
        (
            "tidelog.shards",
            Some("257"),
            "Invalid value 257 for configuration tidelog.shards: Value must be no more than 256",
        ),
        (
            "tidelog.log.cleanup.policy",
            Some("delete,"),
            "Configuration 'tidelog.log.cleanup.policy' values must not be empty.",
        ),
    ] {
        assert_eq!(config.set(name, value).unwrap_err().to_string(), text);
    }
}

#[test]
fn what_is_probably_not_meant_is_warned_about() {
    let config =
        set_all([("group.id", "g"), ("retry.backoff.ms", "2000"), ("bootstrap.servers", "tidelog:/x")]);
    let warnings = config.warnings(Role::Producer);
    assert_eq!(
        warnings[0],
        "Configuration property group.id is a consumer property and will be ignored by this producer instance"
    );
    assert!(warnings[1].starts_with("Configuration `retry.backoff.ms` with value 2000 is greater"));
    assert_eq!(warnings.len(), 2);
    let offline = Config::new().warnings(Role::Consumer);
    assert_eq!(
        offline,
        ["No `bootstrap.servers` configured: client will not be able to connect to Kafka cluster"]
    );
}
