//! One append-only file of a ring: decides how each append becomes what it has to be, and never does so twice.
//!
//! Clean, a durable append is one direct write: the tail block again, the new bytes, zeroes up to the block's end.
//! Cached appends go through the page cache and leave the file dirty; then a durable one goes there too, followed by
//! an fdatasync, which makes it clean again.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::ahead::{Ahead, Preparation};
use super::operation::{AppendWrite, DirectWrite, Step};
use super::tail::Tail;
use crate::io::aligned::{AlignedBuffer, AlignedPool};
use crate::io::append_file::{AppendFile, write_pieces};
use crate::io::request::{InFlight, Request, Work, refused};
use crate::io::{CompletionKind, Durability, Token};
use crate::limits::{BLOCK_SIZE, DIRECT_WRITE_MAX};

const BLOCK: u64 = BLOCK_SIZE as u64;

static ZERO_BLOCK: [u8; BLOCK_SIZE] = [0; BLOCK_SIZE];

/// An open append-only file.
#[derive(Debug)]
pub(super) struct RingFile {
    cached: AppendFile,
    /// `None` where everything goes through the page cache.
    direct: Option<Direct>,
    ahead: Ahead,
    /// Cached bytes may not have reached the device.
    dirty: bool,
    /// Size of the file when the fdatasync in flight began: bytes behind it may not be covered.
    syncing: u64,
    poisoned: bool,
    /// What has begun and not ended, or waits in `deferred`.
    in_flight: InFlight,
    /// An append that waits for zeroes in its way.
    deferred: Option<Request>,
}

/// What direct writes need to know.
#[derive(Debug)]
struct Direct {
    file: Arc<File>,
    tail: Tail,
    /// The tail's block is in the page cache, so that a cached append need not write all of it.
    tail_cached: bool,
}

/// How a request went on.
pub(super) enum Begun {
    /// It has ended.
    Ended(io::Result<()>),
    /// The kernel has to do this with that file.
    Started(Arc<File>, Step),
    /// It goes on when zeroes in its way have been written.
    Deferred,
}

impl RingFile {
    pub(super) fn open(path: &Path, size: u64) -> io::Result<RingFile> {
        let cached = AppendFile::open(path, size)?;
        let ahead = Ahead::new(size.next_multiple_of(BLOCK));
        Ok(RingFile {
            cached,
            direct: None,
            ahead,
            dirty: false,
            syncing: 0,
            poisoned: false,
            in_flight: InFlight::default(),
            deferred: None,
        })
    }

