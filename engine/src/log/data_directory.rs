//! [`DataDirectory`]: the folder that all logs of an engine lie in, with the files at its root. It reads and writes names
//! and small files; what is inside a partition's folder is [`Log`](super::Log)'s.
//!
//! One process at a time owns it; the lock that sees to that is taken before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint::{self, MalformedFile, PartitionOffsets};
use super::durable_watermark::KnownWatermarks;
use super::error::{FileError, FileOperation};
use super::folder_name::{self, Retired};
use super::log_starts;
use super::meta_properties::{self, MetaProperties};
use crate::io::Disk;
use crate::types::{TopicId, TopicPartition};

/// Mark of a clean stop.
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// What Kafka writes into the mark when it knows no broker epoch.
const CLEAN_SHUTDOWN_CONTENT: &[u8] = br#"{"version":0,"brokerEpoch":-1}"#;

/// Front of the names of the files that hold durable watermarks.
const WATERMARK_PREFIX: &str = "durable-watermark-";

/// Largest file at the root that is read: the checkpoint of half a million partitions.
const FILE_SIZE_MAX: usize = 128 << 20;

/// The checkpoint files at the root: one offset for each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFile {
    /// `recovery-point-offset-checkpoint`: what is before it is on stable storage.
    RecoveryPoint,
    /// `log-start-offset-checkpoint`: what is before it has been deleted.
    LogStart,
    /// `replication-offset-checkpoint`: high watermarks.
    HighWatermark,
    /// `cleaner-offset-checkpoint`: what is before it has been compacted.
    Cleaner,
    /// `tidelog-gaps`: before it a compaction may have removed records, also one that did not come to its end.
    Gaps,
}

/// Why the data directory is not usable.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file does not say what it should.
    #[error(transparent)]
    Malformed(#[from] MalformedFile),
}

/// The root of all logs.
#[derive(Clone)]
pub struct DataDirectory {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    meta: MetaProperties,
}

impl std::fmt::Debug for DataDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let DataDirectory { path, meta, .. } = self;
        f.debug_struct("DataDirectory").field("path", path).field("meta", meta).finish_non_exhaustive()
    }
}

impl CheckpointFile {
    fn name(self) -> &'static str {
        match self {
            CheckpointFile::RecoveryPoint => "recovery-point-offset-checkpoint",
            CheckpointFile::LogStart => "log-start-offset-checkpoint",
            CheckpointFile::HighWatermark => "replication-offset-checkpoint",
            CheckpointFile::Cleaner => "cleaner-offset-checkpoint",
            CheckpointFile::Gaps => "tidelog-gaps",
        }
    }
}

