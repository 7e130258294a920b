//! [`SealedBatch`]: a complete batch in memory that nobody else holds, on its way from a producer to a log.
//!
//! It moves from the producer's thread to the shard's. Offset and leader epoch are patched in place: the checksum does
//! not cover them, so nothing is encoded or copied again.

use std::ops::{Deref, DerefMut};

use bytes::{Bytes, BytesMut};
use zerocopy::FromBytes;

use super::header::{LENGTH_OVERHEAD, crc_of};
use super::{
    BatchError, BatchHeader, BatchView, BuildError, Compression, HEADER_SIZE, PooledBuffer, compression,
};
use crate::limits::BATCH_SIZE_MAX;
use crate::types::{LeaderEpoch, Offset, Sequence, Timestamp};

/// A batch whose length and checksum are right.
#[derive(Debug)]
pub struct SealedBatch {
    /// Exactly one batch.
    buffer: Buffer,
    /// Somebody else has built it: what is inside is only a claim.
    foreign: bool,
}

/// Memory that holds one batch and that nobody else sees.
#[derive(Debug)]
enum Buffer {
    /// Where a builder has put it.
    Pooled(PooledBuffer),
    /// A part of what a client has sent.
    Received(BytesMut),
}

impl Buffer {
    fn freeze(self) -> Bytes {
        match self {
            Buffer::Pooled(buffer) => Bytes::from_owner(buffer),
            Buffer::Received(buffer) => buffer.freeze(),
        }
    }

    /// Other memory, from the same pool if there is one.
    fn sibling(&self, capacity: usize) -> PooledBuffer {
        match self {
            Buffer::Pooled(buffer) => buffer.sibling(capacity),
            Buffer::Received(_) => PooledBuffer::from(Vec::with_capacity(capacity)),
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Buffer::Pooled(buffer) => buffer,
            Buffer::Received(buffer) => buffer,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Buffer::Pooled(buffer) => buffer,
            Buffer::Received(buffer) => buffer,
        }
    }
}

/// Why a batch's records cannot be packed with another codec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepackError {
    /// They cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] BatchError),
    /// They cannot be packed.
    #[error(transparent)]
    Pack(#[from] BuildError),
}

impl SealedBatch {
    /// Puts `header` in front of the records in `buffer`, which leaves its first bytes free for it, and
    /// fills in length and checksum.
    pub(super) fn new(header: BatchHeader, buffer: PooledBuffer) -> SealedBatch {
        let length = buffer.len().checked_sub(LENGTH_OVERHEAD).and_then(|length| i32::try_from(length).ok());
        let mut batch = SealedBatch { buffer: Buffer::Pooled(buffer), foreign: false };
        *batch.header_mut() = header;
        batch.header_mut().length.set(length.expect("the caller holds it to BATCH_SIZE_MAX"));
        batch.seal();
        batch
    }

    /// Takes bytes from a producer: exactly one batch, with the right checksum. The records inside are not looked
    /// at; [`BatchView::validate`] does that.
    ///
    /// # Errors
    /// [`BatchError::Inconsistent`] for none or more than one batch, else what [`BatchView::parse`] and
    /// [`BatchView::verify`] say.
    pub fn from_wire(buffer: BytesMut) -> Result<SealedBatch, BatchError> {
        if buffer.is_empty() {
            return Err(BatchError::Inconsistent("there is no record batch"));
        }
        let view = BatchView::parse(&buffer)?;
        if view.size() != buffer.len() {
            return Err(BatchError::Inconsistent("bytes follow the record batch, only one is allowed"));
        }
        view.verify()?;
        Ok(SealedBatch { buffer: Buffer::Received(buffer), foreign: true })
    }

