//! Kafka's variable-length integers: seven bits a byte, lowest first, signed ones zigzag-encoded.
//!
//! Pure functions on bytes. Source: Kafka's `org.apache.kafka.common.utils.ByteUtils`.

/// Room behind the end of a buffer with which [`put`] never re-allocates.
pub(super) const PUT_ROOM: usize = size_of::<u128>();

/// Folds the sign into the lowest bit, so that small negative numbers stay small.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// [`zigzag`] of a size, which is never negative.
pub(super) fn zigzag_size(size: usize) -> u64 {
    (size as u64) << 1
}

/// Reverts [`zigzag`].
fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Bytes that [`put`] writes for `value`: 1 to 10.
pub(super) fn encoded_size(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    // Division by 7, rounded up, as a multiplication and a shift: exact for 1..=64.
    (bits * 9 + 64) / 64
}

/// Numbers below this take at most [`SHORT_SIZE_MAX`] bytes.
pub(super) const SHORT_END: u64 = 1 << 21;

/// Most bytes of a number below [`SHORT_END`].
const SHORT_SIZE_MAX: usize = 3;

/// A number below [`SHORT_END`] as its bytes, lowest first, and how many these are.
#[inline]
fn spread(value: u64) -> (u64, usize) {
    if value < 1 << 7 {
        (value, 1)
    } else if value < 1 << 14 {
        (value & 0x7f | (value & 0x3f80) << 1 | 0x80, 2)
    } else {
        (value & 0x7f | (value & 0x3f80) << 1 | (value & 0x1f_c000) << 2 | 0x8080, SHORT_SIZE_MAX)
    }
}

/// Appends `value`.
#[inline]
pub(super) fn put(buffer: &mut Vec<u8>, value: u64) {
    if value < SHORT_END {
        let mut word = Word::default();
        word.put(value);
        word.flush(buffer);
    } else {
        put_long(buffer, value);
    }
}

/// Up to five short numbers on their way into a buffer, put together in a register: faster than one after the other.
#[derive(Default)]
pub(super) struct Word {
    bytes: u128,
    size: usize,
}

impl Word {
    /// Adds a number below [`SHORT_END`].
    #[inline]
    pub(super) fn put(&mut self, value: u64) {
        debug_assert!(value < SHORT_END && self.size + SHORT_SIZE_MAX <= size_of::<u128>());
        let (bytes, size) = spread(value);
        self.bytes |= u128::from(bytes) << (8 * self.size);
        self.size += size;
    }

    /// Appends all of it: one wide write of which the tail is cut off again.
    #[inline]
    pub(super) fn flush(self, buffer: &mut Vec<u8>) {
        let end = buffer.len() + self.size;
        buffer.extend_from_slice(&self.bytes.to_le_bytes());
        buffer.truncate(end);
    }
}

#[cold]
fn put_long(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    buffer.push(value.to_le_bytes()[0]);
}

/// Takes a signed 32-bit number off the front of `bytes`. None when it is cut short or too large.
#[inline]
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    i32::try_from(take_i64(bytes)?).ok()
}

/// Takes a signed 64-bit number off the front of `bytes`. None when it is cut short or too large.
#[inline]
pub(super) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    match **bytes {
        [a, ref rest @ ..] if a < 0x80 => {
            *bytes = rest;
            Some(unzigzag(u64::from(a)))
        }
        [a, b, ref rest @ ..] if b < 0x80 => {
            *bytes = rest;
            Some(unzigzag(u64::from(a & 0x7f) | u64::from(b) << 7))
        }
        _ => take_long(bytes),
    }
}

/// Numbers at the front of a buffer, taken from a register: several short ones with one look at the memory.
pub(super) struct Front {
    word: u64,
    taken: usize,
}

impl Front {
    /// Of a buffer that has at least eight bytes; these are all that can be taken.
    #[inline(always)]
    pub(super) fn new(bytes: &[u8]) -> Option<Front> {
        Some(Front { word: u64::from_le_bytes(*bytes.first_chunk()?), taken: 0 })
    }

    /// Bytes taken so far.
    #[inline(always)]
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Passes one byte over.
    #[inline(always)]
    pub(super) fn skip_byte(&mut self) {
        self.word >>= 8;
        self.taken += 1;
    }

    /// Takes a number below [`SHORT_END`]. `None` when it is larger or reaches past the eighth byte: what is shifted in
    /// behind that one is zero, so that `taken` tells.
    #[inline(always)]
    fn take(&mut self) -> Option<u64> {
        let word = self.word;
        let (value, size) = if word & 0x80 == 0 {
            (word & 0x7f, 1)
        } else if word & 0x8000 == 0 {
            (word & 0x7f | word >> 1 & 0x3f80, 2)
        } else if word & 0x80_0000 == 0 {
            (word & 0x7f | word >> 1 & 0x3f80 | word >> 2 & 0x1f_c000, SHORT_SIZE_MAX)
        } else {
            return None;
        };
        self.word >>= 8 * size;
        self.taken += size;
        (self.taken <= 8).then_some(value)
    }

    /// Takes a signed number.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Option<i64> {
        self.take().map(unzigzag)
    }

    /// Takes a size. `None` also for a negative one.
    #[inline(always)]
    pub(super) fn size(&mut self) -> Option<usize> {
        let value = self.take()?;
        if value & 1 == 1 {
            return None;
        }
        usize::try_from(value >> 1).ok()
    }
}

fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(unzigzag(value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, zigzag(value));
        bytes
    }

    #[test]
    fn numbers_have_kafkas_bytes() {
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(-1), [1]);
        assert_eq!(encoded(63), [126]);
        assert_eq!(encoded(-64), [127]);
        assert_eq!(encoded(64), [0x80, 1]);
        assert_eq!(encoded(-8192), [0xff, 0x7f]);
        assert_eq!(encoded(8192), [0x80, 0x80, 1]);
        assert_eq!(encoded(i64::from(i32::MAX)), [0xfe, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(encoded(i64::from(i32::MIN)), [0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(encoded(i64::MAX), [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn what_is_written_is_read_and_sized() {
        for shift in 0..64 {
            for near in -2..=2 {
                let value = (1_i64 << shift).wrapping_add(near);
                for value in [value, value.wrapping_neg()] {
                    let bytes = encoded(value);
                    assert_eq!(encoded_size(zigzag(value)), bytes.len(), "{value}");
                    let mut rest = bytes.as_slice();
                    assert_eq!(take_i64(&mut rest), Some(value));
                    assert!(rest.is_empty());
                    assert_eq!(take_i32(&mut bytes.as_slice()), i32::try_from(value).ok());
                    assert_eq!(take_i64(&mut &bytes[..bytes.len() - 1]), None, "{value} cut short");
                }
            }
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(take_i64(&mut [0xff; 11].as_slice()), None);
        assert_eq!(take_i64(&mut [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2].as_slice()), None);
    }
}
