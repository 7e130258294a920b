//! The commit queue for machines without io_uring: blocking system calls on a few plain threads. Slower, as every
//! durable append crosses to another thread and back.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::append_file::{AppendFile, open_side_file, write_pieces};
use super::inbox::{Inbox, deadline_after};
use super::process::OwnerProcess;
use super::readiness::Readiness;
use super::request::{InFlight, Request, Work, refused};
use super::slots::Slots;
use super::{AppendHandle, CommitQueue, Completion, CompletionKind, Durability, Token, Waker};
use crate::limits::{COMMIT_THREADS, SECTOR_SIZE};

/// Appends through a pool of threads.
#[derive(Debug)]
pub(super) struct ThreadPoolQueue {
    files: Slots<PoolFile>,
    queued: Vec<Request>,
    inbox: Arc<Inbox<Done>>,
    readiness: Readiness,
    finished: Vec<Done>,
    /// `None` only while the queue is dropped.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    owner: OwnerProcess,
}

#[derive(Debug)]
struct PoolFile {
    kind: FileKind,
    poisoned: bool,
    in_flight: InFlight,
}

#[derive(Debug)]
enum FileKind {
    Append(AppendFile),
    Side(Arc<File>),
}

/// What a thread does: write, then perhaps sync.
#[derive(Debug)]
struct Job {
    token: Token,
    kind: CompletionKind,
    handle: AppendHandle,
    write: Write,
}

#[derive(Debug)]
struct Write {
    file: Arc<File>,
    pieces: Vec<Bytes>,
    position: u64,
}

#[derive(Debug)]
struct Done {
    handle: AppendHandle,
    completion: Completion,
}

impl ThreadPoolQueue {
    /// # Errors
    /// When no thread can be started.
    pub(super) fn new() -> io::Result<ThreadPoolQueue> {
        let inbox = Arc::new(Inbox::new());
        let (jobs, taken) = unbounded();
        let mut threads = Vec::with_capacity(COMMIT_THREADS);
        for number in 0..COMMIT_THREADS {
            let (taken, inbox) = (taken.clone(), Arc::clone(&inbox));
            let named = std::thread::Builder::new().name(format!("tidelog-commit-{number}"));
            threads.push(named.spawn(move || work(&taken, &inbox))?);
        }
        Ok(ThreadPoolQueue {
            files: Slots::new(),
            queued: Vec::new(),
            inbox,
            readiness: Readiness::default(),
            finished: Vec::new(),
            jobs: Some(jobs),
            threads,
            owner: OwnerProcess::current(),
        })
    }

    fn insert(&mut self, kind: FileKind) -> AppendHandle {
        AppendHandle(self.files.insert(PoolFile { kind, poisoned: false, in_flight: InFlight::default() }))
    }

    /// Begins a request; returns its end when that is known already.
    fn begin(&mut self, request: Request) -> Option<Completion> {
        let Request { token, handle, work } = request;
        let kind = work.kind();
        let file = self.files.get_mut(handle.0).filter(|file| !file.poisoned);
        let begun = match file {
            Some(file) => file.begin(work),
            None => Err(refused(false)),
        };
        let result = match begun {
            Ok(None) => Ok(()),
            Ok(Some(write)) => {
                let job = Job { token, kind, handle, write };
                match self.jobs.as_ref().map(|jobs| jobs.send(job)) {
                    Some(Ok(())) => return None,
                    Some(Err(_)) | None => Err(io::Error::other("the commit threads have ended")),
                }
            }
            Err(error) => Err(error),
        };
        Some(Completion { token, kind, result })
    }

    fn collect(&mut self, completions: &mut Vec<Completion>) {
        self.readiness.take(completions);
        self.inbox.take(&mut self.finished);
        for done in self.finished.drain(..) {
            if let Some(file) = self.files.get_mut(done.handle.0) {
                file.in_flight.remove(done.completion.kind);
                file.poisoned |= done.completion.result.is_err();
            }
            completions.push(done.completion);
        }
    }
}