impl DataDirectory {
    /// Opens the data directory at `path`; one without `meta.properties` becomes a new one with the properties `new`.
    ///
    /// # Errors
    /// When the disk refuses or `meta.properties` is malformed.
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        new: MetaProperties,
    ) -> Result<DataDirectory, DataDirectoryError> {
        disk.create_dir_durably(path).map_err(FileError::of(FileOperation::Create, path))?;
        let file = path.join(meta_properties::FILE_NAME);
        let meta = match read_if_there(&*disk, &file)? {
            Some(bytes) => meta_properties::decode(&file, &bytes)?,
            None => {
                let bytes = meta_properties::encode(&new);
                disk.write_file(&file, &bytes).map_err(FileError::of(FileOperation::Write, &file))?;
                new
            }
        };
        Ok(DataDirectory { disk, path: path.to_owned(), meta })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whom it belongs to.
    #[must_use]
    pub fn meta(&self) -> &MetaProperties {
        &self.meta
    }

    /// Folder of a partition.
    #[must_use]
    pub fn partition_path(&self, partition: &TopicPartition) -> PathBuf {
        self.path.join(partition.to_string())
    }

    /// The partitions that have a folder, in the order of their names. What a deletion left is removed; folders that
    /// Kafka has set aside (`-future`, `-stray`) and everything else are left alone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn partitions(&self) -> Result<Vec<TopicPartition>, FileError> {
        let mut partitions = Vec::new();
        for name in self.names()? {
            let path = self.path.join(&name);
            if !self.disk.is_dir(&path) {
                continue;
            }
            if Retired::Delete.is_name(&name) {
                self.disk.remove_dir(&path).map_err(FileError::of(FileOperation::Remove, &path))?;
            } else if let Some(partition) = folder_name::parse(&name) {
                partitions.push(partition);
            }
        }
        Ok(partitions)
    }

    /// The partitions that have a folder. Changes nothing.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn partition_folders(&self) -> Result<Vec<TopicPartition>, FileError> {
        let names = self.names()?;
        let folders = names.iter().filter(|name| self.disk.is_dir(&self.path.join(name)));
        Ok(folders.filter_map(|name| folder_name::parse(name)).collect())
    }

    /// Deletes a partition's folder: when this returns, it does not come back after a power cut. Readers that have
    /// files open go on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn delete_partition(&self, partition: &TopicPartition, topic_id: TopicId) -> Result<(), FileError> {
        let path = self.partition_path(partition);
        let deleted = self.path.join(Retired::Delete.name(&partition.to_string(), topic_id));
        self.disk.rename(&path, &deleted).map_err(FileError::of(FileOperation::Rename, &path))?;
        self.disk.sync_dir(&self.path).map_err(FileError::of(FileOperation::Sync, &self.path))?;
        self.disk.remove_dir(&deleted).map_err(FileError::of(FileOperation::Remove, &deleted))
    }

    /// Reads a checkpoint; a missing file is an empty one.
    ///
    /// # Errors
    /// When the disk refuses or the file is malformed.
    pub fn read_checkpoint(&self, file: CheckpointFile) -> Result<PartitionOffsets, DataDirectoryError> {
        let path = self.path.join(file.name());
        let offsets = match read_if_there(&*self.disk, &path)? {
            Some(bytes) => checkpoint::parse_offsets(&path, &bytes)?,
            None => PartitionOffsets::new(),
        };
        if file == CheckpointFile::LogStart { Ok(self.checked_log_starts(offsets)?) } else { Ok(offsets) }
    }

    /// Log starts by Kafka's file, held against our copy, where there is one.
    fn checked_log_starts(&self, kafkas: PartitionOffsets) -> Result<PartitionOffsets, FileError> {
        let path = self.path.join(log_starts::FILE_NAME);
        let Some(bytes) = read_if_there(&*self.disk, &path)? else { return Ok(kafkas) };
        let Some(own) = log_starts::parse(&bytes) else {
            tracing::warn!(file = %path.display(), "is damaged and will be made anew");
            return Ok(kafkas);
        };
        Ok(log_starts::reconcile(&kafkas, &own, |partition, kafkas, own| {
            let file = CheckpointFile::LogStart.name();
            tracing::warn!(%partition, "{file} says that the log starts at {kafkas}, our copy {own}: the smaller one counts");
        }))
    }

    /// Replaces a checkpoint, as one durable step.
    ///
    /// # Errors
    /// When the disk refuses; the old content is then still there.
    pub fn write_checkpoint(
        &self,
        file: CheckpointFile,
        offsets: &PartitionOffsets,
    ) -> Result<(), FileError> {
        if file == CheckpointFile::LogStart {
            // First: when Kafka's file is then not written, it has the smaller offsets, and they count.
            self.write(log_starts::FILE_NAME, &log_starts::format(offsets))?;
        }
        self.write(file.name(), &checkpoint::format_offsets(offsets))
    }

    /// Whether the last stop was a clean one. The mark is gone, durably, when this returns: a crash from now on is one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn take_clean_shutdown(&self) -> Result<bool, FileError> {
        let path = self.path.join(CLEAN_SHUTDOWN);
        match self.disk.remove_file(&path) {
            Ok(()) => {
                self.disk.sync_dir(&self.path).map_err(FileError::of(FileOperation::Sync, &self.path))?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::of(FileOperation::Remove, &path)(error)),
        }
    }

    /// Whether the mark of a clean stop is there. Leaves it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn has_clean_shutdown(&self) -> Result<bool, FileError> {
        Ok(self.names()?.iter().any(|name| name == CLEAN_SHUTDOWN))
    }

    /// Leaves the mark of a clean stop. Only after every log has been closed and the recovery points are written.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn mark_clean_shutdown(&self) -> Result<(), FileError> {
        self.write(CLEAN_SHUTDOWN, CLEAN_SHUTDOWN_CONTENT)
    }

    /// The file of a shard's durable watermarks.
    #[must_use]
    pub fn watermark_path(&self, shard: usize) -> PathBuf {
        self.path.join(format!("{WATERMARK_PREFIX}{shard}"))
    }

    /// What all shards of the last run said about how far partitions were durable.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read_watermarks(&self) -> Result<KnownWatermarks, FileError> {
        let mut known = KnownWatermarks::default();
        for name in self.names()?.iter().filter(|name| watermark_shard(name).is_some()) {
            if let Some(bytes) = read_if_there(&*self.disk, &self.path.join(name))? {
                known.read(&bytes);
            }
        }
        Ok(known)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.path.join(name);
        self.disk.write_file(&path, bytes).map_err(FileError::of(FileOperation::Write, &path))
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        self.disk.list(&self.path).map_err(FileError::of(FileOperation::List, &self.path))
    }
}

