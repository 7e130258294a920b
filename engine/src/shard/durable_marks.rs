//! The shard's side file that says how far each partition is known to be durable, so that recovery can tell a torn
//! tail from corruption. Written beside the commits, without a flush of its own: what survives is a lower bound.
//!
//! Owned by the shard's thread. What the bytes mean is told in [`WatermarkWriter`].

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::partition::Slot;
use crate::io::{AppendHandle, CommitQueue, Completion, Disk, Token};
use crate::limits::WATERMARK_PARTITIONS_MAX;
use crate::log::{WatermarkSlot, WatermarkWriter};
use crate::types::{Offset, PartitionIndex, TopicId};

/// Durable offsets of a shard's partitions, on their way to the side file.
pub(super) struct DurableMarks {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    writer: WatermarkWriter,
    /// By the partition's place in the shard.
    slots: Vec<Option<WatermarkSlot>>,
    file: File,
    /// Sectors on their way to the disk.
    in_flight: usize,
    /// A commit was started that can carry the marks along.
    commit_started: bool,
    /// Monotonic time before which nothing is written.
    next: Duration,
}

/// Time between two writes. Of what was committed since the last one, recovery cannot tell a torn tail from damage.
const INTERVAL: Duration = Duration::from_millis(5);

/// The side file, which is only made with the first commit: an engine that only reads need not wait for it.
enum File {
    Unopened,
    Open(AppendHandle),
    /// It cannot be written. Recovery will be more cautious than it need be.
    Failed,
}

impl DurableMarks {
    /// Marks for the side file `path`, which go on behind `sequence`.
    pub(super) fn new(disk: Arc<dyn Disk>, path: PathBuf, sequence: u64) -> DurableMarks {
        DurableMarks {
            disk,
            path,
            writer: WatermarkWriter::new(WATERMARK_PARTITIONS_MAX, sequence),
            slots: Vec::new(),
            file: File::Unopened,
            in_flight: 0,
            commit_started: false,
            next: Duration::ZERO,
        }
    }

    /// Gives a partition its place in the file.
    pub(super) fn assign(
        &mut self,
        slot: Slot,
        topic_id: TopicId,
        partition: PartitionIndex,
        durable: Offset,
    ) {
        if self.slots.len() <= slot.0 {
            self.slots.resize(slot.0 + 1, None);
        }
        self.slots[slot.0] = self.writer.add(topic_id, partition, durable);
    }

    /// A partition is durable up to `durable`.
    pub(super) fn set(&mut self, slot: Slot, durable: Offset) {
        if let Some(Some(place)) = self.slots.get(slot.0) {
            self.writer.set(*place, durable);
        }
    }

    /// The partition is gone.
    pub(super) fn release(&mut self, slot: Slot) {
        if let Some(place) = self.slots.get_mut(slot.0).and_then(Option::take) {
            self.writer.remove(place);
        }
    }

    /// A commit goes to the disk in this round: its flush will make the marks durable too.
    pub(super) fn commit_started(&mut self) {
        self.commit_started = true;
    }

    /// Queues the sectors that have changed, if a commit goes with them and none is on its way already. At most every
    /// [`INTERVAL`]: a write beside each of 20,000 commits a second would cost a tenth of them.
    pub(super) fn write(&mut self, queue: &mut dyn CommitQueue, now: Duration) {
        if !std::mem::take(&mut self.commit_started) || self.in_flight > 0 || now < self.next {
            return;
        }
        self.next = now + INTERVAL;
        let Some(handle) = self.open(queue) else { return };
        while let Some((sector, bytes)) = self.writer.take_changed() {
            queue.write_block(Token(u64::from(sector)), handle, sector, bytes);
            self.in_flight += 1;
        }
    }

    fn open(&mut self, queue: &mut dyn CommitQueue) -> Option<AppendHandle> {
        if matches!(self.file, File::Unopened) {
            self.file = match self.start(queue) {
                Ok(handle) => File::Open(handle),
                Err(error) => {
                    tracing::warn!(file = %self.path.display(), %error, "durable watermarks are not kept");
                    File::Failed
                }
            };
        }
        match self.file {
            File::Open(handle) => Some(handle),
            File::Unopened | File::Failed => None,
        }
    }

    /// Replaces what an earlier run left by what is known now.
    fn start(&mut self, queue: &mut dyn CommitQueue) -> io::Result<AppendHandle> {
        let image = self.writer.image();
        let size = u64::try_from(image.len()).map_err(io::Error::other)?;
        self.disk.write_file(&self.path, &image)?;
        queue.open_blocks(&self.path, size)
    }

    /// A sector has been written, or not: the marks are advisory, so a failure only makes recovery more cautious.
    pub(super) fn written(&mut self, completion: Completion) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Err(error) = completion.result {
            tracing::warn!(file = %self.path.display(), %error, "durable watermarks are not kept any more");
            self.file = File::Failed;
        }
    }
}
