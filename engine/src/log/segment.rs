//! [`Segment`]: one `.log` file with its indexes, as readers share it. The newest one is *active*: its owner appends
//! and keeps its indexes in memory. All others are *closed*: their files never change again, and nothing of them is
//! read before somebody asks.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;

use super::aborted_transactions;
use super::closed_index::{self, ClosedIndex, LoadedIndex};
use super::error::{Corruption, CorruptionReason, FileError, FileOperation, ReadError};
use super::file_name::FileKind;
use super::header_walk::{HeaderAt, HeaderWalk};
use super::index::{IndexEntries, OffsetEntry, TimestampOffset};
use super::index_file;
use super::open_files::{OpenFiles, SegmentFiles};
use super::transaction_index::AbortedTransaction;
use crate::io::{Disk, DiskFile, OpenMode};
use crate::types::{Offset, Timestamp};

/// How many index intervals a search may walk before the index counts as incomplete. More than one, because the
/// setting may have been larger when the index was written.
const SPARSE_INTERVALS_MAX: u64 = 16;

/// What all segments of one log share.
pub(super) struct LogHome {
    /// The disk.
    pub(super) disk: Arc<dyn Disk>,
    /// The partition's folder.
    pub(super) directory: PathBuf,
    /// `index.interval.bytes` when the log was opened.
    pub(super) index_interval: u32,
    /// Before this offset records may be missing because compaction removed them; from here on none may.
    pub(super) gaps_below: AtomicI64,
}

impl LogHome {
    /// Before this offset records may be missing because compaction removed them.
    pub(super) fn gaps_below(&self) -> Offset {
        Offset(self.gaps_below.load(Ordering::Acquire))
    }
}

/// One segment. `Send + Sync`; owned by the published list and by readers that hold it.
pub(super) struct Segment {
    home: Arc<LogHome>,
    base: Offset,
    /// Differs between all segments of the process, also between two that have had the same name.
    id: u64,
    files: Arc<SegmentFiles>,
    state: State,
}

enum State {
    Active(ActiveState),
    Closed(ClosedIndex),
}

/// What readers see of the active segment.
struct ActiveState {
    /// Bytes below the high watermark.
    visible: AtomicU64,
    index: RwLock<ActiveIndex>,
}

/// The part of an active segment's index that was taken from files when the segment was opened again.
#[derive(Clone, Copy)]
pub(super) struct LoadedPart {
    /// Bytes of the log that it covers.
    pub(super) size: u64,
    /// Entries of the offset index.
    pub(super) offsets: usize,
    /// Entries of the time index.
    pub(super) times: usize,
}

/// An index that a search has used.
enum UsedIndex {
    Active(Option<LoadedPart>),
    Closed(Arc<LoadedIndex>),
}

impl UsedIndex {
    /// Whether it comes from a file.
    fn may_be_wrong(&self) -> bool {
        match self {
            UsedIndex::Active(loaded) => loaded.is_some(),
            UsedIndex::Closed(index) => !index.rebuilt,
        }
    }
}

/// Index of the active segment: entries of everything that has been appended.
pub(super) struct ActiveIndex {
    /// Both indexes.
    pub(super) entries: IndexEntries,
    /// What of it was taken from files, and may be wrong.
    pub(super) loaded: Option<LoadedPart>,
    /// Largest timestamp below the high watermark.
    pub(super) max_timestamp: TimestampOffset,
    /// Transactions whose abort marker lies in the segment.
    pub(super) aborted: Vec<AbortedTransaction>,
}

impl Segment {
    /// The newest segment; `visible` of its bytes are below the high watermark.
    pub(super) fn active(home: Arc<LogHome>, base: Offset, visible: u64, index: ActiveIndex) -> Segment {
        let state = ActiveState { visible: AtomicU64::new(visible), index: RwLock::new(index) };
        Segment { home, base, id: next_id(), files: Arc::default(), state: State::Active(state) }
    }

