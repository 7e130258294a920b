//! What the quickstart proves, from what was produced and what arrived: [`Fingerprint`]s of partitions, the set of records
//! that arrived ([`Arrivals`]), and who owned which partition ([`Ownership`]). Counting only; no I/O, no clock.

use crc_fast::{CrcAlgorithm, Digest};

/// What one record is: a sum of its key and its value.
pub(super) fn digest(key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let mut sum = Digest::new(CrcAlgorithm::Crc64Nvme);
    for part in [key, value] {
        // Its size in front, so that no two pairs of parts look the same.
        let size = part.map_or(u64::MAX, |part| part.len() as u64);
        sum.update(&size.to_be_bytes());
        sum.update(part.unwrap_or_default());
    }
    sum.finalize()
}

/// A sum of the records of one partition that changes with each record and with their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// How many records there are.
    pub(super) count: u64,
    /// The sum.
    pub(super) sum: u64,
}

impl Fingerprint {
    /// An odd number with many bits, so that every record so far moves the sum.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Adds the next record's [`digest`].
    pub(super) fn add(&mut self, digest: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_mul(Self::FACTOR).wrapping_add(digest);
    }
}

/// One partition, followed record by record: on the producer's side by acknowledgements, on the consumers' by arrivals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartitionTrail {
    /// Sum of all records.
    pub(super) fingerprint: Fingerprint,
    /// Number that the producer gave the last record, plus one.
    next_number: u64,
    /// Records that did not follow the one before them.
    pub(super) out_of_order: u64,
}

impl PartitionTrail {
    /// Adds the record at `offset`, the `number`th that was produced: offsets start at 0 and leave nothing out, and numbers
    /// ascend.
    pub(super) fn add(&mut self, offset: i64, number: u64, digest: u64) {
        let follows = u64::try_from(offset) == Ok(self.fingerprint.count) && number >= self.next_number;
        self.out_of_order += u64::from(!follows);
        self.next_number = number.saturating_add(1);
        self.fingerprint.add(digest);
    }
}

/// Which records have arrived, by the numbers that the producer gave them.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    seen: Vec<u64>,
    /// How many different records.
    pub(super) count: u64,
    /// Arrivals of records that had been there.
    pub(super) repeated: u64,
}

impl Arrivals {
    /// Notes that record `number` has arrived.
    pub(super) fn add(&mut self, number: u64) {
        let slot = usize::try_from(number / 64).unwrap_or(usize::MAX);
        let bit = 1_u64 << (number % 64);
        if slot >= self.seen.len() {
            self.seen.resize(slot + 1, 0);
        }
        if self.seen[slot] & bit == 0 {
            self.seen[slot] |= bit;
            self.count += 1;
        } else {
            self.repeated += 1;
        }
    }

    /// Adds what another member has seen. A record that both have seen is a repeated one.
    pub(super) fn merge(&mut self, other: &Arrivals) {
        if other.seen.len() > self.seen.len() {
            self.seen.resize(other.seen.len(), 0);
        }
        let mut twice = 0;
        for (mine, others) in self.seen.iter_mut().zip(&other.seen) {
            twice += u64::from((*mine & others).count_ones());
            *mine |= others;
        }
        self.count += other.count - twice;
        self.repeated += other.repeated + twice;
    }
}

/// Who owns which partition.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    owners: Vec<Option<usize>>,
    /// By partition: members that have read from it, in order.
    readers: Vec<Vec<usize>>,
    /// Times that a partition was given to a member while another had it, or was read by a member that had it not.
    pub(super) violations: u64,
}

impl Ownership {
    /// Of a topic with `partitions` partitions, which nobody owns.
    pub(super) fn new(partitions: usize) -> Ownership {
        Ownership { owners: vec![None; partitions], readers: vec![Vec::new(); partitions], violations: 0 }
    }

