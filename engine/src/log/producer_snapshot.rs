//! `.snapshot`: the state of a log's producers up to an offset, byte for byte. Pure bytes; a snapshot that was torn or
//! damaged is recognized by its checksum.
//!
//! ```text
//!  0         2                 6        10
//! +---------+-----------------+--------+---------------------------+----------------------------------+
//! | version | CRC-32C of what | count  | count entries of 46 bytes | earlier batches of 32 bytes each |
//! | i16 = 1 | follows, u32    | i32    |                           |                                  |
//! +---------+-----------------+--------+---------------------------+----------------------------------+
//! ```
//! Big-endian. Source: Kafka's `ProducerStateManager.writeSnapshot`.
//!
//! An entry has the last batch of a producer. The *earlier batches* are ours: those before it that are recognized when they
//! come again, in the order of the entries and oldest first. Kafka checks that they have not changed and does not look at
//! them.

use zerocopy::byteorder::big_endian::{I16, I32, I64, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::producer_state::{KnownBatch, ProducerState, ProducerStates};
use crate::types::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

const VERSION: i16 = 1;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct SnapshotHeader {
    version: I16,
    crc: U32,
    count: I32,
}

const _: () = assert!(size_of::<SnapshotHeader>() == 10);

/// Where the bytes covered by the CRC start.
const CRC_START: usize = 6;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct SnapshotEntry {
    producer_id: I64,
    epoch: I16,
    last_sequence: I32,
    last_offset: I64,
    offset_delta: I32,
    timestamp: I64,
    coordinator_epoch: I32,
    transaction_start: I64,
}

const _: () = assert!(size_of::<SnapshotEntry>() == 46);

/// A batch before the last one of a producer.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct EarlierBatch {
    producer_id: I64,
    last_sequence: I32,
    last_offset: I64,
    offset_delta: I32,
    timestamp: I64,
}

const _: () = assert!(size_of::<EarlierBatch>() == 32);

/// Mark for "no offset".
const NO_OFFSET: i64 = -1;

/// Why a snapshot is not usable. The log is read instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SnapshotError {
    /// Another version of the format.
    #[error("version {0}, expected {VERSION}")]
    Version(i16),
    /// Not as many bytes as the entries and the earlier batches need.
    #[error("{0} bytes do not fit the count of entries")]
    Size(usize),
    /// The bytes are not what was written.
    #[error("checksum does not match")]
    Crc,
}

/// The file's bytes.
pub(super) fn encode(producers: &ProducerStates) -> Vec<u8> {
    let entries = producers.sorted();
    // No log has more producers than fit: each takes more memory than this entry.
    let count = i32::try_from(entries.len()).unwrap_or(i32::MAX);
    let header = SnapshotHeader { version: I16::new(VERSION), crc: U32::new(0), count: I32::new(count) };
    let mut bytes = header.as_bytes().to_vec();
    for (producer_id, state) in &entries {
        bytes.extend_from_slice(entry(*producer_id, state).as_bytes());
    }
    for (producer_id, state) in &entries {
        for batch in state.earlier_batches() {
            bytes.extend_from_slice(earlier(*producer_id, batch).as_bytes());
        }
    }
    let crc = crc_fast::crc32_iscsi(&bytes[CRC_START..]);
    bytes[2..CRC_START].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Reads the file's bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<ProducerStates, SnapshotError> {
    let size = SnapshotError::Size(bytes.len());
    let (header, rest) = SnapshotHeader::ref_from_prefix(bytes).map_err(|_| size)?;
    if header.version.get() != VERSION {
        return Err(SnapshotError::Version(header.version.get()));
    }
    if crc_fast::crc32_iscsi(&bytes[CRC_START..]) != header.crc.get() {
        return Err(SnapshotError::Crc);
    }
    let count = usize::try_from(header.count.get()).map_err(|_| size)?;
    let (entries, rest) = <[SnapshotEntry]>::ref_from_prefix_with_elems(rest, count).map_err(|_| size)?;
    let mut earlier = <[EarlierBatch]>::ref_from_bytes(rest).map_err(|_| size)?.iter().peekable();
    let mut producers = ProducerStates::default();
    for entry in entries {
        let mut state = state(entry);
        while let Some(batch) = earlier.next_if(|batch| batch.producer_id == entry.producer_id) {
            state.remember(known_earlier(batch));
        }
        if let Some(last) = last_batch(entry) {
            state.remember(last);
        }
        producers.restore(ProducerId(entry.producer_id.get()), state);
    }
    Ok(producers)
}

fn entry(producer_id: ProducerId, state: &ProducerState) -> SnapshotEntry {
    let last = state.last_batch();
    SnapshotEntry {
        producer_id: I64::new(producer_id.0),
        epoch: I16::new(state.epoch.0),
        last_sequence: I32::new(last.map_or(Sequence::NONE, |last| last.last_sequence).0),
        last_offset: I64::new(last.map_or(NO_OFFSET, |last| last.last_offset.0)),
        offset_delta: I32::new(last.map_or(0, |last| last.offset_delta)),
        timestamp: I64::new(state.last_timestamp.0),
        coordinator_epoch: I32::new(state.coordinator_epoch),
        transaction_start: I64::new(state.transaction_start.map_or(NO_OFFSET, |offset| offset.0)),
    }
}

fn earlier(producer_id: ProducerId, batch: KnownBatch) -> EarlierBatch {
    EarlierBatch {
        producer_id: I64::new(producer_id.0),
        last_sequence: I32::new(batch.last_sequence.0),
        last_offset: I64::new(batch.last_offset.0),
        offset_delta: I32::new(batch.offset_delta),
        timestamp: I64::new(batch.timestamp.0),
    }
}

/// All but the batches.
fn state(entry: &SnapshotEntry) -> ProducerState {
    let mut state = ProducerState::new(ProducerEpoch(entry.epoch.get()));
    state.last_timestamp = Timestamp(entry.timestamp.get());
    state.coordinator_epoch = entry.coordinator_epoch.get();
    let start = entry.transaction_start.get();
    state.transaction_start = (start >= 0).then_some(Offset(start));
    state
}

fn last_batch(entry: &SnapshotEntry) -> Option<KnownBatch> {
    (entry.last_offset.get() >= 0).then(|| KnownBatch {
        last_sequence: Sequence(entry.last_sequence.get()),
        last_offset: Offset(entry.last_offset.get()),
        offset_delta: entry.offset_delta.get(),
        timestamp: Timestamp(entry.timestamp.get()),
    })
}

fn known_earlier(batch: &EarlierBatch) -> KnownBatch {
    KnownBatch {
        last_sequence: Sequence(batch.last_sequence.get()),
        last_offset: Offset(batch.last_offset.get()),
        offset_delta: batch.offset_delta.get(),
        timestamp: Timestamp(batch.timestamp.get()),
    }
}