    /// A segment that does not change any more. No file is touched.
    pub(super) fn closed(home: Arc<LogHome>, base: Offset) -> Segment {
        let state = State::Closed(ClosedIndex::default());
        Segment { home, base, id: next_id(), files: Arc::default(), state }
    }

    /// A segment whose compacted bytes are in `file`, under whatever name.
    pub(super) fn compacted(
        home: Arc<LogHome>,
        base: Offset,
        file: Arc<dyn DiskFile>,
        aborted: Vec<AbortedTransaction>,
    ) -> Segment {
        let state = State::Closed(ClosedIndex::with_aborted(aborted));
        Segment { files: Arc::new(SegmentFiles::pinned(file)), state, ..Segment::closed(home, base) }
    }

    /// This segment once its owner has closed it. What is known already is kept, and what readers have opened.
    pub(super) fn to_closed(&self, size: u64, max_timestamp: TimestampOffset) -> Segment {
        let state = State::Closed(ClosedIndex::known(size, max_timestamp));
        self.in_state(state, Arc::clone(&self.files))
    }

    /// This segment once its owner appends to it again.
    pub(super) fn to_active(&self, visible: u64, index: ActiveIndex) -> Segment {
        let state = ActiveState { visible: AtomicU64::new(visible), index: RwLock::new(index) };
        self.in_state(State::Active(state), Arc::default())
    }

    /// The same bytes at the same places, so that the id stays and readers' cursors with it.
    fn in_state(&self, state: State, files: Arc<SegmentFiles>) -> Segment {
        Segment { home: Arc::clone(&self.home), base: self.base, id: self.id, files, state }
    }

    /// Both indexes of a closed segment, all of them, and its largest timestamp.
    pub(super) fn load_index(&self) -> Result<(IndexEntries, TimestampOffset), ReadError> {
        match &self.state {
            State::Active(active) => {
                let index = active.index.read();
                Ok((index.entries.clone(), index.max_timestamp))
            }
            State::Closed(closed) => Ok((closed.load_all(self)?, closed.max_timestamp(self)?)),
        }
    }

    /// Offset that the segment starts at.
    pub(super) fn base(&self) -> Offset {
        self.base
    }

    /// Tells it from all other segments of the process.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// What the log's segments share.
    pub(super) fn home(&self) -> &Arc<LogHome> {
        &self.home
    }

    /// Path of one of the segment's files.
    pub(super) fn path(&self, kind: FileKind) -> PathBuf {
        kind.path(&self.home.directory, self.base)
    }

    /// The `.log`, opened for reading if it is not.
    pub(super) fn log_file(&self) -> Result<Arc<dyn DiskFile>, FileError> {
        self.files.log(OpenFiles::of_process(), || {
            let path = self.path(FileKind::Log);
            let opened = self.home.disk.open(&path, OpenMode::Read);
            opened.map_err(FileError::of(FileOperation::Open, &path))
        })
    }

    /// What of its files is open.
    pub(super) fn files(&self) -> &Arc<SegmentFiles> {
        &self.files
    }

    /// Bytes that readers may see.
    pub(super) fn visible(&self) -> Result<u64, FileError> {
        match &self.state {
            State::Active(active) => Ok(active.visible.load(Ordering::Acquire)),
            State::Closed(closed) => closed.size(self),
        }
    }

    /// Lets readers see the first `visible` bytes of the active segment, whose largest timestamp is `max_timestamp`.
    pub(super) fn publish(&self, visible: u64, max_timestamp: TimestampOffset) {
        if let State::Active(active) = &self.state {
            active.index.write().max_timestamp = max_timestamp;
            active.visible.store(visible, Ordering::Release);
        }
    }

    /// Changes the index of the active segment.
    pub(super) fn update_active_index(&self, update: impl FnOnce(&mut ActiveIndex)) {
        if let State::Active(active) = &self.state {
            update(&mut active.index.write());
        }
    }

