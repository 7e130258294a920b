//! [`BatchBuilder`]: encodes records straight into the buffer that will be written or sent.
//!
//! Owned by one producer and partition at a time. The hot path, [`BatchBuilder::append`], neither allocates (once the
//! buffer has its size) nor reads a clock.

use super::compression;
use super::varint::{self, SHORT_END, Word, encoded_size, zigzag, zigzag_size};
use super::{Attributes, BatchHeader, Compression, HEADER_SIZE, PooledBuffer, SealedBatch};
use crate::limits::{BATCH_SIZE_MAX, HEADERS_COUNT_MAX};
use crate::types::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Most that a record has besides key, value and headers: 5 for its length, 1 of attributes, 10 for the timestamp
/// and 5 for the offset (Kafka: `DefaultRecord.MAX_RECORD_OVERHEAD`).
const RECORD_OVERHEAD_MAX: usize = 21;

/// Size of a key or value that is null: -1, zigzag-encoded, which takes one byte.
const NULL: u64 = 1;

/// What a producer gives for one record.
#[derive(Clone, Copy, Debug)]
pub struct RecordData<'a> {
    /// When the record was made. May be negative.
    pub timestamp: Timestamp,
    /// Key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is null.
    pub value: Option<&'a [u8]>,
    /// Headers, kept in this order; keys may repeat.
    pub headers: &'a [HeaderRef<'a>],
}

/// A header as a producer gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRef<'a> {
    /// Key.
    pub key: &'a str,
    /// Value; `None` is null.
    pub value: Option<&'a [u8]>,
}

/// Who a batch comes from (KIP-98): what makes a repeated one recognizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerStamp {
    /// The producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// Sequence of the first record; the others follow one by one.
    pub base_sequence: Sequence,
    /// Whether the batch belongs to the producer's open transaction.
    pub transactional: bool,
}

impl ProducerStamp {
    /// Neither idempotent nor transactional.
    pub const NONE: ProducerStamp = ProducerStamp {
        producer_id: ProducerId::NONE,
        epoch: ProducerEpoch::NONE,
        base_sequence: Sequence::NONE,
        transactional: false,
    };
}

/// Why a record or batch cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The batch would be larger than the format allows. It is unchanged.
    #[error("batch would have {size} bytes, at most {BATCH_SIZE_MAX} are possible")]
    TooLarge {
        /// Size in bytes that the batch would have.
        size: usize,
    },
    /// More headers than [`HEADERS_COUNT_MAX`]. The batch is unchanged.
    #[error("record has {0} headers, at most {HEADERS_COUNT_MAX} are allowed")]
    HeadersCount(usize),
    /// A batch without records means nothing to a log.
    #[error("batch has no records")]
    Empty,
    /// The codec refused to pack the records.
    #[error("{codec:?} compression failed: {reason}")]
    Compression {
        /// The codec.
        codec: Compression,
        /// What the codec's library says.
        reason: String,
    },
}

/// An open batch. Its codec is chosen at the start, its producer when it is sealed.
#[derive(Debug)]
pub struct BatchBuilder {
    buffer: PooledBuffer,
    compression: Compression,
    count: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

impl BatchBuilder {
    /// An empty batch in `buffer`, whose content is discarded.
    #[must_use]
    pub fn new(mut buffer: PooledBuffer, compression: Compression) -> BatchBuilder {
        buffer.clear();
        buffer.resize(HEADER_SIZE, 0);
        BatchBuilder {
            buffer,
            compression,
            count: 0,
            base_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
        }
    }

    /// Adds a record behind the others.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`] or [`BuildError::HeadersCount`]; the batch is then as before.
    #[inline]
    pub fn append(&mut self, record: &RecordData<'_>) -> Result<(), BuildError> {
        let first = self.count == 0;
        let base = if first { record.timestamp } else { self.base_timestamp };
        let timestamp_delta = zigzag(record.timestamp.0.wrapping_sub(base.0));
        let offset_delta = zigzag(i64::from(self.count));
        let fields = fields_size(record);
        let length = 1 + encoded_size(timestamp_delta) + encoded_size(offset_delta) + fields;
        let size = encoded_size(zigzag_size(length)) + length;
        self.reserve(size, record.headers.len())?;

        let buffer: &mut Vec<u8> = &mut self.buffer;
        put_front(buffer, [zigzag_size(length), 0, timestamp_delta, offset_delta], record.key);
        put_bytes(buffer, record.value);
        if record.headers.is_empty() {
            buffer.push(0);
        } else {
            put_headers(buffer, record.headers);
        }
        self.base_timestamp = base;
        self.max_timestamp = if first { base } else { self.max_timestamp.max(record.timestamp) };
        self.count += 1;
        Ok(())
    }

    /// Makes room for `size` bytes more, once for all that [`BatchBuilder::append`] writes.
    #[inline]
    fn reserve(&mut self, size: usize, headers_count: usize) -> Result<(), BuildError> {
        let size_after = self.buffer.len().saturating_add(size);
        if size_after > BATCH_SIZE_MAX {
            return Err(BuildError::TooLarge { size: size_after });
        }
        if headers_count > HEADERS_COUNT_MAX {
            return Err(BuildError::HeadersCount(headers_count));
        }
        self.buffer.reserve(size + varint::PUT_ROOM);
        Ok(())
    }