    /// Whether it came from a client's encoder, so that nobody has looked at its records yet.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The same records packed with another codec (a topic's `compression.type`). `scratch` is used as by
    /// [`BatchView::unpack`], `size_max` bounds what they unpack to, and `level` is as for
    /// [`super::BatchBuilder::seal`].
    ///
    /// # Errors
    /// [`RepackError`], with the batch as it was.
    pub fn repack(
        self,
        codec: Compression,
        level: Option<i32>,
        scratch: &mut Vec<u8>,
        size_max: usize,
    ) -> Result<SealedBatch, (RepackError, SealedBatch)> {
        match self.repacked(codec, level, scratch, size_max) {
            Ok(repacked) => Ok(repacked),
            Err(error) => Err((error, self)),
        }
    }

    fn repacked(
        &self,
        codec: Compression,
        level: Option<i32>,
        scratch: &mut Vec<u8>,
        size_max: usize,
    ) -> Result<SealedBatch, RepackError> {
        let records = self.view().unpack(scratch, size_max)?;
        let mut buffer = self.buffer.sibling(self.buffer.len());
        buffer.resize(HEADER_SIZE, 0);
        compression::pack(codec, level, records.remaining(), &mut buffer)?;
        if buffer.len() > BATCH_SIZE_MAX {
            return Err(BuildError::TooLarge { size: buffer.len() }.into());
        }
        let mut header = *self.header();
        header.attributes.set(header.attributes().with_compression(codec).0);
        Ok(SealedBatch { foreign: self.foreign, ..SealedBatch::new(header, buffer) })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        let (header, _) = BatchHeader::ref_from_prefix(&self.buffer).expect("a sealed batch has a header");
        header
    }

    fn header_mut(&mut self) -> &mut BatchHeader {
        let (header, _) =
            BatchHeader::mut_from_prefix(&mut self.buffer).expect("a sealed batch has a header");
        header
    }

