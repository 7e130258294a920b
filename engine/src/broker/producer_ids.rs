//! [`ProducerIds`]: hands out ids for idempotent producers (KIP-98), none twice, also not after a crash.
//!
//! Ids are reserved a block of 1000 at a time: the file `tidelog-producer-ids` holds the first id that is not reserved,
//! and is durable before any id below it is handed out. A crash loses the rest of a block, never its order. (Kafka:
//! `ProducerIdManager`, KIP-730.)

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::io::Disk;
use crate::types::ProducerId;

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "tidelog-producer-ids";

/// Ids reserved by one write (Kafka: `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
pub const BLOCK_COUNT: i64 = 1000;

/// First line: what the file is, and the version of its form. The second is the next id that is not reserved.
const HEADING: &str = "tidelog-producer-ids 1";

/// Largest file that is read: two lines.
const SIZE_MAX: usize = 256;

/// Source of producer ids of one data directory.
#[derive(Debug)]
pub struct ProducerIds {
    path: PathBuf,
    /// Reserved on disk and not handed out.
    reserved: Range<i64>,
}

/// Why there are no producer ids.
#[derive(Debug, thiserror::Error)]
pub enum ProducerIdError {
    /// The operating system's.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file's content: guessing would hand out ids twice.
    #[error("{} is corrupt at line {line}: found {found:?}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is there.
        found: String,
    },
    /// All 2^63 ids have been handed out (Kafka: "Exhausted all producerIds").
    #[error("all producer ids have been used")]
    Exhausted,
}

impl ProducerIds {
    /// Goes on where the data directory `root` left off, or at 0 when it is new. Writes nothing.
    ///
    /// # Errors
    /// [`ProducerIdError::Io`] or [`ProducerIdError::Corrupt`].
    pub fn open(disk: &dyn Disk, root: &Path) -> Result<ProducerIds, ProducerIdError> {
        let path = root.join(FILE_NAME);
        let next = match disk.read_file(&path, SIZE_MAX) {
            Ok(bytes) => decode(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(source) => return Err(ProducerIdError::Io { path, source }),
        };
        Ok(ProducerIds { path, reserved: next..next })
    }

    /// An id that was never handed out before. Every 1000th call writes to the disk and waits for it.
    ///
    /// # Errors
    /// [`ProducerIdError::Io`] when a new block could not be reserved; the next call tries again. Or
    /// [`ProducerIdError::Exhausted`].
    pub fn allocate(&mut self, disk: &dyn Disk) -> Result<ProducerId, ProducerIdError> {
        if self.reserved.is_empty() {
            let first = self.reserved.end;
            let end = first.checked_add(BLOCK_COUNT).ok_or(ProducerIdError::Exhausted)?;
            disk.write_file(&self.path, format!("{HEADING}\n{end}\n").as_bytes())
                .map_err(|source| ProducerIdError::Io { path: self.path.clone(), source })?;
            self.reserved = first..end;
        }
        self.reserved.next().map(ProducerId).ok_or(ProducerIdError::Exhausted)
    }
}

fn decode(path: &Path, bytes: &[u8]) -> Result<i64, ProducerIdError> {
    let text = String::from_utf8_lossy(bytes);
    let corrupt =
        |line, found: &str| ProducerIdError::Corrupt { path: path.to_owned(), line, found: found.to_owned() };
    let (heading, rest) = text.split_once('\n').unwrap_or((text.as_ref(), ""));
    if heading != HEADING {
        return Err(corrupt(1, heading));
    }
    // Without its line end the number may have been cut.
    let digits = rest.strip_suffix('\n').ok_or_else(|| corrupt(2, rest))?;
    digits.parse().ok().filter(|next: &i64| *next >= 0).ok_or_else(|| corrupt(2, digits))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::io::{Failure, Fault, Lasting, SimDisk};

    const ROOT: &str = "/data";

    fn disk(seed: u64) -> SimDisk {
        let disk = SimDisk::new(seed);
        disk.create_dir(Path::new(ROOT)).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        disk
    }

    fn open(disk: &SimDisk) -> ProducerIds {
        ProducerIds::open(disk, Path::new(ROOT)).unwrap()
    }

    #[test]
    fn ids_count_up_from_zero_with_one_write_a_block() {
        let disk = disk(1);
        let mut ids = open(&disk);
        let mut writes = 0;
        for expected in 0..2500 {
            let before = disk.operation_count();
            assert_eq!(ids.allocate(&disk).unwrap(), ProducerId(expected));
            writes += u32::from(disk.operation_count() > before);
        }
        assert_eq!(writes, 3);
        assert_eq!(open(&disk).allocate(&disk).unwrap(), ProducerId(3000));
    }

    #[test]
    fn no_id_is_given_twice_whenever_the_disk_fails_or_the_power_goes() {
        for nth in 1..20 {
            let mut disk = disk(nth);
            let mut given = HashSet::new();
            for _ in 0..4 {
                let failure = Failure::Errno(libc::EIO);
                let lasting = Lasting::Once;
                disk.inject(Fault { operation: None, path_suffix: String::new(), nth, lasting, failure });
                if let Ok(mut ids) = ProducerIds::open(&disk, Path::new(ROOT)) {
                    for _ in 0..1500 {
                        if let Ok(id) = ids.allocate(&disk) {
                            assert!(given.insert(id), "{id:?} twice, operation {nth}");
                        }
                    }
                }
                disk = disk.power_cut();
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_right_is_refused() {
        let cases = [
            ("", "is corrupt at line 1: found \"\""),
            ("tidelog-producer-ids 2\n5\n", "is corrupt at line 1: found \"tidelog-producer-ids 2\""),
            ("tidelog-producer-ids 1\n", "is corrupt at line 2: found \"\""),
            ("tidelog-producer-ids 1\n50", "is corrupt at line 2: found \"50\""),
            ("tidelog-producer-ids 1\n-1\n", "is corrupt at line 2: found \"-1\""),
            ("tidelog-producer-ids 1\n5\n6\n", "is corrupt at line 2: found \"5\\n6\""),
        ];
        for (text, expected) in cases {
            let disk = disk(1);
            disk.write_file(&Path::new(ROOT).join(FILE_NAME), text.as_bytes()).unwrap();
            let error = ProducerIds::open(&disk, Path::new(ROOT)).unwrap_err();
            assert_eq!(error.to_string(), format!("/data/tidelog-producer-ids {expected}"));
        }
    }

    #[test]
    fn the_last_id_is_the_last() {
        let disk = disk(1);
        let text = format!("tidelog-producer-ids 1\n{}\n", i64::MAX - 5);
        disk.write_file(&Path::new(ROOT).join(FILE_NAME), text.as_bytes()).unwrap();
        assert!(matches!(open(&disk).allocate(&disk), Err(ProducerIdError::Exhausted)));
    }
}
