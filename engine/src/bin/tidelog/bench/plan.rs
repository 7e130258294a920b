//! [`Plan`]: what is measured, as the user said it, and as results repeat it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::configs::parse_setting;

/// See the module.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// What to measure: embedded[:DIR], memory, server or HOST:PORT
    #[arg(long, value_name = "TARGET", default_value = "embedded")]
    pub(super) target: Target,
    /// Records per second of all producers together, or max
    #[arg(long, value_name = "RATE", default_value = "max")]
    pub(super) rate: Rate,
    /// Bytes of each value
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(Stamp::SIZE as i64..=100_000_000))]
    pub(super) size: u32,
    /// Keys: none, sequential:COUNT, uniform:COUNT or zipf:COUNT
    #[arg(long, value_name = "DISTRIBUTION", default_value = "none")]
    pub(super) keys: Keys,
    /// Acknowledgements to wait for
    #[arg(long, default_value = "all", value_parser = ["0", "1", "all"])]
    pub(super) acks: String,
    /// Codec of the producers
    #[arg(long, value_name = "CODEC", default_value = "none")]
    #[arg(value_parser = ["none", "gzip", "snappy", "lz4", "zstd"])]
    pub(super) compression: String,
    /// How long a producer waits for more records for a batch [default: its own, 5]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(super) linger_ms: Option<f64>,
    /// Largest batch [default: the producer's own]
    #[arg(long, value_name = "BYTES")]
    pub(super) batch_size: Option<u32>,
    /// Partitions of the topic
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) partitions: u16,
    /// Producers, each with a thread of its own
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) producers: u16,
    /// Consumers, which share a group; 0 measures acknowledgements only
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(super) consumers: u16,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(super) duration: Seconds,
    /// How long to run before that, unmeasured
    #[arg(long, value_name = "SECONDS", default_value = "2")]
    pub(super) warmup: Seconds,
    /// Produce to this topic, which stays [default: a topic for this run]
    #[arg(long, value_name = "TOPIC")]
    pub(super) topic: Option<String>,
    /// Name of the run in comparisons and plots [default: the target]
    #[arg(long, value_name = "TEXT")]
    pub(super) name: Option<String>,
    /// A setting of the producers, such as enable.idempotence=true; may be given several times
    #[arg(long = "producer-property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(super) producer_properties: Vec<(String, String)>,
    /// A setting of the consumers; may be given several times
    #[arg(long = "consumer-property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(super) consumer_properties: Vec<(String, String)>,
}

impl Plan {
    /// What people call the run.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.target.to_string())
    }

    /// Settings of a producer under the names that librdkafka and the engine have for them.
    pub(super) fn producer_settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            ("acks".to_owned(), self.acks.clone()),
            ("compression.type".to_owned(), self.compression.clone()),
            // Larger values need it, and it changes nothing for others.
            ("message.max.bytes".to_owned(), (self.size + 100_000).max(1_000_000).to_string()),
        ];
        settings.extend(self.linger_ms.map(|linger| ("linger.ms".to_owned(), linger.to_string())));
        settings.extend(self.batch_size.map(|size| ("batch.size".to_owned(), size.to_string())));
        settings.extend(self.producer_properties.iter().cloned());
        settings
    }

    /// The same of a consumer of `group`.
    pub(super) fn consumer_settings(&self, group: &str) -> Vec<(String, String)> {
        // What is in a topic that stays is not of this run; what is sent before a consumer is ready would be missed.
        let reset = if self.topic.is_some() { "latest" } else { "earliest" };
        let mut settings = vec![
            ("group.id".to_owned(), group.to_owned()),
            ("auto.offset.reset".to_owned(), reset.to_owned()),
            ("enable.auto.commit".to_owned(), "false".to_owned()),
        ];
        settings.extend(self.consumer_properties.iter().cloned());
        settings
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let count = |count: u16, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![
            format!("{} B", self.size),
            format!("rate {}", self.rate),
            format!("acks={}", self.acks),
            count(self.partitions, "partition"),
            count(self.producers, "producer"),
            count(self.consumers, "consumer"),
        ];
        if self.compression != "none" {
            parts.push(self.compression.clone());
        }
        if self.keys != Keys::None {
            parts.push(format!("keys {}", self.keys));
        }
        parts.extend(self.linger_ms.map(|linger| format!("linger {linger} ms")));
        parts.join(", ")
    }
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Target {
    /// An engine in this process, in a directory: a fresh one, or this.
    Embedded(Option<PathBuf>),
    /// An engine in this process, in memory.
    Memory,
    /// Our server in this process, on a fresh directory, over TCP.
    Server,
    /// Any Kafka cluster.
    Cluster(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Embedded(None) => f.write_str("embedded"),
            Target::Embedded(Some(directory)) => write!(f, "embedded:{}", directory.display()),
            Target::Memory => f.write_str("memory"),
            Target::Server => f.write_str("server"),
            Target::Cluster(servers) => f.write_str(servers),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        match text {
            "embedded" => Ok(Target::Embedded(None)),
            "memory" => Ok(Target::Memory),
            "server" => Ok(Target::Server),
            _ => match text.strip_prefix("embedded:") {
                Some(directory) if !directory.is_empty() => Ok(Target::Embedded(Some(directory.into()))),
                None if text.contains(':') => Ok(Target::Cluster(text.to_owned())),
                _ => Err("expected embedded, embedded:DIR, memory, server or HOST:PORT".to_owned()),
            },
        }
    }
}