    /// Size in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// The batch, borrowed.
    #[must_use]
    pub fn view(&self) -> BatchView<'_> {
        BatchView::parse(&self.buffer).expect("a sealed batch was parsed or built")
    }

    /// Makes `now` the timestamp of every record (`message.timestamp.type=LogAppendTime`).
    pub fn set_log_append_time(&mut self, now: Timestamp) {
        let header = self.header_mut();
        header.attributes.set(header.attributes().with_log_append_time().0);
        header.max_timestamp.set(now.0);
        self.seal();
    }

    /// Numbers the records of an idempotent producer's batch from `sequence` on.
    pub fn set_base_sequence(&mut self, sequence: Sequence) {
        if self.header().base_sequence() != sequence {
            self.header_mut().base_sequence.set(sequence.0);
            self.seal();
        }
    }

    /// Corrects the largest timestamp, for a batch whose header claims another than its records have
    /// ([`BatchView::validate`] tells). Costs nothing when it is right.
    pub fn set_max_timestamp(&mut self, timestamp: Timestamp) {
        if self.header().max_timestamp() != timestamp {
            self.header_mut().max_timestamp.set(timestamp.0);
            self.seal();
        }
    }

    /// Gives the batch its place in the log and makes it immutable and shareable. No byte is copied; the
    /// memory goes back to its pool when the last clone is dropped.
    #[must_use]
    pub fn assign(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Bytes {
        let header = self.header_mut();
        header.base_offset.set(base_offset.0);
        header.leader_epoch.set(leader_epoch.0);
        self.buffer.freeze()
    }

    fn seal(&mut self) {
        let crc = crc_of(&self.buffer);
        self.header_mut().crc.set(crc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, BufferPool, Compression, ProducerStamp, RecordData, TimestampType};

    fn sealed(pool: &BufferPool) -> SealedBatch {
        let mut builder = BatchBuilder::new(pool.take(4096), Compression::None);
        for timestamp in [10, 20] {
            let record =
                RecordData { timestamp: Timestamp(timestamp), key: None, value: Some(b"v"), headers: &[] };
            builder.append(&record).unwrap();
        }
        builder.seal(ProducerStamp::NONE, None).unwrap()
    }

    #[test]
    fn assigning_copies_nothing_and_keeps_the_checksum() {
        let pool = BufferPool::new(1 << 20);
        let batch = sealed(&pool);
        let address = batch.view().bytes().as_ptr();
        let bytes = batch.assign(Offset(500), LeaderEpoch(3));
        assert_eq!(bytes.as_ptr(), address);
        let view = BatchView::parse(&bytes).unwrap();
        view.verify().unwrap();
        assert_eq!((view.header().base_offset(), view.header().next_offset()), (Offset(500), Offset(502)));
        assert_eq!(view.header().leader_epoch(), LeaderEpoch(3));
        let clone = bytes.clone();
        drop(bytes);
        assert_eq!(pool.retained_bytes(), 0);
        drop(clone);
        assert!(pool.retained_bytes() > 0, "the last clone gives the memory back");
    }

    #[test]
    fn the_append_time_is_every_records_timestamp() {
        let mut batch = sealed(&BufferPool::new(0));
        batch.set_log_append_time(Timestamp(77));
        batch.view().verify().unwrap();
        assert_eq!(batch.header().attributes().timestamp_type(), TimestampType::LogAppendTime);
        let times: Vec<_> = batch.view().records().unwrap().map(|r| r.unwrap().timestamp).collect();
        assert_eq!(times, [Timestamp(77), Timestamp(77)]);
    }

    #[test]
    fn a_wrong_largest_timestamp_can_be_corrected() {
        let mut batch = sealed(&BufferPool::new(0));
        batch.set_max_timestamp(Timestamp(99));
        assert_eq!(batch.header().max_timestamp(), Timestamp(99));
        batch.view().verify().unwrap();
    }

    #[test]
    fn repacking_changes_the_codec_and_nothing_else() {
        let codecs =
            [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
        let mut scratch = Vec::new();
        let mut batch = sealed(&BufferPool::new(0));
        let header = *batch.header();
        let records: Vec<u8> = batch.view().payload().to_vec();
        for codec in codecs.into_iter().filter(Compression::is_testable).chain([Compression::None]) {
            batch = batch.repack(codec, None, &mut scratch, 1 << 20).unwrap();
            batch.view().verify().unwrap();
            assert_eq!(batch.header().attributes().compression(), Ok(codec));
            assert_eq!(batch.view().unpack(&mut scratch, 1 << 20).unwrap().remaining(), records);
            assert_eq!(batch.header().max_timestamp(), header.max_timestamp());
            assert_eq!(batch.header().records_count, header.records_count);
        }
        assert_eq!(batch.view().bytes().len(), HEADER_SIZE + records.len());
        let (error, _) = batch
            .repack(Compression::Gzip, None, &mut scratch, 1 << 20)
            .unwrap()
            .repack(Compression::None, None, &mut scratch, 4)
            .unwrap_err();
        assert_eq!(error, RepackError::Unpack(BatchError::Unpacked(4)));
    }

    #[test]
    fn from_the_wire_comes_exactly_one_intact_batch() {
        let bytes = sealed(&BufferPool::new(0)).view().bytes().to_vec();
        let from = |bytes: &[u8]| SealedBatch::from_wire(BytesMut::from(bytes));
        assert_eq!(from(&bytes).unwrap().view().bytes(), bytes);
        assert!(matches!(from(&[]), Err(BatchError::Inconsistent(_))));
        assert!(matches!(from(&bytes.repeat(2)), Err(BatchError::Inconsistent(_))));
        assert!(matches!(from(&bytes[..60]), Err(BatchError::Truncated { .. })));
        assert!(matches!(from(&bytes[..bytes.len() - 1]), Err(BatchError::Truncated { .. })));
        for position in [21, 40, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1;
            assert!(matches!(from(&flipped), Err(BatchError::Crc { .. })), "byte {position}");
        }
        for magic in [0, 1] {
            let mut old = bytes.clone();
            old[16] = magic;
            assert!(matches!(from(&old), Err(BatchError::Magic(_))));
        }
    }
}
