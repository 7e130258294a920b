//! The commit queue of a simulated disk. Operations begin at submit, where their bytes become visible, and finish at
//! once, or later and out of order when the disk has been told to delay or to be slow.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::SimDisk;
use super::file::SimFile;
use super::random::Random;
use crate::io::inbox::{Inbox, deadline_after};
use crate::io::readiness::Readiness;
use crate::io::request::{InFlight, Request, Work, refused};
use crate::io::slots::Slots;
use crate::io::{
    AppendHandle, CommitQueue, Completion, CompletionKind, Disk, DiskFile, Durability, OpenMode, Token, Waker,
};
use crate::limits::{BLOCK_SIZE, SECTOR_SIZE};

/// How far ahead of its data a file may be extended, as the real queue does by pre-writing.
const EXTENSION: u64 = 16 * BLOCK_SIZE as u64;

/// Appends to files in memory.
#[derive(Debug)]
pub(super) struct SimQueue {
    disk: SimDisk,
    random: Random,
    files: Slots<AppendFile>,
    queued: Vec<Request>,
    begun: Vec<Begun>,
    inbox: Arc<Inbox<()>>,
    readiness: Readiness,
}

#[derive(Debug)]
struct AppendFile {
    file: Arc<SimFile>,
    size: u64,
    poisoned: bool,
    in_flight: InFlight,
    /// Opened for single sectors.
    side: bool,
}

/// An operation whose bytes have been handed over and whose end has not been reported.
#[derive(Debug)]
struct Begun {
    token: Token,
    kind: CompletionKind,
    handle: AppendHandle,
    /// It was not refused.
    begun: bool,
    written: io::Result<()>,
    /// What has to be synced before it ends.
    sync: Option<Arc<SimFile>>,
    rounds: u64,
    due: Option<Instant>,
}

impl SimQueue {
    pub(super) fn new(disk: SimDisk, seed: u64) -> SimQueue {
        SimQueue {
            disk,
            random: Random::new(seed),
            files: Slots::new(),
            queued: Vec::new(),
            begun: Vec::new(),
            inbox: Arc::new(Inbox::new()),
            readiness: Readiness::default(),
        }
    }

    fn queue(&mut self, token: Token, handle: AppendHandle, work: Work) {
        self.queued.push(Request { token, handle, work });
    }

    fn insert(&mut self, file: SimFile, size: u64, side: bool) -> AppendHandle {
        let (file, in_flight) = (Arc::new(file), InFlight::default());
        AppendHandle(self.files.insert(AppendFile { file, size, poisoned: false, in_flight, side }))
    }

    fn begin(&mut self, request: Request) {
        let simulation = self.disk.0.simulation.as_ref();
        let file = self.files.get_mut(request.handle.0).filter(|file| !file.poisoned);
        let busy = file.as_ref().is_some_and(|file| !file.in_flight.allows(&request.work));
        let (mut written, mut sync) = (Err(refused(busy)), None);
        let mut begun = false;
        if let Some(file) = file.filter(|_| !busy) {
            begun = true;
            file.in_flight.add(&request.work);
            written = match &request.work {
                Work::Append { pieces, .. } if simulation.is_some() => {
                    file.append_extended(pieces, &mut self.random)
                }
                Work::Append { pieces, .. } => file.append(pieces),
                Work::Block { sector, bytes } => {
                    file.file.write_now(bytes.as_slice(), u64::from(*sector) * SECTOR_SIZE as u64)
                }
                Work::Flush => Ok(()),
            };
            file.poisoned |= written.is_err();
            sync = (written.is_ok() && request.work.is_durable()).then(|| Arc::clone(&file.file));
        }
        let delay_max = simulation.map_or(0, |simulation| simulation.delay_max.load(Ordering::SeqCst));
        let latency = if sync.is_some() { self.disk.latency() } else { Duration::ZERO };
        self.begun.push(Begun {
            token: request.token,
            kind: request.work.kind(),
            handle: request.handle,
            begun,
            written,
            sync,
            rounds: self.random.below(delay_max.saturating_add(1)),
            due: if latency.is_zero() { None } else { deadline_after(Some(latency)) },
        });
    }

