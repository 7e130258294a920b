//! How far each partition is known to be durable: sectors that a shard writes along with its commits, and that
//! opening reads to tell a torn tail from corruption. Codec and book-keeping only; the shard does the writing.
//!
//! A sector holds up to 17 partitions and exists twice. The two copies are written in turn, so that one that is torn by a
//! power cut leaves the other. Of several statements about one partition the newest holds.
//!
//! ```text
//!  0        4        8          16      18         36
//! +--------+--------+----------+-------+----------+-------------------------------------------------+
//! | CRC-32C| "tlwm" | sequence | count | reserved | 17 entries: topic id 16, partition i32,         |
//! | u32    |        | u64      | u16   | 18       | durable offset i64; those behind count are zero |
//! +--------+--------+----------+-------+----------+-------------------------------------------------+
//! ```
//! Big-endian. The CRC covers everything behind itself.

use std::collections::HashMap;

use zerocopy::byteorder::big_endian::{I32, I64, U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::limits::SECTOR_SIZE;
use crate::types::{Offset, PartitionIndex, TopicId};

/// Partitions in one sector.
const ENTRIES_COUNT: usize = 17;

/// Copies of each sector.
const COPIES_COUNT: u32 = 2;

const MAGIC: [u8; 4] = *b"tlwm";

/// Where the bytes covered by the CRC start.
const CRC_START: usize = 4;

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Entry {
    topic_id: [u8; 16],
    partition: I32,
    durable: I64,
}

const _: () = assert!(size_of::<Entry>() == 28);

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Sector {
    crc: U32,
    magic: [u8; 4],
    sequence: U64,
    count: U16,
    reserved: [u8; 18],
    entries: [Entry; ENTRIES_COUNT],
}

const _: () = assert!(size_of::<Sector>() == SECTOR_SIZE);

/// A partition's place in a [`WatermarkWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatermarkSlot {
    group: usize,
    entry: usize,
}

/// The sectors of one shard, in memory. Owned by the shard.
#[derive(Debug)]
pub struct WatermarkWriter {
    sequence: u64,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    entries: [Option<Watermark>; ENTRIES_COUNT],
    /// Which copy is written next: the older one.
    copy: u32,
    changed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watermark {
    topic_id: TopicId,
    partition: PartitionIndex,
    durable: Offset,
}

impl WatermarkWriter {
    /// Room for at least `partitions_max` partitions. `sequence` must be behind all that were read back
    /// ([`KnownWatermarks::next_sequence`]).
    #[must_use]
    pub fn new(partitions_max: usize, sequence: u64) -> WatermarkWriter {
        let group = Group { entries: [None; ENTRIES_COUNT], copy: 0, changed: false };
        WatermarkWriter { sequence, groups: vec![group; partitions_max.div_ceil(ENTRIES_COUNT).max(1)] }
    }

    /// Gives a partition a place; `None` when there is none left.
    pub fn add(
        &mut self,
        topic_id: TopicId,
        partition: PartitionIndex,
        durable: Offset,
    ) -> Option<WatermarkSlot> {
        for (group, sector) in self.groups.iter_mut().enumerate() {
            if let Some(entry) = sector.entries.iter().position(Option::is_none) {
                sector.entries[entry] = Some(Watermark { topic_id, partition, durable });
                sector.changed = true;
                return Some(WatermarkSlot { group, entry });
            }
        }
        None
    }

    /// Everything before `durable` is on stable storage now. The statement may be written any time later, never before.
    pub fn set(&mut self, slot: WatermarkSlot, durable: Offset) {
        let group = &mut self.groups[slot.group];
        if let Some(watermark) = group.entries[slot.entry].as_mut().filter(|known| known.durable != durable) {
            watermark.durable = durable;
            group.changed = true;
        }
    }

    /// Gives a partition's place to another.
    pub fn remove(&mut self, slot: WatermarkSlot) {
        let group = &mut self.groups[slot.group];
        group.entries[slot.entry] = None;
        group.changed = true;
    }

    /// A sector that has changed, and its number in the file. Call it until it returns nothing.
    pub fn take_changed(&mut self) -> Option<(u32, [u8; SECTOR_SIZE])> {
        let number = self.groups.iter().position(|group| group.changed)?;
        let group = &mut self.groups[number];
        group.changed = false;
        let sector = u32::try_from(number).ok()? * COPIES_COUNT + group.copy;
        group.copy = (group.copy + 1) % COPIES_COUNT;
        let bytes = group.encode(self.sequence);
        self.sequence += 1;
        Some((sector, bytes))
    }

    /// The whole file, both copies of every sector: what a shard starts from, written as one durable step.
    #[must_use]
    pub fn image(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for group in &mut self.groups {
            group.changed = false;
            let sector = group.encode(self.sequence);
            self.sequence += 1;
            for _ in 0..COPIES_COUNT {
                bytes.extend_from_slice(&sector);
            }
        }
        bytes
    }
}

impl Group {
    fn encode(&self, sequence: u64) -> [u8; SECTOR_SIZE] {
        let mut sector = Sector::new_zeroed();
        sector.magic = MAGIC;
        sector.sequence = U64::new(sequence);
        let mut count = 0_u16;
        for (entry, watermark) in sector.entries.iter_mut().zip(self.entries.iter().flatten()) {
            entry.topic_id = watermark.topic_id.0;
            entry.partition = I32::new(watermark.partition.0);
            entry.durable = I64::new(watermark.durable.0);
            count += 1;
        }
        sector.count = U16::new(count);
        sector.crc = U32::new(crc_fast::crc32_iscsi(&sector.as_bytes()[CRC_START..]));
        zerocopy::transmute!(sector)
    }
}

/// What was read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownWatermarks {
    newest: HashMap<(TopicId, PartitionIndex), (u64, Offset)>,
    next_sequence: u64,
}

