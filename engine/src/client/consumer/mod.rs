//! [`Consumer`]: messages out.
//!
//! Messages are read on the thread that polls, without a hop to the shard that writes them. In reading order: `events`
//! (what comes out), `state` (what threads share), `fetcher` (turns of partitions), `resets` (where reading starts),
//! `reader` (one partition's batches), `assignment` and `partition` (what is read), `readiness` (how shards say that
//! there is more), `positions` and `queries` (further calls).

mod assignment;
mod batch;
mod commits;
mod events;
mod fetcher;
mod group;
mod partition;
mod positions;
mod queries;
mod reader;
mod readiness;
mod resets;
mod state;
#[cfg(test)]
mod tests;
mod topics_watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

pub use batch::FetchedBatch;
pub use events::{BatchEvent, CallError, ConsumerError, Event};
pub use group::{Rebalance, RebalanceCallback};
pub use queries::Watermarks;

use super::KafkaError;
use super::config::{Config, ConsumerConfig};
use super::engine::Engine;
use super::signal::Signal;
use crate::shard::Notify;
use fetcher::Fetcher;
use group::{GroupState, LastPoll};
use state::{State, Taken};

/// A consumer. Threads may share it: each message goes to one of them.
///
/// Calls fail with [`CallError::Closed`] once it has been closed.
pub struct Consumer {
    config: Arc<ConsumerConfig>,
    state: Arc<Mutex<State>>,
    signal: Arc<Signal>,
    last_poll: Arc<LastPoll>,
}

impl Consumer {
    /// A consumer with these settings, which opens or joins the engine that `bootstrap.servers` names.
    ///
    /// # Errors
    /// `_INVALID_ARG` with librdkafka's text for wrong settings; what [`Engine::open`] says.
    pub fn new(config: &Config) -> Result<Consumer, KafkaError> {
        let config = ConsumerConfig::new(config)?;
        let engine = Engine::open(&config.client)?;
        Ok(Consumer::on_engine(config, engine))
    }

    /// A consumer on an engine that is open already.
    #[must_use]
    pub fn on_engine(config: ConsumerConfig, engine: Option<Engine>) -> Consumer {
        let broker = engine.as_ref().map(|engine| Arc::clone(engine.broker()));
        let fetcher = Fetcher::new(&config, broker);
        let signal = Arc::clone(fetcher.queue.signal());
        let group = GroupState::new(&config);
        let state = Arc::new(Mutex::new(State { fetcher, engine, closed: false, group }));
        Consumer { config: Arc::new(config), state, signal, last_poll: Arc::default() }
    }

    /// The next message or event, waiting at most `timeout` for it (`None`: without end).
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn poll(&self, timeout: Option<Duration>) -> Result<Option<Event>, CallError> {
        let mut state = self.state.lock();
        // A closed consumer has nothing left. A rebalance comes before what is still in a batch.
        if !state.group.is_rebalancing()
            && let Some(message) = state.fetcher.next_message()
        {
            return Ok(Some(Event::Message(message)));
        }
        drop(state);
        self.wait_for(timeout, Fetcher::next_message)
    }

    /// The next batch, or what is left of one, or event; waits at most `timeout` for it (`None`: without end). The
    /// position moves behind the batch.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn next_batch(&self, timeout: Option<Duration>) -> Result<Option<BatchEvent>, CallError> {
        self.wait_for(timeout, |fetcher| fetcher.take_batch().map(FetchedBatch::new))
    }

    fn wait_for<T>(
        &self,
        timeout: Option<Duration>,
        take: impl Fn(&mut Fetcher) -> Option<T>,
    ) -> Result<Option<Event<T>>, CallError> {
        let deadline = deadline_of(timeout);
        loop {
            let seen = self.signal.seen();
            self.serve_group()?;
            let taken = self.state.lock().check_open()?.take(&take);
            match taken {
                Taken::Event(event) => return Ok(Some(event)),
                Taken::Nothing(until) => {
                    if !self.wait(seen, deadline, until) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The next `count` messages and events; fewer when `timeout` ends first. Waits for all of them, as librdkafka
    /// does, also when the log has no more.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn consume(&self, count: usize, timeout: Option<Duration>) -> Result<Vec<Event>, CallError> {
        self.collect(count, timeout, 1.max(count))
    }

    /// Up to `count` messages and events: what is there at once, or else the first that come within `timeout`.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn consume_available(
        &self,
        count: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<Event>, CallError> {
        self.collect(count, timeout, 1)
    }

    fn collect(
        &self,
        count_max: usize,
        timeout: Option<Duration>,
        enough: usize,
    ) -> Result<Vec<Event>, CallError> {
        const CAPACITY_MAX: usize = 1024;
        let deadline = deadline_of(timeout);
        let mut events = Vec::with_capacity(count_max.min(CAPACITY_MAX));
        while events.len() < count_max {
            let seen = self.signal.seen();
            self.serve_group()?;
            let mut state = self.lock()?;
            let until = loop {
                if events.len() == count_max {
                    return Ok(events);
                }
                match state.take(Fetcher::next_message) {
                    Taken::Event(event) => events.push(event),
                    Taken::Nothing(until) => break until,
                }
            };
            drop(state);
            if events.len() >= enough || !self.wait(seen, deadline, until) {
                break;
            }
        }
        Ok(events)
    }

    /// Sleeps until there may be something, at most until `until`. False when the deadline is over.
    fn wait(&self, seen: u64, deadline: Option<Instant>, until: Option<Instant>) -> bool {
        let wake_at = match (deadline, until) {
            (Some(deadline), Some(until)) => Some(deadline.min(until)),
            (deadline, until) => deadline.or(until),
        };
        self.signal.wait(seen, wake_at, self.config.client.engine.spin)
            || deadline.is_none_or(|deadline| deadline > Instant::now())
    }

    /// Ends the consumer: commits what is stored (with `enable.auto.commit`), gives up its partitions, leaves its group,
    /// and gives up its engine. Fine to call twice.
    pub fn close(&self) {
        self.leave_group();
        let mut state = self.state.lock();
        state.closed = true;
        state.fetcher.close();
        let engine = state.engine.take();
        drop(state);
        // Whoever waits finds it closed. The engine may stop here, which takes its time.
        self.wake();
        drop(engine);
    }

    /// Whether the consumer has been closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// The engine behind this consumer; `None` when it is offline or closed.
    #[must_use]
    pub fn engine(&self) -> Option<Engine> {
        self.state.lock().engine.clone()
    }

    /// Lets threads that wait look again.
    fn wake(&self) {
        self.signal.notify();
    }

    fn lock(&self) -> Result<MappedMutexGuard<'_, State>, CallError> {
        MutexGuard::try_map(self.state.lock(), |state| if state.closed { None } else { Some(state) })
            .map_err(|_| CallError::Closed)
    }
}

/// When a wait that begins now ends. A time beyond what clocks can say is none.
fn deadline_of(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// Without [`Consumer::close`] nothing is committed and the group is not left: it finds out by the session timeout.
impl Drop for Consumer {
    fn drop(&mut self) {
        // Outside the lock: the member's thread may be waiting for it.
        let membership = self.state.lock().group.membership.take();
        drop(membership);
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({:?})", self.config.group_id)
    }
}
