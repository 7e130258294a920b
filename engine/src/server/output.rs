//! [`Output`]: what a connection still has to send, in order: memory by sendmsg(2), files by sendfile(2).

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::metrics::{Count, ServerMetrics};
use crate::io::Socket;
use crate::log::FileSlice;
use crate::wire::records::Piece;
use crate::wire::writer::Frame;

/// Pieces of memory that one call of the kernel sends.
const PIECES_MAX: usize = 64;

/// Bytes of a file that one call of the kernel sends: a shard is not kept longer for one reader.
const FILE_TURN_SIZE: usize = 2 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Output {
    pieces: VecDeque<Outgoing>,
    size: usize,
    /// Of it, bytes that are in memory.
    memory_size: usize,
    held: Held,
    /// The socket takes no more at present.
    blocked: bool,
}

#[derive(Debug)]
enum Outgoing {
    Memory(Bytes),
    File(FileSlice),
}

/// What one connection adds to what all connections hold in memory.
#[derive(Debug)]
struct Held {
    total: Arc<Count>,
    own: usize,
}

impl Held {
    fn set(&mut self, own: usize) {
        match own.checked_sub(self.own) {
            Some(0) => {}
            Some(more) => self.total.add(more),
            None => self.total.subtract(self.own - own),
        }
        self.own = own;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// How an attempt to send has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All is sent.
    Everything,
    /// The socket takes no more at present.
    Blocked,
    /// There is more to send, but others have their turn.
    Turn,
}

impl Output {
    /// Nothing to send. What waits in memory counts towards `held`.
    pub(super) fn new(held: Arc<Count>) -> Output {
        let held = Held { total: held, own: 0 };
        Output { pieces: VecDeque::new(), size: 0, memory_size: 0, held, blocked: false }
    }

    /// Tells what all connections hold together of what this one has in memory now.
    pub(super) fn note_held(&mut self) {
        self.held.set(self.memory_size);
    }

    /// Adds a frame, whose gaps are filled from `files`.
    pub(super) fn push(&mut self, frame: Frame, files: Vec<FileSlice>) {
        self.size += frame.size();
        let mut files = files.into_iter();
        for piece in frame.pieces {
            match piece {
                Piece::Memory(bytes) => {
                    self.memory_size += bytes.len();
                    self.pieces.push_back(Outgoing::Memory(bytes));
                }
                Piece::Gap(_) => self.pieces.extend(files.next().map(Outgoing::File)),
            }
        }
    }

    /// Bytes that are left.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Notes that the socket may take more.
    pub(super) fn set_writable(&mut self) {
        self.blocked = false;
    }

    /// Whether [`Output::flush`] may get on.
    pub(super) fn can_flush(&self) -> bool {
        !self.blocked && !self.pieces.is_empty()
    }

    /// Sends what the socket takes.
    pub(super) fn flush(&mut self, socket: &Socket, metrics: &ServerMetrics) -> io::Result<Sent> {
        let mut of_files = 0;
        while let Some(next) = self.pieces.front() {
            let sent = match next {
                Outgoing::Memory(_) => self.send_memory(socket),
                Outgoing::File(_) if of_files >= FILE_TURN_SIZE => return Ok(Sent::Turn),
                Outgoing::File(slice) => {
                    let sent = socket.send_file(&*slice.file, slice.position, slice.size);
                    of_files += sent.as_ref().copied().unwrap_or(0);
                    metrics.sent_by_sendfile.add(sent.as_ref().copied().unwrap_or(0));
                    sent
                }
            };
            match sent {
                Ok(sent) => self.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Ok(Sent::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Sent::Everything)
    }

    fn send_memory(&self, socket: &Socket) -> io::Result<usize> {
        let memory = self.pieces.iter().map_while(|piece| match piece {
            Outgoing::Memory(bytes) => Some(IoSlice::new(bytes)),
            Outgoing::File(_) => None,
        });
        let mut pieces = [IoSlice::new(&[]); PIECES_MAX];
        let mut count = 0;
        for (place, piece) in pieces.iter_mut().zip(memory) {
            *place = piece;
            count += 1;
        }
        socket.send(&pieces[..count], self.pieces.len() > count)
    }

    /// Forgets what has been sent.
    fn advance(&mut self, sent: usize) {
        self.size -= sent;
        let mut left = sent;
        while let Some(front) = self.pieces.front_mut() {
            let size = match front {
                Outgoing::Memory(bytes) => {
                    self.memory_size -= bytes.len().min(left);
                    bytes.len()
                }
                Outgoing::File(slice) => slice.size,
            };
            if size <= left {
                left -= size;
                self.pieces.pop_front();
                if left == 0 && size > 0 {
                    return;
                }
                continue;
            }
            match front {
                Outgoing::Memory(bytes) => bytes.advance(left),
                Outgoing::File(slice) => {
                    slice.position += left as u64;
                    slice.size -= left;
                }
            }
            return;
        }
    }
}
