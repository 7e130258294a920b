//! [`Producer`]: messages in, delivery reports out.
//!
//! `produce()` encodes on the caller's thread into the open batch of the chosen partition; no thread is woken for a
//! message, only for a batch. In reading order: `many` (a slice of messages in one call), `topic` (which partition),
//! `partition_batches` (open and full batches, pulled by shards), `delivery` (reports), `queue_limits` (how much may be
//! outstanding), `record_clock`, `transaction` (where it stands), `transactions` (the calls), `fatal` (when there is no
//! going on).

mod delivery;
mod fatal;
mod growing_list;
mod many;
mod partition_batches;
mod queue_limits;
mod record_clock;
mod shared;
mod statistics;
mod topic;
mod transaction;
mod transactions;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

pub use delivery::{Delivery, DeliveryReport, OwnCallback};
pub use fatal::ErrorCallback;
pub use many::NotQueued;
pub use topic::ProducerTopic;

use super::KafkaError;
use super::config::{Config, ProducerConfig, TopicProducerConfig};
use super::engine::Engine;
use super::statistics::StatisticsClock;
use crate::error_code::ErrorCode;
use crate::io::SystemClock;
use crate::record::{BatchBuilder, HeaderRef, RecordData};
use crate::types::{PartitionIndex, ProducerEpoch, Timestamp};
use shared::Shared;

/// A message to be produced.
#[derive(Debug, Default)]
pub struct ProducerRecord<'a> {
    /// Key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is null.
    pub value: Option<&'a [u8]>,
    /// Headers, kept in this order.
    pub headers: &'a [HeaderRef<'a>],
    /// Partition; `None` lets the partitioner choose.
    pub partition: Option<PartitionIndex>,
    /// Milliseconds since the epoch; `None` is now.
    pub timestamp: Option<Timestamp>,
    /// What comes back with the report.
    pub delivery: Delivery,
}

impl<'a> ProducerRecord<'a> {
    #[inline]
    fn data(&self, timestamp: Timestamp) -> RecordData<'a> {
        RecordData { timestamp, key: self.key, value: self.value, headers: self.headers }
    }
}

/// Called with each delivery report and what was attached to the message, by the thread that polls. `Break` ends that
/// call of `poll`.
pub type DeliveryCallback = Box<dyn Fn(&DeliveryReport, &Delivery) -> ControlFlow<()> + Send + Sync>;

/// A producer. Threads may share it. Dropping it without [`Producer::flush`] gives up what is still queued.
pub struct Producer {
    shared: Arc<Shared>,
    /// `None` when it is offline or closed.
    engine: Mutex<Option<Engine>>,
    topics: ArcSwap<HashMap<String, Arc<ProducerTopic>>>,
    /// Held while `topics` changes.
    changing: Mutex<()>,
    on_delivery: Option<DeliveryCallback>,
    on_error: Mutex<Option<Arc<ErrorCallback>>>,
    statistics: StatisticsClock,
    /// Polls that did not wait.
    hasty_polls: AtomicU32,
}

impl Producer {
    /// A producer with these settings, which opens or joins the engine that `bootstrap.servers` names.
    ///
    /// # Errors
    /// `_INVALID_ARG` with librdkafka's text for wrong settings; what [`Engine::open`] says.
    pub fn new(config: &Config) -> Result<Producer, KafkaError> {
        Producer::with_callback(config, None)
    }

    /// As [`Producer::new`], with a callback for every delivery report (librdkafka: `dr_msg_cb`).
    ///
    /// # Errors
    /// As [`Producer::new`].
    pub fn with_callback(
        config: &Config,
        on_delivery: Option<DeliveryCallback>,
    ) -> Result<Producer, KafkaError> {
        let config = ProducerConfig::new(config)?;
        let engine = Engine::open(&config.client)?;
        Producer::on_engine(config, engine, on_delivery)
    }

