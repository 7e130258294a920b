//! [`BufferPool`]: memory for batches that is used again while it is warm, and [`PooledBuffer`], one piece of it.
//!
//! Shared by all threads. A lock is held for one push or pop, never while memory is allocated or freed.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// Capacity of the smallest class; each further class has twice as much.
const CLASS_SIZE_MIN: usize = 4 << 10;

/// Classes from [`CLASS_SIZE_MIN`] to 16 MiB. Larger buffers are rare, and freed instead of kept.
const CLASSES_COUNT: usize = 13;

/// What every buffer has beyond its class, so that a batch filled to exactly its class still has the room
/// that writing varints eight bytes at a time wants.
const MARGIN: usize = 64;

/// A pool of byte buffers, sorted by capacity. Clones share the same pool.
#[derive(Clone)]
pub struct BufferPool {
    shared: Arc<Shared>,
}

struct Shared {
    retained_bytes_max: usize,
    retained_bytes: AtomicUsize,
    /// Slot `n` keeps buffers of at least `CLASS_SIZE_MIN << n` bytes. Last in, first out: the warmest is next.
    classes: [Mutex<Vec<Vec<u8>>>; CLASSES_COUNT],
}

impl BufferPool {
    /// A pool that keeps at most `retained_bytes_max` bytes of unused memory. What is in use is not bounded here.
    #[must_use]
    pub fn new(retained_bytes_max: usize) -> BufferPool {
        let shared = Shared {
            retained_bytes_max,
            retained_bytes: AtomicUsize::new(0),
            classes: std::array::from_fn(|_| Mutex::new(Vec::new())),
        };
        BufferPool { shared: Arc::new(shared) }
    }

    /// An empty buffer with room for at least `capacity` bytes. It may grow beyond that.
    #[must_use]
    pub fn take(&self, capacity: usize) -> PooledBuffer {
        let class = capacity.div_ceil(CLASS_SIZE_MIN).next_power_of_two().trailing_zeros();
        let slot = usize::try_from(class).unwrap_or(CLASSES_COUNT);
        let kept = self.shared.classes.get(slot).and_then(|class| class.lock().pop());
        let bytes = match kept {
            Some(bytes) => {
                self.shared.retained_bytes.fetch_sub(bytes.capacity(), Ordering::Relaxed);
                bytes
            }
            None if slot < CLASSES_COUNT => Vec::with_capacity((CLASS_SIZE_MIN << slot) + MARGIN),
            None => Vec::with_capacity(capacity.saturating_add(MARGIN)),
        };
        PooledBuffer { bytes, pool: Some(Arc::clone(&self.shared)) }
    }

    /// Bytes of unused memory that the pool keeps now.
    #[must_use]
    pub fn retained_bytes(&self) -> usize {
        self.shared.retained_bytes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("retained_bytes", &self.retained_bytes())
            .field("retained_bytes_max", &self.shared.retained_bytes_max)
            .finish()
    }
}

impl Shared {
    /// Keeps `bytes` for the next one who asks, or frees them when the pool is full.
    fn put_back(&self, mut bytes: Vec<u8>) {
        let capacity = bytes.capacity();
        let Some(log) = (capacity.saturating_sub(MARGIN) / CLASS_SIZE_MIN).checked_ilog2() else { return };
        let slot = usize::try_from(log).ok().and_then(|slot| self.classes.get(slot));
        let Some(class) = slot else { return };
        let before = self.retained_bytes.fetch_add(capacity, Ordering::Relaxed);
        if before.saturating_add(capacity) > self.retained_bytes_max {
            self.retained_bytes.fetch_sub(capacity, Ordering::Relaxed);
            return;
        }
        bytes.clear();
        class.lock().push(bytes);
    }
}

/// A `Vec<u8>` that goes back to its pool when it is dropped, on whichever thread that happens.
#[derive(Default)]
pub struct PooledBuffer {
    bytes: Vec<u8>,
    pool: Option<Arc<Shared>>,
}

impl PooledBuffer {
    /// An empty buffer with room for `capacity` bytes, from the same pool as this one.
    #[must_use]
    pub fn sibling(&self, capacity: usize) -> PooledBuffer {
        match &self.pool {
            Some(shared) => BufferPool { shared: Arc::clone(shared) }.take(capacity),
            None => PooledBuffer::from(Vec::with_capacity(capacity)),
        }
    }
}

/// A buffer that belongs to no pool: it is freed when dropped.
impl From<Vec<u8>> for PooledBuffer {
    fn from(bytes: Vec<u8>) -> PooledBuffer {
        PooledBuffer { bytes, pool: None }
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.put_back(std::mem::take(&mut self.bytes));
        }
    }
}

impl Deref for PooledBuffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for PooledBuffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for PooledBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuffer")
            .field("len", &self.bytes.len())
            .field("capacity", &self.bytes.capacity())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send_and_sync<T: Send + Sync + 'static>() {}

    #[test]
    fn a_dropped_buffer_is_handed_out_again_and_empty() {
        is_send_and_sync::<BufferPool>();
        is_send_and_sync::<PooledBuffer>();
        let pool = BufferPool::new(1 << 20);
        let mut buffer = pool.take(16 << 10);
        buffer.extend_from_slice(b"used");
        let address = buffer.as_ptr();
        drop(buffer);
        let again = pool.take(16 << 10);
        assert_eq!(again.as_ptr(), address);
        assert!(again.is_empty());
        assert_eq!(pool.retained_bytes(), 0);
    }

    #[test]
    fn a_small_request_never_takes_a_large_buffer() {
        let pool = BufferPool::new(4 << 20);
        drop(pool.take(1 << 20));
        let small = pool.take(16 << 10);
        assert!(small.capacity() < 32 << 10, "{small:?}");
        assert!(pool.retained_bytes() >= 1 << 20);
    }

    #[test]
    fn every_request_gets_its_capacity() {
        let pool = BufferPool::new(64 << 20);
        for capacity in [0, 1, 4096, 4097, 16 << 10, (16 << 10) + 1, 16 << 20, (16 << 20) + 1] {
            for _ in 0..2 {
                assert!(pool.take(capacity).capacity() >= capacity);
            }
        }
    }

    #[test]
    fn unused_memory_stays_within_the_bound() {
        let pool = BufferPool::new(100 << 10);
        let buffers: Vec<_> = (0..20).map(|_| pool.take(16 << 10)).collect();
        drop(buffers);
        assert!(pool.retained_bytes() > 80 << 10, "{pool:?}");
        assert!(pool.retained_bytes() <= 100 << 10, "{pool:?}");
        drop(pool.take(64 << 20));
        assert!(pool.retained_bytes() <= 100 << 10, "{pool:?}");
    }

    #[test]
    fn a_buffer_that_grew_serves_larger_requests() {
        let pool = BufferPool::new(1 << 20);
        let mut buffer = pool.take(4 << 10);
        buffer.resize((128 << 10) + MARGIN, 0);
        let address = buffer.as_ptr();
        drop(buffer);
        assert_eq!(pool.take(128 << 10).as_ptr(), address);
    }

    #[test]
    fn a_sibling_comes_from_the_same_pool() {
        let pool = BufferPool::new(1 << 20);
        let buffer = pool.take(4 << 10);
        drop(buffer.sibling(8 << 10));
        assert!(pool.retained_bytes() >= 8 << 10);
        drop(PooledBuffer::from(vec![0; 10]).sibling(10));
    }
}
