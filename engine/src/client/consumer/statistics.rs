//! A consumer's statistics.

use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::Consumer;
use super::events::CallError;
use super::partition::AssignedPartition;
use super::state::State;
use crate::client::statistics::StatisticsCallback;
use crate::types::Offset;

/// What librdkafka writes where there is no offset.
const NO_OFFSET: i64 = -1001;

impl Consumer {
    /// Has `callback` told the statistics every `statistics.interval.ms`, by the thread that polls. With an interval of
    /// 0, the default, it is never called.
    pub fn on_statistics(&self, callback: StatisticsCallback) {
        self.shared.statistics.tell(callback);
        self.shared.wake();
    }

    /// Tells the statistics if they are due: for applications that do not poll for messages just now, which does it by the way.
    /// What the callback returned; `None` when nothing was due.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn tell_statistics(&self) -> Result<Option<ControlFlow<()>>, CallError> {
        let Some(callback) = self.shared.statistics.take_due() else { return Ok(None) };
        Ok(Some(callback(&self.statistics()?)))
    }

    /// The statistics now, as the JSON of librdkafka's `STATISTICS.md`. `consumer_lag` counts from the committed offset,
    /// or where there is none from the position, to the end.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn statistics(&self) -> Result<String, CallError> {
        let config = &self.shared.config;
        let name = format!("{}#consumer-{:p}", config.client.client_id, std::sync::Arc::as_ptr(&self.shared));
        let mut all = self.shared.statistics.heading(&name, &config.client.client_id, "consumer");
        let zero = ["replyq", "msg_cnt", "msg_size", "msg_max", "msg_size_max", "txmsgs", "txmsg_bytes"];
        all.extend(zero.map(|name| (name.to_owned(), json!(0))));
        let state = self.shared.lock()?;
        let (messages, bytes) = state.fetcher.received;
        all.insert("rxmsgs".to_owned(), json!(messages));
        all.insert("rxmsg_bytes".to_owned(), json!(bytes));
        let mut topics: Map<String, Value> = Map::new();
        for partition in state.fetcher.assignment.iter() {
            let name = &*partition.topic;
            let topic = topics.entry(name).or_insert_with(|| json!({"topic": name, "partitions": {}}));
            topic["partitions"][partition.partition.0.to_string()] = of_partition(partition);
        }
        all.insert("topics".to_owned(), topics.into());
        if config.group_id.is_some() {
            all.insert("cgrp".to_owned(), of_group(&state));
        }
        Ok(Value::from(all).to_string())
    }
}

fn of_group(state: &State) -> Value {
    let joined = state.protocol.is_some();
    json!({
        "state": if joined { "up" } else { "init" },
        "join_state": if joined { "steady" } else { "init" },
        "assignment_size": state.fetcher.assignment.places().len(),
    })
}

fn of_partition(partition: &AssignedPartition) -> Value {
    let offset = |offset: Option<Offset>| offset.map_or(NO_OFFSET, |offset| offset.0);
    let position = partition.position().map(|position| position.offset);
    let view = partition.reader.as_ref().map(|reader| reader.log().view());
    let end = view.as_ref().map(|view| view.high_watermark());
    let lag = match (partition.committed.or(position), end) {
        (Some(from), Some(end)) => end.0.saturating_sub(from.0).max(0),
        _ => -1,
    };
    json!({
        "partition": partition.partition.0,
        "fetch_state": if partition.reader.is_some() { "active" } else { "none" },
        "app_offset": offset(position),
        "stored_offset": offset(partition.stored.map(|stored| stored.offset)),
        "committed_offset": offset(partition.committed),
        "next_offset": offset(partition.reader.as_ref().map(|reader| reader.next_read())),
        "eof_offset": offset(partition.eof),
        "lo_offset": offset(view.as_ref().map(|view| view.log_start())),
        "hi_offset": offset(end),
        "ls_offset": offset(view.as_ref().map(|view| view.last_stable_offset())),
        "consumer_lag": lag,
    })
}
