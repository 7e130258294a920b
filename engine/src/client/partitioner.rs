//! [`Partitioner`]: which partition a message goes to, bit for bit as librdkafka (and, for `murmur2`, the Java
//! clients) decide it. One per topic and producer; no locks, no clock, no allocation.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::types::PartitionIndex;

/// A rule for choosing partitions (`partitioner`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PartitionerKind {
    /// Any partition, for every message anew.
    Random,
    /// CRC-32 of the key. No key and an empty one always go to the same partition.
    Consistent,
    /// CRC-32 of the key; no key and an empty one go to any partition.
    #[default]
    ConsistentRandom,
    /// Murmur2 of the key as Java's. No key counts as an empty one.
    Murmur2,
    /// Murmur2 of the key as Java's; no key goes to any partition. What Java's clients do by default.
    Murmur2Random,
    /// FNV-1a of the key as Sarama's. No key counts as an empty one.
    Fnv1a,
    /// FNV-1a of the key as Sarama's; no key goes to any partition.
    Fnv1aRandom,
}

impl PartitionerKind {
    /// The rule with this name, as the setting spells it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<PartitionerKind> {
        match name {
            "random" => Some(PartitionerKind::Random),
            "consistent" => Some(PartitionerKind::Consistent),
            "consistent_random" => Some(PartitionerKind::ConsistentRandom),
            "murmur2" => Some(PartitionerKind::Murmur2),
            "murmur2_random" => Some(PartitionerKind::Murmur2Random),
            "fnv1a" => Some(PartitionerKind::Fnv1a),
            "fnv1a_random" => Some(PartitionerKind::Fnv1aRandom),
            _ => None,
        }
    }

    /// Partition of a message with this key among `count`; `None` when any will do.
    #[must_use]
    pub fn of_key(self, key: Option<&[u8]>, count: NonZeroU32) -> Option<PartitionIndex> {
        let bytes = key.unwrap_or_default();
        let hash = match self {
            PartitionerKind::Random => return None,
            PartitionerKind::ConsistentRandom if bytes.is_empty() => return None,
            PartitionerKind::Murmur2Random | PartitionerKind::Fnv1aRandom if key.is_none() => return None,
            PartitionerKind::Consistent | PartitionerKind::ConsistentRandom => crc32(bytes),
            PartitionerKind::Murmur2 | PartitionerKind::Murmur2Random => murmur2(bytes) & 0x7fff_ffff,
            PartitionerKind::Fnv1a | PartitionerKind::Fnv1aRandom => fnv1a(bytes),
        };
        Some(remainder(hash, count))
    }
}

/// Chooses the partitions of one topic's messages for one producer.
#[derive(Debug)]
pub struct Partitioner {
    kind: PartitionerKind,
    sticky_linger: Duration,
    sticky: Option<Sticky>,
    random: Random,
}

/// The partition that messages without a key go to for the time being (KIP-480).
#[derive(Clone, Copy, Debug)]
struct Sticky {
    partition: PartitionIndex,
    until: Duration,
}

impl Partitioner {
    /// A partitioner; `seed` makes its random choices. Zero `sticky_linger` (`sticky.partitioning.linger.ms`)
    /// chooses anew for every message that may go anywhere.
    #[must_use]
    pub fn new(kind: PartitionerKind, sticky_linger: Duration, seed: u64) -> Partitioner {
        Partitioner { kind, sticky_linger, sticky: None, random: Random(seed) }
    }

    /// Partition of a message with this key, of `count` partitions, at `now` (of any clock that does not go back; to
    /// the millisecond is good enough).
    pub fn partition(&mut self, key: Option<&[u8]>, count: NonZeroU32, now: Duration) -> PartitionIndex {
        match self.kind.of_key(key, count) {
            Some(partition) => partition,
            None if self.kind == PartitionerKind::Random || self.sticky_linger.is_zero() => self.any(count),
            None => self.sticky(count, now),
        }
    }

    fn sticky(&mut self, count: NonZeroU32, now: Duration) -> PartitionIndex {
        let exists = |partition: PartitionIndex| partition.0.unsigned_abs() < count.get();
        match self.sticky {
            Some(Sticky { partition, until }) if now < until && exists(partition) => partition,
            _ => {
                let partition = self.any(count);
                self.sticky = Some(Sticky { partition, until: now.saturating_add(self.sticky_linger) });
                partition
            }
        }
    }

    fn any(&mut self, count: NonZeroU32) -> PartitionIndex {
        remainder(self.random.next(), count)
    }
}

/// SplitMix64: good enough to spread load, and four instructions.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// The upper half of the next number; the lower half is as random and not needed.
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let [a, b, c, d, ..] = mixed.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

fn remainder(hash: u32, count: NonZeroU32) -> PartitionIndex {
    let count = count.min(PARTITIONS_MAX);
    PartitionIndex(i32::try_from(hash % count).unwrap_or_default())
}

/// Kafka's numbers of partitions are signed.
const PARTITIONS_MAX: NonZeroU32 = match NonZeroU32::new(i32::MAX.unsigned_abs()) {
    Some(max) => max,
    None => NonZeroU32::MIN,
};

/// CRC-32 as zlib's.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iso_hdlc(bytes)
}

/// FNV-1a, 32 bits, made positive the way Sarama does: as a signed number without its sign.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME));
    hash.cast_signed().unsigned_abs()
}

/// MurmurHash 2, 32 bits, with the seed of Kafka's Java clients. As `int` there, it may be negative.
#[must_use]
pub fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, tail) = bytes.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        let word = u32::from_le_bytes(*word).wrapping_mul(M);
        let word = (word ^ (word >> 24)).wrapping_mul(M);
        hash.wrapping_mul(M) ^ word
    });
    if !tail.is_empty() {
        let tail = tail.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests;
