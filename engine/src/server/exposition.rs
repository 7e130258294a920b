//! The server's and the engine's figures as Prometheus text (exposition format 0.0.4). Names are those that Kafka's
//! metrics have behind the usual JMX exporter, where Kafka has such a metric; ours begin with `tidelog_`.

use std::fmt::Write;

use hdrhistogram::Histogram;

use super::shared::Shared;
use crate::broker::Broker;
use crate::metrics::ShardMetrics;
use crate::shard::Partition;
use crate::wire::api::ApiInfo;

/// Quantiles that are told of every distribution.
const QUANTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

/// Takes the distribution of one stage out of a shard's.
type StageOf = fn(&ShardMetrics) -> Histogram<u64>;

/// Takes one figure of a partition, if it can be had.
type ValueOf = fn(&Partition) -> Option<i64>;

/// Text that is being written.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Begins a metric.
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// One of its values.
    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            self.push(format_args!("{label}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
        }
        self.0.push_str(if labels.is_empty() { "" } else { "}" });
        self.push(format_args!(" {value}\n"));
    }

    /// A metric with one value.
    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.metric(name, kind, help);
        self.value(name, &[], value);
    }

    /// A distribution of nanoseconds, told in seconds.
    fn distribution(&mut self, name: &str, labels: &[(&str, &str)], nanos: &Histogram<u64>) {
        let seconds = |nanos: u64| std::time::Duration::from_nanos(nanos).as_secs_f64();
        for quantile in QUANTILES {
            let text = quantile.to_string();
            let labels = [labels, &[("quantile", text.as_str())]].concat();
            self.value(name, &labels, seconds(nanos.value_at_quantile(quantile)));
        }
        #[allow(clippy::cast_precision_loss, reason = "a sum of measurements needs no more digits")]
        let sum = nanos.mean() * nanos.len() as f64 / 1e9;
        self.value(&format!("{name}_sum"), labels, sum);
        self.value(&format!("{name}_count"), labels, nanos.len());
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.0.write_fmt(arguments);
    }
}

/// What is known of an engine, whether it has a server or not.
#[must_use]
pub fn engine_exposition(broker: &Broker) -> String {
    let mut text = Text::default();
    write_shards(&mut text, broker);
    write_partitions(&mut text, broker);
    text.0
}

/// Everything that is known now.
pub(super) fn exposition(shared: &Shared) -> String {
    let mut text = Text::default();
    write_traffic(&mut text, shared);
    write_requests(&mut text, shared);
    text.0 + &engine_exposition(&shared.broker)
}

fn write_traffic(text: &mut Text, shared: &Shared) {
    let metrics = &shared.metrics;
    let counters = [
        (
            "kafka_server_brokertopicmetrics_messagesinpersec_total",
            "Records appended by clients.",
            &metrics.messages_in,
        ),
        (
            "kafka_server_brokertopicmetrics_bytesinpersec_total",
            "Bytes of batches appended by clients.",
            &metrics.bytes_in,
        ),
        (
            "kafka_server_brokertopicmetrics_bytesoutpersec_total",
            "Bytes of batches fetched by clients.",
            &metrics.bytes_out,
        ),
        (
            "kafka_server_brokertopicmetrics_failedproducerequestspersec_total",
            "Batches of clients that were refused.",
            &metrics.failed_produces,
        ),
        (
            "kafka_server_brokertopicmetrics_failedfetchrequestspersec_total",
            "Fetches of partitions that were refused.",
            &metrics.failed_fetches,
        ),
        (
            "tidelog_sendfile_bytes_total",
            "Bytes of records that left by sendfile.",
            &metrics.sent_by_sendfile,
        ),
        (
            "tidelog_fetch_copied_bytes_total",
            "Bytes of history copied into memory.",
            &metrics.copied_for_fetch,
        ),
        ("tidelog_fetch_cached_bytes_total", "Bytes fetched from memory.", &metrics.fetched_from_memory),
        ("tidelog_received_bytes_total", "Bytes received by connections.", &metrics.received),
        ("tidelog_connections_accepted_total", "Connections accepted.", &metrics.accepted),
        ("tidelog_connections_refused_total", "Connections closed for what they sent.", &metrics.refused),
    ];
    for (name, help, count) in counters {
        text.single(name, "counter", help, count.get());
    }
    let open = metrics.connections.get();
    text.single("kafka_server_socket_server_metrics_connection_count", "gauge", "Open connections.", open);
    let held = metrics.answers_held.get();
    text.single(
        "tidelog_answers_held_bytes",
        "gauge",
        "Answers in memory that clients have not taken.",
        held,
    );
}

