//! The 61 bytes in front of every batch, as a struct that *is* the format, and [`BatchView`], a borrowed batch whose
//! length has been checked. Never allocates.
//!
//! ```text
//!  0        8            12                   16     17   21          23
//! +--------+------------+--------------------+------+----+-----------+-----------------+
//! | base   | length of  | partition leader   | magic| crc| attributes| last offset     |
//! | offset | the rest   | epoch (not in crc) | = 2  | 32C|           | delta           |
//! | i64    | i32        | i32                | i8   | u32| i16       | i32             |
//! +--------+------------+--------------------+------+----+-----------+-----------------+
//!  27               35             43            51               53             57
//! +----------------+--------------+-------------+----------------+--------------+---------------+
//! | base timestamp | max timestamp| producer id | producer epoch | base sequence| records count |
//! | i64            | i64          | i64         | i16            | i32          | i32           |
//! +----------------+--------------+-------------+----------------+--------------+---------------+
//! ```
//! All integers are big-endian. The CRC covers everything from `attributes` to the end of the batch.

use zerocopy::byteorder::big_endian::{I16, I32, I64, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::limits::BATCH_SIZE_MAX;
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Size of [`BatchHeader`].
pub const HEADER_SIZE: usize = 61;

/// Where the bytes covered by the CRC start.
const CRC_START: usize = 21;

/// Bytes of a batch that its `length` field does not count: base offset and the field itself.
pub(super) const LENGTH_OVERHEAD: usize = 12;

/// Header of a record batch, byte for byte.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: I64,
    /// Size of all that follows this field.
    pub length: I32,
    /// Epoch of the leader that appended the batch.
    pub leader_epoch: I32,
    /// Version of the format, 2.
    pub magic: i8,
    /// CRC-32C of everything from `attributes` on.
    pub crc: U32,
    /// See [`Attributes`].
    pub attributes: I16,
    /// Offset of the last record, minus the base offset. Compaction may remove records but keeps this.
    pub last_offset_delta: I32,
    /// Timestamp that the records' deltas count from.
    pub base_timestamp: I64,
    /// Largest timestamp of the batch, or the append time.
    pub max_timestamp: I64,
    /// Producer id, -1 for none.
    pub producer_id: I64,
    /// Producer epoch, -1 for none.
    pub producer_epoch: I16,
    /// Sequence of the first record, -1 for none.
    pub base_sequence: I32,
    /// Number of records.
    pub records_count: I32,
}

const _: () = assert!(size_of::<BatchHeader>() == HEADER_SIZE);

/// How the records of a batch are packed (attribute bits 0 to 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy blocks in Xerial's frame, as the Java client writes them.
    Snappy,
    /// LZ4 frame.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
}

#[cfg(test)]
impl Compression {
    /// Whether tests can use it: Miri cannot run the codec that is C.
    pub(crate) fn is_testable(&self) -> bool {
        !cfg!(miri) || *self != Compression::Zstd
    }
}

/// Who set the timestamps (attribute bit 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    CreateTime,
    /// The log, when it appended: every record has the batch's `max_timestamp`.
    LogAppendTime,
}

/// The attribute bits of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    const COMPRESSION: i16 = 0b111;
    const LOG_APPEND_TIME: i16 = 1 << 3;
    const TRANSACTIONAL: i16 = 1 << 4;
    const CONTROL: i16 = 1 << 5;
    const DELETE_HORIZON: i16 = 1 << 6;

    /// Attributes of an ordinary batch.
    #[must_use]
    pub fn new(compression: Compression) -> Attributes {
        Attributes(match compression {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        })
    }

    /// The codec.
    ///
    /// # Errors
    /// [`BatchError::Compression`] for a number that Kafka does not define.
    pub fn compression(self) -> Result<Compression, BatchError> {
        match self.0 & Self::COMPRESSION {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            other => Err(BatchError::Compression(other)),
        }
    }

    /// These attributes with another codec.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Attributes {
        Attributes(self.0 & !Self::COMPRESSION | Attributes::new(compression).0)
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// These attributes with the log's own append time.
    #[must_use]
    pub fn with_log_append_time(self) -> Attributes {
        Attributes(self.0 | Self::LOG_APPEND_TIME)
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// These attributes, marked as part of a transaction.
    #[must_use]
    pub fn with_transactional(self) -> Attributes {
        Attributes(self.0 | Self::TRANSACTIONAL)
    }

    /// These attributes, of a batch that is part of no transaction and ends none.
    #[must_use]
    pub fn without_transaction(self) -> Attributes {
        Attributes(self.0 & !(Self::TRANSACTIONAL | Self::CONTROL))
    }

    /// Whether the batch holds a marker of the log instead of data.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// These attributes, marked as control batch.
    #[must_use]
    pub fn with_control(self) -> Attributes {
        Attributes(self.0 | Self::CONTROL)
    }

    /// These attributes with a delete horizon in `base_timestamp`.
    #[must_use]
    pub fn with_delete_horizon(self) -> Attributes {
        Attributes(self.0 | Self::DELETE_HORIZON)
    }

    /// These attributes, of a batch that has no records: nothing in it is compressed, or to be deleted.
    #[must_use]
    pub fn without_records(self) -> Attributes {
        Attributes(self.0 & !(Self::COMPRESSION | Self::DELETE_HORIZON))
    }

    /// Whether `base_timestamp` holds the time after which tombstones may go (KIP-534).
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }
}