    /// Writes the files of the active segment's indexes. Readers go on meanwhile.
    pub(super) fn write_active_index(&self) -> Result<(), FileError> {
        let State::Active(active) = &self.state else { return Ok(()) };
        let index = active.index.read();
        aborted_transactions::write(self, &index.aborted)?;
        closed_index::write_indexes(self, &index.entries)
    }

    /// Where the batch starts that holds `target` or, when there is none, the next one behind it; `None` when the
    /// segment ends before.
    pub(super) fn seek(&self, target: Offset) -> Result<Option<u64>, ReadError> {
        Ok(self.find(Target::Offset(target))?.map(|at| at.position))
    }

    /// Offset of the first batch that starts at byte `position` or behind it; `None` when there is none.
    pub(super) fn offset_from(&self, position: u64) -> Result<Option<Offset>, ReadError> {
        Ok(self.find(Target::Position(position))?.map(|at| at.header.base_offset()))
    }

    fn find(&self, target: Target) -> Result<Option<HeaderAt>, ReadError> {
        loop {
            let (entry, index) = self.look_up(target)?;
            match self.walk_to(entry, target, index.may_be_wrong())? {
                Walked::Found(at) => return Ok(Some(at)),
                Walked::End => return Ok(None),
                Walked::IndexIsWrong if index.may_be_wrong() => self.rebuild(&index)?,
                Walked::IndexIsWrong => return Err(self.misplaced(entry, target).into()),
            }
        }
    }

    /// The largest timestamp that readers may see, and the last offset of the first batch that has it;
    /// [`Timestamp::NONE`] when no batch has one.
    pub(super) fn max_timestamp(&self) -> Result<TimestampOffset, ReadError> {
        match &self.state {
            State::Active(active) => Ok(active.index.read().max_timestamp),
            State::Closed(closed) => closed.max_timestamp(self),
        }
    }

    /// Has `look` look at the transactions whose abort marker lies in the segment, by the offset of the marker.
    pub(super) fn with_aborted<T>(
        &self,
        look: impl FnOnce(&[AbortedTransaction]) -> T,
    ) -> Result<T, ReadError> {
        Ok(match &self.state {
            State::Active(active) => look(&active.index.read().aborted),
            State::Closed(closed) => look(closed.aborted(self)?),
        })
    }

    /// An offset before which no record has a timestamp of `timestamp` or later.
    pub(super) fn offset_before_timestamp(&self, timestamp: Timestamp) -> Result<Offset, ReadError> {
        match &self.state {
            State::Active(active) => self.offset_before_timestamp_in(active, timestamp),
            State::Closed(closed) => closed.offset_before_timestamp(self, timestamp),
        }
    }

    fn offset_before_timestamp_in(
        &self,
        active: &ActiveState,
        timestamp: Timestamp,
    ) -> Result<Offset, ReadError> {
        loop {
            let (entry, loaded) = {
                let index = active.index.read();
                let behind = index.entries.times.partition_point(|entry| entry.timestamp() <= timestamp);
                let Some(slot) = behind.checked_sub(1) else { return Ok(self.base) };
                (index.entries.times[slot], index.loaded.filter(|loaded| slot < loaded.times))
            };
            let Some(loaded) = loaded else { return Ok(entry.last_offset(self.base)) };
            if closed_index::batch_of(self, entry)?.is_some() {
                return Ok(entry.last_offset(self.base));
            }
            self.rebuild(&UsedIndex::Active(Some(loaded)))?;
        }
    }

