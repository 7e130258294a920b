//! A producer's statistics.

use serde_json::{Map, json};

use super::Producer;
use crate::client::statistics::StatisticsCallback;

impl Producer {
    /// Has `callback` told the statistics every `statistics.interval.ms`, by the thread that polls or flushes. With an
    /// interval of 0, the default, it is never called.
    pub fn on_statistics(&self, callback: StatisticsCallback) {
        self.statistics.tell(callback);
    }

    /// The statistics now, as the JSON of librdkafka's `STATISTICS.md`. `msgq_cnt` of a partition is what no shard has
    /// taken; `txmsgs` and `txmsg_bytes` count what has been acknowledged, the bytes as batches in the log.
    #[must_use]
    pub fn statistics(&self) -> String {
        let config = &self.shared.config;
        let name = format!("{}#producer-{:p}", config.client.client_id, std::sync::Arc::as_ptr(&self.shared));
        let mut all = self.statistics.heading(&name, &config.client.client_id, "producer");
        let (messages, bytes) = self.shared.acknowledged();
        let fields = [
            ("replyq", json!(self.shared.limits.sealed_count())),
            ("msg_cnt", json!(self.len())),
            ("msg_size", json!(self.shared.limits.size())),
            ("msg_max", json!(config.queue_messages_max.unwrap_or(0))),
            ("msg_size_max", json!(config.queue_bytes_max)),
            ("txmsgs", json!(messages)),
            ("txmsg_bytes", json!(bytes)),
            ("rxmsgs", json!(0)),
            ("rxmsg_bytes", json!(0)),
        ];
        all.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        let mut topics = Map::new();
        for (name, topic) in self.topics.load().iter() {
            let mut partitions = Map::new();
            topic.each_batches(|batches| {
                let (number, queued, in_flight) = batches.counts();
                let partition =
                    json!({"partition": number.0, "msgq_cnt": queued, "xmit_msgq_cnt": in_flight});
                partitions.insert(number.0.to_string(), partition);
            });
            topics.insert(name.clone(), json!({"topic": name, "partitions": partitions}));
        }
        all.insert("topics".to_owned(), topics.into());
        serde_json::Value::from(all).to_string()
    }
}
