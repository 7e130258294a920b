//! The commit queue on io_uring. One per shard, owned by its thread.

mod ahead;
mod append;
mod event;
mod kernel;
mod operation;
mod side_file;
mod tail;

pub use kernel::io_uring_refused;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use self::ahead::ZEROES_SIZE;
use self::append::{Begun, RingFile};
use self::kernel::{Ended, Kernel, Slept};
use self::operation::{AppendWrite, Operation, Progress, Step, UnitWrite, outcome};
use self::side_file::{SideFile, Write};
use super::aligned::{AlignedBuffer, AlignedPool};
use super::inbox::deadline_after;
use super::posix::WriteMethod;
use super::readiness::Ready;
use super::request::{Request, Work, refused};
use super::slots::Slots;
use super::{AppendHandle, CommitQueue, Completion, CompletionKind, Durability, Token, Waker};
use crate::limits::BLOCK_SIZE;

/// Appends through io_uring.
pub(super) struct RingQueue {
    kernel: Kernel,
    files: Slots<OpenFile>,
    queued: Vec<Request>,
    /// Operations that have ended and are not settled yet; empty between calls.
    ended: Vec<Ended>,
    /// What the caller has not been told yet.
    completions: Vec<Completion>,
    pool: AlignedPool,
    zeroes: Arc<AlignedBuffer>,
    method: WriteMethod,
    /// It was logged that direct writes are refused.
    reported: bool,
}

enum OpenFile {
    Append(RingFile),
    Side(SideFile),
}

impl RingQueue {
    /// # Errors
    /// When io_uring is refused or too old.
    pub(super) fn new(method: WriteMethod) -> io::Result<RingQueue> {
        Ok(RingQueue {
            kernel: Kernel::new()?,
            files: Slots::new(),
            queued: Vec::new(),
            ended: Vec::new(),
            completions: Vec::new(),
            pool: AlignedPool::default(),
            zeroes: Arc::new(AlignedBuffer::zeroed(ZEROES_SIZE)),
            method,
            reported: false,
        })
    }

