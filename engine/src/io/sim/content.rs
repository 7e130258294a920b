//! The bytes of one simulated file, and what a power cut may leave of them.
//!
//! Bytes are kept in chunks that grow with the data; what was never written costs nothing and reads as zeroes. With
//! history, each sector keeps every content it had since the last sync: the page cache may have written out any one.

use std::collections::BTreeMap;
use std::io;

use super::random::Random;
use crate::limits::SECTOR_SIZE;

const CHUNK_SIZE: usize = 64 * 1024;

/// A file's bytes.
#[derive(Debug)]
pub(super) struct Content {
    /// Each at most [`CHUNK_SIZE`] long; bytes missing at a chunk's end are zeroes.
    chunks: Vec<Vec<u8>>,
    /// The sum of the chunks' lengths.
    stored: usize,
    size: usize,
    history: Option<History>,
}

/// What the file was since the last sync.
#[derive(Debug, Default)]
struct History {
    sectors: BTreeMap<usize, Former<Box<[u8; SECTOR_SIZE]>>>,
    size: Former<usize>,
}

/// Former values, oldest first: the first is the durable one.
#[derive(Debug)]
struct Former<T> {
    values: Vec<T>,
    /// A sync failed: the kernel forgot that this is unwritten, so that only writing it again and a sync save it.
    doubtful: bool,
}

/// Which of the unsynced changes a power cut keeps.
#[derive(Clone, Copy)]
enum Survival {
    Nothing,
    Everything,
    AnySubset,
}

impl<T> Default for Former<T> {
    fn default() -> Former<T> {
        Former { values: Vec::new(), doubtful: false }
    }
}

impl<T: Clone> Former<T> {
    fn remember(&mut self, value: T) {
        self.values.push(value);
        self.doubtful = false;
    }

    /// The former value that the power cut brought back; `None` keeps the present one.
    fn survivor(&self, survival: Survival, random: &mut Random) -> Option<&T> {
        match survival {
            Survival::Nothing => self.values.first(),
            Survival::Everything => None,
            Survival::AnySubset => self.values.get(random.index(self.values.len() + 1)),
        }
    }
}

