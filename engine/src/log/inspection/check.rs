//! [`check_partition`]: reads everything in a partition's folder and says what opening it would find. Every batch of every
//! segment is read and its checksum compared, also those that opening takes on trust.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{InspectError, InspectedFile, SegmentEnd, SegmentItem, SegmentReader};
use super::index_check::{IndexCheck, IndexFault};
use super::transaction_check::{TransactionCheck, TransactionFault};
use crate::io::Disk;
use crate::log::checkpoint::MalformedFile;
use crate::log::error::{Corruption, CorruptionReason, FileError, FileOperation, ReadError};
use crate::log::file_name::FileKind;
use crate::log::layout::{Layout, SegmentFile};
use crate::log::leader_epochs::{self, LeaderEpochs};
use crate::log::{OpenFrom, partition_metadata};
use crate::record::{BatchHeader, BatchView};
use crate::types::{Offset, TopicId};

/// Largest of the small text files that is read.
const TEXT_SIZE_MAX: usize = 16 << 20;

/// What a folder is held against.
#[derive(Clone, Copy, Debug)]
pub struct CheckFrom {
    /// Which topic it should belong to, if that is known.
    pub topic_id: Option<TopicId>,
    /// What the files at the root say of the log.
    pub open: OpenFrom,
    /// `index.interval.bytes` of the topic.
    pub index_interval: u32,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct PartitionCheck {
    /// Segments.
    pub segments: usize,
    /// Batches that are sound.
    pub batches: u64,
    /// Records in them, by their headers.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// First offset that can be read.
    pub start: Offset,
    /// Offset behind the last sound batch.
    pub end: Offset,
    /// Everything that is not as a clean stop leaves it.
    pub findings: Vec<Finding>,
}

/// Something that is not as a clean stop leaves it.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// Zeroes that were written ahead: the log was not closed. Opening cuts them.
    #[error("{}: {bytes} bytes were prepared and never written", file.display())]
    Unclosed {
        /// The segment.
        file: PathBuf,
        /// How many there are.
        bytes: u64,
    },
    /// Bytes behind what was known to be durable: a crash left them, nobody was promised them. Opening cuts them.
    #[error("{}: torn at byte {position}, offset {offset}, {bytes} bytes from the end: {reason}", file.display())]
    TornTail {
        /// The segment.
        file: PathBuf,
        /// Where they start.
        position: u64,
        /// Offset that would be there.
        offset: Offset,
        /// How many there are.
        bytes: u64,
        /// Why they are no batch.
        reason: CorruptionReason,
    },
    /// An index that opening, or the first look-up, makes anew.
    #[error("{} {fault}", file.display())]
    Index {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: IndexFault,
    },
    /// A snapshot of producers that is not used; the log is read instead.
    #[error("{0}")]
    Snapshot(InspectError),
    /// A compacted segment that has not taken the place of those that it was made of. Opening lets it.
    #[error("{} waits to take its place", file.display())]
    Waiting {
        /// The segment.
        file: PathBuf,
    },
    /// A list of aborted transactions, which readers of committed records need.
    #[error("{} {fault}{}", file.display(), if *is_made_anew { "" } else { "; `tidelog repair` makes it anew" })]
    Transactions {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: TransactionFault,
        /// Whether opening, or the first of those readers, makes it anew.
        is_made_anew: bool,
    },
    /// Records that were promised are damaged.
    #[error("{0}")]
    Corrupt(Corruption),
    /// A text file that opening needs.
    #[error("{0}")]
    Malformed(MalformedFile),
    /// The folder belongs to another topic of that name.
    #[error("{} belongs to topic id {found:?}, not {expected:?}", directory.display())]
    OtherTopic {
        /// The folder.
        directory: PathBuf,
        /// By the list of topics.
        expected: TopicId,
        /// By `partition.metadata`.
        found: TopicId,
    },
    /// The folder is not there, or was never finished.
    #[error("{} has no partition.metadata", directory.display())]
    NoMetadata {
        /// The folder.
        directory: PathBuf,
    },
    /// Records that were promised are not there at all.
    #[error("{} has no segment, but the log reached offset {reached}", directory.display())]
    NoSegments {
        /// The folder.
        directory: PathBuf,
        /// Highest offset that is known to have been durable.
        reached: Offset,
    },
    /// The disk refused.
    #[error("{0}")]
    File(FileError),
}

impl Finding {
    /// Whether opening repairs it, and nothing that was promised is lost.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        match self {
            Finding::Unclosed { .. }
            | Finding::TornTail { .. }
            | Finding::Index { .. }
            | Finding::Snapshot(_)
            | Finding::Waiting { .. } => true,
            Finding::Transactions { is_made_anew, .. } => *is_made_anew,
            Finding::Corrupt(_)
            | Finding::Malformed(_)
            | Finding::OtherTopic { .. }
            | Finding::NoMetadata { .. }
            | Finding::NoSegments { .. }
            | Finding::File(_) => false,
        }
    }
}

