//! Control batches: the marker that ends a transaction in a partition (KIP-98). No client ever sees the record.
//!
//! ```text
//! key:   version i16 = 0 | type i16: 0 abort, 1 commit
//! value: version i16 = 0 | epoch of the transaction coordinator i32            (all big-endian)
//! ```

use zerocopy::byteorder::big_endian::{I16, I32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{
    Attributes, BatchBuilder, BatchError, BatchView, Compression, PooledBuffer, ProducerStamp, RecordData,
    SealedBatch,
};
use crate::types::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlMarker {
    /// Its records are not to be read.
    Abort,
    /// Its records count.
    Commit,
}

/// What a control batch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRecord {
    /// How the transaction ended.
    pub marker: ControlMarker,
    /// Epoch of the coordinator that ended it; a lower one than before is a zombie.
    pub coordinator_epoch: i32,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Key {
    version: I16,
    kind: I16,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Value {
    version: I16,
    coordinator_epoch: I32,
}

impl SealedBatch {
    /// The batch that ends the transaction of this producer.
    #[must_use]
    pub fn control(
        record: ControlRecord,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        timestamp: Timestamp,
    ) -> SealedBatch {
        let kind = match record.marker {
            ControlMarker::Abort => 0,
            ControlMarker::Commit => 1,
        };
        let key = Key { version: 0.into(), kind: kind.into() };
        let value = Value { version: 0.into(), coordinator_epoch: record.coordinator_epoch.into() };
        let stamp = ProducerStamp {
            producer_id,
            epoch: producer_epoch,
            base_sequence: Sequence::NONE,
            transactional: true,
        };
        let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
        let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
        builder
            .append(&RecordData { timestamp, key, value, headers: &[] })
            .and_then(|()| builder.seal_as(Attributes::default().with_control(), stamp, None))
            .expect("one small record without compression fits any batch")
    }
}

impl BatchView<'_> {
    /// What a control batch says. `None` for data, and for the types of control record that clusters write
    /// for themselves: readers skip those.
    ///
    /// # Errors
    /// What [`BatchView::records`] and [`super::Records`] say, and [`BatchError::Record`] for a marker cut short.
    pub fn control_record(&self) -> Result<Option<ControlRecord>, BatchError> {
        if !self.header().attributes().is_control() {
            return Ok(None);
        }
        let Some(record) = self.records()?.next().transpose()? else { return Ok(None) };
        let malformed = |reason| BatchError::Record { index: 0, reason };
        let (key, _) = Key::read_from_prefix(record.key.unwrap_or_default())
            .map_err(|_| malformed("key of the control record is cut short"))?;
        let marker = match key.kind.get() {
            0 => ControlMarker::Abort,
            1 => ControlMarker::Commit,
            _ => return Ok(None),
        };
        let (value, _) = Value::read_from_prefix(record.value.unwrap_or_default())
            .map_err(|_| malformed("value of the control record is cut short"))?;
        Ok(Some(ControlRecord { marker, coordinator_epoch: value.coordinator_epoch.get() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_back() {
        for marker in [ControlMarker::Abort, ControlMarker::Commit] {
            let record = ControlRecord { marker, coordinator_epoch: 12 };
            let batch = SealedBatch::control(record, ProducerId(9), ProducerEpoch(4), Timestamp(1000));
            batch.view().verify().unwrap();
            assert_eq!(batch.view().control_record(), Ok(Some(record)));
            let header = batch.header();
            assert!(header.attributes().is_control() && header.attributes().is_transactional());
            assert_eq!((header.producer_id(), header.producer_epoch()), (ProducerId(9), ProducerEpoch(4)));
            assert_eq!((header.base_sequence(), header.max_timestamp()), (Sequence::NONE, Timestamp(1000)));
        }
    }

    fn control(key: Option<&[u8]>, value: Option<&[u8]>, attributes: Attributes) -> SealedBatch {
        let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
        builder.append(&RecordData { timestamp: Timestamp(0), key, value, headers: &[] }).unwrap();
        builder.seal_as(attributes, ProducerStamp::NONE, None).unwrap()
    }

    #[test]
    fn other_control_records_and_data_are_no_markers() {
        let marked = Attributes::default().with_control();
        let leader_change = control(Some(&[0, 0, 0, 2]), Some(&[0, 0]), marked);
        assert_eq!(leader_change.view().control_record(), Ok(None));
        let data = control(Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 0]), Attributes::default());
        assert_eq!(data.view().control_record(), Ok(None));
    }

    #[test]
    fn a_marker_cut_short_is_an_error() {
        let marked = Attributes::default().with_control();
        for (key, value) in
            [(Some(&[0_u8, 0, 0][..]), None), (None, None), (Some(&[0, 0, 0, 1]), Some(&[0_u8; 5][..]))]
        {
            let batch = control(key, value, marked);
            assert!(matches!(batch.view().control_record(), Err(BatchError::Record { index: 0, .. })));
        }
    }
}
