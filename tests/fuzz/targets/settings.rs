//! Any text as settings of clients, topics and the engine, a line each: they are taken or refused, and what was taken is printed
//! as what can be set again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidelog::client::config::{Config, ConsumerConfig, ProducerConfig};
use tidelog::config::{EngineConfig, LogConfig, TopicDefaults};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let entries: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let mut config = Config::new();
    for (name, value) in &entries {
        // As librdkafka prints it; of blanks it makes nothing, which it would not take.
        if config.set(name, Some(value)).is_ok()
            && let Some(printed) = config.get(name).filter(|printed| !printed.is_empty())
        {
            assert!(config.set(name, Some(&printed)).is_ok(), "{name}={value} is printed as {printed:?}");
        }
    }
    let _ = (ProducerConfig::new(&config), ConsumerConfig::new(&config));
    let overrides = entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let _ = LogConfig::parse(&TopicDefaults::default(), &overrides);
    let _ = EngineConfig::parse(entries);
});
