//! The shard's side file that says how far each partition is known to be durable, so that recovery can tell a torn
//! tail from corruption. Written beside the commits, without a flush of its own: what survives is a lower bound.
//!
//! Owned by the shard's thread. The bytes are [`durable_watermark`](crate::log::durable_watermark)'s.

use std::io;
use std::path::Path;

use super::partition::Slot;
use crate::io::{AppendHandle, CommitQueue, Completion, Token};
use crate::log::durable_watermark::{ENTRIES_PER_SECTOR, Entry, encode_sector};
use crate::types::{Offset, PartitionIndex, TopicId};

/// Sectors of the side file: enough for 8192 sectors times the entries of one.
const SECTORS_MAX: u32 = 8192;

/// Durable offsets of a shard's partitions, on their way to the side file.
pub(super) struct DurableMarks {
    handle: AppendHandle,
    entries: Vec<Option<Entry>>,
    sectors: Vec<Sector>,
    dirty: Vec<u32>,
    /// A commit was started that can carry the marks along.
    commit_started: bool,
}

#[derive(Clone, Copy, Default)]
struct Sector {
    dirty: bool,
    in_flight: bool,
}

impl DurableMarks {
    pub(super) fn open(path: &Path, queue: &mut dyn CommitQueue) -> io::Result<DurableMarks> {
        let handle = queue.open_blocks(path, u64::from(SECTORS_MAX) * 512)?;
        Ok(DurableMarks {
            handle,
            entries: Vec::new(),
            sectors: Vec::new(),
            dirty: Vec::new(),
            commit_started: false,
        })
    }

    /// Gives a partition its place in the file.
    pub(super) fn assign(
        &mut self,
        slot: Slot,
        topic_id: TopicId,
        partition: PartitionIndex,
        durable: Offset,
    ) {
        if self.entries.len() <= slot.0 {
            self.entries.resize(slot.0 + 1, None);
            self.sectors.resize(self.entries.len().div_ceil(ENTRIES_PER_SECTOR), Sector::default());
        }
        self.put(slot, Some(Entry { topic_id, partition, durable }));
    }

    /// A partition is durable up to `durable`.
    pub(super) fn set(&mut self, slot: Slot, durable: Offset) {
        if let Some(Some(entry)) = self.entries.get(slot.0).copied() {
            self.put(slot, Some(Entry { durable, ..entry }));
        }
    }

    /// The partition is gone.
    pub(super) fn release(&mut self, slot: Slot) {
        self.put(slot, None);
    }

    fn put(&mut self, slot: Slot, entry: Option<Entry>) {
        let Some(place) = self.entries.get_mut(slot.0) else { return };
        *place = entry;
        let number = slot.0 / ENTRIES_PER_SECTOR;
        let (Some(sector), Ok(number)) = (self.sectors.get_mut(number), u32::try_from(number)) else {
            return;
        };
        if !sector.dirty && number < SECTORS_MAX {
            sector.dirty = true;
            self.dirty.push(number);
        }
    }

    /// A commit goes to the disk in this round: its flush will make the marks durable too.
    pub(super) fn commit_started(&mut self) {
        self.commit_started = true;
    }

    /// Queues the sectors that have changed and are not on their way already, if a commit goes with them.
    pub(super) fn write(&mut self, queue: &mut dyn CommitQueue) {
        if !std::mem::take(&mut self.commit_started) {
            return;
        }
        let mut busy = Vec::new();
        for number in std::mem::take(&mut self.dirty) {
            let Some(sector) = usize::try_from(number).ok().and_then(|at| self.sectors.get_mut(at)) else {
                continue;
            };
            if sector.in_flight {
                busy.push(number);
                continue;
            }
            *sector = Sector { dirty: false, in_flight: true };
            queue.write_block(Token(u64::from(number)), self.handle, number, self.encode(number));
        }
        self.dirty = busy;
    }

    fn encode(&self, number: u32) -> [u8; 512] {
        let first = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(ENTRIES_PER_SECTOR);
        let entries: Vec<Entry> =
            self.entries.iter().skip(first).take(ENTRIES_PER_SECTOR).flatten().copied().collect();
        encode_sector(&entries)
    }

    /// A sector has been written, or not: the marks are advisory, so a failure only makes recovery more cautious.
    pub(super) fn written(&mut self, completion: Completion) {
        if let Err(error) = completion.result {
            tracing::warn!(%error, "durable watermark was not written");
        }
        let number = usize::try_from(completion.token.0).unwrap_or(usize::MAX);
        if let Some(sector) = self.sectors.get_mut(number) {
            sector.in_flight = false;
        }
    }
}
