//! The thread that a shard runs on: a glommio executor, or a plain thread where io_uring is refused and glommio
//! therefore cannot start.
//!
//! The worker's loop is the executor's main future and sleeps in its own commit queue: parking in glommio costs 27 to
//! 31 us of CPU a wake, measured. What glommio gives is the thread, its placement and its task queues.
//!
//! A glommio executor (0.9) that ends never gives its eventfd back. So that any number of engines can be started and
//! stopped, a thread that has become free waits for the next shard: there are never more than ran at the same time.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, SendError, Sender, bounded};
use glommio::{LocalExecutorBuilder, Placement};
use parking_lot::Mutex;

use super::ShardOptions;
use super::mailbox::Mailbox;
use super::worker::{Message, Worker};
use crate::io::OwnerProcess;

/// How often glommio interrupts its tasks for others. The worker never returns to it, so nobody gains by a short one;
/// and when the interval is over before the executor has polled its first task, as happens on a busy machine, it takes
/// that task for none and sleeps for ever (glommio 0.9: `run_task_queues`).
const PREEMPT_INTERVAL: Duration = Duration::from_secs(3600);

/// The running thread of a shard.
pub(super) struct Host {
    thread: Thread,
    owner: OwnerProcess,
}

enum Thread {
    /// Inside a glommio executor; hears of the end of the worker, after which the thread is free for the next one.
    Glommio(Receiver<()>),
    /// On its own.
    Plain(JoinHandle<()>),
}

impl Host {
    /// Starts the thread; returns once its worker serves, or with the reason why it cannot.
    pub(super) fn start(options: &ShardOptions, mailbox: &Mailbox<Message>) -> io::Result<Host> {
        // Where io_uring is refused glommio does not even return an error.
        if crate::io::io_uring_refused().is_none() {
            match Host::start_with(options, mailbox, spawn_in_glommio) {
                Err(NotStarted::Host(error)) => {
                    tracing::warn!(%error, "glommio cannot start, the shard runs on a plain thread");
                }
                Err(NotStarted::Worker(error)) => return Err(error),
                Ok(host) => return Ok(host),
            }
        }
        Host::start_with(options, mailbox, spawn_plain).map_err(|not_started| match not_started {
            NotStarted::Host(error) | NotStarted::Worker(error) => error,
        })
    }

    fn start_with(
        options: &ShardOptions,
        mailbox: &Mailbox<Message>,
        spawn: fn(Task) -> io::Result<Thread>,
    ) -> Result<Host, NotStarted> {
        let (report, started) = bounded(1);
        let (options, mailbox) = (options.clone(), mailbox.clone());
        let thread = spawn(Box::new(move || run(&options, &mailbox, &report))).map_err(NotStarted::Host)?;
        match started.recv() {
            Ok(Ok(())) => Ok(Host { thread, owner: OwnerProcess::current() }),
            Ok(Err(error)) => Err(NotStarted::Worker(error)),
            // The thread has ended without a try.
            Err(_) => Err(NotStarted::Host(io::Error::other("the executor has ended at once"))),
        }
    }

    /// Waits for the worker to end.
    pub(super) fn join(self) {
        if !self.owner.is_current() {
            // A forked child has no such thread.
            return std::mem::forget(self);
        }
        match self.thread {
            Thread::Glommio(ended) => drop(ended.recv()),
            Thread::Plain(handle) => drop(handle.join()),
        }
    }
}

/// What a shard's thread is called; it may serve shards of several numbers one after the other.
const THREAD_NAME: &str = "tidelog-shard";

/// What runs on the thread.
type Task = Box<dyn FnOnce() + Send>;

/// Why a shard does not run.
enum NotStarted {
    /// There is no thread for it.
    Host(io::Error),
    /// The worker has no commit queue.
    Worker(io::Error),
}

/// A worker, and who is told when it has ended.
struct Job {
    task: Task,
    ended: Sender<()>,
}

/// Executors that have nothing to do, the latest last.
static FREE: Mutex<Vec<FreeExecutor>> = Mutex::new(Vec::new());

struct FreeExecutor {
    jobs: Sender<Job>,
    /// A forked child has the list, but not the threads.
    owner: OwnerProcess,
}

fn spawn_in_glommio(task: Task) -> io::Result<Thread> {
    let (sender, ended) = bounded(1);
    let mut job = Job { task, ended: sender };
    loop {
        let free = FREE.lock().pop();
        let Some(FreeExecutor { jobs, .. }) = free.filter(|free| free.owner.is_current()) else { break };
        match jobs.send(job) {
            Ok(()) => return Ok(Thread::Glommio(ended)),
            Err(SendError(back)) => job = back,
        }
    }
    let (jobs, taken) = bounded(1);
    let builder = LocalExecutorBuilder::new(Placement::Unbound)
        .name(THREAD_NAME)
        .io_memory(64 << 10)
        .preempt_timer(PREEMPT_INTERVAL);
    let spawned = builder.spawn(move || async move { run_jobs(job, &jobs, &taken) });
    match spawned {
        Ok(_detached) => Ok(Thread::Glommio(ended)),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// The life of an executor: one worker after the other.
fn run_jobs(mut job: Job, jobs: &Sender<Job>, taken: &Receiver<Job>) {
    loop {
        (job.task)();
        FREE.lock().push(FreeExecutor { jobs: jobs.clone(), owner: OwnerProcess::current() });
        // Nobody may wait for it any more.
        let _ = job.ended.send(());
        match taken.recv() {
            Ok(next) => job = next,
            Err(_) => return,
        }
    }
}

fn spawn_plain(task: Task) -> io::Result<Thread> {
    std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(task).map(Thread::Plain)
}

/// Runs a worker to its end. A panic ends the shard, not its callers: dropping the worker answers them all.
fn run(options: &ShardOptions, mailbox: &Mailbox<Message>, report: &Sender<io::Result<()>>) {
    crate::io::block_sigpipe();
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