fn read_if_there(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match disk.read_file(path, FILE_SIZE_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of(FileOperation::Read, path)(error)),
    }
}

fn watermark_shard(name: &str) -> Option<usize> {
    name.strip_prefix(WATERMARK_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{OpenMode, SimDisk};
    use crate::types::{Offset, PartitionIndex, TopicName};

    const TOPIC: TopicId = TopicId(*b"0123456789abcdef");

    fn meta() -> MetaProperties {
        MetaProperties { cluster_id: "c".to_owned(), node_id: 1, directory_id: "d".to_owned() }
    }

    fn open(disk: &Arc<SimDisk>) -> DataDirectory {
        DataDirectory::open(Arc::clone(disk) as _, Path::new("data"), meta()).unwrap()
    }

    fn partition(topic: &str, number: i32) -> TopicPartition {
        TopicPartition { topic: TopicName::new(topic).unwrap(), partition: PartitionIndex(number) }
    }

    #[test]
    fn partitions_are_listed_and_deleted_ones_do_not_come_back() {
        let disk = Arc::new(SimDisk::new(3));
        let root = open(&disk);
        for name in ["b-1", "a-0", "a-1-stray", "x.1f-delete", "lost+found", "a-10"] {
            disk.create_dir(&root.path().join(name)).unwrap();
        }
        disk.open(&root.path().join("c-7"), OpenMode::Create).unwrap();
        assert_eq!(root.partitions().unwrap(), [partition("a", 0), partition("a", 10), partition("b", 1)]);
        assert!(!disk.list(root.path()).unwrap().contains(&"x.1f-delete".to_owned()));
        disk.sync_dir(root.path()).unwrap();
        root.delete_partition(&partition("a", 10), TOPIC).unwrap();
        let after = open(&Arc::new(disk.power_cut()));
        assert_eq!(after.partitions().unwrap(), [partition("a", 0), partition("b", 1)]);
    }

    #[test]
    fn the_root_survives_a_power_cut_and_keeps_its_first_identity() {
        let disk = Arc::new(SimDisk::new(4));
        let root = open(&disk);
        let mut offsets = PartitionOffsets::new();
        offsets.insert(partition("a", 0), Offset(7));
        root.write_checkpoint(CheckpointFile::RecoveryPoint, &offsets).unwrap();
        assert!(!root.take_clean_shutdown().unwrap());
        root.mark_clean_shutdown().unwrap();
        let disk = Arc::new(disk.power_cut());
        let other = MetaProperties { node_id: 9, ..meta() };
        let root = DataDirectory::open(Arc::clone(&disk) as _, Path::new("data"), other).unwrap();
        assert_eq!(root.meta(), &meta());
        assert_eq!(root.read_checkpoint(CheckpointFile::RecoveryPoint).unwrap(), offsets);
        assert_eq!(root.read_checkpoint(CheckpointFile::LogStart).unwrap(), PartitionOffsets::new());
        assert!(root.take_clean_shutdown().unwrap());
        let root = open(&Arc::new(disk.power_cut()));
        assert!(!root.take_clean_shutdown().unwrap());
    }

    #[test]
    fn watermarks_of_all_shards_are_read_and_the_newest_holds() {
        use crate::log::durable_watermark::WatermarkWriter;
        let root = open(&Arc::new(SimDisk::new(5)));
        let image = |partition: i32, durable: i64, sequence: u64| {
            let mut writer = WatermarkWriter::new(1, sequence);
            writer.add(TOPIC, PartitionIndex(partition), Offset(durable)).unwrap();
            writer.image()
        };
        let write =
            |shard, image: Vec<u8>| root.disk.write_file(&root.watermark_path(shard), &image).unwrap();
        write(0, image(0, 10, 0));
        write(1, image(1, 20, 5));
        let known = root.read_watermarks().unwrap();
        assert_eq!(known.durable(TOPIC, PartitionIndex(0)), Offset(10));
        assert_eq!(known.durable(TOPIC, PartitionIndex(1)), Offset(20));
        assert_eq!(known.next_sequence(), 6);
        // With another number of shards a partition is in another file, and what the old one says is older.
        write(2, image(0, 11, known.next_sequence()));
        assert_eq!(root.read_watermarks().unwrap().durable(TOPIC, PartitionIndex(0)), Offset(11));
    }
}
