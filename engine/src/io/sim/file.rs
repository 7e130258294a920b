//! One simulated file, and one opening of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;

use super::content::{Content, memory_index};
use super::faults::{Operation, Verdict};
use super::random::Random;
use super::space::Space;
use super::{SimDisk, storage_full};
use crate::io::{DiskFile, OpenMode};

/// A file, with or without a name.
#[derive(Debug)]
pub(super) struct FileNode {
    state: RwLock<State>,
    space: Arc<Space>,
}

#[derive(Debug)]
struct State {
    content: Content,
    /// A file without a name no longer counts against the quota.
    named: bool,
}

impl FileNode {
    pub(super) fn new(with_history: bool, space: Arc<Space>) -> FileNode {
        FileNode::holding(Content::new(with_history), space)
    }

    fn holding(content: Content, space: Arc<Space>) -> FileNode {
        FileNode { state: RwLock::new(State { content, named: true }), space }
    }

    pub(super) fn after_power_cut(&self, random: &mut Random, space: &Arc<Space>) -> FileNode {
        let content = self.state.read().content.after_power_cut(random);
        space.take(content.stored());
        FileNode::holding(content, Arc::clone(space))
    }

    pub(super) fn unlink(&self) {
        let mut state = self.state.write();
        if std::mem::replace(&mut state.named, false) {
            self.space.give_back(state.content.stored());
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.state.read().content.size() as u64
    }

    pub(super) fn read(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        Ok(self.state.read().content.read(buffer, memory_index(position)?))
    }

    /// Writes as much as the quota allows.
    pub(super) fn write(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let position = memory_index(position)?;
        position.checked_add(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        let mut state = self.state.write();
        let growth = state.content.growth(position, bytes.len());
        let missing = if state.named { growth - self.space.take(growth) } else { 0 };
        let stored = state.content.stored();
        let fitting = bytes.len().saturating_sub(missing);
        state.content.write(&bytes[..fitting], position);
        if missing > 0 {
            let unused = growth - missing - (state.content.stored() - stored);
            self.space.give_back(unused);
            return Err(storage_full());
        }
        Ok(())
    }

    pub(super) fn set_size(&self, size: u64) -> io::Result<()> {
        let mut state = self.state.write();
        let before = state.content.stored();
        state.content.set_size(memory_index(size)?);
        if state.named {
            self.space.give_back(before - state.content.stored());
        }
        Ok(())
    }

    pub(super) fn sync(&self) {
        self.state.write().content.sync();
    }

    pub(super) fn sync_failed(&self) {
        self.state.write().content.sync_failed();
    }
}

/// An open file of a [`SimDisk`].
#[derive(Debug)]
pub(super) struct SimFile {
    disk: SimDisk,
    path: PathBuf,
    mode: OpenMode,
    node: Arc<FileNode>,
}

impl SimFile {
    pub(super) fn new(disk: SimDisk, path: PathBuf, mode: OpenMode, node: Arc<FileNode>) -> SimFile {
        SimFile { disk, path, mode, node }
    }

    pub(super) fn node(&self) -> &FileNode {
        &self.node
    }

    /// Syncs without the delay of a slow disk.
    pub(super) fn sync_now(&self) -> io::Result<()> {
        let _running = self.disk.running();
        match self.disk.before(Operation::Sync, &self.path) {
            Ok(_) => {
                self.node.sync();
                Ok(())
            }
            Err(error) => {
                self.node.sync_failed();
                Err(error)
            }
        }
    }

    /// Writes without the delay of a slow disk.
    pub(super) fn write_now(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let _running = self.disk.running();
        match self.disk.before(Operation::Write, &self.path)? {
            Verdict::WriteHalf => {
                self.node.write(&bytes[..bytes.len() / 2], position)?;
                Err(io::ErrorKind::WriteZero.into())
            }
            Verdict::Proceed => self.node.write(bytes, position),
        }
    }

    fn check_writable(&self) -> io::Result<()> {
        match self.mode {
            OpenMode::Read => Err(io::Error::from_raw_os_error(libc::EBADF)),
            OpenMode::ReadWrite | OpenMode::Create => Ok(()),
        }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.disk.before(Operation::Read, &self.path)?;
        self.node.read(buffer, position)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.check_writable()?;
        self.disk.linger();
        self.write_now(bytes, position)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.linger();
        self.sync_now()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.node.size())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.check_writable()?;
        let _running = self.disk.running();
        self.disk.before(Operation::Resize, &self.path)?;
        self.node.set_size(size)
    }
}
