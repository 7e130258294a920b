//! A block device in memory that keeps a record of everything that is done to it. A loop device and a real file system stand on it.
//!
//! Writes and flushes take a while, on several threads: a write is done some time after it came, and a flush covers
//! the writes that were done when it came and is worth something only once it is done itself. That is the most hostile order
//! which a real drive may take.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use parking_lot::Mutex;
use rustix::fs::FallocateFlags;

use super::fuse::{NO_TIME, NOTES, TOP, attributes, piece};
use crate::witness::evidence::Mark;
use crate::witness::victim;

/// The file that is the device.
pub(super) const DEVICE: &str = "device";
const DEVICE_NUMBER: u64 = 3;

/// Longest time that a write takes.
const WRITE_MAX: Duration = Duration::from_micros(1500);
/// How long a flush takes.
const FLUSH: Duration = Duration::from_millis(1);

/// One thing that was done to the device, or noted.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// The number counts writes.
    Write {
        number: u64,
        at: u64,
        bytes: Bytes,
    },
    /// All writes up to this number are sure.
    Flush {
        covers: u64,
    },
    Note(Mark),
}

/// What the device holds, and how it came to that.
pub(super) struct Device {
    content: Vec<u8>,
    writes: u64,
    random: fastrand::Rng,
    pub(super) accesses: Vec<Access>,
}

impl Device {
    pub(super) fn new(content: Vec<u8>) -> Device {
        Device { content, writes: 0, random: fastrand::Rng::with_seed(1), accesses: Vec::new() }
    }

    fn write(&mut self, at: u64, bytes: Bytes) {
        let start = at as usize;
        self.content[start..start + bytes.len()].copy_from_slice(&bytes);
        self.writes += 1;
        self.accesses.push(Access::Write { number: self.writes, at, bytes });
    }

    fn note(&mut self, text: &str) {
        self.accesses.extend(Mark::parse_all(text).map(Access::Note));
    }

    fn attributes(&self, number: u64) -> FileAttr {
        match number {
            DEVICE_NUMBER => attributes(number, FileType::RegularFile, self.content.len() as u64),
            NOTES => attributes(number, FileType::RegularFile, 0),
            _ => attributes(TOP, FileType::Directory, 4096),
        }
    }
}

/// See the module.
pub(super) struct BlockBox(pub(super) Arc<Mutex<Device>>);

impl Filesystem for BlockBox {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // What is refused stays as it was.
        let _ = config.set_max_write(1 << 20);
        let _ = config.set_max_background(64);
        Ok(())
    }

    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let number = match name.to_str() {
            Some(DEVICE) => DEVICE_NUMBER,
            Some(victim::NOTES) => NOTES,
            _ => return reply.error(Errno::ENOENT),
        };
        reply.entry(&NO_TIME, &self.0.lock().attributes(number), Generation(0));
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&NO_TIME, &self.0.lock().attributes(number.0));
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.attr(&NO_TIME, &self.0.lock().attributes(number.0));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let flags = FopenFlags::FOPEN_DIRECT_IO | FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES;
        reply.opened(FileHandle(0), flags);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let device = self.0.lock();
        let content: &[u8] = if number.0 == DEVICE_NUMBER { &device.content } else { &[] };
        reply.data(piece(content, at, size));
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        if number.0 == NOTES {
            self.0.lock().note(&String::from_utf8_lossy(data));
            return reply.written(data.len() as u32);
        }
        let micros = self.0.lock().random.u64(..WRITE_MAX.as_micros() as u64);
        std::thread::sleep(Duration::from_micros(micros));
        let mut device = self.0.lock();
        if at as usize + data.len() > device.content.len() {
            return reply.error(Errno::EFBIG);
        }
        device.write(at, Bytes::copy_from_slice(data));
        reply.written(data.len() as u32);
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let covers = self.0.lock().writes;
        std::thread::sleep(FLUSH);
        self.0.lock().accesses.push(Access::Flush { covers });
        reply.ok();
    }

    fn fallocate(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        at: u64,
        size: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let zeroes = FallocateFlags::PUNCH_HOLE | FallocateFlags::ZERO_RANGE;
        if !FallocateFlags::from_bits_retain(mode as u32).intersects(zeroes) {
            return reply.error(Errno::EOPNOTSUPP);
        }
        self.0.lock().write(at, vec![0; size as usize].into());
        reply.ok();
    }
}