    /// Judges the attempt to open a file past the page cache: only one method allows no other way.
    fn judge_direct(&mut self, attempt: io::Result<()>) -> io::Result<()> {
        match attempt {
            Err(error) if self.method == WriteMethod::Direct => Err(error),
            Err(error) => {
                self.report_refusal(&error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn report_refusal(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.reported, true) {
            tracing::warn!(%error, "O_DIRECT is refused here: commits go through the page cache, which is slower");
        }
    }

    fn complete(&mut self, token: Token, kind: CompletionKind, result: io::Result<()>) {
        self.completions.push(Completion { token, kind, result });
    }

    fn begin(&mut self, request: Request) {
        let Request { token, handle, work } = request;
        let kind = work.kind();
        match (self.files.get_mut(handle.0), work) {
            (Some(OpenFile::Side(side)), Work::Block { sector, bytes }) => {
                let write = side.write(token, sector, bytes.as_slice(), &mut self.pool);
                self.follow_side(handle.0, token, write);
            }
            (Some(OpenFile::Append(file)), work) => {
                let begun = file.begin(Request { token, handle, work }, &mut self.pool);
                self.follow(handle.0, token, kind, begun);
            }
            (Some(OpenFile::Side(_)) | None, _) => self.complete(token, kind, Err(refused(false))),
        }
    }

    fn begin_queued(&mut self) {
        let mut queued = std::mem::take(&mut self.queued);
        queued.drain(..).for_each(|request| self.begin(request));
        self.queued = queued;
    }

    fn follow(&mut self, slot: u32, token: Token, kind: CompletionKind, begun: Begun) {
        match begun {
            Begun::Ended(result) => self.complete(token, kind, result),
            Begun::Started(file, step) => self.kernel.begin(Operation { slot, file, step }),
            Begun::Deferred => {}
        }
    }

    fn follow_side(&mut self, slot: u32, token: Token, write: Write) {
        match write {
            Write::Ended(result) => self.complete(token, CompletionKind::Block, result),
            Write::Started(file, step) => self.kernel.begin(Operation { slot, file, step }),
            Write::Joined => {}
        }
    }

    /// Hands over what has begun and settles what has ended, until there is neither.
    fn turn(&mut self) -> io::Result<()> {
        loop {
            self.kernel.submit(&mut self.ended)?;
            self.completions.extend(self.kernel.take_ready().map(Ready::completion));
            if self.ended.is_empty() {
                return Ok(());
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        let mut ended = std::mem::take(&mut self.ended);
        for Ended { operation: Operation { slot, file, step }, result } in ended.drain(..) {
            match step {
                Step::Append(append) => self.settle_append(slot, file, append, result),
                Step::Sync { token, kind } => self.settle_sync(slot, token, kind, result),
                Step::Allocate { range } => self.settle_preparation(slot, outcome(result).map(|_| range.end)),
                Step::Zero { range, .. } => {
                    let upto =
                        outcome(result).map(|count| range.start + (count / BLOCK_SIZE * BLOCK_SIZE) as u64);
                    self.settle_preparation(slot, upto);
                }
                Step::Unit(unit) => self.settle_unit(slot, file, unit, result),
            }
        }
        self.ended = ended;
    }

    fn settle_append(&mut self, slot: u32, file: Arc<File>, mut append: AppendWrite, result: i32) {
        let Some(OpenFile::Append(open)) = self.files.get_mut(slot) else { return };
        let result = match append.write.answered(result) {
            Progress::Unfinished => {
                return self.kernel.begin(Operation { slot, file, step: Step::Append(append) });
            }
            Progress::Refused(error) if self.method != WriteMethod::Direct => {
                let begun = open.fall_back(&append);
                self.report_refusal(&error);
                return self.follow(slot, append.token, CompletionKind::Append, begun);
            }
            Progress::Refused(error) => Err(error),
            Progress::Ended(result) => result,
        };
        open.appended(append.appended, &result);
        self.pool.put(append.write.buffer);
        self.complete(append.token, CompletionKind::Append, result);
        self.prepare(slot, append.appended);
    }

    fn settle_sync(&mut self, slot: u32, token: Token, kind: CompletionKind, result: i32) {
        // A failed sync is never repeated: the kernel has forgotten which pages it could not write.
        let result = outcome(result).map(drop);
        if let Some(OpenFile::Append(open)) = self.files.get_mut(slot) {
            open.synced(kind, &result);
        }
        self.complete(token, kind, result);
    }

    fn settle_preparation(&mut self, slot: u32, upto: io::Result<u64>) {
        let Some(OpenFile::Append(open)) = self.files.get_mut(slot) else { return };
        if let Err(error) = &upto {
            tracing::debug!(%error, "a file is no longer prepared ahead of its data");
        }
        open.prepared(upto.ok());
        if let Some((token, begun)) = open.resume(&mut self.pool) {
            self.follow(slot, token, CompletionKind::Append, begun);
        }
        self.prepare(slot, 0);
    }

    fn prepare(&mut self, slot: u32, appended: u64) {
        let Some(OpenFile::Append(open)) = self.files.get_mut(slot) else { return };
        if let Some((file, step)) = open.prepare(appended, &self.zeroes) {
            self.kernel.begin(Operation { slot, file, step });
        }
    }

    fn settle_unit(&mut self, slot: u32, file: Arc<File>, mut unit: UnitWrite, result: i32) {
        let error = match unit.write.answered(result) {
            Progress::Unfinished => {
                return self.kernel.begin(Operation { slot, file, step: Step::Unit(unit) });
            }
            Progress::Refused(error) | Progress::Ended(Err(error)) => Some(error),
            Progress::Ended(Ok(())) => None,
        };
        for token in unit.tokens {
            let result = error.as_ref().map_or(Ok(()), |error| Err(error.kind().into()));
            self.complete(token, CompletionKind::Block, result);
        }
        self.pool.put(unit.write.buffer);
        if let Some(OpenFile::Side(side)) = self.files.get_mut(slot)
            && let Write::Started(file, step) = side.written(unit.unit, &mut self.pool)
        {
            self.kernel.begin(Operation { slot, file, step });
        }
    }

    /// Sleeps until there is something to tell the caller, or a reason to let him look around.
    fn sleep_for_completion(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        loop {
            let slept = self.sleep(deadline)?;
            let over = deadline.is_some_and(|deadline| deadline <= Instant::now());
            let told = !self.completions.is_empty() || slept == Slept::Interrupted;
            if told || over || self.kernel.take_wake_up() {
                return Ok(());
            }
        }
    }

    fn sleep(&mut self, deadline: Option<Instant>) -> io::Result<Slept> {
        let slept = self.kernel.sleep(deadline, &mut self.ended)?;
        self.settle();
        self.turn()?;
        Ok(slept)
    }
}

impl CommitQueue for RingQueue {
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.kernel.check_owner()?;
        let mut file = RingFile::open(path, size)?;
        if self.method != WriteMethod::Buffered {
            let attempt = file.open_direct(path);
            self.judge_direct(attempt)?;
        }
        Ok(AppendHandle(self.files.insert(OpenFile::Append(file))))
    }

    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
        self.queued.push(Request { token, handle, work: Work::Append { pieces, durability } });
    }

    fn flush(&mut self, token: Token, handle: AppendHandle) {
        self.queued.push(Request { token, handle, work: Work::Flush });
    }

    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.kernel.check_owner()?;
        let mut side = SideFile::open(path, size)?;
        if self.method != WriteMethod::Buffered {
            let attempt = side.open_direct(path);
            self.judge_direct(attempt)?;
        }
        Ok(AppendHandle(self.files.insert(OpenFile::Side(side))))
    }

    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]) {
        let work = Work::Block { sector, bytes: Box::new(bytes) };
        self.queued.push(Request { token, handle, work });
    }