impl KnownWatermarks {
    /// Adds what a file of sectors says. Sectors that are torn, or were never written, say nothing.
    pub fn read(&mut self, file: &[u8]) {
        for bytes in file.chunks_exact(SECTOR_SIZE) {
            let Ok(sector) = Sector::ref_from_bytes(bytes) else { continue };
            let computed = crc_fast::crc32_iscsi(&bytes[CRC_START..]);
            if sector.magic != MAGIC || sector.crc.get() != computed {
                continue;
            }
            let sequence = sector.sequence.get();
            self.next_sequence = self.next_sequence.max(sequence.saturating_add(1));
            for entry in sector.entries.iter().take(usize::from(sector.count.get())) {
                let key = (TopicId(entry.topic_id), PartitionIndex(entry.partition.get()));
                let said = (sequence, Offset(entry.durable.get()));
                let newest = self.newest.entry(key).or_insert(said);
                if newest.0 < sequence {
                    *newest = said;
                }
            }
        }
    }

    /// How far a partition was durable; 0 when nothing is known.
    #[must_use]
    pub fn durable(&self, topic_id: TopicId, partition: PartitionIndex) -> Offset {
        self.newest.get(&(topic_id, partition)).map_or(Offset::ZERO, |(_, durable)| *durable)
    }

    /// A sequence behind all that were read.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: TopicId = TopicId(*b"0123456789abcdef");

    /// A file of sectors, and how a shard writes to it.
    struct File(Vec<u8>);

    impl File {
        fn write(&mut self, writer: &mut WatermarkWriter) {
            while let Some((sector, bytes)) = writer.take_changed() {
                let start = usize::try_from(sector).unwrap() * SECTOR_SIZE;
                self.0[start..start + SECTOR_SIZE].copy_from_slice(&bytes);
            }
        }

        fn durable(&self, partition: i32) -> i64 {
            let mut known = KnownWatermarks::default();
            known.read(&self.0);
            known.durable(TOPIC, PartitionIndex(partition)).0
        }
    }

    fn slot(writer: &mut WatermarkWriter, partition: i32) -> WatermarkSlot {
        writer.add(TOPIC, PartitionIndex(partition), Offset(0)).unwrap()
    }

    #[test]
    fn the_newest_statement_about_each_partition_holds() {
        let mut writer = WatermarkWriter::new(100, 0);
        let slots: Vec<_> = (0..100).map(|partition| slot(&mut writer, partition)).collect();
        let mut file = File(writer.image());
        for round in 1..10 {
            for (partition, slot) in (0_i64..).zip(&slots) {
                if (partition + round) % 3 == 0 {
                    writer.set(*slot, Offset(1000 * round + partition));
                }
            }
            file.write(&mut writer);
        }
        for partition in 0..100_i32 {
            let round = (1..10).rev().find(|round| (partition + round) % 3 == 0).unwrap();
            assert_eq!(file.durable(partition), i64::from(1000 * round + partition));
        }
        assert_eq!(file.durable(100), 0, "nothing is known of a stranger");
    }

    #[test]
    fn a_torn_sector_leaves_the_statement_before_it() {
        let mut writer = WatermarkWriter::new(1, 7);
        let only = slot(&mut writer, 0);
        let mut file = File(writer.image());
        for durable in 1..20 {
            writer.set(only, Offset(durable));
            let (sector, bytes) = writer.take_changed().unwrap();
            assert_eq!(writer.take_changed(), None);
            let start = usize::try_from(sector).unwrap() * SECTOR_SIZE;
            for torn_at in [0, 1, 17, 40, 60, 511] {
                let mut torn = File(file.0.clone());
                torn.0[start..start + torn_at].copy_from_slice(&bytes[..torn_at]);
                let found = torn.durable(0);
                assert!(found == durable - 1 || torn.0[start..start + 512] == bytes, "{found} of {durable}");
            }
            file.0[start..start + SECTOR_SIZE].copy_from_slice(&bytes);
        }
    }

    #[test]
    fn a_place_is_used_again_and_sequences_go_on() {
        let mut writer = WatermarkWriter::new(17, 0);
        let slots: Vec<_> = (0..17).map(|partition| slot(&mut writer, partition)).collect();
        assert_eq!(writer.add(TOPIC, PartitionIndex(17), Offset(0)), None);
        writer.remove(slots[3]);
        writer.set(slots[3], Offset(5));
        assert_eq!(slot(&mut writer, 17), slots[3]);
        let image = writer.image();
        assert_eq!(image.len(), 2 * SECTOR_SIZE);
        let mut known = KnownWatermarks::default();
        known.read(&image);
        let mut again = WatermarkWriter::new(1, known.next_sequence());
        let lower = slot(&mut again, 4);
        again.set(lower, Offset(0));
        known.read(&again.image());
        assert_eq!(known.durable(TOPIC, PartitionIndex(4)), Offset(0));
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut known = KnownWatermarks::default();
        known.read(&[0; 3 * SECTOR_SIZE + 100]);
        known.read(&[0xff; 2 * SECTOR_SIZE]);
        assert_eq!(known, KnownWatermarks::default());
    }
}