/// Records per second; `None` for as many as there can be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Rate(pub(super) Option<f64>);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => write!(f, "{rate}/s"),
            None => f.write_str("max"),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        if text == "max" {
            return Ok(Rate(None));
        }
        match text.strip_suffix("/s").unwrap_or(text).parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Rate(Some(rate))),
            _ => Err("expected records per second, such as 50000, or max".to_owned()),
        }
    }
}

/// Which keys records have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Keys {
    None,
    /// One after the other, over and over.
    Sequential(u32),
    /// At random, each as often.
    Uniform(u32),
    /// At random, the n-th 1/n times as often as the first.
    Zipf(u32),
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keys::None => f.write_str("none"),
            Keys::Sequential(count) => write!(f, "sequential:{count}"),
            Keys::Uniform(count) => write!(f, "uniform:{count}"),
            Keys::Zipf(count) => write!(f, "zipf:{count}"),
        }
    }
}

impl FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Keys, String> {
        let expected = || {
            "expected none, sequential:COUNT, uniform:COUNT or zipf:COUNT with a COUNT from 1 to 10000000"
                .to_owned()
        };
        if text == "none" {
            return Ok(Keys::None);
        }
        let (name, count) = text.split_once(':').ok_or_else(expected)?;
        let count =
            count.parse().ok().filter(|count| (1..=10_000_000).contains(count)).ok_or_else(expected)?;
        match name {
            "sequential" => Ok(Keys::Sequential(count)),
            "uniform" => Ok(Keys::Uniform(count)),
            "zipf" => Ok(Keys::Zipf(count)),
            _ => Err(expected()),
        }
    }
}

/// A time in seconds, not negative and at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Seconds(pub(super) f64);

impl Seconds {
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seconds, String> {
        match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
            Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(Seconds(seconds)),
            _ => Err("expected seconds from 0 to 86400, such as 10 or 0.5".to_owned()),
        }
    }
}

/// Results hold these as the text that the user may give.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<$name, String> {
                text.parse()
            }
        }
    )*};
}

as_text!(Target, Rate, Keys, Seconds);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        for text in ["embedded", "embedded:/a b", "memory", "server", "[::1]:9092,b:9092"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["max", "12.5/s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in ["none", "sequential:1", "uniform:20", "zipf:10000000"] {
            assert_eq!(text.parse::<Keys>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(["", "embedded:", "host"].iter().all(|text| text.parse::<Target>().is_err()));
        assert!(["", "0", "-1", "nan", "inf", "fast"].iter().all(|text| text.parse::<Rate>().is_err()));
        assert!(
            ["zipf", "zipf:0", "zipf:10000001", "gauss:3"].iter().all(|text| text.parse::<Keys>().is_err())
        );
        assert!(["", "-1", "86401", "nan"].iter().all(|text| text.parse::<Seconds>().is_err()));
    }
}