    fn close(&mut self, handle: AppendHandle) -> io::Result<()> {
        self.kernel.check_owner()?;
        loop {
            match self.files.get_mut(handle.0) {
                None => return Err(io::ErrorKind::InvalidInput.into()),
                Some(OpenFile::Append(file)) if file.is_busy() => return Err(refused(true)),
                Some(OpenFile::Side(side)) if side.is_busy() => return Err(refused(true)),
                Some(OpenFile::Side(_)) => break,
                Some(OpenFile::Append(file)) => {
                    if !file.stop_preparing() {
                        break;
                    }
                }
            }
            self.sleep(None)?;
        }
        match self.files.remove(handle.0) {
            Some(OpenFile::Append(file)) => file.close(),
            Some(OpenFile::Side(side)) => side.close(),
            None => Ok(()),
        }
    }

    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()> {
        self.kernel.check_owner()?;
        self.begin_queued();
        self.turn()?;
        completions.append(&mut self.completions);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()> {
        self.kernel.check_owner()?;
        self.begin_queued();
        let at_once = !self.completions.is_empty() || timeout == Some(Duration::ZERO);
        if at_once || self.kernel.take_wake_up() {
            self.turn()?;
        } else {
            // The system call that sleeps also submits.
            self.sleep_for_completion(deadline_after(timeout))?;
        }
        completions.append(&mut self.completions);
        Ok(())
    }

    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
        self.kernel.check_owner()?;
        self.kernel.watch(token, socket);
        Ok(())
    }

    fn unwatch(&mut self, token: Token) {
        self.kernel.unwatch(token);
    }

    fn waker(&self) -> Waker {
        let event = self.kernel.event();
        Waker::new(move || event.signal())
    }
}
