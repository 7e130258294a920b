//! What `statistics.interval.ms` is for: when a client's statistics are due, and who is told. The texts are made by
//! `producer/statistics.rs` and `consumer/statistics.rs`, in the JSON that librdkafka's `STATISTICS.md` describes; what
//! concerns brokers and sockets stays empty or zero.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

/// Called with the statistics as JSON, by the thread that polls. `Break` ends that call of `poll`.
pub type StatisticsCallback = Box<dyn Fn(&str) -> ControlFlow<()> + Send + Sync>;

/// When to tell whom.
pub(super) struct StatisticsClock {
    interval: Option<Duration>,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    callback: Option<Arc<StatisticsCallback>>,
    due: Option<Instant>,
}

impl StatisticsClock {
    /// Tells nobody yet. `None` is for never.
    pub(super) fn new(interval: Option<Duration>) -> StatisticsClock {
        StatisticsClock { interval, start: Instant::now(), state: Mutex::default() }
    }

    /// Tells `callback` from now on.
    pub(super) fn tell(&self, callback: StatisticsCallback) {
        let due = self.interval.map(|interval| Instant::now() + interval);
        *self.state.lock() = State { callback: Some(Arc::new(callback)), due };
    }

    /// When statistics are due next, if ever.
    pub(super) fn due(&self) -> Option<Instant> {
        self.interval?;
        self.state.lock().due
    }

    /// Whether statistics are due now.
    pub(super) fn is_due(&self) -> bool {
        self.due().is_some_and(|due| due <= Instant::now())
    }

    /// Whom to tell, if statistics are due now.
    pub(super) fn take_due(&self) -> Option<Arc<StatisticsCallback>> {
        let interval = self.interval?;
        let mut state = self.state.lock();
        let now = Instant::now();
        if state.due.is_none_or(|due| due > now) {
            return None;
        }
        state.due = Some(now + interval);
        state.callback.clone()
    }

    /// What both kinds of clients say of themselves.
    pub(super) fn heading(&self, name: &str, client_id: &str, kind: &str) -> Map<String, Value> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let zero = ["simple_cnt", "metadata_cache_cnt", "tx", "tx_bytes", "rx", "rx_bytes"];
        let mut heading: Map<String, Value> =
            zero.into_iter().map(|name| (name.to_owned(), json!(0))).collect();
        heading.insert("name".to_owned(), json!(name));
        heading.insert("client_id".to_owned(), json!(client_id));
        heading.insert("type".to_owned(), json!(kind));
        // Microseconds of a clock that only goes forward, seconds of the day's, microseconds since the start.
        heading.insert("ts".to_owned(), json!(micros(self.start.elapsed())));
        heading.insert("time".to_owned(), json!(wall.as_secs()));
        heading.insert("age".to_owned(), json!(micros(self.start.elapsed())));
        heading.insert("brokers".to_owned(), json!({}));
        heading
    }
}
