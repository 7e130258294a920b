//! [`Consumer`]: messages out.
//!
//! Messages are read on the thread that polls, without a hop to the shard that writes them. In reading order: `events`
//! (what comes out), `serving` (what a poll does), `state` and `shared` (what threads share), `fetcher` and `lines`
//! (turns of partitions), `resets` (where reading starts), `reader` (one partition's batches), `assignment` and
//! `partition` (what is read), `readiness` (how shards say that there is more). Around it: `partition_queue` (one
//! partition apart from the others), `positions`, `queries` and `offsets` (further calls), `commits` (on their way to the
//! coordinator), `group` and `rebalance` (taking part in a group), `membership`, which does so in the background, and
//! `fatal` (the end of all that).

mod assignment;
mod batch;
mod commits;
mod events;
mod fatal;
mod fetcher;
mod group;
mod lines;
mod membership;
mod offsets;
mod partition;
mod partition_queue;
mod positions;
mod queries;
mod reader;
mod readiness;
mod rebalance;
mod resets;
mod serving;
mod shared;
mod state;
mod statistics;
#[cfg(test)]
mod tests;
mod topics_watch;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Sender, unbounded};
use parking_lot::Mutex;

pub use batch::FetchedBatch;
pub use commits::CommitAnswer;
pub use events::{BatchEvent, CallError, ConsumerError, Event, EventRef};
pub use group::GroupMetadata;
pub use partition_queue::PartitionQueue;
pub use queries::Watermarks;
pub use rebalance::{CommitCallback, ConsumerCallbacks, Rebalance, RebalanceCallback};

use super::KafkaError;
use super::config::{Config, ConsumerConfig};
use super::engine::Engine;
use crate::error_code::ErrorCode;
use membership::{Command, Membership};
use rebalance::RebalanceFunction;
use shared::Shared;
use state::Closing;

/// A consumer. Threads may share it: each message goes to one of them.
///
/// Calls fail with [`CallError::Closed`] once it has been closed. Dropping it without [`Consumer::close`] neither
/// commits nor leaves the group, as a crash would not.
pub struct Consumer {
    shared: Arc<Shared>,
    on_rebalance: Mutex<Option<Arc<RebalanceFunction>>>,
    on_commit: Option<CommitCallback>,
    /// From when there is something to do.
    background: Mutex<Option<Background>>,
}

/// The thread that takes part in the group.
struct Background {
    commands: Sender<Command>,
    thread: JoinHandle<()>,
}

impl Consumer {
    /// A consumer with these settings, which opens or joins the engine that `bootstrap.servers` names.
    ///
    /// # Errors
    /// `_INVALID_ARG` with librdkafka's text for wrong settings; what [`Engine::open`] says.
    pub fn new(config: &Config) -> Result<Consumer, KafkaError> {
        Consumer::with_callbacks(config, ConsumerCallbacks::default())
    }

    /// As [`Consumer::new`], with callbacks for rebalances and commits.
    ///
    /// # Errors
    /// As [`Consumer::new`].
    pub fn with_callbacks(config: &Config, callbacks: ConsumerCallbacks) -> Result<Consumer, KafkaError> {
        let config = ConsumerConfig::new(config)?;
        let engine = Engine::open(&config.client)?;
        Ok(Consumer::on_engine_with(config, engine, callbacks))
    }

    /// A consumer on an engine that is open already.
    #[must_use]
    pub fn on_engine(config: ConsumerConfig, engine: Option<Engine>) -> Consumer {
        Consumer::on_engine_with(config, engine, ConsumerCallbacks::default())
    }

    /// As [`Consumer::on_engine`], with callbacks for rebalances and commits.
    #[must_use]
    pub fn on_engine_with(
        config: ConsumerConfig,
        engine: Option<Engine>,
        callbacks: ConsumerCallbacks,
    ) -> Consumer {
        let ConsumerCallbacks { on_rebalance, on_commit } = callbacks;
        let shared = Arc::new(Shared::new(config, engine));
        let consumer =
            Consumer { shared, on_rebalance: Mutex::default(), on_commit, background: Mutex::new(None) };
        consumer.set_on_rebalance(on_rebalance);
        consumer
    }