/// Checks the folder `directory` and changes nothing. `progress` is told how many bytes have been read since the last call.
pub fn check_partition(
    disk: &Arc<dyn Disk>,
    directory: &Path,
    from: &CheckFrom,
    progress: &mut dyn FnMut(u64),
) -> PartitionCheck {
    let mut check = FolderCheck {
        disk: &**disk,
        directory,
        from,
        epochs: None,
        transactions: TransactionCheck::default(),
        result: PartitionCheck {
            start: from.open.log_start,
            end: from.open.log_start,
            ..PartitionCheck::default()
        },
    };
    if let Err(error) = check.run(progress) {
        check.result.findings.push(Finding::File(error));
    }
    check.result
}

struct FolderCheck<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    from: &'a CheckFrom,
    epochs: Option<LeaderEpochs>,
    transactions: TransactionCheck,
    result: PartitionCheck,
}

/// A segment and what its end must reach.
#[derive(Clone, Copy)]
struct SegmentSpan<'a> {
    file: &'a SegmentFile,
    /// Base of the next segment that anything was written to.
    next_base: Option<Offset>,
    /// What the last segment must reach.
    durable: Offset,
}

/// Where a segment's readable part ends.
struct ScanEnd {
    file: PathBuf,
    position: u64,
    /// Offset behind it.
    offset: Offset,
    /// Bytes behind it.
    behind: u64,
    /// Why they are no batch; `None` when the file or its written part ends.
    fault: Option<CorruptionReason>,
}

