//! [`GrowingList`]: a list that only grows, read by many threads with plain loads. What a topic's partitions are to a
//! producer: looked at for every message, added to a few times in a year.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// See the module.
#[derive(Debug)]
pub(super) struct GrowingList<T> {
    first: Chunk<T>,
    len: AtomicUsize,
    /// Held while the list grows.
    growing: Mutex<()>,
}

/// Elements that were added together, and what was added after them.
#[derive(Debug)]
struct Chunk<T> {
    elements: OnceLock<Vec<T>>,
    next: OnceLock<Box<Chunk<T>>>,
}

impl<T> Default for Chunk<T> {
    fn default() -> Chunk<T> {
        Chunk { elements: OnceLock::new(), next: OnceLock::new() }
    }
}

impl<T> Default for GrowingList<T> {
    fn default() -> GrowingList<T> {
        GrowingList { first: Chunk::default(), len: AtomicUsize::new(0), growing: Mutex::new(()) }
    }
}

impl<T> GrowingList<T> {
    /// Count of elements.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// The element at `place`.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&T> {
        let (mut chunk, mut place) = (&self.first, place);
        loop {
            let elements = chunk.elements.get()?;
            if let Some(element) = elements.get(place) {
                return Some(element);
            }
            place -= elements.len();
            chunk = chunk.next.get()?;
        }
    }

    /// All elements, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let chunks = std::iter::successors(Some(&self.first), |chunk| chunk.next.get().map(|next| &**next));
        chunks.filter_map(|chunk| chunk.elements.get()).flatten()
    }

    /// Adds what `more` returns; it is told how many elements there are.
    pub(super) fn grow(&self, more: impl FnOnce(usize) -> Vec<T>) {
        let growing = self.growing.lock();
        let more = more(self.len());
        let count = more.len();
        let mut chunk = &self.first;
        while chunk.elements.get().is_some() {
            chunk = chunk.next.get_or_init(Box::default);
        }
        // The lock is held: nobody else fills the last chunk.
        if chunk.elements.set(more).is_ok() {
            self.len.fetch_add(count, Ordering::Release);
        }
        drop(growing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_stays_at_its_place() {
        let list = GrowingList::default();
        assert_eq!((list.len(), list.get(0)), (0, None));
        for part in [vec![0, 1, 2], vec![], vec![3], vec![4, 5]] {
            list.grow(|_| part);
        }
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            (0..7).map(|place| list.get(place).copied()).collect::<Vec<_>>()[3..],
            [Some(3), Some(4), Some(5), None]
        );
        list.grow(|known| vec![known]);
        assert_eq!(list.get(6), Some(&6));
    }
}