    /// One round: ends what is ready to end.
    fn advance(&mut self, completions: &mut Vec<Completion>) {
        self.readiness.take(completions);
        if self.begun.is_empty() {
            return;
        }
        let now = Instant::now();
        for mut one in std::mem::take(&mut self.begun) {
            if one.rounds > 0 || one.due.is_some_and(|due| due > now) {
                one.rounds = one.rounds.saturating_sub(1);
                self.begun.push(one);
            } else {
                completions.push(self.end(one));
            }
        }
    }

    fn end(&mut self, one: Begun) -> Completion {
        if let Some(file) = self.files.get_mut(one.handle.0).filter(|_| one.begun) {
            file.in_flight.remove(one.kind);
        }
        let mut result = one.written;
        if let Some(file) = one.sync {
            result = file.sync_now();
            self.flush_side_files();
            if let Some(file) = self.files.get_mut(one.handle.0) {
                file.poisoned |= result.is_err();
            }
        }
        Completion { token: one.token, kind: one.kind, result }
    }

    /// A device that flushes its whole cache takes the side files along; one that writes through does not.
    fn flush_side_files(&mut self) {
        if self.disk.0.simulation.is_some() && self.random.flip() {
            let _running = self.disk.running();
            self.files.iter().filter(|file| file.side).for_each(|file| file.file.node().sync());
        }
    }

    fn soonest_due(&self) -> Option<Instant> {
        self.begun.iter().filter_map(|one| one.due).min()
    }
}

impl AppendFile {
    fn append(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        for piece in pieces {
            self.file.write_now(piece, self.size)?;
            self.size += piece.len() as u64;
        }
        Ok(())
    }

    /// Appends with zeroes ahead of the end, which whoever opens the file next has to cope with.
    fn append_extended(&mut self, pieces: &[Bytes], random: &mut Random) -> io::Result<()> {
        let bytes = pieces.concat();
        let end = self.size + bytes.len() as u64;
        self.file.write_now(&bytes, self.size)?;
        self.size = end;
        let node = self.file.node();
        if node.size() <= end {
            let ahead = if random.flip() { EXTENSION } else { 0 };
            node.set_size(end.next_multiple_of(BLOCK_SIZE as u64) + ahead)?;
        }
        Ok(())
    }
}

impl CommitQueue for SimQueue {
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        let file = match self.disk.open_file(path, OpenMode::ReadWrite) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && size == 0 => {
                let file = self.disk.open_file(path, OpenMode::Create)?;
                self.disk.sync_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
                file
            }
            opened => opened?,
        };
        match file.node().size() {
            found if found < size => return Err(io::ErrorKind::UnexpectedEof.into()),
            found if found > size => {
                file.set_size(size)?;
                file.sync_now()?;
            }
            _ => {}
        }
        Ok(self.insert(file, size, false))
    }

    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
        self.queue(token, handle, Work::Append { pieces, durability });
    }

    fn flush(&mut self, token: Token, handle: AppendHandle) {
        self.queue(token, handle, Work::Flush);
    }

    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        let missing = matches!(self.disk.open_file(path, OpenMode::Read),
            Err(error) if error.kind() == io::ErrorKind::NotFound);
        let mode = if missing { OpenMode::Create } else { OpenMode::ReadWrite };
        let file = self.disk.open_file(path, mode)?;
        if file.node().size() < size {
            file.set_size(size)?;
            file.sync_now()?;
            self.disk.sync_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        }
        Ok(self.insert(file, size, true))
    }

    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]) {
        self.queue(token, handle, Work::Block { sector, bytes: Box::new(bytes) });
    }

    fn close(&mut self, handle: AppendHandle) -> io::Result<()> {
        let file = self.files.remove(handle.0).ok_or(io::ErrorKind::InvalidInput)?;
        if file.poisoned {
            return Ok(());
        }
        file.file.set_size(file.size)?;
        file.file.sync_now()
    }

    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()> {
        let mut queued = std::mem::take(&mut self.queued);
        queued.drain(..).for_each(|request| self.begin(request));
        self.queued = queued;
        self.advance(completions);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()> {
        let already = completions.len();
        self.submit(completions)?;
        let deadline = deadline_after(timeout);
        while completions.len() == already {
            let due = self.soonest_due();
            if self.begun.is_empty() || due.is_some_and(|due| due > Instant::now()) {
                let until = deadline.into_iter().chain(due).min();
                let woken = self.inbox.sleep(until);
                if woken || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    self.advance(completions);
                    break;
                }
            }
            self.advance(completions);
        }
        Ok(())
    }

    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
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