impl PoolFile {
    /// Does what can be done at once; returns what a thread has to write and sync.
    fn begin(&mut self, work: Work) -> io::Result<Option<Write>> {
        if !self.in_flight.allows(&work) {
            return Err(refused(true));
        }
        let kind = work.kind();
        self.in_flight.add(&work);
        let begun = match (&mut self.kind, work) {
            (FileKind::Append(append), Work::Append { pieces, durability }) => {
                let position = append.size();
                append.advance(pieces.iter().map(|piece| piece.len() as u64).sum());
                match durability {
                    Durability::Durable => {
                        Ok(Some(Write { file: Arc::clone(append.file()), pieces, position }))
                    }
                    Durability::Cached => write_pieces(append.file(), &pieces, position).map(|()| None),
                }
            }
            (FileKind::Append(append), Work::Flush) => Ok(Some(Write {
                file: Arc::clone(append.file()),
                pieces: Vec::new(),
                position: append.size(),
            })),
            (FileKind::Side(file), Work::Block { sector, bytes }) => {
                let position = u64::from(sector) * SECTOR_SIZE as u64;
                file.write_all_at(bytes.as_slice(), position).map(|()| None)
            }
            (FileKind::Append(_), Work::Block { .. }) | (FileKind::Side(_), _) => {
                Err(io::ErrorKind::InvalidInput.into())
            }
        };
        self.poisoned |= begun.is_err();
        if !matches!(begun, Ok(Some(_))) {
            self.in_flight.remove(kind);
        }
        begun
    }
}

fn work(taken: &Receiver<Job>, inbox: &Inbox<Done>) {
    for job in taken {
        let Write { file, pieces, position } = job.write;
        let result = write_pieces(&file, &pieces, position).and_then(|()| file.sync_data());
        let completion = Completion { token: job.token, kind: job.kind, result };
        inbox.put(Done { handle: job.handle, completion });
    }
}

impl CommitQueue for ThreadPoolQueue {
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.owner.check()?;
        let file = AppendFile::open(path, size)?;
        Ok(self.insert(FileKind::Append(file)))
    }

    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
        self.queued.push(Request { token, handle, work: Work::Append { pieces, durability } });
    }

    fn flush(&mut self, token: Token, handle: AppendHandle) {
        self.queued.push(Request { token, handle, work: Work::Flush });
    }

    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.owner.check()?;
        let size = usize::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
        let (file, _) = open_side_file(path, size)?;
        Ok(self.insert(FileKind::Side(Arc::new(file))))
    }

    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]) {
        let work = Work::Block { sector, bytes: Box::new(bytes) };
        self.queued.push(Request { token, handle, work });
    }

    fn close(&mut self, handle: AppendHandle) -> io::Result<()> {
        self.owner.check()?;
        let file = self.files.remove(handle.0).ok_or(io::ErrorKind::InvalidInput)?;
        match file.kind {
            _ if file.poisoned => Ok(()),
            FileKind::Append(append) => append.trim(),
            FileKind::Side(side) => side.sync_data(),
        }
    }

    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()> {
        self.owner.check()?;
        let mut queued = std::mem::take(&mut self.queued);
        for request in queued.drain(..) {
            completions.extend(self.begin(request));
        }
        self.queued = queued;
        self.collect(completions);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()> {
        let already = completions.len();
        self.submit(completions)?;
        if completions.len() == already {
            self.inbox.sleep(deadline_after(timeout));
            self.collect(completions);
        }
        Ok(())
    }

    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
        self.owner.check()?;
        self.readiness.watch(self.waker(), token, socket)
    }

    fn unwatch(&mut self, token: Token) {
        self.readiness.unwatch(token);
    }

    fn waker(&self) -> Waker {
        let inbox = Arc::clone(&self.inbox);
        Waker::new(move || inbox.wake())
    }
}

impl Drop for ThreadPoolQueue {
    /// Lets the threads finish what they hold.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A forked child has no such threads; it must not wait for them.
            if self.owner.is_current() {
                // A panic of that thread has been reported by the panic hook.
                let _ = thread.join();
            }
        }
    }
}
