//! What of a file has been prepared beyond its data, and what to prepare next.
//!
//! A commit that changes no extents and no size needs no journal commit of the file system. So blocks are allocated
//! (which extends the file) and then overwritten with zeroes before data comes to them. Zeroes must never meet data:
//! an append that reaches into zeroes in flight waits for them. Pure bookkeeping, no I/O.

use std::ops::Range;

use crate::limits::BLOCK_SIZE;

/// Zeroes written by one operation. Each operation that turns blocks into written ones makes commits beside it wait for
/// the file system's journal: few large ones disturb fewer commits than many small ones.
pub(super) const ZEROES_SIZE: usize = 1 << 20;

/// Least and most that is prepared at once; between them half of the file's size, so that small files stay small.
const PREPARED_MIN: u64 = 64 << 10;
const PREPARED_MAX: u64 = 4 << 20;

/// Appends from this size on are not worth writing everything twice.
const LARGE_APPEND: u64 = 64 << 10;

/// The state of the blocks behind the data of one file. All positions are multiples of the block size.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Blocks below hold data or zeroes, or data is on its way to them.
    written: u64,
    /// Blocks below belong to the file.
    allocated: u64,
    /// Where the preparation under way is to end.
    target: u64,
    running: Option<Preparation>,
    off: bool,
}

/// One operation of a preparation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    Allocate(Range<u64>),
    Zero(Range<u64>),
}

impl Ahead {
    /// For a file whose blocks end at `end`.
    pub(super) fn new(end: u64) -> Ahead {
        Ahead { written: end, allocated: end, target: end, running: None, off: false }
    }

    /// Notes that data is being written up to `end`: zeroes stay behind it from now on.
    pub(super) fn appended(&mut self, end: u64) {
        self.written = self.written.max(end);
        self.allocated = self.allocated.max(end);
    }

    /// Whether an append up to `end` would meet zeroes in flight.
    pub(super) fn must_wait(&self, end: u64) -> bool {
        matches!(&self.running, Some(Preparation::Zero(range)) if end > range.start)
    }

    /// Asks for nothing more.
    pub(super) fn stop(&mut self) {
        self.off = true;
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// What to do next for a file whose data ends at `end`, after an append of `appended` bytes.
    pub(super) fn next(&mut self, end: u64, appended: u64) -> Option<Preparation> {
        if self.off || self.running.is_some() {
            return None;
        }
        if self.target <= self.written {
            let step = (end / 2).clamp(PREPARED_MIN, PREPARED_MAX);
            if appended >= LARGE_APPEND || self.written.saturating_sub(end) >= step / 2 {
                return None;
            }
            self.target = (end.max(self.written) + step).next_multiple_of(BLOCK_SIZE as u64);
        }
        let next = if self.allocated < self.target {
            Preparation::Allocate(self.allocated..self.target)
        } else {
            Preparation::Zero(self.written..self.target.min(self.written + ZEROES_SIZE as u64))
        };
        self.running = Some(next.clone());
        Some(next)
    }

    /// Notes the end of what [`Ahead::next`] asked for: `Some` up to where it got, `None` when it failed. After a
    /// failure nothing is prepared any more: it is no promise to anybody, and the next append sees the trouble itself.
    pub(super) fn done(&mut self, upto: Option<u64>) {
        match (self.running.take(), upto) {
            (Some(Preparation::Allocate(range)), Some(_)) => self.allocated = self.allocated.max(range.end),
            (Some(Preparation::Zero(_)), Some(upto)) => self.written = self.written.max(upto),
            (_, None) => self.off = true,
            (None, Some(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs all that is asked for, up to the target.
    fn prepare(ahead: &mut Ahead, end: u64, appended: u64) -> Vec<Preparation> {
        let mut all = Vec::new();
        while let Some(next) = ahead.next(end, appended) {
            let upto = match &next {
                Preparation::Allocate(range) | Preparation::Zero(range) => range.end,
            };
            all.push(next);
            ahead.done(Some(upto));
        }
        all
    }

    #[test]
    fn blocks_are_allocated_and_then_zeroed_behind_the_data() {
        let mut ahead = Ahead::new(0);
        ahead.appended(4096);
        let all = prepare(&mut ahead, 4096, 100);
        let end = 4096 + PREPARED_MIN;
        assert_eq!(all, [Preparation::Allocate(4096..end), Preparation::Zero(4096..end)]);
        assert_eq!(prepare(&mut ahead, 8192, 100), []);
        let later = prepare(&mut ahead, 4096 + PREPARED_MIN / 2 + 4096, 100);
        assert!(matches!(later.first(), Some(Preparation::Allocate(range)) if range.start == end));
    }

    #[test]
    fn large_files_prepare_four_mebibytes_in_pieces() {
        let mut ahead = Ahead::new(100 << 20);
        let all = prepare(&mut ahead, 100 << 20, 4096);
        assert_eq!(all.len(), 1 + (4 << 20) / ZEROES_SIZE);
    }

    #[test]
    fn large_appends_prepare_nothing() {
        assert_eq!(prepare(&mut Ahead::new(0), 1 << 20, LARGE_APPEND), []);
    }

    #[test]
    fn an_append_waits_for_zeroes_in_its_way_and_only_for_them() {
        let mut ahead = Ahead::new(4096);
        assert!(matches!(ahead.next(4096, 1), Some(Preparation::Allocate(_))));
        assert!(!ahead.must_wait(1 << 30));
        ahead.done(Some(4096 + PREPARED_MIN));
        assert!(matches!(ahead.next(4096, 1), Some(Preparation::Zero(_))));
        assert!(ahead.must_wait(4097) && !ahead.must_wait(4096));
        ahead.done(Some(4096 + PREPARED_MIN));
        assert!(!ahead.must_wait(1 << 30));
    }

    #[test]
    fn zeroes_never_start_below_the_data() {
        let mut ahead = Ahead::new(0);
        ahead.appended(4096);
        assert!(matches!(ahead.next(4096, 1), Some(Preparation::Allocate(_))));
        // Data overtakes while the allocation is under way.
        ahead.appended(40_960);
        ahead.done(Some(4096 + PREPARED_MIN));
        assert_eq!(ahead.next(40_960, 1), Some(Preparation::Zero(40_960..4096 + PREPARED_MIN)));
    }

    #[test]
    fn a_failure_ends_all_preparation() {
        let mut ahead = Ahead::new(0);
        assert!(ahead.next(0, 1).is_some());
        ahead.done(None);
        assert_eq!(ahead.next(0, 1), None);
    }
}
