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

/// Why a request is not even begun: its file is gone, has failed, or (`busy`) an operation of it is in flight.
pub(super) fn refused(busy: bool) -> io::Error {
    if busy {
        return io::Error::new(io::ErrorKind::ResourceBusy, "an append or flush of this file is in flight");
    }
    io::Error::other("this file is closed, or an earlier write or flush of it failed")
}
