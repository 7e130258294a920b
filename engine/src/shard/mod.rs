//! Thread-per-core shards. A partition belongs to one shard; only that shard appends to it, so appends take no locks.
//!
//! In reading order: [`append`](Append) (what goes in and what comes back), `mailbox` (how it gets there), `writer`
//! (group commit of one partition), `worker` (the loop of one shard), `host` (its thread), [`Partition`] (what readers
//! and producers hold), `batch_cache` (the tail in memory), `waiters` (long polls), [`Resident`] (who else lives on a shard's thread).

mod append;
mod batch_cache;
mod durable_marks;
#[cfg(all(test, tidelog_loom))]
mod handshakes;
mod host;
mod mailbox;
mod partition;
mod resident;
#[cfg(test)]
pub(crate) mod simulation;
mod timers;
mod waiters;
mod worker;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use append::{Append, AppendReply, Appended, BatchSource, ProduceError, ProduceFailure, Pulled, Reply};
pub use batch_cache::CachedTail;
pub use mailbox::{Mailbox, SendError};
pub use partition::{Admission, Fetched, Located, Partition, Place, Unavailable};
pub use resident::{Doorbell, Occupied, Resident};
pub use waiters::{Notify, Waiters};
pub use worker::Worker;

use parking_lot::Mutex;

use crate::config::topic::LogConfig;
use crate::io::{Clock, ReservedDisk};
use crate::limits::MAILBOX_COUNT_MAX;
use crate::log::OpenFrom;
use crate::metrics::ShardMetrics;
use crate::types::{TopicId, TopicPartition};
use host::Host;
use worker::Message;

/// What a shard needs to start.
#[derive(Clone)]
pub struct ShardOptions {
    /// Number of the shard in its engine, from 0; names its thread.
    pub number: usize,
    /// Where the logs are.
    pub disk: Arc<ReservedDisk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Side file for durable watermarks.
    pub durable_marks: PathBuf,
    /// Number behind all that were read back from such files.
    pub marks_sequence: u64,
    /// Bytes of the newest batches that stay in memory.
    pub cache_size_max: usize,
    /// How long to look for work before sleeping.
    pub spin: Duration,
    /// Where latencies are recorded.
    pub metrics: Arc<ShardMetrics>,
}

/// A partition to be served.
#[derive(Clone, Debug)]
pub struct PartitionSpec {
    /// Topic and number.
    pub id: TopicPartition,
    /// Identity of the topic.
    pub topic_id: TopicId,
    /// Folder of the partition.
    pub dir: PathBuf,
    /// Settings of its log.
    pub config: Arc<LogConfig>,
    /// What the log may trust when it opens; `None` creates it.
    pub open: Option<OpenFrom>,
}

/// The shard that was asked does not run any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shard has stopped")]
pub struct ShardStopped;

/// A running shard. Dropping it stops it without closing its logs, as a crash would.
pub struct Shard {
    mailbox: Mailbox<Message>,
    host: Mutex<Option<Host>>,
}

impl Shard {
    /// Starts the shard's thread.
    ///
    /// # Errors
    /// When neither an executor nor a thread or no commit queue can be had; the operating system's reason.
    pub fn start(options: ShardOptions) -> io::Result<Shard> {
        let mailbox = Mailbox::new(MAILBOX_COUNT_MAX);
        let host = Host::start(&options, &mailbox)?;
        Ok(Shard { mailbox, host: Mutex::new(Some(host)) })
    }

    /// Runs `task` on the shard's thread and waits for its result. Not to be called on a shard's thread.
    ///
    /// # Errors
    /// [`ShardStopped`].
    pub fn run<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Worker) -> R + Send + 'static,
    ) -> Result<R, ShardStopped> {
        let (answer, result) = crossbeam::channel::bounded(1);
        self.submit(move |worker| drop(answer.send(task(worker))))?;
        result.recv().map_err(|_| ShardStopped)
    }

    /// Whether the shard's thread has ended, in order or not.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.mailbox.is_closed()
    }

    /// Ends the shard's thread and waits for it. Logs that have not been closed are left as a crash would leave them.
    /// Fine to call twice; not to be called on a shard's thread.
    pub fn stop(&self) {
        // A shard that has stopped already takes no message, and needs none.
        drop(self.mailbox.send_waiting(Message::Stop));
        if let Some(host) = self.host.lock().take() {
            host.join();
        }
    }

    /// Runs `task` on the shard's thread, some time soon.
    ///
    /// # Errors
    /// [`ShardStopped`].
    pub fn submit(&self, task: impl FnOnce(&mut Worker) + Send + 'static) -> Result<(), ShardStopped> {
        self.mailbox.send_waiting(Message::Task(Box::new(task))).map_err(|_| ShardStopped)
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shard({:?})", self.mailbox)
    }
}