impl FolderCheck<'_> {
    fn run(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(), FileError> {
        self.check_metadata()?;
        self.read_epochs()?;
        let Some(layout) = Layout::read(self.disk, self.directory)? else { return Ok(()) };
        let OpenFrom { recovery_point, log_start, durable, .. } = self.from.open;
        let mut durable = durable.max(recovery_point);
        let segments = match layout.segment_files(self.disk, self.directory) {
            Err(ReadError::Corrupt(corruption)) => {
                self.result.findings.push(Finding::Corrupt(corruption));
                return Ok(());
            }
            Err(ReadError::File(error)) => return Err(error),
            Err(ReadError::OutOfRange { .. }) => unreachable!("files are listed by their names"),
            Ok(segments) => segments,
        };
        self.result.segments = segments.len();
        let Some(first) = segments.first() else {
            if durable > log_start {
                let directory = self.directory.to_owned();
                self.result.findings.push(Finding::NoSegments { directory, reached: durable });
            }
            return Ok(());
        };
        let last = self.last_written_segment(&segments)?;
        // A segment is made durable before anything is written to the next one.
        if let Some(file) = segments.get(last).filter(|_| last > 0) {
            durable = durable.max(file.base);
        }
        self.result.start = log_start.max(first.base);
        for (slot, file) in segments.iter().enumerate() {
            let next = if slot < last { segments.get(slot + 1) } else { None };
            // Behind the last one that was written to there are only segments that were made ahead of need.
            let durable = if slot <= last { durable } else { file.base };
            self.check_segment(
                SegmentSpan { file, next_base: next.map(|file| file.base), durable },
                progress,
            )?;
        }
        self.check_snapshots(&layout);
        Ok(())
    }

    fn check_metadata(&mut self) -> Result<(), FileError> {
        let path = self.directory.join(partition_metadata::FILE_NAME);
        let directory = || self.directory.to_owned();
        let finding = match self.disk.read_file(&path, TEXT_SIZE_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(Finding::NoMetadata { directory: directory() })
            }
            Err(error) => return Err(FileError::of(FileOperation::Read, &path)(error)),
            Ok(bytes) => match (partition_metadata::decode(&path, &bytes), self.from.topic_id) {
                (Err(error), _) => Some(Finding::Malformed(error)),
                (Ok(found), Some(expected)) if found != expected => {
                    Some(Finding::OtherTopic { directory: directory(), expected, found })
                }
                (Ok(_), _) => None,
            },
        };
        self.result.findings.extend(finding);
        Ok(())
    }

    fn read_epochs(&mut self) -> Result<(), FileError> {
        let path = self.directory.join(leader_epochs::FILE_NAME);
        match self.disk.read_file(&path, TEXT_SIZE_MAX) {
            // Opening takes them from the batches.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(FileError::of(FileOperation::Read, &path)(error)),
            Ok(bytes) => match LeaderEpochs::decode(&path, &bytes) {
                Ok(epochs) => self.epochs = Some(epochs),
                Err(error) => self.result.findings.push(Finding::Malformed(error)),
            },
        }
        Ok(())
    }

    /// A segment is made before the one before it is closed, so that the newest may be empty.
    fn last_written_segment(&self, segments: &[SegmentFile]) -> Result<usize, FileError> {
        let mut last = segments.len().saturating_sub(1);
        while let Some(file) = segments.get(last).filter(|_| last > 0) {
            let mut reader = SegmentReader::open(self.disk, &file.path, file.base)?;
            if !matches!(reader.read_next()?, SegmentItem::End(SegmentEnd::File | SegmentEnd::Zeroes(_))) {
                break;
            }
            last -= 1;
        }
        Ok(last)
    }

    fn check_segment(
        &mut self,
        span: SegmentSpan<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), FileError> {
        let SegmentFile { base, ref path, .. } = *span.file;
        let mut reader = SegmentReader::open(self.disk, path, base)?;
        let file_size = reader.size();
        let mut index = IndexCheck::new(self.disk, self.directory, base, self.from.index_interval);
        let mut end = base;
        let (position, fault) = loop {
            match reader.read_next()? {
                SegmentItem::Batch { position, batch } => {
                    if let Err(reason) = self.check_batch(base, end, &batch) {
                        break (position, Some(reason));
                    }
                    index.add(batch.header(), position, batch.size() as u64);
                    self.transactions.add(&batch);
                    self.count(&batch);
                    end = batch.header().next_offset();
                    progress(batch.size() as u64);
                }
                SegmentItem::End(SegmentEnd::Bad(error)) => break (reader.position(), Some(error.into())),
                SegmentItem::End(SegmentEnd::File | SegmentEnd::Zeroes(_)) => {
                    break (reader.position(), None);
                }
            }
        };
        let behind = file_size.saturating_sub(position);
        progress(behind);
        self.result.end = self.result.end.max(end);
        let finding =
            self.judge_end(span, ScanEnd { file: path.clone(), position, offset: end, behind, fault });
        // Indexes can only be held against a segment that can be read, and lists of transactions against all before.
        let is_whole = !matches!(finding, Some(Finding::Corrupt(_)));
        self.result.findings.extend(finding);
        if !is_whole {
            self.transactions.lose_track();
        }
        let transactions = self.check_transactions(span)?;
        if span.file.is_waiting {
            // The indexes that are there are those of the segment that it takes the place of.
            self.result.findings.push(Finding::Waiting { file: path.clone() });
        } else if is_whole {
            self.result.findings.extend(transactions);
            for (kind, fault) in index.finish() {
                let file = kind.path(self.directory, base);
                self.result.findings.push(Finding::Index { file, fault });
            }
        }
        Ok(())
    }

    fn check_transactions(&mut self, span: SegmentSpan<'_>) -> Result<Option<Finding>, FileError> {
        let OpenFrom { clean, recovery_point, gaps_below, .. } = self.from.open;
        let base = span.file.base;
        let fault = self.transactions.finish(self.disk, self.directory, base, base < gaps_below)?;
        let is_recovered = !clean && span.next_base.is_none_or(|next| next > recovery_point);
        Ok(fault.map(|fault| Finding::Transactions {
            file: FileKind::TransactionIndex.path(self.directory, base),
            is_made_anew: is_recovered || fault == TransactionFault::Damaged,
            fault,
        }))
    }

    /// Whether the end of what can be read is a clean one, one that a crash explains, or neither.
    fn judge_end(&self, span: SegmentSpan<'_>, end: ScanEnd) -> Option<Finding> {
        let ScanEnd { file, position, offset, behind, fault } = end;
        let SegmentSpan { next_base, durable, .. } = span;
        let promised = next_base.unwrap_or(durable);
        let is_compacted = next_base.is_some() && offset < self.from.open.gaps_below;
        let reason = match fault {
            Some(reason) if offset >= promised => {
                return Some(Finding::TornTail { file, position, offset, bytes: behind, reason });
            }
            Some(reason) => reason,
            None if offset < promised && !is_compacted => CorruptionReason::EndsEarly(promised),
            None if next_base.is_some_and(|next| next < offset) => CorruptionReason::LastOffset(offset),
            None if behind > 0 => return Some(Finding::Unclosed { file, bytes: behind }),
            None => return None,
        };
        Some(Finding::Corrupt(Corruption { file, position, offset, reason }))
    }

    /// What recovery demands of a batch behind offset `end`.
    fn check_batch(&self, base: Offset, end: Offset, batch: &BatchView<'_>) -> Result<(), CorruptionReason> {
        let header = batch.header();
        let (first, last) = (header.base_offset(), header.last_offset());
        if first < end || (first > end && end >= self.from.open.gaps_below) {
            return Err(CorruptionReason::Offset(first));
        }
        batch.verify()?;
        if last < first || i32::try_from(last.0.saturating_sub(base.0)).is_err() {
            return Err(CorruptionReason::LastOffset(last));
        }
        self.check_epoch(header)
    }

    fn check_epoch(&self, header: &BatchHeader) -> Result<(), CorruptionReason> {
        let Some(epochs) = &self.epochs else { return Ok(()) };
        let (expected, found) = (epochs.epoch_of(header.base_offset()), header.leader_epoch());
        if expected == Some(found) { Ok(()) } else { Err(CorruptionReason::LeaderEpoch { expected, found }) }
    }

    fn count(&mut self, batch: &BatchView<'_>) {
        self.result.batches += 1;
        self.result.records += u64::try_from(batch.header().records_count.get()).unwrap_or(0);
        self.result.bytes += batch.size() as u64;
    }

    fn check_snapshots(&mut self, layout: &Layout) {
        for offset in &layout.snapshots {
            let path = FileKind::Snapshot.path(self.directory, *offset);
            if let Err(error) = InspectedFile::open(self.disk, &path) {
                self.result.findings.push(Finding::Snapshot(error));
            }
        }
    }
}
