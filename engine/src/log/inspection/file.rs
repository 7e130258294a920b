//! [`InspectedFile`]: what one file of a partition's folder holds, told by its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::{Disk, OpenMode};
use crate::log::error::{FileError, FileOperation};
use crate::log::file_name::FileKind;
use crate::log::index::{OffsetEntry, TimeEntry};
use crate::log::index_file::{Entries, IndexEntry};
use crate::log::producer_snapshot;
use crate::log::scanner::{BatchScanner, ScanEnd, Scanned};
use crate::log::transaction_index::{self, AbortedTransaction};
use crate::record::{BatchError, BatchView};
use crate::types::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Largest index or snapshot that is read.
const FILE_SIZE_MAX: usize = 1 << 30;

/// The content of a file.
pub enum InspectedFile {
    /// `.log`, to be read batch by batch.
    Segment(SegmentReader),
    /// `.index`: last offset of a batch, and where the batch starts.
    OffsetIndex(Vec<(Offset, u64)>),
    /// `.timeindex`: largest timestamp so far, and last offset of the batch that has it.
    TimeIndex(Vec<(Timestamp, Offset)>),
    /// `.txnindex`
    Transactions(Vec<AbortedTransaction>),
    /// `.snapshot`
    Producers(Vec<InspectedProducer>),
}

/// A producer in a `.snapshot` (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectedProducer {
    /// Who.
    pub id: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// Sequence and offset of its last record, if it is known.
    pub last: Option<(Sequence, Offset)>,
    /// When it was last heard of.
    pub last_timestamp: Timestamp,
    /// Epoch of the coordinator that ended its last transaction, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
}

/// Why a file cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its name is none of a partition's files.
    #[error("{} is not named as a file of a partition: 20 digits and .log, .index, .timeindex, .txnindex or .snapshot", .0.display())]
    Name(PathBuf),
    /// Its size is no whole number of entries, or its checksum is wrong.
    #[error("{} is malformed: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl InspectedFile {
    /// Opens `path`. Copies with a suffix behind the usual name, such as `.log.corrupt-0`, are what they were.
    ///
    /// # Errors
    /// [`InspectError`]
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<InspectedFile, InspectError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let unknown = || InspectError::Name(path.to_owned());
        let mut parts = name.splitn(3, '.');
        let (digits, extension) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let of_copy = || FileKind::parse(&format!("{digits}.{extension}"));
        let (base, kind) = FileKind::parse(name).or_else(of_copy).ok_or_else(unknown)?;
        Ok(match kind {
            FileKind::Log => InspectedFile::Segment(SegmentReader::open(disk, path, base)?),
            FileKind::OffsetIndex => {
                let entries: Vec<OffsetEntry> = load(disk, path)?;
                let entry = |entry: &OffsetEntry| (entry.last_offset(base), entry.position());
                InspectedFile::OffsetIndex(entries.iter().map(entry).collect())
            }
            FileKind::TimeIndex => {
                let entries: Vec<TimeEntry> = load(disk, path)?;
                let entry = |entry: &TimeEntry| (entry.timestamp(), entry.last_offset(base));
                InspectedFile::TimeIndex(entries.iter().map(entry).collect())
            }
            FileKind::TransactionIndex => {
                let decoded = transaction_index::decode(&read(disk, path)?);
                InspectedFile::Transactions(
                    decoded.ok_or_else(|| malformed(path, "not a list of transactions"))?,
                )
            }
            FileKind::TransactionChecksum => return Err(unknown()),
            FileKind::Snapshot => {
                let decoded = producer_snapshot::decode(&read(disk, path)?);
                let producers = decoded.map_err(|error| malformed(path, error))?;
                let sorted = producers.sorted();
                InspectedFile::Producers(
                    sorted
                        .into_iter()
                        .map(|(id, state)| InspectedProducer {
                            id,
                            epoch: state.epoch,
                            last: state.last_batch().map(|last| (last.last_sequence, last.last_offset)),
                            last_timestamp: state.last_timestamp,
                            coordinator_epoch: state.coordinator_epoch,
                            transaction_start: state.transaction_start,
                        })
                        .collect(),
                )
            }
        })
    }
}

fn malformed(path: &Path, reason: impl ToString) -> InspectError {
    InspectError::Malformed { path: path.to_owned(), reason: reason.to_string() }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, FileError> {
    disk.read_file(path, FILE_SIZE_MAX).map_err(FileError::of(FileOperation::Read, path))
}

/// All entries of an index file.
pub(super) fn load<E: IndexEntry>(disk: &dyn Disk, path: &Path) -> Result<Vec<E>, InspectError> {
    let file = disk.open(path, OpenMode::Read).map_err(FileError::of(FileOperation::Open, path))?;
    let failed = FileError::of(FileOperation::Read, path);
    let size = match file.size() {
        Ok(size) => size,
        Err(error) => return Err(failed(error).into()),
    };
    if size > FILE_SIZE_MAX as u64 {
        return Err(malformed(path, format!("{size} bytes are too many for an index")));
    }
    match Entries::<E>::in_file(file).and_then(|entries| entries.map(|entries| entries.load()).transpose()) {
        Ok(Some(entries)) => Ok(entries),
        Ok(None) => Err(malformed(path, format!("{size} bytes are no whole number of entries"))),
        Err(error) => Err(failed(error).into()),
    }
}

/// A segment, read from one end to the other.
pub struct SegmentReader {
    scanner: BatchScanner,
    path: PathBuf,
    base: Offset,
    size: u64,
}

/// What comes next in a segment.
pub enum SegmentItem<'a> {
    /// A batch. Its checksum has not been compared.
    Batch {
        /// Where it starts.
        position: u64,
        /// The batch.
        batch: BatchView<'a>,
    },
    /// Nothing that could be read.
    End(SegmentEnd),
}

/// Why there is no further batch in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentEnd {
    /// The file ends.
    File,
    /// Zeroes that were written ahead follow, this many bytes.
    Zeroes(u64),
    /// What follows is no batch.
    Bad(BatchError),
}

impl SegmentReader {
    pub(super) fn open(disk: &dyn Disk, path: &Path, base: Offset) -> Result<SegmentReader, FileError> {
        let file = disk.open(path, OpenMode::Read).map_err(FileError::of(FileOperation::Open, path))?;
        let size = file.size().map_err(FileError::of(FileOperation::Read, path))?;
        Ok(SegmentReader {
            scanner: BatchScanner::new(Arc::clone(&file), 0, size),
            path: path.to_owned(),
            base,
            size,
        })
    }

    /// Offset that the segment starts at, by its name.
    #[must_use]
    pub fn base(&self) -> Offset {
        self.base
    }

    /// Bytes of the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the next batch starts or, behind the last one, where what can be read ends.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.scanner.position()
    }

    /// The next batch, or why there is none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read_next(&mut self) -> Result<SegmentItem<'_>, FileError> {
        let behind = self.size.saturating_sub(self.scanner.position());
        let failed = FileError::of(FileOperation::Read, &self.path);
        Ok(match self.scanner.next().map_err(failed)? {
            Scanned::Batch(position, batch) => SegmentItem::Batch { position, batch },
            Scanned::End(ScanEnd::File) => SegmentItem::End(SegmentEnd::File),
            Scanned::End(ScanEnd::Zeroes) => SegmentItem::End(SegmentEnd::Zeroes(behind)),
            Scanned::End(ScanEnd::Bad(error)) => SegmentItem::End(SegmentEnd::Bad(error)),
        })
    }
}