    /// A producer on an engine that is open already.
    ///
    /// # Errors
    /// When `enable.idempotence` is set and no producer id can be had.
    pub fn on_engine(
        config: ProducerConfig,
        engine: Option<Engine>,
        on_delivery: Option<DeliveryCallback>,
    ) -> Result<Producer, KafkaError> {
        let clock = match &engine {
            Some(engine) => Arc::clone(engine.broker().clock()),
            None => Arc::new(SystemClock::new()),
        };
        let identity = match &engine {
            // A producer of transactions gets its id with its `transactional.id`.
            Some(engine) if config.idempotence && config.transactional_id.is_none() => {
                Some((engine.broker().allocate_producer_id()?, ProducerEpoch(0)))
            }
            _ => None,
        };
        let statistics = StatisticsClock::new(config.client.statistics_interval);
        Ok(Producer {
            statistics,
            on_error: Mutex::default(),
            shared: Arc::new(Shared::new(config, clock, identity)),
            engine: Mutex::new(engine),
            hasty_polls: AtomicU32::new(0),
            topics: ArcSwap::default(),
            changing: Mutex::new(()),
            on_delivery,
        })
    }

    /// Queues a message. Returns at once; what becomes of it is told by [`Producer::poll`].
    ///
    /// # Errors
    /// `_QUEUE_FULL`: serve reports with [`Producer::poll`] and try again. `MSG_SIZE_TOO_LARGE`, for more than
    /// `message.max.bytes`. `_UNKNOWN_PARTITION`, for a partition that the topic does not have. `_STATE`, in a process that was
    /// forked from the one that made the producer, and outside of a transaction with `transactional.id`; `_FATAL` after a fatal
    /// error ([`Producer::fatal_error`]).
    pub fn produce(&self, topic: &str, record: ProducerRecord<'_>) -> Result<(), KafkaError> {
        self.shared.process.check()?;
        let topics = self.topics.load();
        match topics.get(topic).filter(|topic| topic.is_current()) {
            Some(topic) => self.produce_to(topic, record),
            None => self.produce_to(&self.topic(topic), record),
        }
    }

    /// The topic of that name, if it was looked up before and still is what it was.
    #[must_use]
    pub fn known_topic(&self, name: &str) -> Option<Arc<ProducerTopic>> {
        self.topics.load().get(name).filter(|topic| topic.is_current()).cloned()
    }

    /// A topic to produce to without looking up its name each time (librdkafka: `rd_kafka_topic_t`).
    #[must_use]
    pub fn topic(&self, name: &str) -> Arc<ProducerTopic> {
        self.topic_with(name, &self.shared.config.topic)
    }

    /// As [`Producer::topic`], with settings of its own, unless the producer knows the topic already (librdkafka:
    /// `rd_kafka_topic_conf_t`).
    #[must_use]
    pub fn topic_with(&self, name: &str, config: &TopicProducerConfig) -> Arc<ProducerTopic> {
        let guard = self.changing.lock();
        if let Some(topic) = self.known_topic(name) {
            return topic;
        }
        let engine = self.engine.lock().clone();
        let topic = Arc::new(ProducerTopic::new(name, &self.shared, engine.as_ref(), config.clone()));
        let mut topics = HashMap::clone(&self.topics.load());
        topics.insert(name.to_owned(), Arc::clone(&topic));
        self.topics.store(Arc::new(topics));
        drop(guard);
        topic
    }

    /// As [`Producer::produce`], to a topic that was looked up before.
    ///
    /// # Errors
    /// As [`Producer::produce`].
    #[inline]
    pub fn produce_to(
        &self,
        topic: &ProducerTopic,
        mut record: ProducerRecord<'_>,
    ) -> Result<(), KafkaError> {
        let coarse = self.shared.clock.coarse();
        let mut data = record.data(record.timestamp.unwrap_or(Timestamp::NONE));
        let size = self.admissible_size(&data)?;
        let mut held = topic.batches_of(record.key, record.partition, coarse)?.hold();
        if record.timestamp.is_none() {
            data.timestamp = held.now(coarse);
        }
        let added = held.add(&data, size, &mut record.delivery);
        held.release();
        added
    }

