//! Record payloads that do not compress, and the tally that proves they came back in order.

/// Span of the random bytes that payloads are cut from: larger than a first-level cache, smaller than a second.
const POOL_SIZE: usize = 1 << 16;

/// Distance between the starts of neighbouring payloads; odd, so that all alignments occur.
const STRIDE: u64 = 61;

/// Payloads of one size, cut from a pool of random bytes: making one costs nothing, and no two neighbours are alike.
pub struct Payloads {
    pool: Vec<u8>,
    size: usize,
}

impl Payloads {
    /// Payloads of `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Payloads {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut pool = Vec::with_capacity(POOL_SIZE + size + 8);
        while pool.len() < POOL_SIZE + size {
            // xorshift64: repeatable, and random enough that no codec gains on it.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            pool.extend_from_slice(&state.to_le_bytes());
        }
        Payloads { pool, size }
    }

    /// The payload of the record of this number.
    #[inline]
    #[must_use]
    pub fn at(&self, number: u64) -> &[u8] {
        let start = usize::try_from(number.wrapping_mul(STRIDE) % POOL_SIZE as u64).unwrap_or(0);
        &self.pool[start..start + self.size]
    }

    /// Bytes of one payload.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// What a reader must have seen after the first `count` records.
    #[must_use]
    pub fn tally(&self, count: u64) -> Tally {
        let mut tally = Tally::default();
        for number in 0..count {
            tally.see(self.at(number));
        }
        tally
    }
}

/// What a reader has seen: count, bytes, and a sum that depends on content and order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub count: u64,
    /// Bytes of their payloads.
    pub size: u64,
    mix: u64,
}

impl Tally {
    /// Adds one record. Only the last eight bytes enter the sum: contents are the checksums' concern.
    #[inline]
    pub fn see(&mut self, payload: &[u8]) {
        self.count += 1;
        self.size += payload.len() as u64;
        if let Some(last) = payload.last_chunk::<8>() {
            self.mix = self.mix.rotate_left(5) ^ u64::from_le_bytes(*last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_notices_a_lost_a_changed_and_a_swapped_record() {
        let payloads = Payloads::new(100);
        let whole = payloads.tally(10);
        let seen = |numbers: &[u64]| {
            let mut tally = Tally::default();
            numbers.iter().for_each(|&number| tally.see(payloads.at(number)));
            tally
        };
        assert_eq!(seen(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), whole);
        assert_ne!(seen(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), whole);
        assert_ne!(seen(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 10]), whole);
        assert_ne!(seen(&[0, 1, 2, 4, 3, 5, 6, 7, 8, 9]), whole);
    }

    #[test]
    fn payloads_have_the_asked_size_and_differ_from_their_neighbours() {
        let payloads = Payloads::new(1024);
        assert_eq!(payloads.at(u64::MAX).len(), 1024);
        assert_ne!(payloads.at(1), payloads.at(2));
    }
}
