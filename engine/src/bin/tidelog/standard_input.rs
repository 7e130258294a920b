//! [`StandardInput`]: standard input that ends when the user interrupts, also while nothing comes in. A thread of its own
//! does the reading, because a read that waits cannot be called back.

use std::io::{self, Read};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, bounded};

use crate::interrupt::Interrupt;

/// Bytes read at once.
const PIECE_SIZE: usize = 1 << 16;

/// Pieces read ahead.
const PIECES_MAX: usize = 4;

/// How long an interrupt may go unnoticed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// See the module.
pub(crate) struct StandardInput {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
    interrupt: Interrupt,
}

impl StandardInput {
    /// Starts reading. The thread lives until the input ends, or as long as the process.
    pub(crate) fn new(interrupt: Interrupt) -> StandardInput {
        let (send, pieces) = bounded(PIECES_MAX);
        std::thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut piece = vec![0; PIECE_SIZE];
                let read = input.read(&mut piece).map(|read| {
                    piece.truncate(read);
                    piece
                });
                let is_last = !matches!(&read, Ok(piece) if !piece.is_empty());
                if send.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        StandardInput { pieces, piece: Vec::new(), taken: 0, interrupt }
    }

    /// Waits for more. False at the end.
    fn refill(&mut self) -> io::Result<bool> {
        loop {
            if self.interrupt.is_set() {
                return Ok(false);
            }
            match self.pieces.recv_timeout(LOOK_INTERVAL) {
                Ok(piece) => {
                    (self.piece, self.taken) = (piece?, 0);
                    return Ok(!self.piece.is_empty());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(false),
            }
        }
    }
}

impl Read for StandardInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() && !self.refill()? {
            return Ok(0);
        }
        let read = self.piece[self.taken..].as_ref().read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}
