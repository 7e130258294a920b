//! [`BatchBuilder`]: encodes records straight into the buffer that will be written or sent.
//!
//! Owned by one producer and partition at a time. The hot path, [`BatchBuilder::append`], neither allocates (once the
//! buffer has its size) nor reads a clock.

use super::compression;
use super::varint::{self, zigzag, zigzag_size};
use super::{Attributes, BatchHeader, Compression, HEADER_SIZE, PooledBuffer, SealedBatch};
use crate::limits::{BATCH_SIZE_MAX, HEADERS_COUNT_MAX};
use crate::types::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Most that a record has besides key, value and headers: 5 for its length, 1 of attributes, 10 for the timestamp
/// and 5 for the offset (Kafka: `DefaultRecord.MAX_RECORD_OVERHEAD`).
const RECORD_OVERHEAD_MAX: usize = 21;

/// One byte says that a key or value is null.
const NULL_SIZE: usize = 1;

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
        let length = 1 + varint::size_of(timestamp_delta) + varint::size_of(offset_delta) + fields;
        let size = varint::size_of(zigzag_size(length)) + length;
        self.reserve(size, record.headers.len())?;

        let buffer: &mut Vec<u8> = &mut self.buffer;
        varint::put(buffer, zigzag_size(length));
        buffer.push(0);
        varint::put(buffer, timestamp_delta);
        varint::put(buffer, offset_delta);
        put_bytes(buffer, record.key);
        put_bytes(buffer, record.value);
        varint::put(buffer, zigzag_size(record.headers.len()));
        for header in record.headers {
            put_bytes(buffer, Some(header.key.as_bytes()));
            put_bytes(buffer, header.value);
        }
        self.base_timestamp = base;
        self.max_timestamp = if first { base } else { self.max_timestamp.max(record.timestamp) };
        self.count += 1;
        Ok(())
    }

    /// Makes room for `size` bytes more, once for all that [`BatchBuilder::append`] writes.
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
    pub fn encoded_size_max(record: &RecordData<'_>) -> usize {
        RECORD_OVERHEAD_MAX + fields_size(record)
    }

    /// Size in bytes so far, header included, before compression.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// Number of records.
    #[must_use]
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
        bytes_size(record.key) + bytes_size(record.value) + varint::size_of(zigzag_size(headers.len()));
    for header in headers {
        size += bytes_size(Some(header.key.as_bytes())) + bytes_size(header.value);
    }
    size
}

#[inline]
fn bytes_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(NULL_SIZE, |bytes| varint::size_of(zigzag_size(bytes.len())) + bytes.len())
}