/// Why bytes are not a usable record batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than the batch needs; for a tail being written this is the ordinary end.
    #[error("batch needs {needed} bytes, {available} are there")]
    Truncated {
        /// Bytes that the batch says it has, or the size of a header.
        needed: usize,
        /// Bytes that were given.
        available: usize,
    },
    /// A length that no batch can have. Zero is what a pre-written tail holds.
    #[error("batch length {0} is outside {min}..={max}", min = HEADER_SIZE - LENGTH_OVERHEAD, max = BATCH_SIZE_MAX)]
    Length(i32),
    /// Message formats 0 and 1 ended with Kafka 4.0 (KIP-724).
    #[error("message format version {0} is not supported, only record batches of version 2 are")]
    Magic(i8),
    /// The bytes are not what was written.
    #[error("checksum is {computed:#010x}, the batch says {stored:#010x}")]
    Crc {
        /// From the header.
        stored: u32,
        /// Of the bytes.
        computed: u32,
    },
    /// Attribute bits 0 to 2 name no codec.
    #[error("compression codec {0} does not exist")]
    Compression(i16),
    /// The packed records cannot be unpacked.
    #[error("{codec:?} data is corrupt: {reason}")]
    Packed {
        /// The codec.
        codec: Compression,
        /// What the codec's library says.
        reason: String,
    },
    /// Unpacking would take more than is allowed.
    #[error("records unpack to more than {0} bytes")]
    Unpacked(usize),
    /// A record inside the batch is malformed.
    #[error("record {index}: {reason}")]
    Record {
        /// Its place in the batch, from 0.
        index: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Counts of the header contradict each other or the records.
    #[error("{0}")]
    Inconsistent(&'static str),
}

/// A borrowed batch: header and length have been checked, the CRC has not.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    bytes: &'a [u8],
    header: &'a BatchHeader,
}

impl<'a> BatchView<'a> {
    /// The first batch of `bytes`, which may go on behind it.
    ///
    /// # Errors
    /// [`BatchError::Truncated`], [`BatchError::Length`] or [`BatchError::Magic`].
    pub fn parse(bytes: &'a [u8]) -> Result<BatchView<'a>, BatchError> {
        let available = bytes.len();
        let truncated = BatchError::Truncated { needed: HEADER_SIZE, available };
        let (header, _) = BatchHeader::ref_from_prefix(bytes).map_err(|_| truncated)?;
        let size = header.size()?;
        if header.magic != 2 {
            return Err(BatchError::Magic(header.magic));
        }
        let bytes = bytes.get(..size).ok_or(BatchError::Truncated { needed: size, available })?;
        Ok(BatchView { bytes, header })
    }

    /// All bytes of the batch, header included.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Size in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &'a BatchHeader {
        self.header
    }

    /// What follows the header: records, packed as [`Attributes::compression`] says.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(HEADER_SIZE..).unwrap_or_default()
    }

    /// Compares the CRC with the bytes.
    ///
    /// # Errors
    /// [`BatchError::Crc`].
    pub fn verify(&self) -> Result<(), BatchError> {
        let (stored, computed) = (self.header.crc.get(), crc_of(self.bytes));
        if stored == computed { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
    }
}

impl BatchHeader {
    /// Size of the whole batch, header included.
    ///
    /// # Errors
    /// [`BatchError::Length`] when the length field cannot be true.
    pub fn size(&self) -> Result<usize, BatchError> {
        let length = self.length.get();
        match usize::try_from(length) {
            Ok(rest) if (HEADER_SIZE - LENGTH_OVERHEAD..=BATCH_SIZE_MAX).contains(&rest) => {
                Ok(rest + LENGTH_OVERHEAD)
            }
            _ => Err(BatchError::Length(length)),
        }
    }

    /// Offset of the first record.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        Offset(self.base_offset.get())
    }

    /// Offset of the last record.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset().plus(i64::from(self.last_offset_delta.get()))
    }

    /// Offset behind the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// The attribute bits.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        Attributes(self.attributes.get())
    }

    /// Largest timestamp of the batch.
    #[must_use]
    pub fn max_timestamp(&self) -> Timestamp {
        Timestamp(self.max_timestamp.get())
    }

    /// Epoch of the leader that appended the batch.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.leader_epoch.get())
    }

    /// The producer's identity.
    #[must_use]
    pub fn producer_id(&self) -> ProducerId {
        ProducerId(self.producer_id.get())
    }

    /// The producer's epoch.
    #[must_use]
    pub fn producer_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(self.producer_epoch.get())
    }

    /// Sequence of the first record.
    #[must_use]
    pub fn base_sequence(&self) -> Sequence {
        Sequence(self.base_sequence.get())
    }
}

/// CRC-32C of a whole batch, as its header stores it. `bytes` must be at least a header long.
pub(super) fn crc_of(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes.get(CRC_START..).unwrap_or_default())
}
