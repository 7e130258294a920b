//! What a producer gives is what is in the batch, and nothing else.

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
