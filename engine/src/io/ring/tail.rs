//! The bytes of a file's last, partly filled block, which a direct write has to write again.

use bytes::Bytes;

use crate::limits::BLOCK_SIZE;

/// Less than one block of bytes.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn new(bytes: Vec<u8>) -> Tail {
        debug_assert!(bytes.len() < BLOCK_SIZE);
        Tail(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Follows an append of `pieces`, `length` bytes in all.
    pub(super) fn advance(&mut self, pieces: &[Bytes], length: usize) {
        let kept = (self.0.len() + length) % BLOCK_SIZE;
        if self.0.len() + length >= BLOCK_SIZE {
            self.0.clear();
        }
        let mut skip = length - (kept - self.0.len());
        for piece in pieces {
            let start = skip.min(piece.len());
            skip -= start;
            self.0.extend_from_slice(&piece[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_what_lies_behind_the_last_block_boundary() {
        let mut tail = Tail::default();
        let mut all = Vec::new();
        for (turn, length) in
            [1, 4094, 1, 1, 4095, 4096, 10_000, 0, 5, 8191, 3, 4000, 200].into_iter().enumerate()
        {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from((at * 7 + turn) % 251).unwrap()).collect();
            let (first, rest) = bytes.split_at(length / 3);
            let (second, third) = rest.split_at(rest.len() / 2);
            let pieces: Vec<Bytes> = [first, second, b"", third].map(Bytes::copy_from_slice).into();
            tail.advance(&pieces, length);
            all.extend_from_slice(&bytes);
            let kept = all.len() % BLOCK_SIZE;
            assert_eq!(tail.bytes(), &all[all.len() - kept..], "after {} bytes", all.len());
        }
    }
}
