//! [`retain`]: a batch without some of its records, as compaction leaves it. Offsets stay, so that there are gaps; a
//! batch that has lost all records may stay as a header only.
//!
//! Source: Kafka's `MemoryRecords.filterTo` and KIP-534 (delete horizon).

use super::varint::{self, zigzag, zigzag_size};
use super::{
    BatchError, BatchHeader, BatchView, HEADER_SIZE, PooledBuffer, Record, RepackError, SealedBatch,
    compression,
};
use crate::types::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// What is left of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retained {
    /// All of it: it stays as it is.
    Everything,
    /// These bytes, which are a batch.
    Some(Vec<u8>),
    /// No record.
    Nothing,
}

/// Size of a key or value that is null.
const NULL: u64 = 1;

/// Leaves the records of `batch` for which `keep` says so. When tombstones are among them for the first time, or the
/// batch `expires` as a whole, it is marked with `horizon`, the time from which on they may go (`delete.retention.ms` from
/// now). `scratch` is memory for unpacking, `size_max` bounds it.
///
/// # Errors
/// [`RepackError`] when the records cannot be read, or not be packed again.
pub fn retain(
    batch: &BatchView<'_>,
    horizon: Timestamp,
    expires: bool,
    scratch: &mut Vec<u8>,
    size_max: usize,
    mut keep: impl FnMut(&Record<'_>) -> bool,
) -> Result<Retained, RepackError> {
    let attributes = batch.header().attributes();
    let codec = attributes.compression()?;
    let records: Result<Vec<Record<'_>>, BatchError> = batch.unpack(scratch, size_max)?.collect();
    let records = records?;
    let retained: Vec<&Record<'_>> = records.iter().filter(|record| keep(record)).collect();
    let dropped = retained.len() < records.len();
    let expires = expires || retained.iter().any(|record| record.value.is_none());
    let marks = expires && !attributes.has_delete_horizon();
    if retained.is_empty() {
        return Ok(if dropped { Retained::Nothing } else { Retained::Everything });
    }
    if !dropped && !marks {
        return Ok(Retained::Everything);
    }
    let base = if marks { horizon.0 } else { batch.header().base_timestamp.get() };
    let mut kept = Vec::new();
    for record in &retained {
        let offset_delta = record.offset.0.wrapping_sub(batch.header().base_offset().0);
        put_record(&mut kept, record, base, offset_delta);
    }
    let max_timestamp = retained.iter().map(|record| record.timestamp).max().unwrap_or(Timestamp::NONE);
    let mut buffer = PooledBuffer::from(vec![0; HEADER_SIZE]);
    compression::pack(codec, None, &kept, &mut buffer)?;
    let mut header = *batch.header();
    let attributes = if marks { attributes.with_delete_horizon() } else { attributes };
    header.attributes.set(attributes.0);
    header.base_timestamp.set(base);
    header.max_timestamp.set(max_timestamp.0);
    // Not more than there were.
    header.records_count.set(i32::try_from(retained.len()).unwrap_or(i32::MAX));
    Ok(Retained::Some(SealedBatch::new(header, buffer).view().bytes().to_vec()))
}

/// A batch that has lost all its records: it keeps its offsets, and what is known of its producer.
#[must_use]
pub fn emptied(batch: &BatchView<'_>) -> Vec<u8> {
    without_records(*batch.header())
}

/// A batch of which only its offsets stay: nobody's, and part of no transaction.
#[must_use]
pub fn vacated(batch: &BatchView<'_>) -> Vec<u8> {
    let mut header = *batch.header();
    header.attributes.set(header.attributes().without_transaction().0);
    header.producer_id.set(ProducerId::NONE.0);
    header.producer_epoch.set(ProducerEpoch::NONE.0);
    header.base_sequence.set(Sequence::NONE.0);
    without_records(header)
}

/// As Kafka's `DefaultRecordBatch.writeEmptyHeader`. Clients would take nothing for something compressed, and fail.
fn without_records(mut header: BatchHeader) -> Vec<u8> {
    header.attributes.set(header.attributes().without_records().0);
    header.base_timestamp.set(header.max_timestamp.get());
    header.records_count.set(0);
    let buffer = PooledBuffer::from(vec![0; HEADER_SIZE]);
    SealedBatch::new(header, buffer).view().bytes().to_vec()
}

/// Writes a record with its offset and timestamp relative to the batch's.
fn put_record(into: &mut Vec<u8>, record: &Record<'_>, base_timestamp: i64, offset_delta: i64) {
    let mut body = vec![0];
    varint::put(&mut body, zigzag(record.timestamp.0.wrapping_sub(base_timestamp)));
    varint::put(&mut body, zigzag(offset_delta));
    for bytes in [record.key, record.value] {
        varint::put(&mut body, bytes.map_or(NULL, |bytes| zigzag_size(bytes.len())));
        body.extend_from_slice(bytes.unwrap_or_default());
    }
    let (headers, count) = record.headers.encoded();
    varint::put(&mut body, zigzag_size(count));
    body.extend_from_slice(headers);
    varint::put(into, zigzag_size(body.len()));
    into.extend_from_slice(&body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, Compression, HeaderRef, ProducerStamp, RecordData};
    use crate::types::{LeaderEpoch, Offset};

    const STAMP: ProducerStamp = ProducerStamp {
        producer_id: ProducerId(7),
        epoch: ProducerEpoch(1),
        base_sequence: Sequence(40),
        transactional: false,
    };

    fn batch(codec: Compression) -> Vec<u8> {
        let mut builder = BatchBuilder::new(PooledBuffer::default(), codec);
        for (number, value) in [Some(b"a"), None, Some(b"c"), Some(b"d")].into_iter().enumerate() {
            let timestamp = Timestamp(1000 - i64::try_from(number).unwrap() * 10);
            let key = [b'k', u8::try_from(number).unwrap()];
            let headers = [HeaderRef { key: "h", value: None }];
            let value = value.map(|value| &value[..]);
            builder.append(&RecordData { timestamp, key: Some(&key), value, headers: &headers }).unwrap();
        }
        builder.seal(STAMP, None).unwrap().assign(Offset(100), LeaderEpoch(2)).to_vec()
    }

    fn keep(bytes: &[u8], offsets: &[i64]) -> Retained {
        let view = BatchView::parse(bytes).unwrap();
        let wanted = |record: &Record<'_>| offsets.contains(&record.offset.0);
        retain(&view, Timestamp(5000), false, &mut Vec::new(), 1 << 20, wanted).unwrap()
    }

    #[test]
    fn what_is_kept_keeps_its_offset_time_and_content() {
        let codecs = [Compression::None, Compression::Gzip, Compression::Zstd];
        for codec in codecs.into_iter().filter(Compression::is_testable) {
            let bytes = batch(codec);
            let Retained::Some(left) = keep(&bytes, &[101, 103]) else { panic!("two records") };
            let view = BatchView::parse(&left).unwrap();
            view.verify().unwrap();
            let header = view.header();
            assert_eq!((header.base_offset(), header.last_offset()), (Offset(100), Offset(103)));
            assert_eq!((header.producer_id(), header.base_sequence()), (ProducerId(7), Sequence(40)));
            assert_eq!((header.max_timestamp(), header.leader_epoch()), (Timestamp(990), LeaderEpoch(2)));
            assert!(header.attributes().has_delete_horizon());
            assert_eq!(header.base_timestamp.get(), 5000);
            let mut scratch = Vec::new();
            let records: Vec<_> = view.unpack(&mut scratch, 1 << 20).unwrap().map(Result::unwrap).collect();
            let places: Vec<_> = records.iter().map(|record| (record.offset.0, record.timestamp.0)).collect();
            assert_eq!(places, [(101, 990), (103, 970)]);
            assert_eq!((records[0].key, records[0].value), (Some(&b"k\x01"[..]), None));
            assert_eq!((records[1].key, records[1].value), (Some(&b"k\x03"[..]), Some(&b"d"[..])));
            assert!(records.iter().all(|record| record.headers.len() == 1));
            // Marked once, it stays as it is.
            assert_eq!(keep(&left, &[101, 103]), Retained::Everything);
        }
    }

    #[test]
    fn without_a_tombstone_the_times_need_not_change() {
        let bytes = batch(Compression::None);
        let Retained::Some(left) = keep(&bytes, &[100, 102]) else { panic!("two records") };
        let header = *BatchView::parse(&left).unwrap().header();
        assert!(!header.attributes().has_delete_horizon() && header.base_timestamp.get() == 1000);
        assert_eq!(keep(&bytes, &[]), Retained::Nothing);
    }

    #[test]
    fn an_emptied_batch_keeps_its_place_and_its_producer() {
        let bytes = batch(Compression::Gzip);
        let left = emptied(&BatchView::parse(&bytes).unwrap());
        assert_eq!(left.len(), HEADER_SIZE);
        let view = BatchView::parse(&left).unwrap();
        view.verify().unwrap();
        assert_eq!((view.header().base_offset(), view.header().next_offset()), (Offset(100), Offset(104)));
        assert_eq!(view.header().producer_id(), ProducerId(7));
        assert_eq!(view.header().attributes().compression().unwrap(), Compression::None);
        assert_eq!(view.header().base_timestamp.get(), 1000);
        let mut scratch = Vec::new();
        assert_eq!(view.unpack(&mut scratch, 1 << 20).unwrap().count(), 0);
        assert_eq!(keep(&left, &[]), Retained::Everything);
    }

    #[test]
    fn a_vacated_batch_keeps_its_place_only() {
        let stamp = ProducerStamp { transactional: true, ..STAMP };
        let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
        builder
            .append(&RecordData { timestamp: Timestamp(1), key: None, value: None, headers: &[] })
            .unwrap();
        let bytes = builder.seal(stamp, None).unwrap().assign(Offset(100), LeaderEpoch(2));
        let left = vacated(&BatchView::parse(&bytes).unwrap());
        let view = BatchView::parse(&left).unwrap();
        view.verify().unwrap();
        let header = view.header();
        assert_eq!((header.base_offset(), header.next_offset()), (Offset(100), Offset(101)));
        assert_eq!((header.producer_id(), header.base_sequence()), (ProducerId::NONE, Sequence::NONE));
        assert!(!header.attributes().is_transactional() && !header.attributes().is_control());
    }
}
