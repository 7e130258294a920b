//! One shard's way to the disk: appends go in, completions come out. Owned by the shard's thread; only the
//! [`Waker`] crosses threads.
//!
//! The queue decides *how* bytes become durable (O_DIRECT with RWF_DSYNC, buffered write and fdatasync, a thread
//! pool, a simulation); whoever uses it only says *whether* they must be.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

/// Names one operation between [`CommitQueue::append`] and its [`Completion`]. The caller chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// An open append-only file of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppendHandle(pub u32);

/// What must be true before an append completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// The operating system has the bytes: they survive a crash of the process.
    Cached,
    /// The bytes, and all earlier bytes of the same file, are on stable storage.
    Durable,
}

/// What a completion ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// [`CommitQueue::append`].
    Append,
    /// [`CommitQueue::flush`].
    Flush,
    /// [`CommitQueue::write_block`].
    Block,
    /// Nothing: a socket of [`CommitQueue::watch`] may have become ready.
    Ready {
        /// The other side has ended, so that the stream has to be read to its end: no further report will come.
        ended: bool,
    },
}

/// The end of one operation.
#[derive(Debug)]
pub struct Completion {
    /// As given by the caller.
    pub token: Token,
    /// Which call this ends.
    pub kind: CompletionKind,
    /// On error the file must not be appended to again: nothing is known about its unsynced bytes.
    pub result: io::Result<()>,
}

/// Ends the sleep of the queue's owner. Cheap to clone, usable from any thread, also after the queue is gone.
#[derive(Clone)]
pub struct Waker(Arc<dyn Fn() + Send + Sync>);

impl Waker {
    /// A waker that calls `wake`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Waker {
        Waker(Arc::new(wake))
    }

    /// Makes the current or next [`CommitQueue::wait`] return at once.
    pub fn wake(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Waker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waker")
    }
}

/// Appends of one shard. Different handles run side by side. Of one handle at most one append and one flush may be in
/// flight, and both only when the append is [`Durability::Cached`].
pub trait CommitQueue {
    /// Opens `path` for appending at `size` (what is valid in it so far), creating it when `size` is 0. The name of a
    /// new file is durable on return.
    ///
    /// # Errors
    /// The operating system's.
    fn open(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle>;

    /// Queues an append of `pieces`, back to back, at the end of the file. No system call is owed before
    /// [`CommitQueue::submit`]. The pieces are kept until the completion.
    fn append(&mut self, token: Token, handle: AppendHandle, pieces: Vec<Bytes>, durability: Durability);

    /// Queues a flush: completes when all bytes whose append has completed are on stable storage.
    fn flush(&mut self, token: Token, handle: AppendHandle);

    /// Opens a fixed-size side file of `size` bytes (a multiple of the block size) for [`CommitQueue::write_block`],
    /// creating it zero-filled and durable when it is missing.
    ///
    /// # Errors
    /// The operating system's.
    fn open_blocks(&mut self, path: &Path, size: u64) -> io::Result<AppendHandle>;

    /// Queues a write of one 512-byte sector of a side file. It is *not* flushed by itself: it becomes durable with
    /// any later durable append that the device flushes. Used for advisory marks only.
    fn write_block(&mut self, token: Token, handle: AppendHandle, sector: u32, bytes: [u8; 512]);

    /// Trims the file to its valid size, makes it durable and forgets the handle. Nothing may be in flight on it.
    /// Blocks. After an error of an append or flush, it only forgets the handle.
    ///
    /// # Errors
    /// The operating system's.
    fn close(&mut self, handle: AppendHandle) -> io::Result<()>;

    /// Hands everything queued to the kernel in one system call and moves finished operations into `completions`.
    /// Does not block.
    ///
    /// # Errors
    /// When the queue itself is broken; the shard then stops serving.
    fn submit(&mut self, completions: &mut Vec<Completion>) -> io::Result<()>;

    /// As [`CommitQueue::submit`], then sleeps until an operation finishes, the [`Waker`] is used or `timeout` has
    /// passed (`None`: no limit). Does not sleep when there is a completion already.
    ///
    /// # Errors
    /// As [`CommitQueue::submit`].
    fn wait(&mut self, timeout: Option<Duration>, completions: &mut Vec<Completion>) -> io::Result<()>;

    /// From now on reports with [`CompletionKind::Ready`] when `socket` may have become readable or writable, or
    /// has ended: at once, and then whenever that changes, so that the caller goes on until it would block. `token` must
    /// never have been used for another socket.
    ///
    /// # Errors
    /// When the operating system cannot watch it.
    fn watch(&mut self, token: Token, socket: Arc<dyn AsFd + Send + Sync>) -> io::Result<()>;

    /// Ends [`CommitQueue::watch`] and lets go of the socket. A report may still be on its way.
    fn unwatch(&mut self, token: Token);

    /// The waker of this queue.
    fn waker(&self) -> Waker;
}
