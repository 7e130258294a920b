//! [`Offload`]: a few threads for what a shard must not do itself: creating and deleting topics, asking coordinators of
//! groups, waiting for a disk.

use std::io;
use std::thread::JoinHandle;

use crossbeam::channel::{Sender, unbounded};

use crate::limits::REQUEST_THREADS;

type Job = Box<dyn FnOnce() + Send>;

/// See the module. Dropping it waits for what has been given to it.
pub(super) struct Offload {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Offload {
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start() -> io::Result<Offload> {
        let (jobs, taken) = unbounded::<Job>();
        let mut threads = Vec::with_capacity(REQUEST_THREADS);
        for number in 0..REQUEST_THREADS {
            let taken = taken.clone();
            let named = std::thread::Builder::new().name(format!("tidelog-request-{number}"));
            threads.push(named.spawn(move || taken.iter().for_each(run))?);
        }
        Ok(Offload { jobs: Some(jobs), threads })
    }

    /// Runs `job` on one of the threads. Each connection has at most one there at a time, so that what waits is bounded.
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The threads end only when this is dropped.
            drop(jobs.send(Box::new(job)));
        }
    }
}

/// A panic costs one connection, whose reply is dropped, not the thread.
fn run(job: Job) {
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).is_err() {
        tracing::error!("a request was given up by a panic");
    }
}

impl Drop for Offload {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Panics are caught within.
            let _ = thread.join();
        }
    }
}
