//! The newest batches of each partition, in memory, so that a consumer that keeps up never touches the disk.
//!
//! The shard's thread adds and evicts, oldest first over all its partitions, within one bound of bytes; readers on any
//! thread take reference-counted slices.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::types::Offset;

/// One partition's part of the cache: adjacent batches, oldest first.
#[derive(Debug, Default)]
pub struct CachedTail {
    batches: Mutex<VecDeque<CachedBatch>>,
}

#[derive(Clone, Debug)]
struct CachedBatch {
    base: Offset,
    next: Offset,
    bytes: Bytes,
}

impl CachedTail {
    /// Batches from the one that holds `from` on, all below `upto`: at least one, then as many as fit `size_max`; and
    /// the offset behind them. `None` when `from` is not cached (any more).
    #[must_use]
    pub fn read(&self, from: Offset, upto: Offset, size_max: usize) -> Option<(Vec<Bytes>, Offset)> {
        let batches = self.batches.lock();
        if batches.front().is_none_or(|oldest| from < oldest.base) {
            return None;
        }
        let first = batches.partition_point(|batch| batch.next <= from);
        let (mut size, mut next) = (0, from);
        let mut found = Vec::new();
        for batch in batches.range(first..) {
            let fits = found.is_empty() || size + batch.bytes.len() <= size_max;
            if !fits || batch.next > upto {
                break;
            }
            size += batch.bytes.len();
            next = batch.next;
            found.push(batch.bytes.clone());
        }
        (!found.is_empty()).then_some((found, next))
    }

    fn push(&self, batch: CachedBatch) {
        let mut batches = self.batches.lock();
        if batches.back().is_some_and(|newest| newest.next != batch.base) {
            batches.clear();
        }
        batches.push_back(batch);
    }

    /// Drops the oldest batch if it is the one that starts at `base`.
    fn evict(&self, base: Offset) {
        let mut batches = self.batches.lock();
        if batches.front().is_some_and(|oldest| oldest.base == base) {
            batches.pop_front();
        }
    }

    /// Drops the batches below `upto`: what is in the log there is something else now.
    pub(super) fn forget_below(&self, upto: Offset) {
        let mut batches = self.batches.lock();
        let gone = batches.partition_point(|batch| batch.next <= upto);
        batches.drain(..gone);
    }

    /// Drops everything, when the partition goes offline.
    pub(super) fn clear(&self) {
        self.batches.lock().clear();
    }
}

/// The cache of one shard: who was added when, and how many bytes there are.
#[derive(Debug)]
pub(super) struct BatchCache {
    order: VecDeque<Entry>,
    size: usize,
    size_max: usize,
}

#[derive(Debug)]
struct Entry {
    tail: Arc<CachedTail>,
    base: Offset,
    size: usize,
}

impl BatchCache {
    pub(super) fn new(size_max: usize) -> BatchCache {
        BatchCache { order: VecDeque::new(), size: 0, size_max }
    }

    /// Adds the newest batch of a partition and evicts what no longer fits.
    pub(super) fn add(&mut self, tail: &Arc<CachedTail>, base: Offset, last: Offset, bytes: &Bytes) {
        let size = bytes.len().max(BUFFER_SIZE_MIN);
        tail.push(CachedBatch { base, next: last.plus(1), bytes: bytes.clone() });
        self.order.push_back(Entry { tail: Arc::clone(tail), base, size });
        self.size += size;
        while self.size > self.size_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.size -= oldest.size;
            oldest.tail.evict(oldest.base);
        }
    }
}

/// What a small batch holds in memory all the same: its buffer is not smaller.
const BUFFER_SIZE_MIN: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(size_max: usize, batches: i64) -> Arc<CachedTail> {
        let tail = Arc::new(CachedTail::default());
        let mut cache = BatchCache::new(size_max);
        for n in 0..batches {
            cache.add(
                &tail,
                Offset(n * 10),
                Offset(n * 10 + 9),
                &Bytes::from(vec![u8::try_from(n).unwrap(); 5000]),
            );
        }
        tail
    }

    #[test]
    fn the_oldest_batches_leave_first_and_their_readers_are_sent_to_disk() {
        let tail = filled(15_000, 5);
        assert!(tail.read(Offset(0), Offset(50), 1 << 20).is_none());
        assert!(tail.read(Offset(19), Offset(50), 1 << 20).is_none());
        assert_eq!(tail.read(Offset(20), Offset(50), 1 << 20).unwrap().0.len(), 3);
    }

    #[test]
    fn a_read_starts_with_the_batch_that_holds_the_offset_and_stops_at_its_bounds() {
        let tail = filled(1 << 20, 5);
        let (found, next) = tail.read(Offset(15), Offset(50), 1 << 20).unwrap();
        assert_eq!((found.len(), found[0][0], next), (4, 1, Offset(50)));
        assert_eq!(tail.read(Offset(15), Offset(30), 1 << 20).unwrap().0.len(), 2, "below upto only");
        assert_eq!(
            tail.read(Offset(15), Offset(50), 1).unwrap().0.len(),
            1,
            "one batch however small the limit"
        );
        assert!(tail.read(Offset(50), Offset(50), 1).is_none());
    }

    #[test]
    fn what_was_forgotten_is_read_from_the_disk_and_what_came_later_is_not() {
        let tail = filled(1 << 20, 5);
        tail.forget_below(Offset(29));
        assert!(tail.read(Offset(19), Offset(50), 1 << 20).is_none());
        assert_eq!(tail.read(Offset(20), Offset(50), 1 << 20).unwrap().0.len(), 3);
        tail.forget_below(Offset(50));
        assert!(tail.read(Offset(49), Offset(50), 1 << 20).is_none());
    }

    #[test]
    fn a_gap_in_offsets_starts_the_tail_anew() {
        let tail = Arc::new(CachedTail::default());
        let mut cache = BatchCache::new(1 << 20);
        cache.add(&tail, Offset(0), Offset(9), &Bytes::from_static(b"a"));
        cache.add(&tail, Offset(20), Offset(29), &Bytes::from_static(b"b"));
        assert!(tail.read(Offset(5), Offset(30), 10).is_none());
        assert_eq!(tail.read(Offset(20), Offset(30), 10).unwrap().0.len(), 1);
    }
}