    /// Also opens the file past the page cache.
    ///
    /// # Errors
    /// When the file system refuses O_DIRECT; the file works on without.
    pub(super) fn open_direct(&mut self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)?;
        let size = self.cached.size();
        let mut tail = vec![0; block_part(size)];
        let start = size - tail.len() as u64;
        self.cached.file().read_exact_at(&mut tail, start)?;
        self.direct = Some(Direct { file: Arc::new(file), tail: Tail::new(tail), tail_cached: true });
        Ok(())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.any()
    }

    /// What is to be prepared behind the data now, after an append of `appended` bytes.
    pub(super) fn prepare(
        &mut self,
        appended: u64,
        zeroes: &Arc<AlignedBuffer>,
    ) -> Option<(Arc<File>, Step)> {
        let direct = self.direct.as_ref().filter(|_| !self.poisoned)?;
        let end = self.cached.size().next_multiple_of(BLOCK);
        Some(match self.ahead.next(end, appended)? {
            Preparation::Allocate(range) => (Arc::clone(self.cached.file()), Step::Allocate { range }),
            Preparation::Zero(range) => {
                (Arc::clone(&direct.file), Step::Zero { zeroes: Arc::clone(zeroes), range })
            }
        })
    }

    /// Notes that a preparation has ended; see [`Ahead::done`].
    pub(super) fn prepared(&mut self, upto: Option<u64>) {
        self.ahead.done(upto);
    }

    /// Begins no more preparations. Returns whether one is still under way.
    pub(super) fn stop_preparing(&mut self) -> bool {
        self.ahead.stop();
        self.ahead.is_running()
    }

    /// Removes what was prepared and makes the file durable, unless it has failed.
    pub(super) fn close(self) -> io::Result<()> {
        if self.poisoned { Ok(()) } else { self.cached.trim() }
    }

    pub(super) fn begin(&mut self, request: Request, pool: &mut AlignedPool) -> Begun {
        let busy = !self.in_flight.allows(&request.work);
        if self.poisoned || busy {
            return Begun::Ended(Err(refused(busy)));
        }
        let kind = request.work.kind();
        self.in_flight.add(&request.work);
        let begun = match request.work {
            Work::Append { ref pieces, .. } if self.must_wait(pieces) => {
                self.deferred = Some(request);
                Begun::Deferred
            }
            Work::Append { pieces, durability } => self.append(request.token, &pieces, durability, pool),
            Work::Flush => self.sync(request.token, CompletionKind::Flush),
            Work::Block { .. } => Begun::Ended(Err(io::ErrorKind::InvalidInput.into())),
        };
        if let Begun::Ended(result) = &begun {
            self.in_flight.remove(kind);
            self.poisoned = result.is_err();
        }
        begun
    }

    /// Takes up the append that waited for zeroes, if there is one.
    pub(super) fn resume(&mut self, pool: &mut AlignedPool) -> Option<(Token, Begun)> {
        let request = self.deferred.take()?;
        self.in_flight.remove(CompletionKind::Append);
        Some((request.token, self.begin(request, pool)))
    }

    /// Notes that a direct append of `appended` bytes has ended.
    pub(super) fn appended(&mut self, appended: u64, result: &io::Result<()>) {
        self.in_flight.remove(CompletionKind::Append);
        match result {
            Ok(()) => self.cached.advance(appended),
            Err(_) => self.poisoned = true,
        }
    }

    /// Notes that an fdatasync has ended, and with it an operation of this kind.
    pub(super) fn synced(&mut self, kind: CompletionKind, result: &io::Result<()>) {
        self.in_flight.remove(kind);
        match result {
            Ok(()) => self.dirty = self.cached.size() > self.syncing,
            Err(_) => self.poisoned = true,
        }
    }

    /// Repeats, through the page cache, a direct append that the file system refused before writing any of it. From
    /// now on all goes there.
    pub(super) fn fall_back(&mut self, append: &AppendWrite) -> Begun {
        let AppendWrite { token, write, appended } = append;
        self.direct = None;
        self.ahead.stop();
        if let Err(error) = self.cached.file().write_all_at(&write.buffer, write.position) {
            let result = Err(error);
            self.appended(*appended, &result);
            return Begun::Ended(result);
        }
        self.cached.advance(*appended);
        self.dirty = true;
        self.sync(*token, CompletionKind::Append)
    }

    fn must_wait(&self, pieces: &[Bytes]) -> bool {
        let end = (self.cached.size() + total(pieces) as u64).next_multiple_of(BLOCK);
        self.ahead.must_wait(end)
    }

    fn append(
        &mut self,
        token: Token,
        pieces: &[Bytes],
        durability: Durability,
        pool: &mut AlignedPool,
    ) -> Begun {
        let (size, length) = (self.cached.size(), total(pieces));
        if length > 0 {
            self.ahead.appended((size + length as u64).next_multiple_of(BLOCK));
            let clean = !self.dirty && durability == Durability::Durable;
            let direct =
                self.direct.as_mut().filter(|direct| clean && direct.span(length) <= DIRECT_WRITE_MAX);
            if let Some(direct) = direct {
                let write = direct.write(size, pieces, pool);
                let append = AppendWrite { token, write, appended: length as u64 };
                return Begun::Started(Arc::clone(&direct.file), Step::Append(append));
            }
            if let Err(error) = self.write_cached(pieces, length) {
                return Begun::Ended(Err(error));
            }
        }
        match durability {
            Durability::Cached => Begun::Ended(Ok(())),
            Durability::Durable => self.sync(token, CompletionKind::Append),
        }
    }

    fn sync(&mut self, token: Token, kind: CompletionKind) -> Begun {
        if !self.dirty {
            return Begun::Ended(Ok(()));
        }
        self.syncing = self.cached.size();
        Begun::Started(Arc::clone(self.cached.file()), Step::Sync { token, kind })
    }

    fn write_cached(&mut self, pieces: &[Bytes], length: usize) -> io::Result<()> {
        let size = self.cached.size();
        self.dirty = true;
        match &mut self.direct {
            None => write_pieces(self.cached.file(), pieces, size)?,
            Some(direct) => direct.write_cached(self.cached.file(), size, pieces, length)?,
        }
        self.cached.advance(length as u64);
        Ok(())
    }
}

impl Direct {
    /// Bytes of the blocks that an append of `length` bytes touches.
    fn span(&self, length: usize) -> usize {
        (self.tail.bytes().len() + length).next_multiple_of(BLOCK_SIZE)
    }

    /// A direct write of the tail block, `pieces` and zeroes up to the end of the last block.
    fn write(&mut self, size: u64, pieces: &[Bytes], pool: &mut AlignedPool) -> DirectWrite {
        let length = total(pieces);
        let position = size - self.tail.bytes().len() as u64;
        let mut buffer = pool.take(self.span(length));
        let mut rest = &mut buffer[..];
        for bytes in std::iter::once(self.tail.bytes()).chain(pieces.iter().map(|piece| &piece[..])) {
            let (target, after) = rest.split_at_mut(bytes.len());
            target.copy_from_slice(bytes);
            rest = after;
        }
        rest.fill(0);
        self.tail.advance(pieces, length);
        self.tail_cached = false;
        DirectWrite::new(buffer, position)
    }

    /// Appends through the page cache. A block that may hold prepared zeroes and is not in the page cache is written
    /// whole: the kernel would have to read it first.
    fn write_cached(&mut self, file: &File, size: u64, pieces: &[Bytes], length: usize) -> io::Result<()> {
        let tail = self.tail.bytes().len();
        let (end, span) = (tail + length, self.span(length));
        let rewrites = tail > 0 && !self.tail_cached;
        let pads = end < span && (rewrites || tail == 0 || span > BLOCK_SIZE);
        let mut all = Vec::with_capacity(pieces.len() + 2);
        if rewrites {
            all.push(Bytes::copy_from_slice(self.tail.bytes()));
        }
        all.extend_from_slice(pieces);
        if pads {
            all.push(Bytes::from_static(&ZERO_BLOCK[..span - end]));
        }
        self.tail.advance(pieces, length);
        self.tail_cached = true;
        write_pieces(file, &all, if rewrites { size - tail as u64 } else { size })
    }
}

fn total(pieces: &[Bytes]) -> usize {
    pieces.iter().map(Bytes::len).sum()
}

/// Bytes of the last, partly filled block of a file of `size` bytes.
fn block_part(size: u64) -> usize {
    usize::try_from(size % BLOCK).expect("less than a block")
}