    /// Makes an index anew, unless somebody has done so since it was used.
    fn rebuild(&self, used: &UsedIndex) -> Result<(), ReadError> {
        match (&self.state, used) {
            (State::Closed(closed), UsedIndex::Closed(index)) => closed.rebuild(self, index),
            (State::Active(active), UsedIndex::Active(Some(loaded))) => {
                let (mut sound, _) = closed_index::index_log(self, loaded.size)?;
                let mut index = active.index.write();
                if index.loaded.take().is_some() {
                    let entries = &index.entries;
                    sound.offsets.extend(entries.offsets.iter().skip(loaded.offsets));
                    sound.times.extend(entries.times.iter().skip(loaded.times));
                    index.entries = sound;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn look_up(&self, target: Target) -> Result<(Option<OffsetEntry>, UsedIndex), ReadError> {
        let holds = |entry: &OffsetEntry| target.is_not_before(entry, self.base);
        match &self.state {
            State::Active(active) => {
                let index = active.index.read();
                let entry = index_file::last_where(&index.entries.offsets, holds);
                Ok((entry, UsedIndex::Active(index.loaded)))
            }
            State::Closed(closed) => {
                let index = closed.loaded(self)?;
                let path = self.path(FileKind::OffsetIndex);
                let found = index.offsets.last_where(holds);
                let entry = found.map_err(FileError::of(FileOperation::Read, &path))?;
                Ok((entry, UsedIndex::Closed(index)))
            }
        }
    }

    /// From where the index points on, header by header. The index is a hint: the batch it points to must be the one
    /// it says, and, when it is `distrusted`, there must not be more to walk than a complete index leaves.
    fn walk_to(
        &self,
        entry: Option<OffsetEntry>,
        target: Target,
        distrusted: bool,
    ) -> Result<Walked, ReadError> {
        let visible = self.visible()?;
        let (offset, start) =
            entry.map_or((self.base, 0), |entry| (entry.last_offset(self.base), entry.position()));
        if entry.is_some() && start >= visible {
            return Ok(if distrusted { Walked::IndexIsWrong } else { Walked::End });
        }
        let walk_max = SPARSE_INTERVALS_MAX * u64::from(self.home.index_interval.max(4096));
        let path = self.path(FileKind::Log);
        let log = self.log_file()?;
        let mut walk = HeaderWalk::new(&*log, &path, (offset, start), visible);
        let mut expected = entry.map(|entry| entry.last_offset(self.base));
        loop {
            let at = match walk.next() {
                Ok(Some(at)) => at,
                Ok(None) => return Ok(Walked::End),
                Err(ReadError::Corrupt(_)) if expected.is_some() && distrusted => {
                    return Ok(Walked::IndexIsWrong);
                }
                Err(error) => return Err(error),
            };
            if expected.take().is_some_and(|expected| expected != at.header.last_offset()) {
                return Ok(Walked::IndexIsWrong);
            }
            if target.is_met_by(&at) {
                return Ok(Walked::Found(at));
            }
            if distrusted && at.position - start > walk_max {
                return Ok(Walked::IndexIsWrong);
            }
        }
    }

    /// An index that was made from the log does not fit the log: the log has changed.
    fn misplaced(&self, entry: Option<OffsetEntry>, target: Target) -> Corruption {
        let of_target = match target {
            Target::Offset(offset) => (offset, 0),
            Target::Position(position) => (self.base, position),
        };
        let place = entry.map_or(of_target, |entry| (entry.last_offset(self.base), entry.position()));
        Corruption {
            file: self.path(FileKind::Log),
            position: place.1,
            offset: place.0,
            reason: CorruptionReason::LastOffset(place.0),
        }
    }
}

/// The batch that a search is for.
#[derive(Clone, Copy)]
enum Target {
    /// The one that holds this offset, or the next.
    Offset(Offset),
    /// The one that starts at this byte, or the next.
    Position(u64),
}

impl Target {
    /// Whether a search for it may start at the batch of an index entry.
    fn is_not_before(self, entry: &OffsetEntry, base: Offset) -> bool {
        match self {
            Target::Offset(offset) => entry.last_offset(base) <= offset,
            Target::Position(position) => entry.position() <= position,
        }
    }

    fn is_met_by(self, at: &HeaderAt) -> bool {
        match self {
            Target::Offset(offset) => at.header.last_offset() >= offset,
            Target::Position(position) => at.position >= position,
        }
    }
}

/// How a walk ends.
enum Walked {
    Found(HeaderAt),
    End,
    IndexIsWrong,
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
