//! A file system in memory that keeps a record of everything that is done to it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use parking_lot::Mutex;
use rustix::fs::{FallocateFlags, OFlags};

use super::fuse::{NO_TIME, NOTES, TOP, attributes, piece};
use super::posix_tree::{Operation, Tree};
use crate::witness::evidence::Mark;
use crate::witness::victim;

/// Numbers below are taken.
const FIRST_NUMBER: u64 = 10;

/// What has been done so far, and which faults are to come.
pub(super) struct Recorder {
    tree: Tree,
    next: u64,
    pub(super) operations: Vec<Operation>,
    marks: usize,
    /// The files with records.
    logs: HashSet<u64>,
    /// Files that were written to since they were last flushed.
    unsynced: HashSet<u64>,
    /// One flush of records fails after so many marks.
    fails_after: Option<usize>,
}

impl Recorder {
    pub(super) fn new(fails_after: Option<usize>) -> Recorder {
        Recorder {
            tree: Tree::new(),
            next: FIRST_NUMBER,
            operations: Vec::new(),
            marks: 0,
            logs: HashSet::new(),
            unsynced: HashSet::new(),
            fails_after,
        }
    }

    fn record(&mut self, operation: Operation) {
        self.tree.apply(&operation);
        self.operations.push(operation);
    }

    fn note(&mut self, text: &str) {
        for mark in Mark::parse_all(text) {
            self.marks += 1;
            self.record(Operation::Note(mark));
        }
    }

    /// Whether this flush is the one to fail.
    fn fails_now(&mut self, number: u64) -> bool {
        let has_records = self.logs.contains(&number) && self.unsynced.remove(&number);
        let fails = has_records && self.fails_after.is_some_and(|after| self.marks >= after);
        if fails {
            self.fails_after = None;
        }
        fails
    }

    fn attributes(&self, number: u64) -> Option<FileAttr> {
        if self.tree.directory(number).is_some() {
            return Some(attributes(number, FileType::Directory, 4096));
        }
        let size = if number == NOTES { 0 } else { self.tree.file(number)?.len() as u64 };
        Some(attributes(number, FileType::RegularFile, size))
    }

    fn find(&self, parent: u64, name: &OsStr) -> Option<FileAttr> {
        let name = name.to_str()?;
        let number = match (parent, name) {
            (TOP, victim::NOTES) => NOTES,
            _ => *self.tree.directory(parent)?.get(name)?,
        };
        self.attributes(number)
    }

    fn create(&mut self, parent: u64, name: &OsStr, is_directory: bool) -> FileAttr {
        let number = self.next;
        self.next += 1;
        if text(name).ends_with(".log") {
            self.logs.insert(number);
        }
        self.record(Operation::Create { parent, name: text(name), number, is_directory });
        self.attributes(number).expect("it has just been made")
    }
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// See the module.
pub(super) struct PosixBox(pub(super) Arc<Mutex<Recorder>>);

impl Filesystem for PosixBox {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.0.lock().find(parent.0, name) {
            Some(found) => reply.entry(&NO_TIME, &found, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.0.lock().attributes(number.0) {
            Some(found) => reply.attr(&NO_TIME, &found),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
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
        let mut recorder = self.0.lock();
        if let Some(size) = size.filter(|_| number.0 != NOTES) {
            recorder.record(Operation::Resize { number: number.0, size });
        }
        match recorder.attributes(number.0) {
            Some(found) => reply.attr(&NO_TIME, &found),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let made = self.0.lock().create(parent.0, name, false);
        reply.created(&NO_TIME, &made, Generation(0), FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        let made = self.0.lock().create(parent.0, name, true);
        reply.entry(&NO_TIME, &made, Generation(0));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.0.lock().record(Operation::Unlink { parent: parent.0, name: text(name) });
        reply.ok();
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.unlink(request, parent, name, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (from, to) = ((parent.0, text(name)), (new_parent.0, text(new_name)));
        self.0.lock().record(Operation::Rename { from, to });
        reply.ok();
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
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
        let recorder = self.0.lock();
        reply.data(piece(recorder.tree.file(number.0).unwrap_or_default(), at, size));
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        data: &[u8],
        _: WriteFlags,
        flags: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut recorder = self.0.lock();
        if number.0 == NOTES {
            recorder.note(&String::from_utf8_lossy(data));
            return reply.written(data.len() as u32);
        }
        let wants_sync = OFlags::from_bits_retain(flags.0 as u32).intersects(OFlags::DSYNC | OFlags::SYNC);
        let (number, bytes) = (number.0, Bytes::copy_from_slice(data));
        recorder.unsynced.insert(number);
        let fails = wants_sync && recorder.fails_now(number);
        recorder.record(Operation::Write { number, at, bytes, synced: wants_sync && !fails });
        if fails {
            recorder.record(Operation::FailedSync { number });
            return reply.error(Errno::EIO);
        }
        reply.written(data.len() as u32);
    }

    fn fallocate(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        at: u64,
        size: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let mode = FallocateFlags::from_bits_retain(mode as u32);
        if mode.intersects(!FallocateFlags::KEEP_SIZE) {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let mut recorder = self.0.lock();
        let old = recorder.tree.file(number.0).map_or(0, <[u8]>::len) as u64;
        if mode.is_empty() && at + size > old {
            recorder.record(Operation::Resize { number: number.0, size: at + size });
        }
        reply.ok();
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut recorder = self.0.lock();
        if recorder.fails_now(number.0) {
            recorder.record(Operation::FailedSync { number: number.0 });
            return reply.error(Errno::EIO);
        }
        recorder.record(Operation::Sync { number: number.0 });
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.0.lock().record(Operation::SyncNames { number: number.0 });
        reply.ok();
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, from: u64, mut reply: ReplyDirectory) {
        let recorder = self.0.lock();
        let names = recorder.tree.directory(number.0).into_iter().flatten();
        let own = [(number.0, "."), (TOP, "..")].map(|(number, name)| (name.to_owned(), number));
        let all = own.into_iter().chain(names.map(|(name, number)| (name.clone(), *number)));
        for (place, (name, number)) in all.enumerate().skip(from as usize) {
            let kind = recorder.attributes(number).map_or(FileType::RegularFile, |found| found.kind);
            if reply.add(INodeNo(number), place as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let blocks = 1 << 20;
        reply.statfs(blocks, blocks, blocks, blocks, blocks, 4096, 255, 4096);
    }
}
