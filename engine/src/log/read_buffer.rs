//! [`ReadBuffer`]: memory that history is read into, kept for the next read when it is dropped, on whichever thread that
//! is. Memory that was used before costs no page faults and no zeroing: both take longer than the read itself.

use std::sync::LazyLock;

use crossbeam::queue::ArrayQueue;

/// Buffers that are kept.
const KEPT_COUNT_MAX: usize = 8;

/// Smaller reads are cheaper with fresh memory.
const KEPT_SIZE_MIN: usize = 64 << 10;

/// Larger reads are rare; their memory is given back.
const KEPT_SIZE_MAX: usize = 2 << 20;

/// Unused buffers of the process. Lock-free, because readers of all partitions meet here.
static KEPT: LazyLock<ArrayQueue<Vec<u8>>> = LazyLock::new(|| ArrayQueue::new(KEPT_COUNT_MAX));

/// A piece of initialized memory of a fixed size.
pub(super) struct ReadBuffer {
    bytes: Vec<u8>,
    size: usize,
}

impl ReadBuffer {
    /// A buffer of `size` bytes with any content.
    pub(super) fn new(size: usize) -> ReadBuffer {
        let kept = if (KEPT_SIZE_MIN..=KEPT_SIZE_MAX).contains(&size) { KEPT.pop() } else { None };
        let mut bytes = kept.unwrap_or_default();
        if bytes.is_empty() {
            bytes = vec![0; size];
        } else if bytes.len() < size {
            bytes.resize(size, 0);
        }
        ReadBuffer { bytes, size }
    }

    /// Makes it longer; what is in it stays.
    pub(super) fn grow(&mut self, size: usize) {
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
        self.size = size;
    }

    /// The memory.
    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.size]
    }
}

impl AsRef<[u8]> for ReadBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        if (KEPT_SIZE_MIN..=KEPT_SIZE_MAX).contains(&self.bytes.len()) {
            // A full queue hands the buffer back, and it is freed here.
            drop(KEPT.push(std::mem::take(&mut self.bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_asked_size_whatever_it_was_before() {
        for size in [1, KEPT_SIZE_MIN, KEPT_SIZE_MAX, KEPT_SIZE_MIN + 1, KEPT_SIZE_MAX + 1, KEPT_SIZE_MIN] {
            let mut buffer = ReadBuffer::new(size);
            assert_eq!(buffer.as_mut().len(), size);
            assert_eq!(buffer.as_ref().len(), size);
        }
    }
}
