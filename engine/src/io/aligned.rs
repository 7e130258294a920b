//! Memory that O_DIRECT accepts: buffers that begin and end on block boundaries, and a pool that keeps them warm.
//! Owned by one queue. While the kernel reads a buffer, the operation that names it owns it.

use std::ops::{Deref, DerefMut};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::limits::{ALIGNED_RETAINED_MAX, BLOCK_SIZE};

/// One block of memory, at an address that is a multiple of its size.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(4096))]
struct Block([u8; BLOCK_SIZE]);

const _: () = assert!(align_of::<Block>() == BLOCK_SIZE && size_of::<Block>() == BLOCK_SIZE);

/// Whole blocks of memory. Its bytes stay in place when it is moved.
pub(super) struct AlignedBuffer {
    blocks: Box<[Block]>,
    /// Bytes in use.
    length: usize,
}

impl AlignedBuffer {
    /// A buffer of `length` zeroes.
    pub(super) fn zeroed(length: usize) -> AlignedBuffer {
        let blocks = vec![Block([0; BLOCK_SIZE]); length.div_ceil(BLOCK_SIZE)];
        AlignedBuffer { blocks: blocks.into_boxed_slice(), length }
    }

    fn capacity(&self) -> usize {
        self.blocks.len() * BLOCK_SIZE
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.blocks.as_bytes()[..self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.blocks.as_mut_bytes()[..self.length]
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlignedBuffer").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Buffers kept for the next operations, by size: each holds a power of two of blocks.
#[derive(Debug, Default)]
pub(super) struct AlignedPool {
    classes: Vec<Vec<AlignedBuffer>>,
    retained: usize,
}

impl AlignedPool {
    /// A buffer of `length` bytes with any content.
    pub(super) fn take(&mut self, length: usize) -> AlignedBuffer {
        let blocks = length.div_ceil(BLOCK_SIZE).next_power_of_two();
        let class = blocks.trailing_zeros() as usize;
        if let Some(mut buffer) = self.classes.get_mut(class).and_then(Vec::pop) {
            self.retained -= buffer.capacity();
            buffer.length = length;
            return buffer;
        }
        let mut buffer = AlignedBuffer::zeroed(blocks * BLOCK_SIZE);
        buffer.length = length;
        buffer
    }

    /// Takes a buffer back from an operation that has ended.
    pub(super) fn put(&mut self, buffer: AlignedBuffer) {
        let class = buffer.blocks.len().trailing_zeros() as usize;
        if self.retained + buffer.capacity() > ALIGNED_RETAINED_MAX {
            return;
        }
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Vec::new);
        }
        self.retained += buffer.capacity();
        self.classes[class].push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_lie_on_block_boundaries_and_are_used_again() {
        let mut pool = AlignedPool::default();
        for length in [1, 512, 4096, 4097, 100_000, 1 << 20] {
            let mut buffer = pool.take(length);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.as_ptr().addr() % BLOCK_SIZE, 0);
            buffer.fill(7);
            let address = buffer.as_ptr().addr();
            pool.put(buffer);
            let again = pool.take(length);
            assert_eq!(again.as_ptr().addr(), address);
            pool.put(again);
        }
    }

    #[test]
    fn a_pool_keeps_no_more_than_its_bound() {
        let mut pool = AlignedPool::default();
        let buffers: Vec<AlignedBuffer> = (0..40).map(|_| pool.take(1 << 20)).collect();
        buffers.into_iter().for_each(|buffer| pool.put(buffer));
        assert!(pool.retained <= ALIGNED_RETAINED_MAX);
    }
}
