//! The thread that a shard runs on: a glommio executor, or a plain thread where io_uring is refused and glommio
//! therefore cannot start.
//!
//! The worker's loop is the executor's main future and sleeps in its own commit queue: parking in glommio costs 27 to
//! 31 us of CPU a wake, measured. What glommio gives is the thread, its placement and its task queues.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use glommio::{LocalExecutorBuilder, Placement};

use super::mailbox::Mailbox;
use super::worker::{Message, Worker};
use super::{ShardOptions, ShardStopped};

/// How often glommio interrupts its tasks for others. The worker never returns to it, so nobody gains by a short one;
/// and when the interval is over before the executor has polled its first task, as happens on a busy machine, it takes
/// that task for none and sleeps for ever (glommio 0.9: `run_task_queues`).
const PREEMPT_INTERVAL: Duration = Duration::from_secs(3600);

/// The running thread of a shard.
pub(super) enum Host {
    /// Inside a glommio executor.
    Glommio(glommio::ExecutorJoinHandle<()>),
    /// On its own.
    Plain(JoinHandle<()>),
}

impl Host {
    /// Starts the thread; returns once its worker serves, or with the reason why it cannot.
    pub(super) fn start(options: ShardOptions, mailbox: &Mailbox<Message>) -> io::Result<Host> {
        let (report, started) = crossbeam::channel::bounded(1);
        let name = format!("tidelog-shard-{}", options.number);
        let host = if crate::io::io_uring_refused().is_none() {
            let (options, mailbox, report) = (options.clone(), mailbox.clone(), report.clone());
            LocalExecutorBuilder::new(Placement::Unbound)
                .name(&name)
                .io_memory(64 << 10)
                .preempt_timer(PREEMPT_INTERVAL)
                .spawn(move || async move { run(&options, &mailbox, &report) })
                .map(Host::Glommio)
                .map_err(
                    |error| tracing::warn!(%error, "glommio cannot start, the shard runs on a plain thread"),
                )
                .ok()
        } else {
            None
        };
        let host = match host {
            Some(host) => host,
            None => {
                let mailbox = mailbox.clone();
                let spawned =
                    std::thread::Builder::new().name(name).spawn(move || run(&options, &mailbox, &report));
                Host::Plain(spawned?)
            }
        };
        match started.recv() {
            Ok(Ok(())) => Ok(host),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other(ShardStopped)),
        }
    }

    /// Waits for the thread to end.
    pub(super) fn join(self) {
        match self {
            Host::Glommio(handle) => drop(handle.join()),
            Host::Plain(handle) => drop(handle.join()),
        }
    }
}

/// Runs a worker to its end. A panic ends the shard, not its callers: dropping the worker answers them all.
fn run(
    options: &ShardOptions,
    mailbox: &Mailbox<Message>,
    report: &crossbeam::channel::Sender<io::Result<()>>,
) {
    let served = catch_unwind(AssertUnwindSafe(|| {
        let mut worker = match Worker::new(options, mailbox.clone()) {
            Ok(worker) => worker,
            Err(error) => return drop(report.send(Err(error))),
        };
        drop(report.send(Ok(())));
        let served = worker.serve();
        if let Err(error) = served {
            tracing::error!(shard = options.number, %error, "shard stopped: its commit queue broke");
        }
    }));
    // Whoever still waits for an answer gets one by being dropped.
    mailbox.close();
    if served.is_err() {
        tracing::error!(shard = options.number, "shard stopped by a panic, its partitions are offline");
    }
}
