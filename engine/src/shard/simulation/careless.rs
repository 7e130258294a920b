//! Disks that break a rule. The simulation has to notice each: that is what its silence about the shard is worth.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::io::{
    AppendHandle, CommitQueue, Completion, CompletionKind, Disk, DiskFile, Durability, OpenMode, Token, Waker,
};

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Careless {
    /// Durable appends are only cached.
    SkipsFlush,
    /// Errors of appends and flushes are not told.
    HidesErrors,
    /// Now and then an append is told as done and was not made.
    LosesAppend,
    /// Now and then an append is made twice.
    AppendsTwice,
    /// Now and then only the front of an append is made.
    CutsAppend,
    /// Now and then a byte changes on its way.
    ChangesByte,
    /// Names are not made durable.
    ForgetsDirectories,
}

impl Careless {
    pub(crate) const ALL: [Careless; 7] = [
        Careless::SkipsFlush,
        Careless::HidesErrors,
        Careless::LosesAppend,
        Careless::AppendsTwice,
        Careless::CutsAppend,
        Careless::ChangesByte,
        Careless::ForgetsDirectories,
    ];
}

/// Every so many appends something happens to one.
const EVERY: u64 = 7;

pub(super) struct CarelessDisk {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) careless: Careless,
}

impl Disk for CarelessDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path, mode)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.disk.is_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self.careless {
            Careless::ForgetsDirectories => Ok(()),
            _ => self.disk.sync_dir(path),
        }
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_space(path)
    }

    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>> {
        let queue = self.disk.commit_queue()?;
        Ok(Box::new(CarelessQueue { queue, careless: self.careless, appends: 0, done: Vec::new() }))
    }
}

struct CarelessQueue {
    queue: Box<dyn CommitQueue>,
    careless: Careless,
    appends: u64,
    /// Told without having been done.
    done: Vec<Completion>,
}

impl CarelessQueue {
    fn told(&mut self, from: usize, completions: &mut Vec<Completion>) {
        completions.append(&mut self.done);
        if self.careless == Careless::HidesErrors {
            for completion in &mut completions[from..] {
                completion.result = Ok(());
            }
        }
    }
}

impl CommitQueue for CarelessQueue {
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.queue.open(path, size)
    }

    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
        self.appends += 1;
        let is_hit = self.appends.is_multiple_of(EVERY);
        let mut bytes = pieces.concat();
        match self.careless {
            Careless::SkipsFlush => return self.queue.append(token, handle, pieces, Durability::Cached),
            Careless::LosesAppend if is_hit => {
                self.done.push(Completion { token, kind: CompletionKind::Append, result: Ok(()) });
                return;
            }
            Careless::AppendsTwice if is_hit => bytes.extend_from_within(..),
            Careless::CutsAppend if is_hit => bytes.truncate(bytes.len() / 2),
            Careless::ChangesByte if is_hit => {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            }
            _ => return self.queue.append(token, handle, pieces, durability),
        }
        self.queue.append(token, handle, vec![bytes.into()], durability);
    }

    fn flush(&mut self, token: Token, handle: AppendHandle) {
        if self.careless == Careless::SkipsFlush {
            self.done.push(Completion { token, kind: CompletionKind::Flush, result: Ok(()) });
            return;
        }
        self.queue.flush(token, handle);
    }

    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        self.queue.open_blocks(path, size)
    }

    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]) {
        self.queue.write_block(token, handle, sector, bytes);
    }

    fn close(&mut self, handle: AppendHandle) -> io::Result<()> {
        self.queue.close(handle)
    }

    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()> {
        let from = completions.len();
        self.queue.submit(completions)?;
        self.told(from, completions);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()> {
        let from = completions.len();
        self.queue.wait(timeout, completions)?;
        self.told(from, completions);
        Ok(())
    }

    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
        self.queue.watch(token, socket)
    }

    fn unwatch(&mut self, token: Token) {
        self.queue.unwatch(token);
    }

    fn waker(&self) -> Waker {
        self.queue.waker()
    }
}