    fn set_on_rebalance(&self, callback: Option<RebalanceCallback>) {
        let callback: Option<Arc<_>> = callback.map(Arc::from);
        self.shared.state.lock().asks = callback.is_some();
        *self.on_rebalance.lock() = callback;
    }

    /// Tells the thread that takes part in the group, which starts with the first thing it is told. Does nothing for a
    /// consumer that is offline or has no group.
    fn tell_membership(&self, command: Command) -> Result<(), KafkaError> {
        let mut background = self.background.lock();
        if background.is_none() {
            let (Some(engine), Some(group)) = (self.shared.engine(), self.shared.config.group_id.clone())
            else {
                return Ok(());
            };
            let channel = unbounded();
            let commands = channel.0.clone();
            drop(self.shared.membership.set(commands.clone()));
            let membership = Membership::new(Arc::clone(&self.shared), engine, group, channel);
            let thread = std::thread::Builder::new().name("tidelog-consumer".to_owned());
            let thread = thread.spawn(move || membership.run()).map_err(|error| {
                KafkaError::with_reason(ErrorCode::LocalCritSysResource, error.to_string())
            })?;
            *background = Some(Background { commands, thread });
        }
        if let Some(background) = &*background {
            // The thread only ends when this consumer does.
            drop(background.commands.send(command));
        }
        Ok(())
    }

    /// Ends the consumer: has it give up its partitions, commits what is stored (with `enable.auto.commit`), leaves
    /// the group and lets go of the engine. Callbacks are called. Fine to call twice. Does nothing in a forked
    /// child.
    pub fn close(&self) {
        if self.shared.check_process().is_err() {
            return;
        }
        {
            let mut state = self.shared.state.lock();
            if state.is_closed() || state.closing.replace(Closing::Call) == Some(Closing::Call) {
                return;
            }
            drop(state.withdraw_rebalance());
        }
        self.give_up_all();
        self.end_membership(Command::Leave);
        self.tell_commits();
        let engine = self.shared.state.lock().close();
        // Whoever waits finds it closed. The engine may stop here, which takes its time.
        self.shared.wake();
        drop(engine);
    }

    /// As [`Consumer::close`], without waiting: whoever polls from now on gets no messages, does the last rebalance as any
    /// other, and ends the consumer after it. Then polls fail, and [`Consumer::is_closed`] says so.
    ///
    /// # Errors
    /// [`CallError::Closed`], also when it is about to be.
    pub fn begin_close(&self) -> Result<(), CallError> {
        let mut state = self.shared.lock()?;
        if state.closing.is_some() {
            return Err(CallError::Closed);
        }
        state.closing = Some(Closing::Polling);
        drop(state.withdraw_rebalance());
        drop(state);
        self.shared.wake();
        Ok(())
    }

    /// Whether the consumer has been closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state.lock().is_closed()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.shared.config
    }

    /// The engine behind this consumer; `None` when it is offline or closed.
    #[must_use]
    pub fn engine(&self) -> Option<Engine> {
        self.shared.engine()
    }

    fn end_membership(&self, last: Command) {
        let Some(Background { commands, thread }) = self.background.lock().take() else { return };
        drop(commands.send(last));
        drop(thread.join());
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if self.shared.check_process().is_err() {
            // The thread and whoever holds the locks are the parent's.
            return std::mem::forget(self.background.get_mut().take());
        }
        self.end_membership(Command::Stop);
        drop(self.shared.state.lock().close());
    }
}

/// When a wait that begins now ends. A time beyond what clocks can say is none.
fn deadline_of(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({:?})", self.shared.config.group_id)
    }
}
