//! `.txnindex`: the aborted transactions whose marker lies in a segment, byte for byte. Pure bytes. Unlike the other
//! indexes it is not a hint: a reader of committed records relies on it, so it is made durable before the segment is closed.
//!
//! ```text
//!  0         2             10             18            26                   34
//! +---------+-------------+--------------+-------------+--------------------+
//! | version | producer id | first offset | last offset | last stable offset |
//! | i16 = 0 | i64         | i64          | i64         | i64                |
//! +---------+-------------+--------------+-------------+--------------------+
//! ```
//! Big-endian, ascending by last offset. Source: Kafka's `TransactionIndex`, `AbortedTxn`.

use zerocopy::byteorder::big_endian::{I16, I64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::record::BatchHeader;
use crate::types::{Offset, ProducerId};

/// Version of the format.
const VERSION: i16 = 0;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct TransactionEntry {
    version: I16,
    producer_id: I64,
    first_offset: I64,
    last_offset: I64,
    last_stable_offset: I64,
}

const _: () = assert!(size_of::<TransactionEntry>() == 34);

/// A transaction whose records a reader of committed records leaves out (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose it was.
    pub producer_id: ProducerId,
    /// Its first offset.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// Last stable offset once it had ended: no later entry concerns what is before it.
    pub last_stable_offset: Offset,
}

impl AbortedTransaction {
    /// Whether a batch is part of it, and so not to be read.
    #[must_use]
    pub fn covers(&self, batch: &BatchHeader) -> bool {
        batch.attributes().is_transactional()
            && batch.producer_id() == self.producer_id
            && (self.first_offset..=self.last_offset).contains(&batch.base_offset())
    }
}

/// The file's bytes.
pub(super) fn encode(transactions: &[AbortedTransaction]) -> Vec<u8> {
    let entries = transactions.iter().map(|aborted| TransactionEntry {
        version: I16::new(VERSION),
        producer_id: I64::new(aborted.producer_id.0),
        first_offset: I64::new(aborted.first_offset.0),
        last_offset: I64::new(aborted.last_offset.0),
        last_stable_offset: I64::new(aborted.last_stable_offset.0),
    });
    entries.flat_map(|entry| entry.as_bytes().to_vec()).collect()
}

/// What `.txnindex.crc` says of the file's bytes: their CRC-32C, big-endian.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc_fast::crc32_iscsi(bytes).to_be_bytes()
}

/// Reads the file's bytes; `None` when they cannot be one.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<AbortedTransaction>> {
    let entries = <[TransactionEntry]>::ref_from_bytes(bytes).ok()?;
    let mut transactions: Vec<AbortedTransaction> = Vec::with_capacity(entries.len());
    for entry in entries {
        let aborted = AbortedTransaction {
            producer_id: ProducerId(entry.producer_id.get()),
            first_offset: Offset(entry.first_offset.get()),
            last_offset: Offset(entry.last_offset.get()),
            last_stable_offset: Offset(entry.last_stable_offset.get()),
        };
        let ascends = transactions.last().is_none_or(|before| before.last_offset < aborted.last_offset);
        let is_one = entry.version.get() == VERSION && aborted.first_offset < aborted.last_offset;
        if !(is_one && ascends) {
            return None;
        }
        transactions.push(aborted);
    }
    Some(transactions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aborted(first: i64, last: i64) -> AbortedTransaction {
        AbortedTransaction {
            producer_id: ProducerId(7),
            first_offset: Offset(first),
            last_offset: Offset(last),
            last_stable_offset: Offset(last + 1),
        }
    }

    #[test]
    fn the_file_round_trips() {
        let written = [aborted(0, 5), aborted(2, 9)];
        let bytes = encode(&written);
        assert_eq!(bytes.len(), 68);
        assert_eq!(&bytes[..10], b"\0\0\0\0\0\0\0\0\0\x07");
        assert_eq!(decode(&bytes).unwrap(), written);
        assert_eq!(decode(&[]), Some(vec![]));
    }

    #[test]
    fn what_cannot_be_true_is_refused() {
        assert_eq!(decode(&encode(&[aborted(0, 5)])[1..]), None);
        assert_eq!(decode(&encode(&[aborted(0, 5), aborted(0, 5)])), None);
        assert_eq!(decode(&encode(&[aborted(5, 5)])), None);
        let mut version = encode(&[aborted(0, 5)]);
        version[1] = 1;
        assert_eq!(decode(&version), None);
    }
}