    /// Upper bound in bytes of what `record` adds to a batch. With [`HEADER_SIZE`] it is what Kafka compares with
    /// `max.request.size` (`AbstractRecords.estimateSizeInBytesUpperBound`).
    #[must_use]
    #[inline]
    pub fn encoded_size_max(record: &RecordData<'_>) -> usize {
        RECORD_OVERHEAD_MAX + fields_size(record)
    }

    /// Size in bytes so far, header included, before compression.
    #[must_use]
    #[inline]
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// Number of records.
    #[must_use]
    #[inline]
    pub fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or_default()
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Largest timestamp so far, [`Timestamp::NONE`] when empty.
    #[must_use]
    pub fn max_timestamp(&self) -> Timestamp {
        self.max_timestamp
    }

    /// Closes the batch: packs the records and computes the checksum. `level` is the codec's own scale (KIP-390);
    /// out of range it counts as the nearest end, and snappy and LZ4 have none. Like Kafka this stores the packed
    /// records even when they are larger.
    ///
    /// # Errors
    /// [`BuildError::Empty`], [`BuildError::Compression`] and, when packing made it grow, [`BuildError::TooLarge`].
    pub fn seal(self, stamp: ProducerStamp, level: Option<i32>) -> Result<SealedBatch, BuildError> {
        let attributes = Attributes::new(self.compression);
        self.seal_as(attributes, stamp, level)
    }

    /// As [`BatchBuilder::seal`]; `attributes` must name the codec that the builder has.
    pub(super) fn seal_as(
        self,
        mut attributes: Attributes,
        stamp: ProducerStamp,
        level: Option<i32>,
    ) -> Result<SealedBatch, BuildError> {
        if self.is_empty() {
            return Err(BuildError::Empty);
        }
        if stamp.transactional {
            attributes = attributes.with_transactional();
        }
        let header = BatchHeader {
            base_offset: 0.into(),
            length: 0.into(),
            leader_epoch: (-1).into(),
            magic: 2,
            crc: 0.into(),
            attributes: attributes.0.into(),
            last_offset_delta: (self.count - 1).into(),
            base_timestamp: self.base_timestamp.0.into(),
            max_timestamp: self.max_timestamp.0.into(),
            producer_id: stamp.producer_id.0.into(),
            producer_epoch: stamp.epoch.0.into(),
            base_sequence: stamp.base_sequence.0.into(),
            records_count: self.count.into(),
        };
        let buffer = self.into_packed(level)?;
        if buffer.len() > BATCH_SIZE_MAX {
            return Err(BuildError::TooLarge { size: buffer.len() });
        }
        Ok(SealedBatch::new(header, buffer))
    }

    /// Room for the header, and the records in their final form.
    fn into_packed(self, level: Option<i32>) -> Result<PooledBuffer, BuildError> {
        if self.compression == Compression::None {
            return Ok(self.buffer);
        }
        let mut packed = self.buffer.sibling(self.buffer.len());
        packed.resize(HEADER_SIZE, 0);
        let records = self.buffer.get(HEADER_SIZE..).unwrap_or_default();
        compression::pack(self.compression, level, records, &mut packed)?;
        Ok(packed)
    }
}

/// Size of all that follows the offset delta.
#[inline]
fn fields_size(record: &RecordData<'_>) -> usize {
    let headers = record.headers;
    let mut size =
        bytes_size(record.key) + bytes_size(record.value) + encoded_size(zigzag_size(headers.len()));
    for header in headers {
        size += bytes_size(Some(header.key.as_bytes())) + bytes_size(header.value);
    }
    size
}

#[inline]
fn bytes_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(encoded_size(NULL), |bytes| encoded_size(zigzag_size(bytes.len())) + bytes.len())
}

/// Writes what comes before the value. The attributes, always 0, are the same as a number and as a byte.
#[inline]
fn put_front(buffer: &mut Vec<u8>, numbers: [u64; 4], key: Option<&[u8]>) {
    let key_size = key.map_or(NULL, |key| zigzag_size(key.len()));
    if numbers.iter().fold(key_size, |all, number| all | number) < SHORT_END {
        let mut word = Word::default();
        for number in numbers {
            word.put(number);
        }
        word.put(key_size);
        word.flush(buffer);
    } else {
        for number in numbers {
            varint::put(buffer, number);
        }
        varint::put(buffer, key_size);
    }
    if let Some(key) = key {
        buffer.extend_from_slice(key);
    }
}

#[inline(never)]
fn put_headers(buffer: &mut Vec<u8>, headers: &[HeaderRef<'_>]) {
    varint::put(buffer, zigzag_size(headers.len()));
    for header in headers {
        put_bytes(buffer, Some(header.key.as_bytes()));
        put_bytes(buffer, header.value);
    }
}

#[inline]
fn put_bytes(buffer: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint::put(buffer, NULL),
        Some(bytes) => {
            varint::put(buffer, zigzag_size(bytes.len()));
            buffer.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