    /// `member` has been given `partition`.
    pub(super) fn claim(&mut self, member: usize, partition: usize) {
        let Some(owner) = self.owners.get_mut(partition) else {
            self.violations += 1;
            return;
        };
        self.violations += u64::from(owner.is_some_and(|owner| owner != member));
        *owner = Some(member);
    }

    /// `partition` has been taken from `member`.
    pub(super) fn release(&mut self, member: usize, partition: usize) {
        if let Some(owner) = self.owners.get_mut(partition) {
            self.violations += u64::from(*owner != Some(member));
            *owner = None;
        }
    }

    /// `member` has read from `partition`.
    pub(super) fn read(&mut self, member: usize, partition: usize) {
        let owner = self.owners.get(partition).copied().flatten();
        self.violations += u64::from(owner != Some(member));
        if let Some(readers) =
            self.readers.get_mut(partition).filter(|readers| readers.last() != Some(&member))
        {
            readers.push(member);
        }
    }

    /// Whether every partition has an owner, and each of `members` members has one at least.
    pub(super) fn is_shared_by(&self, members: usize) -> bool {
        let owns = |member| self.owners.contains(&Some(member));
        !self.owners.contains(&None) && (0..members).all(owns)
    }

    /// Members that have read from `partition`, in order.
    pub(super) fn readers_of(&self, partition: usize) -> &[usize] {
        self.readers.get(partition).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_content_and_order() {
        let of = |records: &[(Option<&str>, &str)]| {
            let mut fingerprint = Fingerprint::default();
            for (key, value) in records {
                fingerprint.add(digest(key.map(str::as_bytes), Some(value.as_bytes())));
            }
            fingerprint
        };
        let base = of(&[(Some("a"), "1"), (None, "2"), (Some("b"), "3")]);
        assert_eq!(base, of(&[(Some("a"), "1"), (None, "2"), (Some("b"), "3")]));
        for other in [
            of(&[(None, "2"), (Some("a"), "1"), (Some("b"), "3")]),
            of(&[(Some("a"), "1"), (Some(""), "2"), (Some("b"), "3")]),
            of(&[(Some("a1"), ""), (None, "2"), (Some("b"), "3")]),
            of(&[(Some("a"), "1"), (None, "2")]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_trail_notices_gaps_repeats_and_swaps() {
        let out_of_order = |records: &[(i64, u64)]| {
            let mut trail = PartitionTrail::default();
            for (offset, number) in records {
                trail.add(*offset, *number, 0);
            }
            trail.out_of_order
        };
        assert_eq!(out_of_order(&[(0, 3), (1, 4), (2, 9)]), 0);
        assert_eq!(out_of_order(&[(1, 3)]), 1);
        assert_eq!(out_of_order(&[(0, 3), (0, 3)]), 1);
        assert_eq!(out_of_order(&[(0, 4), (1, 3), (2, 5)]), 1);
    }

    #[test]
    fn every_record_counts_once() {
        let mut arrivals = Arrivals::default();
        for number in [0, 63, 64, 1000, 63] {
            arrivals.add(number);
        }
        assert_eq!((arrivals.count, arrivals.repeated), (4, 1));
        let mut other = Arrivals::default();
        for number in [64, 65, 2000, 2000] {
            other.add(number);
        }
        arrivals.merge(&other);
        assert_eq!((arrivals.count, arrivals.repeated), (6, 3));
    }

    #[test]
    fn a_partition_has_one_owner_at_a_time() {
        let mut ownership = Ownership::new(2);
        ownership.claim(0, 0);
        ownership.claim(0, 1);
        assert!(!ownership.is_shared_by(2));
        ownership.read(0, 1);
        ownership.release(0, 1);
        ownership.claim(1, 1);
        ownership.read(1, 1);
        assert!(ownership.is_shared_by(2) && ownership.violations == 0);
        assert_eq!((ownership.readers_of(0), ownership.readers_of(1)), (&[][..], &[0, 1][..]));
        ownership.read(0, 1);
        ownership.claim(0, 1);
        ownership.claim(0, 7);
        assert_eq!(ownership.violations, 3);
    }
}
