//! Creating and opening a log: what must be known before, what is found, and which files are made durable in which
//! order.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use super::error::{FileError, FileOperation, LogError};
use super::folder_name::Retired;
use super::layout::Layout;
use super::leader_epochs::{self, LeaderEpochs};
use super::partition_log::{Log, write_epochs, write_file};
use super::partition_metadata;
use super::producer_state::ProducerStates;
use super::recovery::Recovery;
use super::replay;
use super::segment::{LogHome, Segment};
use super::view::{LogView, SegmentList};
use crate::config::topic::LogConfig;
use crate::io::Disk;
use crate::types::{LeaderEpoch, Offset, TopicId};

/// Largest of the small text files that is read.
const TEXT_SIZE_MAX: usize = 16 << 20;

/// What is known of a log from outside its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFrom {
    /// The log was closed by [`Log::close`]: nothing needs to be read, if its files say the same.
    pub clean: bool,
    /// All before it is known to be sound and is not read (`recovery-point-offset-checkpoint`).
    pub recovery_point: Offset,
    /// Records before it have been deleted (`log-start-offset-checkpoint`). Like the recovery point it must be this
    /// log's: whoever deletes a log removes its line before another log can get the name.
    pub log_start: Offset,
    /// Highest offset that is known to have been durable: what is damaged before it is corruption, not a torn tail.
    pub durable: Offset,
    /// Before it compaction may have removed records (`tidelog-gaps`); from there on a gap is damage.
    pub gaps_below: Offset,
    /// All before it has been compacted (`cleaner-offset-checkpoint`). A compaction that was cut short has left gaps behind
    /// it, and begins here once more.
    pub compacted: Offset,
    /// Opens a corrupt log by cutting it where the damage starts. What is cut is kept beside it as
    /// `<file>.corrupt-<n>`.
    pub accept_truncation: bool,
}

/// What opening a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments that were read; 0 after a clean stop.
    pub segments_read: usize,
    /// Bytes of batches in them.
    pub bytes_read: u64,
    /// Bytes of a torn tail that were cut. They were never promised to anybody.
    pub bytes_cut: u64,
    /// Copies of what [`OpenFrom::accept_truncation`] cut.
    pub copies: Vec<PathBuf>,
}

impl Log {
    /// Makes the folder of a new, empty log. When it returns, the log survives a power cut; when it fails, calling it
    /// again goes on. A folder of that name that belongs to another topic is set aside as `<name>.<id>-stray`, as Kafka
    /// does.
    ///
    /// # Errors
    /// [`LogError::Exists`] when the topic has records there, and when the disk refuses.
    pub fn create(
        disk: Arc<dyn Disk>,
        directory: &Path,
        topic_id: TopicId,
        config: Arc<LogConfig>,
    ) -> Result<Log, LogError> {
        let home = home(disk, directory, &config, &OpenFrom::default());
        make_way(&home, topic_id)?;
        home.disk.create_dir(directory).map_err(FileError::of(FileOperation::Create, directory))?;
        let epochs = LeaderEpochs::starting(LeaderEpoch(0), Offset::ZERO);
        write_epochs(&home, &epochs)?;
        // Last, because a folder with this file is a whole one.
        write_file(
            &home,
            &directory.join(partition_metadata::FILE_NAME),
            &partition_metadata::encode(topic_id),
        )?;
        if let Some(root) = directory.parent() {
            home.disk.sync_dir(root).map_err(FileError::of(FileOperation::Sync, root))?;
        }
        let found = Found { topic_id, epochs, ..Found::default() };
        Ok(Log::assemble(home, config, &Layout::default(), found))
    }

    /// Opens a log. After a clean stop this reads names and small files only, however large the log is; after a crash
    /// it reads the segments from the one with the recovery point on. What it returns is durable and
    /// below the high watermark, all of it.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when durable records are damaged, [`LogError::Malformed`] for a small file, and when
    /// the disk refuses.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        config: Arc<LogConfig>,
        from: OpenFrom,
    ) -> Result<(Log, RecoveryReport), LogError> {
        let home = home(disk, directory, &config, &from);
        let layout = Layout::read(&*home.disk, directory)?;
        let mut layout = layout.ok_or_else(|| LogError::NoMetadata { directory: directory.to_owned() })?;
        let topic_id = read_metadata(&home)?;
        layout.clean(&*home.disk, directory)?;
        let reached = from.durable.max(from.recovery_point);
        if layout.segments.is_empty() && reached > from.log_start && !from.accept_truncation {
            return Err(LogError::NoSegments { directory: directory.to_owned(), reached });
        }
        let known_epochs = read_epochs(&home)?;
        let confirmed =
            if from.clean && known_epochs.is_some() { clean_state(&home, &layout, &from) } else { None };
        let (end, producers, read_epochs, report) = match confirmed {
            Some(producers) => (from.recovery_point, producers, None, RecoveryReport::default()),
            None => {
                let mut recovery = Recovery {
                    home: &home,
                    layout: &mut layout,
                    from: &from,
                    known_epochs: known_epochs.as_ref(),
                    epochs: LeaderEpochs::default(),
                    producers: ProducerStates::default(),
                    report: RecoveryReport::default(),
                };
                let end = recovery.run()?;
                let Recovery { epochs, producers, report, .. } = recovery;
                (end, producers, Some(epochs), report)
            }
        };
        let epochs = settle_epochs(&home, known_epochs, read_epochs, end)?;
        let log_start = from.log_start.max(layout.segments.first().copied().unwrap_or_default()).min(end);
        let compacted = from.compacted.min(end);
        let found = Found { topic_id, epochs, producers, log_start, end, compacted };
        Ok((Log::assemble(home, config, &layout, found), report))
    }

    fn assemble(home: Arc<LogHome>, config: Arc<LogConfig>, layout: &Layout, found: Found) -> Log {
        let Found { topic_id, epochs, mut producers, log_start, end, compacted } = found;
        let closed = |base: &Offset| Arc::new(Segment::closed(Arc::clone(&home), *base));
        let segments = SegmentList::new(layout.segments.iter().map(closed).collect());
        let view = LogView::new(Arc::clone(&home), segments, log_start, end);
        view.set_epochs(epochs.clone());
        view.set_compacted(compacted);
        view.set_high_watermark(end, producers.last_stable_offset(end));
        Log {
            home,
            topic_id,
            config,
            view: Arc::new(view),
            active: None,
            end,
            written: end,
            durable: end,
            epochs,
            producers,
            snapshots: layout.snapshots.clone(),
            offline: false,
        }
    }
}

