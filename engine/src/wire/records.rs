//! [`Records`]: the record batches of a Fetch response, in memory or still in a file.

use bytes::Bytes;

/// Record batches, back to back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// In order.
    pub pieces: Vec<Piece>,
}

/// A part of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Memory(Bytes),
    /// A gap of so many bytes: whoever sends the frame fills it, from a file.
    Gap(usize),
}

impl Piece {
    /// Bytes of it.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Piece::Memory(bytes) => bytes.len(),
            Piece::Gap(size) => *size,
        }
    }
}

impl Records {
    /// Bytes of all pieces.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pieces.iter().map(Piece::size).sum()
    }
}

impl From<Vec<Bytes>> for Records {
    fn from(pieces: Vec<Bytes>) -> Records {
        Records { pieces: pieces.into_iter().map(Piece::Memory).collect() }
    }
}
