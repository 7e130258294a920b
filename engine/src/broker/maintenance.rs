//! [`Housekeeper`]: the thread that does what a broker owes from time to time: retention, compaction, and the
//! checkpoints that shorten recovery. It sleeps in between, minutes at a time, and asks shards for what only they may touch.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::catalog::Catalog;
use super::{Broker, checkpoints};
use crate::io::{Disk, OwnerProcess};
use crate::log::{DataDirectoryError, LogCheckpoint};
use crate::types::TopicPartition;

/// The running thread. Dropping it ends it.
pub(super) struct Housekeeper {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
    owner: OwnerProcess,
}

#[derive(Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

/// One duty and when it is next due.
struct Duty {
    interval: Duration,
    due: Instant,
    run: fn(&Broker),
}

impl Housekeeper {
    pub(super) fn start(broker: &Arc<Broker>) -> std::io::Result<Housekeeper> {
        let config = broker.config();
        let duty = |interval: Duration, run| Duty { interval, due: Instant::now() + interval, run };
        let duties = vec![
            duty(config.retention_check_interval, Broker::apply_retention),
            duty(config.checkpoint_interval, Broker::checkpoint),
            duty(config.cleaner_backoff, Broker::compact),
        ];
        let stop = Arc::new(Stop::default());
        let (broker, stopped) = (Arc::downgrade(broker), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("tidelog-housekeeper".to_owned())
            .spawn(move || keep(&broker, &stopped, duties))?;
        Ok(Housekeeper { stop, thread: Some(thread), owner: OwnerProcess::current() })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        if !self.owner.is_current() {
            // A forked child has no such thread, and perhaps a lock that nobody holds.
            return std::mem::forget(self.thread.take());
        }
        *self.stop.asked.lock() = true;
        self.stop.changed.notify_all();
        // The last reference to a broker may be the one that this thread holds while it works.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id())
        {
            drop(thread.join());
        }
    }
}

fn keep(broker: &Weak<Broker>, stop: &Stop, mut duties: Vec<Duty>) {
    let mut asked = stop.asked.lock();
    while !*asked {
        let Some(next) = duties.iter().map(|duty| duty.due).min() else { return };
        if !stop.changed.wait_until(&mut asked, next).timed_out() {
            continue;
        }
        drop(asked);
        let Some(broker) = broker.upgrade() else { return };
        let now = Instant::now();
        for duty in duties.iter_mut().filter(|duty| duty.due <= now) {
            (duty.run)(&broker);
            duty.due = now + duty.interval;
        }
        drop(broker);
        asked = stop.asked.lock();
    }
}

impl Broker {
    /// Applies `retention.ms` and `retention.bytes` to all partitions, forgets idle producers, then notes where the logs start now.
    pub fn apply_retention(&self) {
        let (now, idle_max) = (self.clock.now(), self.config.producer_id_expiration);
        for shard in &self.shards {
            // A shard that has stopped keeps its segments until the next opening.
            let removed = shard.run(move |worker| worker.apply_retention(now, idle_max)).unwrap_or_default();
            self.unlink(&removed);
        }
        self.checkpoint();
    }

    /// Frees the space of files that logs have given up. One that stays is removed by the next opening.
    pub(super) fn unlink(&self, files: &[std::path::PathBuf]) {
        for file in files {
            if let Err(error) = self.disk.remove_file(file) {
                tracing::warn!(file = %file.display(), %error, "file of a deleted segment stays for now");
            }
        }
    }

    /// Writes how far the logs are flushed and where they start, so that the next opening has less to recover. What
    /// cannot be written costs time at the next recovery, nothing else.
    pub fn checkpoint(&self) {
        if let Err(error) = self.try_checkpoint() {
            tracing::warn!(%error, "checkpoint was not written");
        }
    }

    pub(super) fn try_checkpoint(&self) -> Result<(), DataDirectoryError> {
        let mut points = Vec::new();
        for shard in &self.shards {
            points.extend(shard.run(|worker| worker.checkpoints()).unwrap_or_default());
        }
        self.write_checkpoints(&self.catalog.lock(), &points)
    }

    /// Writes the checkpoints of `points`, and forgets those of partitions that are not in `catalog`: a topic of the
    /// same name must not inherit them.
    pub(super) fn write_checkpoints(
        &self,
        catalog: &Catalog,
        points: &[(TopicPartition, LogCheckpoint)],
    ) -> Result<(), DataDirectoryError> {
        checkpoints::write(&self.directory, points, |id| catalog.has_partition(id))
    }
}
