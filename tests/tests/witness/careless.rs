//! Disks that break one of the rules that durability rests on. The harness has to notice each of them; that it does is what its
//! silence about the engine is worth.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tidelog::io::{
    AppendHandle, CommitQueue, Completion, CompletionKind, Disk, DiskFile, Durability, OpenMode, PosixDisk,
    Token, Waker,
};

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carelessness {
    /// An append is acknowledged before it has been flushed.
    AcknowledgesEarly,
    /// A flush that has failed is tried again, and then believed.
    RetriesFlush,
    /// Names are never made durable.
    ForgetsDirectories,
}

impl Carelessness {
    pub(crate) const ALL: [Carelessness; 3] =
        [Carelessness::AcknowledgesEarly, Carelessness::RetriesFlush, Carelessness::ForgetsDirectories];
}

/// The real disk, with a [`CarelessQueue`].
pub(crate) struct CarelessDisk {
    real: PosixDisk,
    carelessness: Carelessness,
}

impl CarelessDisk {
    pub(crate) fn new(real: PosixDisk, carelessness: Carelessness) -> CarelessDisk {
        CarelessDisk { real, carelessness }
    }
}

impl Disk for CarelessDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.real.open(path, mode)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.real.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.real.list(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.real.is_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.real.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.real.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.real.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self.carelessness {
            Carelessness::ForgetsDirectories => Ok(()),
            _ => self.real.sync_dir(path),
        }
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.real.free_space(path)
    }

    fn commit_queue(&self) -> io::Result<Box<dyn CommitQueue>> {
        Ok(Box::new(CarelessQueue {
            carelessness: self.carelessness,
            files: HashMap::new(),
            done: Vec::new(),
            woken: Arc::default(),
        }))
    }
}

/// Appends with blocking calls, on the thread that asks.
struct CarelessQueue {
    carelessness: Carelessness,
    files: HashMap<u32, AppendedFile>,
    done: Vec<Completion>,
    woken: Arc<(Mutex<bool>, Condvar)>,
}

struct AppendedFile {
    file: File,
    size: u64,
}

impl CarelessQueue {
    fn insert(&mut self, file: File, size: u64) -> AppendHandle {
        let handle = (0..).find(|handle| !self.files.contains_key(handle)).unwrap();
        self.files.insert(handle, AppendedFile { file, size });
        AppendHandle(handle)
    }

    fn finish(&mut self, token: Token, kind: CompletionKind, result: io::Result<()>) {
        self.done.push(Completion { token, kind, result });
    }

    /// Flushes, and when that fails once more if it is careless in this way.
    fn sync(&self, file: &File) -> io::Result<()> {
        match self.carelessness {
            Carelessness::RetriesFlush => file.sync_all().or_else(|_| file.sync_all()),
            _ => file.sync_all(),
        }
    }

    fn append_now(&mut self, handle: AppendHandle, bytes: &[u8], durability: Durability) -> io::Result<()> {
        let is_early = self.carelessness == Carelessness::AcknowledgesEarly;
        if is_early {
            // What the append before this one owes.
            self.sync(&self.files[&handle.0].file)?;
        }
        let file = self.files.get_mut(&handle.0).unwrap();
        file.file.write_all_at(bytes, file.size)?;
        file.size += bytes.len() as u64;
        if is_early || durability == Durability::Cached {
            return Ok(());
        }
        self.sync(&self.files[&handle.0].file)
    }
}

impl CommitQueue for CarelessQueue {
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(size)?;
        self.sync(&file)?;
        if self.carelessness != Carelessness::ForgetsDirectories {
            File::open(path.parent().unwrap())?.sync_all()?;
        }
        Ok(self.insert(file, size))
    }

    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability) {
        let result = self.append_now(handle, &pieces.concat(), durability);
        self.finish(token, CompletionKind::Append, result);
    }

    fn flush(&mut self, token: Token, handle: AppendHandle) {
        let result = self.sync(&self.files[&handle.0].file);
        self.finish(token, CompletionKind::Flush, result);
    }

    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(size)?;
        self.sync(&file)?;
        Ok(self.insert(file, size))
    }

    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]) {
        let result = self.files[&handle.0].file.write_all_at(&bytes, u64::from(sector) * 512);
        self.finish(token, CompletionKind::Block, result);
    }

    fn close(&mut self, handle: AppendHandle) -> io::Result<()> {
        self.files.remove(&handle.0).map_or(Ok(()), |closed| self.sync(&closed.file))
    }

    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()> {
        completions.append(&mut self.done);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()> {
        if self.done.is_empty() {
            let (woken, changed) = &*self.woken;
            let limit = timeout.unwrap_or(Duration::from_secs(3600));
            let guard = woken.lock().unwrap();
            *changed.wait_timeout_while(guard, limit, |woken| !*woken).unwrap().0 = false;
        }
        self.submit(completions)
    }

    fn watch(&mut self, _: Token, _: Arc<dyn AsFd + Send + Sync>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn unwatch(&mut self, _: Token) {}

    fn waker(&self) -> Waker {
        let woken = Arc::clone(&self.woken);
        Waker::new(move || {
            *woken.0.lock().unwrap() = true;
            woken.1.notify_all();
        })
    }
}