    /// Upper bound of what `data` takes in a batch.
    ///
    /// # Errors
    /// `MSG_SIZE_TOO_LARGE`, for more than `message.max.bytes`; `_STATE` in a forked child, and outside of a
    /// transaction; `_FATAL` after a fatal error.
    #[inline]
    fn admissible_size(&self, data: &RecordData<'_>) -> Result<usize, KafkaError> {
        self.shared.process.check()?;
        if !self.shared.takes_messages() {
            let is_lost = self.shared.fatal.get().is_some();
            return Err(if is_lost { ErrorCode::LocalFatal } else { ErrorCode::LocalState }.into());
        }
        let size = BatchBuilder::encoded_size_max(data);
        if size > self.shared.message_size_max {
            return Err(KafkaError::new(ErrorCode::MessageTooLarge));
        }
        Ok(size)
    }

    /// Serves delivery reports: calls the callbacks for those that are there, waiting at most `timeout` for the first
    /// (`None`: without end). Returns how many messages were served.
    pub fn poll(&self, timeout: Option<Duration>) -> usize {
        if timeout == Some(Duration::ZERO) {
            self.expire_now_and_then();
            return self.serve();
        }
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let seen = self.shared.reports.signal().seen();
            let served = self.serve();
            if served > 0 || !self.wait_for_report(seen, deadline) {
                return served;
            }
        }
    }

    /// Waits at most `timeout` until there is something to poll (`None`: without end), and serves nothing. False when
    /// the time is over.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let seen = self.shared.reports.signal().seen();
            if !self.shared.reports.is_empty() || self.statistics.is_due() || self.shared.fatal.is_untold() {
                return true;
            }
            if !self.wait_for_report(seen, deadline) {
                return false;
            }
        }
    }

    /// For event loops (librdkafka: `rd_kafka_queue_io_event_enable`): has `tell` called by another thread when there is
    /// something to poll, once after each [`Producer::arm`]. Only the first call has an effect; false for others.
    pub fn listen(&self, tell: Box<dyn Fn() + Send + Sync>) -> bool {
        self.shared.reports.signal().listen(tell)
    }

    /// See [`Producer::listen`]. Poll afterwards: what came before is not told.
    pub fn arm(&self) {
        self.shared.reports.signal().arm();
    }

    /// The next delivery report as a value, with what was attached to the message, instead of a callback; waits at
    /// most `timeout`.
    pub fn next_report(&self, timeout: Option<Duration>) -> Option<(DeliveryReport, Delivery)> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let seen = self.shared.reports.signal().seen();
            let report = self.shared.reports.next();
            if report.is_some() || !self.wait_for_report(seen, deadline) {
                return report;
            }
        }
    }

    /// Sleeps until there may be a report. False when the deadline is over. What waits for an engine that does not
    /// come, or a shard that does not take it, is looked at for its timeout now and then. False at once in a forked
    /// child, where no report will ever come.
    fn wait_for_report(&self, seen: u64, deadline: Option<Instant>) -> bool {
        if !self.shared.process.is_current() {
            return false;
        }
        self.expire();
        let tick = Instant::now() + EXPIRY_INTERVAL;
        let until = [deadline, self.statistics.due()].into_iter().flatten().fold(tick, Instant::min);
        self.shared.reports.signal().wait(seen, Some(until), &self.shared.spinner)
            || deadline.is_none_or(|at| at > Instant::now())
    }

    /// For applications that never wait.
    #[inline]
    fn expire_now_and_then(&self) {
        // Threads that race here lose counts.
        let polls = self.hasty_polls.load(Ordering::Relaxed).wrapping_add(1);
        self.hasty_polls.store(polls, Ordering::Relaxed);
        if polls.is_multiple_of(HASTY_POLLS) {
            self.expire();
        }
    }

    fn expire(&self) {
        if self.shared.limits.count() == 0 {
            return;
        }
        let now = self.shared.clock.monotonic();
        for topic in self.topics.load().values() {
            topic.each_batches(|batches| batches.expire(now));
        }
    }

    /// Calls callbacks for a fatal error, for statistics and for all reports that are there, or counts them where there is
    /// nobody to call.
    fn serve(&self) -> usize {
        let reports = &self.shared.reports;
        let mut served = 0;
        if let Some(flow) = self.tell_fatal_error() {
            served += 1;
            if flow.is_break() {
                return served;
            }
        }
        if let Some(callback) = self.statistics.take_due() {
            served += 1;
            if callback(&self.statistics()).is_break() {
                return served;
            }
        }
        if reports.is_empty() {
            return served;
        }
        loop {
            if self.on_delivery.is_none() {
                served += reports.discard();
            }
            let Some(mut batch) = reports.take() else { return served };
            while let Some((report, delivery)) = batch.next() {
                served += 1;
                let common =
                    self.on_delivery.as_ref().is_some_and(|callback| callback(&report, &delivery).is_break());
                let own = match delivery {
                    Delivery::Callback(callback) => callback(report).is_break(),
                    Delivery::Silent | Delivery::Opaque(_) => false,
                };
                if common || own {
                    return served;
                }
            }
        }
    }

    /// Waits until all messages have been delivered or have failed and their reports have been served, at most
    /// `timeout`. Nothing lingers meanwhile. Returns how many are still queued. In a delivery callback it does not wait:
    /// what that one's poll has yet to serve is among what it would wait for.
    pub fn flush(&self, timeout: Option<Duration>) -> usize {
        if !self.shared.process.is_current() {
            return self.len();
        }
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let _no_lingering = self.shared.stop_lingering();
        for topic in self.topics.load().values() {
            topic.each_batches(|batches| batches.push_out());
        }
        loop {
            let seen = self.shared.reports.signal().seen();
            self.serve();
            let left = self.len();
            let waits = left > 0 && !self.shared.reports.is_served_here();
            if !waits || !self.wait_for_report(seen, deadline) {
                return left;
            }
        }
    }

    /// Drops the messages that no shard has taken yet; their reports say `_PURGE_QUEUE`. What a shard has taken cannot
    /// be called back: it is reported as it ends.
    pub fn purge(&self) {
        let error = KafkaError::new(ErrorCode::LocalPurgeQueue);
        for topic in self.topics.load().values() {
            topic.each_batches(|batches| batches.fail_all(&error));
        }
    }

    /// Messages that are queued, in flight, or whose report has not been served.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut open = 0;
        for topic in self.topics.load().values() {
            topic.each_batches(|batches| open += batches.open_count());
        }
        // Only then: a batch that is sealed meanwhile is counted twice, never not at all.
        open + self.shared.limits.sealed_count()
    }

    /// `message.max.bytes`: the largest message.
    #[must_use]
    pub fn message_size_max(&self) -> usize {
        self.shared.message_size_max
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The engine behind this producer; `None` when it is offline or closed.
    #[must_use]
    pub fn engine(&self) -> Option<Engine> {
        self.engine.lock().clone()
    }

    /// Lets go of the engine, as dropping the producer does: what is still queued is given up. Messages that are
    /// produced afterwards go nowhere.
    pub fn close(&self) {
        let guard = self.changing.lock();
        self.topics.store(Arc::default());
        let engine = self.engine.lock().take();
        drop(guard);
        // The engine may stop here, which takes its time.
        drop(engine);
    }
}

/// After how many polls that did not wait messages are looked at for their timeout.
const HASTY_POLLS: u32 = 64;

/// How often a waiting thread looks for messages that have timed out.
const EXPIRY_INTERVAL: Duration = Duration::from_millis(500);

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Producer({} queued)", self.len())
    }
}

#[cfg(test)]
mod tests;
