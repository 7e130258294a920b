//! [`Entries`]: the entries of an index of a closed segment, searched where they lie: on disk, without loading them, or
//! in memory when they have just been rebuilt. Says what is written there, never whether it is true.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::io::DiskFile;

/// Bytes that a search reads at once when it has come this close.
const BLOCK_SIZE: usize = 4096;

/// Room for one entry of any kind.
const ENTRY_SIZE_MAX: usize = 64;

/// An entry of fixed size, at most [`ENTRY_SIZE_MAX`].
pub(super) trait IndexEntry:
    FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy
{
}

impl<E: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy> IndexEntry for E {}

/// Where the entries are.
pub(super) enum Entries<E> {
    /// In a file.
    File {
        /// The file.
        file: Arc<dyn DiskFile>,
        /// Entries in it.
        count: u64,
        /// What they are.
        entry: PhantomData<E>,
    },
    /// In memory.
    Memory(Vec<E>),
}

impl<E: IndexEntry> Entries<E> {
    /// The entries of `file`; `None` when its size is not a whole number of them.
    pub(super) fn in_file(file: Arc<dyn DiskFile>) -> io::Result<Option<Entries<E>>> {
        let size = file.size()?;
        let entry_size = size_of::<E>() as u64;
        let whole = size.is_multiple_of(entry_size);
        Ok(whole.then_some(Entries::File { file, count: size / entry_size, entry: PhantomData }))
    }

    /// The last entry.
    pub(super) fn last(&self) -> io::Result<Option<E>> {
        match self {
            Entries::Memory(entries) => Ok(entries.last().copied()),
            Entries::File { file, count, .. } => match count.checked_sub(1) {
                Some(slot) => read_entry(&**file, slot),
                None => Ok(None),
            },
        }
    }

    /// The last entry of those at the front for which `holds`, found by halving.
    pub(super) fn last_where(&self, holds: impl Fn(&E) -> bool) -> io::Result<Option<E>> {
        let (file, count) = match self {
            Entries::Memory(entries) => return Ok(last_where(entries, holds)),
            Entries::File { file, count, .. } => (&**file, *count),
        };
        let block_count = (BLOCK_SIZE / size_of::<E>()) as u64;
        let (mut low, mut high) = (0, count);
        while high - low > block_count {
            let middle = low + (high - low) / 2;
            match read_entry::<E>(file, middle)? {
                Some(entry) if holds(&entry) => low = middle,
                _ => high = middle,
            }
        }
        let mut block = [0; BLOCK_SIZE];
        let wanted = usize::try_from(high - low).unwrap_or(usize::MAX).saturating_mul(size_of::<E>());
        let read = file.read_at(&mut block[..wanted.min(BLOCK_SIZE)], low * size_of::<E>() as u64)?;
        let whole = &block[..read - read % size_of::<E>()];
        Ok(<[E]>::ref_from_bytes(whole).ok().and_then(|entries| last_where(entries, holds)))
    }

    /// All entries.
    pub(super) fn load(&self) -> io::Result<Vec<E>> {
        match self {
            Entries::Memory(entries) => Ok(entries.clone()),
            Entries::File { file, count, .. } => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                let mut bytes = vec![0; count.saturating_mul(size_of::<E>())];
                let read = file.read_at(&mut bytes, 0)?;
                bytes.truncate(read - read % size_of::<E>());
                Ok(<[E]>::ref_from_bytes(&bytes).map(<[E]>::to_vec).unwrap_or_default())
            }
        }
    }
}

/// The last of the `entries` at the front for which `holds`.
pub(super) fn last_where<E: Copy>(entries: &[E], holds: impl Fn(&E) -> bool) -> Option<E> {
    entries.get(entries.partition_point(holds).checked_sub(1)?).copied()
}

fn read_entry<E: IndexEntry>(file: &dyn DiskFile, slot: u64) -> io::Result<Option<E>> {
    let mut block = [0; ENTRY_SIZE_MAX];
    let bytes = &mut block[..size_of::<E>()];
    let read = file.read_at(bytes, slot * size_of::<E>() as u64)?;
    Ok(if read == bytes.len() { E::read_from_bytes(bytes).ok() } else { None })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use zerocopy::byteorder::big_endian::{I32, I64};

    use super::*;
    use crate::io::{Disk, OpenMode, SimDisk};

    #[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    #[repr(C)]
    struct Entry {
        key: I64,
        value: I32,
    }

    fn entries(count: i64) -> Vec<Entry> {
        (0..count).map(|key| Entry { key: I64::new(3 * key), value: I32::new(7) }).collect()
    }

    fn file(bytes: &[u8]) -> Arc<dyn DiskFile> {
        let file = SimDisk::memory().open(Path::new("index"), OpenMode::Create).unwrap();
        file.write_at(bytes, 0).unwrap();
        file
    }

    #[test]
    fn a_search_on_disk_finds_what_one_in_memory_finds() {
        for count in [0, 1, 2, 340, 341, 342, 343, 5000] {
            let all = entries(count);
            let on_disk = Entries::in_file(file(all.as_bytes())).unwrap().unwrap();
            assert_eq!(on_disk.load().unwrap(), all);
            assert_eq!(on_disk.last().unwrap(), all.last().copied());
            let in_memory = Entries::Memory(all);
            for key in (-1..3 * count + 1).step_by(if count > 1000 { 97 } else { 1 }) {
                let holds = |entry: &Entry| entry.key.get() <= key;
                assert_eq!(on_disk.last_where(holds).unwrap(), in_memory.last_where(holds).unwrap(), "{key}");
            }
        }
    }

    #[test]
    fn a_file_of_broken_size_is_no_index() {
        let bytes = entries(10);
        assert!(Entries::<Entry>::in_file(file(&bytes.as_bytes()[1..])).unwrap().is_none());
    }
}
