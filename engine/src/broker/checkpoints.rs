//! [`Checkpoints`]: what the root's files said when the directory was opened, and what they are to say next.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::{
    CheckpointFile, DataDirectory, DataDirectoryError, KnownWatermarks, LogCheckpoint, OpenFrom,
    PartitionOffsets,
};
use crate::types::{Offset, TopicId, TopicPartition};

/// Offsets of all partitions that outlive the process.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// The directory was closed in order: its logs need no recovery.
    clean: bool,
    recovery_points: PartitionOffsets,
    log_starts: PartitionOffsets,
    compacted: PartitionOffsets,
    gaps: PartitionOffsets,
    watermarks: KnownWatermarks,
    /// Partitions that may be cut where they are damaged.
    accept_truncation: BTreeSet<TopicPartition>,
}

impl Checkpoints {
    /// Reads them, and takes the mark of a clean stop away: a crash from now on is one.
    pub(super) fn read(
        directory: &DataDirectory,
        accept_truncation: BTreeSet<TopicPartition>,
    ) -> Result<Checkpoints, DataDirectoryError> {
        let recovery_points = directory.read_checkpoint(CheckpointFile::RecoveryPoint)?;
        let log_starts = directory.read_checkpoint(CheckpointFile::LogStart)?;
        let compacted = directory.read_checkpoint(CheckpointFile::Cleaner)?;
        let gaps = directory.read_checkpoint(CheckpointFile::Gaps)?;
        let watermarks = directory.read_watermarks()?;
        let clean = directory.take_clean_shutdown()?;
        Ok(Checkpoints { clean, recovery_points, log_starts, compacted, gaps, watermarks, accept_truncation })
    }

    /// What the log of a partition may trust.
    pub(super) fn open_from(&self, id: &TopicPartition, topic_id: TopicId) -> OpenFrom {
        let of = |offsets: &PartitionOffsets| offsets.get(id).copied().unwrap_or_default();
        let recovery_point = of(&self.recovery_points);
        let from = OpenFrom {
            clean: self.clean && self.recovery_points.contains_key(id),
            recovery_point,
            log_start: of(&self.log_starts),
            durable: self.watermarks.durable(topic_id, id.partition).max(recovery_point),
            // Kafka has no such file.
            gaps_below: of(&self.gaps).max(of(&self.compacted)),
            compacted: of(&self.compacted),
            accept_truncation: false,
        };
        if !self.accept_truncation.contains(id) {
            return from;
        }
        // The damage may be anywhere.
        OpenFrom { clean: false, recovery_point: Offset::ZERO, accept_truncation: true, ..from }
    }

    /// Whether something is said of partitions that do not exist: a deletion was cut short.
    pub(super) fn knows_other_than(&self, is_known: impl Fn(&TopicPartition) -> bool) -> bool {
        self.recovery_points.keys().chain(self.log_starts.keys()).any(|id| !is_known(id))
    }

    /// A number behind all that durable watermarks were written with.
    pub(super) fn marks_sequence(&self) -> u64 {
        self.watermarks.next_sequence()
    }
}

/// Writes the checkpoints of the partitions in `points`. What stood there of others (their logs could not be opened)
/// stays while `is_known` knows them.
pub(super) fn write(
    directory: &DataDirectory,
    points: &[(TopicPartition, LogCheckpoint)],
    is_known: impl Fn(&TopicPartition) -> bool,
) -> Result<(), DataDirectoryError> {
    let merge = |file, offset: fn(&LogCheckpoint) -> Offset| -> Result<(), DataDirectoryError> {
        let before = directory.read_checkpoint(file)?;
        let mut after: BTreeMap<_, _> = before.clone().into_iter().filter(|(id, _)| is_known(id)).collect();
        after.extend(points.iter().map(|(id, point)| (id.clone(), offset(point))));
        if after != before {
            directory.write_checkpoint(file, &after)?;
        }
        Ok(())
    };
    merge(CheckpointFile::RecoveryPoint, |point| point.recovery_point)?;
    merge(CheckpointFile::LogStart, |point| point.log_start)?;
    merge(CheckpointFile::HighWatermark, |point| point.high_watermark)?;
    merge(CheckpointFile::Gaps, |point| point.gaps_below)?;
    merge(CheckpointFile::Cleaner, |point| point.compacted)
}
