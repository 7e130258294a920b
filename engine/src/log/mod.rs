//! One partition's log: Kafka's files, what is appended where, what readers see, what survives a crash.
//!
//! - [`Log`] belongs to one shard. It assigns offsets, rolls segments, deletes old ones; it never writes batches itself,
//!   the shard's [`CommitQueue`](crate::io::CommitQueue) does.
//! - [`LogView`] is what every other thread reads from, without locks.
//! - [`DataDirectory`] is the folder that all logs lie in, with its checkpoint files.
//!
//! What lies on disk, and what of it is trusted, is told in `engine/FORMAT.md`.

mod aborted_transactions;
mod active_segment;
mod admission;
mod checkpoint;
mod cleaned_transactions;
mod closed_index;
mod compacted;
mod compaction;
mod data_directory;
mod durable_watermark;
mod error;
mod file_name;
mod file_slice;
mod folder_name;
mod header_walk;
mod index;
mod index_file;
pub mod inspection;
mod layout;
mod leader_epochs;
mod log_starts;
mod meta_properties;
mod open_files;
mod opening;
mod partition_log;
mod partition_metadata;
mod producer_snapshot;
mod producer_state;
mod read_buffer;
mod reader;
mod recovery;
mod replay;
mod retention;
mod rolling;
mod scanner;
mod segment;
mod transaction_index;
mod view;

pub use admission::admit;
pub use checkpoint::{MalformedFile, PartitionOffsets};
pub use compaction::{Compacted, CompactedSegment, Compaction, CompactionError};
pub use data_directory::{CheckpointFile, DataDirectory, DataDirectoryError};
pub use durable_watermark::{KnownWatermarks, WatermarkSlot, WatermarkWriter};
pub use error::{
    AppendError, Corruption, CorruptionReason, DeleteRecordsError, FileError, FileOperation, LogError,
    ReadError,
};
pub use file_slice::FileSlice;
pub use leader_epochs::EpochEnd;
pub use meta_properties::MetaProperties;
pub use opening::{OpenFrom, RecoveryReport};
pub use partition_log::{Log, LogCheckpoint, Prepared, Refused};
pub use partition_metadata::format_id;
pub use producer_state::ProducerDescription;
pub use reader::{LogRead, ReadCursor, TimedRecord};
pub use retention::{Retention, RetentionError};
pub use transaction_index::AbortedTransaction;
pub use view::LogView;

#[cfg(test)]
mod tests;