#[inline]
fn put_bytes(buffer: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => buffer.push(1),
        Some(bytes) => {
            varint::put(buffer, zigzag_size(bytes.len()));
            buffer.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::BufferPool;

    fn builder() -> BatchBuilder {
        BatchBuilder::new(BufferPool::new(1 << 20).take(4096), Compression::None)
    }

    fn record(timestamp: i64, value: &[u8]) -> RecordData<'_> {
        RecordData { timestamp: Timestamp(timestamp), key: None, value: Some(value), headers: &[] }
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let headers = [
            HeaderRef { key: "a", value: Some(b"1") },
            HeaderRef { key: "a", value: None },
            HeaderRef { key: "", value: Some(b"") },
        ];
        let given = [
            RecordData { timestamp: Timestamp(-5), key: Some(b"k"), value: Some(b"v"), headers: &headers },
            RecordData { timestamp: Timestamp(-9), key: None, value: None, headers: &[] },
            RecordData { timestamp: Timestamp(7), key: Some(b""), value: Some(&[7; 300]), headers: &[] },
        ];
        let mut builder = builder();
        for record in &given {
            let before = builder.size();
            builder.append(record).unwrap();
            assert!(builder.size() - before <= BatchBuilder::encoded_size_max(record));
        }
        assert_eq!((builder.count(), builder.max_timestamp()), (3, Timestamp(7)));
        let size = builder.size();
        let sealed = builder.seal(ProducerStamp::NONE, None).unwrap();
        assert_eq!(sealed.size(), size);
        sealed.view().verify().unwrap();

        let read: Vec<_> = sealed.view().records().unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), given.len());
        for (index, (read, given)) in read.iter().zip(&given).enumerate() {
            assert_eq!(read.offset.0, i64::try_from(index).unwrap());
            assert_eq!((read.timestamp, read.key, read.value), (given.timestamp, given.key, given.value));
            assert_eq!(read.headers.count(), given.headers.len());
            for (read, given) in read.headers.zip(given.headers) {
                assert_eq!((read.key_str().unwrap(), read.value), (given.key, given.value));
            }
        }
    }

    #[test]
    fn the_stamp_and_the_counts_are_in_the_header() {
        let mut builder = builder();
        for timestamp in [100, 90, 110] {
            builder.append(&record(timestamp, b"v")).unwrap();
        }
        let stamp = ProducerStamp {
            producer_id: ProducerId(7),
            epoch: ProducerEpoch(3),
            base_sequence: Sequence(40),
            transactional: true,
        };
        let sealed = builder.seal(stamp, None).unwrap();
        let header = sealed.header();
        assert_eq!((header.producer_id(), header.producer_epoch()), (ProducerId(7), ProducerEpoch(3)));
        assert_eq!(header.base_sequence(), Sequence(40));
        assert!(header.attributes().is_transactional());
        assert_eq!((header.records_count.get(), header.last_offset_delta.get()), (3, 2));
        assert_eq!((header.base_timestamp.get(), header.max_timestamp.get()), (100, 110));
    }

    #[test]
    fn timestamps_at_the_ends_of_the_range_survive() {
        let mut builder = builder();
        let given = [i64::MIN, i64::MAX, 0, -1];
        for timestamp in given {
            builder.append(&record(timestamp, b"")).unwrap();
        }
        let sealed = builder.seal(ProducerStamp::NONE, None).unwrap();
        let read: Vec<_> = sealed.view().records().unwrap().map(|r| r.unwrap().timestamp.0).collect();
        assert_eq!(read, given);
    }

    #[test]
    fn a_batch_filled_to_its_buffer_does_not_grow_it() {
        let pool = BufferPool::new(1 << 20);
        let mut builder = BatchBuilder::new(pool.take(16 << 10), Compression::None);
        let (address, value) = (builder.buffer.as_ptr(), [1; 93]);
        // 100 bytes a record, to exactly 16 KiB: the last one takes what is left.
        while builder.size() + 200 < 16 << 10 {
            builder.append(&record(0, &value)).unwrap();
        }
        let overhead = 10;
        let last = vec![1; (16 << 10) - builder.size() - overhead];
        builder.append(&record(0, &last)).unwrap();
        assert_eq!((builder.size(), builder.buffer.as_ptr()), (16 << 10, address));
    }

    #[test]
    fn what_is_refused_leaves_the_batch_as_it_was() {
        let mut builder = builder();
        builder.append(&record(5, b"v")).unwrap();
        let size = builder.size();
        let headers = vec![HeaderRef { key: "", value: None }; HEADERS_COUNT_MAX + 1];
        let refused = RecordData { headers: &headers, ..record(9, b"v") };
        assert_eq!(builder.append(&refused), Err(BuildError::HeadersCount(HEADERS_COUNT_MAX + 1)));
        // The same 16 MiB again and again: a batch of more than 1 GiB that costs no memory.
        let large = vec![0; 16 << 20];
        let headers = [HeaderRef { key: "", value: Some(&large) }; 64];
        let refused = RecordData { headers: &headers, ..record(9, b"v") };
        assert!(matches!(builder.append(&refused), Err(BuildError::TooLarge { .. })));
        assert_eq!((builder.size(), builder.count(), builder.max_timestamp()), (size, 1, Timestamp(5)));
    }

    #[test]
    fn a_batch_without_records_is_not_sealed() {
        assert_eq!(builder().seal(ProducerStamp::NONE, None).unwrap_err(), BuildError::Empty);
    }
}