impl Content {
    /// An empty file; `with_history` when it will see a power cut.
    pub(super) fn new(with_history: bool) -> Content {
        Content { chunks: Vec::new(), stored: 0, size: 0, history: with_history.then(History::default) }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Bytes held in memory for the file's data.
    pub(super) fn stored(&self) -> usize {
        self.stored
    }

    /// By how much a write would make [`Content::stored`] grow.
    pub(super) fn growth(&self, position: usize, length: usize) -> usize {
        spans(position, length)
            .map(|span| span.end().saturating_sub(self.chunks.get(span.chunk).map_or(0, Vec::len)))
            .sum()
    }

    pub(super) fn read(&self, buffer: &mut [u8], position: usize) -> usize {
        let length = buffer.len().min(self.size.saturating_sub(position));
        let mut rest = &mut buffer[..length];
        for span in spans(position, length) {
            let (target, after) = rest.split_at_mut(span.length);
            let stored = self.chunks.get(span.chunk).and_then(|chunk| chunk.get(span.start..));
            let stored = stored.unwrap_or_default();
            let count = stored.len().min(target.len());
            target[..count].copy_from_slice(&stored[..count]);
            target[count..].fill(0);
            rest = after;
        }
        length
    }

    pub(super) fn write(&mut self, bytes: &[u8], position: usize) {
        if bytes.is_empty() {
            // Nothing is written, wherever that is: the file does not grow.
            return;
        }
        let end = position + bytes.len();
        self.remember_sectors(position, end);
        if end > self.size {
            self.remember_size();
            self.size = end;
        } else if end == self.size
            && let Some(history) = &mut self.history
        {
            // The last bytes cannot be saved without the size that they need.
            history.size.doubtful = false;
        }
        self.store(bytes, position);
    }

    pub(super) fn set_size(&mut self, size: usize) {
        if size == self.size {
            return;
        }
        let shrinks = size < self.size;
        if shrinks {
            self.remember_sectors(size, self.stored_end().min(self.size));
        }
        self.remember_size();
        self.size = size;
        if shrinks {
            self.cut_chunks();
        }
    }

    pub(super) fn sync(&mut self) {
        if let Some(history) = &mut self.history {
            history.sectors.retain(|_, former| former.doubtful);
            if !history.size.doubtful {
                history.size.values.clear();
            }
        }
    }

    /// What a sync that reports an error leaves behind: later syncs succeed and save none of this.
    pub(super) fn sync_failed(&mut self) {
        if let Some(history) = &mut self.history {
            history.sectors.values_mut().for_each(|former| former.doubtful = true);
            history.size.doubtful = !history.size.values.is_empty();
        }
    }

    /// The file as found after a power cut now.
    pub(super) fn after_power_cut(&self, random: &mut Random) -> Content {
        let history = Some(History::default());
        let mut found =
            Content { chunks: self.chunks.clone(), stored: self.stored, size: self.size, history };
        let Some(history) = &self.history else { return found };
        let survival = match random.below(4) {
            0 => Survival::Nothing,
            1 => Survival::Everything,
            _ => Survival::AnySubset,
        };
        for (sector, former) in &history.sectors {
            if let Some(bytes) = former.survivor(survival, random) {
                found.store(bytes.as_slice(), sector * SECTOR_SIZE);
            }
        }
        found.size = history.size.survivor(survival, random).copied().unwrap_or(self.size);
        found.cut_chunks();
        found
    }

    fn store(&mut self, bytes: &[u8], position: usize) {
        let mut rest = bytes;
        for span in spans(position, bytes.len()) {
            let (source, after) = rest.split_at(span.length);
            if self.chunks.len() <= span.chunk {
                self.chunks.resize_with(span.chunk + 1, Vec::new);
            }
            let chunk = &mut self.chunks[span.chunk];
            self.stored += span.end().saturating_sub(chunk.len());
            if chunk.len() < span.start {
                chunk.resize(span.start, 0);
            }
            let overwritten = (chunk.len() - span.start).min(source.len());
            chunk[span.start..span.start + overwritten].copy_from_slice(&source[..overwritten]);
            chunk.extend_from_slice(&source[overwritten..]);
            rest = after;
        }
    }

    /// Forgets stored bytes beyond the size, so that they read as zeroes when the file grows again.
    fn cut_chunks(&mut self) {
        self.chunks.truncate(self.size.div_ceil(CHUNK_SIZE));
        if self.chunks.len() * CHUNK_SIZE > self.size
            && let Some(last) = self.chunks.last_mut()
        {
            last.truncate(self.size % CHUNK_SIZE);
            last.shrink_to_fit();
        }
        self.stored = self.chunks.iter().map(Vec::len).sum();
    }

    fn stored_end(&self) -> usize {
        self.chunks.len() * CHUNK_SIZE
    }

    fn remember_sectors(&mut self, from: usize, to: usize) {
        let Some(mut history) = self.history.take() else { return };
        for sector in from / SECTOR_SIZE..to.div_ceil(SECTOR_SIZE) {
            let mut bytes = Box::new([0; SECTOR_SIZE]);
            self.read(bytes.as_mut_slice(), sector * SECTOR_SIZE);
            history.sectors.entry(sector).or_default().remember(bytes);
        }
        self.history = Some(history);
    }

    fn remember_size(&mut self) {
        let size = self.size;
        if let Some(history) = &mut self.history {
            history.size.remember(size);
        }
    }
}

/// A stretch of one chunk.
struct Span {
    chunk: usize,
    start: usize,
    length: usize,
}

impl Span {
    fn end(&self) -> usize {
        self.start + self.length
    }
}

fn spans(position: usize, length: usize) -> impl Iterator<Item = Span> {
    let mut at = position;
    let end = position + length;
    std::iter::from_fn(move || {
        if at == end {
            return None;
        }
        let start = at % CHUNK_SIZE;
        let span = Span { chunk: at / CHUNK_SIZE, start, length: (CHUNK_SIZE - start).min(end - at) };
        at += span.length;
        Some(span)
    })
}

/// A file position as an index into memory.
pub(super) fn memory_index(position: u64) -> io::Result<usize> {
    usize::try_from(position).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
}
