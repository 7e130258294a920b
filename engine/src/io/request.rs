//! What a queue has been asked to do and has not begun yet.

use std::io;

use bytes::Bytes;

use super::{AppendHandle, CompletionKind, Durability, Token};
use crate::limits::SECTOR_SIZE;

/// One call of a [`super::CommitQueue`], waiting for the next submit.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) token: Token,
    pub(super) handle: AppendHandle,
    pub(super) work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    Append { pieces: Vec<Bytes>, durability: Durability },
    Flush,
    Block { sector: u32, bytes: Box<[u8; SECTOR_SIZE]> },
}

impl Work {
    pub(super) fn kind(&self) -> CompletionKind {
        match self {
            Work::Append { .. } => CompletionKind::Append,
            Work::Flush => CompletionKind::Flush,
            Work::Block { .. } => CompletionKind::Block,
        }
    }

    /// Whether it ends only when the file is on stable storage.
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Work::Append { durability, .. } => *durability == Durability::Durable,
            Work::Flush => true,
            Work::Block { .. } => false,
        }
    }
}

/// What is in flight on one append-only file.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    append: Option<Durability>,
    flush: bool,
}

impl InFlight {
    /// Whether `work` may begin: one append and one flush at a time, both together only when the append is cached.
    pub(super) fn allows(&self, work: &Work) -> bool {
        match work {
            Work::Append { durability, .. } => {
                self.append.is_none() && !(self.flush && *durability == Durability::Durable)
            }
            Work::Flush => !self.flush && self.append != Some(Durability::Durable),
            Work::Block { .. } => true,
        }
    }

    /// Notes that `work` has begun.
    pub(super) fn add(&mut self, work: &Work) {
        match work {
            Work::Append { durability, .. } => self.append = Some(*durability),
            Work::Flush => self.flush = true,
            Work::Block { .. } => {}
        }
    }

    /// Notes the end of the operation of this kind.
    pub(super) fn remove(&mut self, kind: CompletionKind) {
        match kind {
            CompletionKind::Append => self.append = None,
            CompletionKind::Flush => self.flush = false,
            CompletionKind::Block | CompletionKind::Ready { .. } => {}
        }
    }

    /// Whether there is anything.
    pub(super) fn any(&self) -> bool {
        self.append.is_some() || self.flush
    }
}

/// Why a request is not even begun: its file is gone, has failed, or (`busy`) an operation of it is in flight.
pub(super) fn refused(busy: bool) -> io::Error {
    if busy {
        return io::Error::new(io::ErrorKind::ResourceBusy, "an append or flush of this file is in flight");
    }
    io::Error::other("this file is closed, or an earlier write or flush of it failed")
}