fn write_requests(text: &mut Text, shared: &Shared) {
    let known: Vec<(&str, Histogram<u64>)> = shared
        .metrics
        .requests
        .iter()
        .filter_map(|(key, latencies)| Some((ApiInfo::of(*key)?.name, latencies.snapshot())))
        .filter(|(_, latencies)| !latencies.is_empty())
        .collect();
    let name = "kafka_network_requestmetrics_requestspersec_total";
    text.metric(name, "counter", "Requests answered.");
    for (api, latencies) in &known {
        text.value(name, &[("request", api)], latencies.len());
    }
    let name = "kafka_network_requestmetrics_totaltime_seconds";
    text.metric(name, "summary", "From a request's arrival until its answer is ready.");
    for (api, latencies) in &known {
        text.distribution(name, &[("request", api)], latencies);
    }
}

fn write_shards(text: &mut Text, broker: &Broker) {
    let stages: [(&str, &str, StageOf); 3] = [
        ("tidelog_shard_mailbox_seconds", "A message's wait for its shard.", |shard| {
            shard.mailbox.snapshot()
        }),
        ("tidelog_shard_commit_seconds", "A group of batches on its way to the disk.", |shard| {
            shard.commit.snapshot()
        }),
        ("tidelog_shard_produce_seconds", "A batch, from its arrival until its acknowledgement.", |shard| {
            shard.produce.snapshot()
        }),
    ];
    for (name, help, histogram) in stages {
        text.metric(name, "summary", help);
        for (number, shard) in broker.metrics().iter().enumerate() {
            text.distribution(name, &[("shard", &number.to_string())], &histogram(shard));
        }
    }
}

fn write_partitions(text: &mut Text, broker: &Broker) {
    let topics = broker.topics();
    let mut online = Vec::new();
    let mut offline = 0;
    for topic in &topics {
        for served in topic.partitions().iter() {
            match served {
                Ok(partition) if partition.unavailable().is_none() => online.push(partition.clone()),
                _ => offline += 1,
            }
        }
    }
    text.single("kafka_controller_kafkacontroller_globaltopiccount", "gauge", "Topics.", topics.len());
    let count = online.len() + offline;
    text.single("kafka_server_replicamanager_partitioncount", "gauge", "Partitions.", count);
    text.single(
        "kafka_controller_kafkacontroller_offlinepartitionscount",
        "gauge",
        "Partitions that are not served.",
        offline,
    );
    let values: [(&str, &str, ValueOf); 3] = [
        ("kafka_log_log_logstartoffset", "First offset that can be read.", |one| {
            Some(one.view().log_start().0)
        }),
        ("kafka_log_log_logendoffset", "Offset that the next record gets.", |one| Some(one.view().end().0)),
        ("kafka_log_log_size", "Bytes of the log.", |one| i64::try_from(one.view().size().ok()?).ok()),
    ];
    for (name, help, value) in values {
        text.metric(name, "gauge", help);
        for partition in &online {
            let id = partition.id();
            let labels = [("topic", id.topic.as_str()), ("partition", &id.partition.0.to_string())];
            if let Some(value) = value(partition) {
                text.value(name, &labels, value);
            }
        }
    }
}