/// What a log is made of once it has been opened.
struct Found {
    topic_id: TopicId,
    epochs: LeaderEpochs,
    producers: ProducerStates,
    log_start: Offset,
    end: Offset,
    compacted: Offset,
}

impl Default for Found {
    fn default() -> Found {
        Found {
            topic_id: TopicId([0; 16]),
            epochs: LeaderEpochs::default(),
            producers: ProducerStates::default(),
            log_start: Offset::ZERO,
            end: Offset::ZERO,
            compacted: Offset::ZERO,
        }
    }
}

fn home(disk: Arc<dyn Disk>, directory: &Path, config: &LogConfig, from: &OpenFrom) -> Arc<LogHome> {
    Arc::new(LogHome {
        disk,
        directory: directory.to_owned(),
        index_interval: config.index_interval_bytes,
        gaps_below: AtomicI64::new(from.gaps_below.0),
    })
}

/// Sees to it that nothing is in the folder of a new log, or that there is none.
fn make_way(home: &LogHome, topic_id: TopicId) -> Result<(), LogError> {
    let directory = &home.directory;
    let Some(mut layout) = Layout::read(&*home.disk, directory)? else { return Ok(()) };
    let found = match read_metadata(home) {
        Err(LogError::NoMetadata { .. }) => None,
        found => Some(found?),
    };
    if layout.segments.is_empty() && found.is_none_or(|found| found == topic_id) {
        layout.clean(&*home.disk, directory)?;
        return Ok(layout.remove_snapshots_behind(&*home.disk, directory, Offset(-1))?);
    }
    let name = directory.file_name().and_then(OsStr::to_str);
    let (Some(name), Some(root)) = (name.filter(|_| found != Some(topic_id)), directory.parent()) else {
        return Err(LogError::Exists { directory: directory.clone() });
    };
    let stray = root.join(Retired::Stray.name(name, found.unwrap_or(TopicId([0; 16]))));
    tracing::warn!(folder = %directory.display(), stray = %stray.display(), "set aside another topic's folder");
    home.disk.rename(directory, &stray).map_err(FileError::of(FileOperation::Rename, directory))?;
    Ok(home.disk.sync_dir(root).map_err(FileError::of(FileOperation::Sync, root))?)
}

/// The producers' state when the folder confirms that the log was closed at the recovery point: a clean close leaves a
/// snapshot there, and nothing is behind it.
fn clean_state(home: &LogHome, layout: &Layout, from: &OpenFrom) -> Option<ProducerStates> {
    let end = from.recovery_point;
    let is_last =
        layout.snapshots.last() == Some(&end) && layout.segments.last().is_none_or(|base| *base <= end);
    if is_last { replay::read_snapshot(home, end) } else { None }
}

/// The epochs to go on with, on disk as in memory.
fn settle_epochs(
    home: &LogHome,
    known: Option<LeaderEpochs>,
    read: Option<LeaderEpochs>,
    end: Offset,
) -> Result<LeaderEpochs, FileError> {
    let (mut epochs, is_new) = match known {
        Some(known) => (known, false),
        None => (read.unwrap_or_default(), true),
    };
    let is_empty = epochs.assign(LeaderEpoch(0), end);
    let is_cut = epochs.truncate(end);
    if is_new || is_empty || is_cut {
        write_epochs(home, &epochs)?;
    }
    Ok(epochs)
}

fn read_metadata(home: &LogHome) -> Result<TopicId, LogError> {
    let path = home.directory.join(partition_metadata::FILE_NAME);
    match home.disk.read_file(&path, TEXT_SIZE_MAX) {
        Ok(bytes) => Ok(partition_metadata::decode(&path, &bytes)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(LogError::NoMetadata { directory: home.directory.clone() })
        }
        Err(error) => Err(FileError::of(FileOperation::Read, &path)(error).into()),
    }
}

/// `None` when the file is missing.
fn read_epochs(home: &LogHome) -> Result<Option<LeaderEpochs>, LogError> {
    let path = home.directory.join(leader_epochs::FILE_NAME);
    match home.disk.read_file(&path, TEXT_SIZE_MAX) {
        Ok(bytes) => Ok(Some(LeaderEpochs::decode(&path, &bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of(FileOperation::Read, &path)(error).into()),
    }
}
