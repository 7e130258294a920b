//! One test for each rule.

use super::*;
use crate::record::varint::{put, zigzag_size};
use crate::record::{
    Attributes, BatchBuilder, Compression, ControlMarker, ControlRecord, HEADER_SIZE, HeaderRef,
    PooledBuffer, ProducerStamp, RecordData, SealedBatch,
};
use crate::types::{ProducerEpoch, Sequence};

const NOW: i64 = 1_000_000;

fn rules() -> ValidationRules {
    ValidationRules {
        now: Timestamp(NOW),
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max: Duration::from_secs(60),
        timestamp_after_max: Duration::from_secs(1),
        key_required: false,
        unpacked_size_max: 1 << 20,
    }
}

fn record(timestamp: i64, key: Option<&[u8]>) -> RecordData<'_> {
    RecordData { timestamp: Timestamp(timestamp), key, value: Some(b"v"), headers: &[] }
}

fn sealed(codec: Compression, records: &[RecordData<'_>]) -> SealedBatch {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), codec);
    for record in records {
        builder.append(record).unwrap();
    }
    builder.seal(ProducerStamp::NONE, None).unwrap()
}

fn check(batch: &SealedBatch, rules: &ValidationRules) -> Result<Timestamp, ValidationError> {
    batch.view().validate(rules, &mut Vec::new())
}

/// The batch of two records, with a field of its header changed.
fn forged(change: impl FnOnce(&mut BatchHeader)) -> Result<Timestamp, ValidationError> {
    let batch = sealed(Compression::None, &[record(NOW, None), record(NOW, None)]);
    let mut header = *batch.header();
    change(&mut header);
    let mut buffer = PooledBuffer::from(batch.view().bytes().to_vec());
    buffer.truncate(batch.size());
    check(&SealedBatch::new(header, buffer), &rules())
}

#[test]
fn a_proper_batch_passes_and_its_largest_timestamp_comes_from_the_records() {
    let codecs = [Compression::None, Compression::Lz4, Compression::Zstd];
    for codec in codecs.into_iter().filter(Compression::is_testable) {
        let batch = sealed(codec, &[record(NOW - 5, None), record(NOW, None), record(NOW - 9, None)]);
        assert_eq!(check(&batch, &rules()), Ok(Timestamp(NOW)));
    }
    assert_eq!(forged(|header| header.max_timestamp.set(i64::MAX)), Ok(Timestamp(NOW)));
}

#[test]
fn counts_must_agree_with_the_records() {
    let count = |records_count, last_offset_delta| {
        forged(|header| {
            header.records_count.set(records_count);
            header.last_offset_delta.set(last_offset_delta);
        })
    };
    for (records, delta) in [(0, -1), (-1, -2), (2, 2), (1, 1), (i32::MIN, i32::MAX)] {
        let refused = ValidationError::Count { records_count: records, last_offset_delta: delta };
        assert_eq!(count(records, delta), Err(refused));
    }
    assert!(matches!(count(1, 0), Err(ValidationError::Batch(BatchError::Inconsistent(_)))));
    assert!(matches!(count(3, 2), Err(ValidationError::Batch(BatchError::Record { index: 2, .. }))));
    assert!(count(2, 1).is_ok());
}

#[test]
fn offsets_count_up_one_by_one() {
    let batch = sealed(Compression::None, &[record(NOW, None), record(NOW, None)]);
    let mut bytes = batch.view().bytes().to_vec();
    // Of the second record: length, attributes and timestamp delta come before.
    let position = batch.size() - 5;
    assert_eq!(bytes[position], 2);
    bytes[position] = 4;
    let forged = SealedBatch::new(*batch.header(), PooledBuffer::from(bytes));
    assert_eq!(check(&forged, &rules()), Err(ValidationError::OffsetDelta { index: 1, found: 2 }));
}

#[test]
fn only_the_log_writes_markers_and_append_times() {
    let marker = ControlRecord { marker: ControlMarker::Commit, coordinator_epoch: 0 };
    let control = SealedBatch::control(marker, ProducerId(1), ProducerEpoch(0), Timestamp(NOW));
    assert_eq!(check(&control, &rules()), Err(ValidationError::Control));
    let append_time = Attributes::default().with_log_append_time();
    assert_eq!(forged(|header| header.attributes.set(append_time.0)), Err(ValidationError::AppendTime));
}

#[test]
fn a_producer_id_needs_a_sequence() {
    let stamped = |sequence: i32| {
        forged(|header| {
            header.producer_id.set(7);
            header.base_sequence.set(sequence);
        })
    };
    assert_eq!(stamped(-1), Err(ValidationError::Sequence(Sequence::NONE.0)));
    assert!(stamped(0).is_ok());
}

#[test]
fn a_compacted_topic_needs_keys() {
    let batch = sealed(Compression::Gzip, &[record(NOW, Some(b"")), record(NOW, None)]);
    assert!(check(&batch, &rules()).is_ok());
    let rules = ValidationRules { key_required: true, ..rules() };
    assert_eq!(check(&batch, &rules), Err(ValidationError::KeyMissing { index: 1 }));
}

#[test]
#[cfg_attr(miri, ignore = "takes too long with so many headers")]
fn headers_have_a_bound() {
    let headers = vec![HeaderRef { key: "", value: None }; HEADERS_COUNT_MAX];
    let mut batch = sealed(Compression::None, &[RecordData { headers: &headers, ..record(NOW, None) }]);
    assert!(check(&batch, &rules()).is_ok());
    // The builder refuses one header more, so the record is put together by hand: no key, no value, headers.
    let count = HEADERS_COUNT_MAX + 1;
    let mut body = vec![0, 0, 0, 1, 1];
    put(&mut body, zigzag_size(count));
    body.extend_from_slice(&[0, 1].repeat(count));
    let mut bytes = batch.view().bytes()[..HEADER_SIZE].to_vec();
    put(&mut bytes, zigzag_size(body.len()));
    bytes.extend_from_slice(&body);
    batch = SealedBatch::new(*batch.header(), PooledBuffer::from(bytes));
    let refused = ValidationError::HeadersCount { index: 0, count };
    assert_eq!(check(&batch, &rules()), Err(refused));
}

#[test]
fn timestamps_stay_near_the_logs_time() {
    let check_at = |timestamp: i64, rules: &ValidationRules| {
        check(&sealed(Compression::None, &[record(timestamp, None)]), rules)
    };
    for fine in [NOW - 60_000, NOW, NOW + 1000] {
        assert_eq!(check_at(fine, &rules()), Ok(Timestamp(fine)));
    }
    assert_eq!(check_at(-1, &rules()), Ok(Timestamp::NONE), "no timestamp is no wrong timestamp");
    for wrong in [NOW - 60_001, NOW + 1001, i64::MIN, i64::MAX] {
        let refused = ValidationError::Timestamp {
            index: 0,
            timestamp: Timestamp(wrong),
            earliest: Timestamp(NOW - 60_000),
            latest: Timestamp(NOW + 1000),
        };
        assert_eq!(check_at(wrong, &rules()), Err(refused));
        let append_time = ValidationRules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
        assert!(check_at(wrong, &append_time).is_ok());
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes too long with so many bytes")]
fn a_bomb_is_refused() {
    let large = vec![0; 2 << 20];
    let batch = sealed(
        Compression::Lz4,
        &[RecordData { timestamp: Timestamp(NOW), key: None, value: Some(&large), headers: &[] }],
    );
    let refused = ValidationError::Batch(BatchError::Unpacked(1 << 20));
    assert_eq!(check(&batch, &rules()), Err(refused));
}
