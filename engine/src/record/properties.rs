//! What holds for all batches and for all bytes.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// A record that owns its bytes.
#[derive(Clone, Debug)]
struct Owned {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn timestamps() -> impl Strategy<Value = i64> {
    prop_oneof![0..100_000_i64, any::<i64>()]
}

fn records() -> impl Strategy<Value = Vec<Owned>> {
    let bytes = |size| option::of(vec(any::<u8>(), 0..size));
    let headers = vec((".{0,8}", bytes(20)), 0..4);
    let one = (timestamps(), bytes(40), bytes(300), headers);
    vec(one.prop_map(|(timestamp, key, value, headers)| Owned { timestamp, key, value, headers }), 1..40)
}

fn codecs() -> impl Strategy<Value = Compression> {
    use Compression::{Gzip, Lz4, None, Snappy, Zstd};
    let mut codecs = vec![None, Gzip, Snappy, Lz4, Zstd];
    codecs.retain(Compression::is_testable);
    prop::sample::select(codecs)
}

fn stamps() -> impl Strategy<Value = ProducerStamp> {
    let fields = (0..i64::MAX, 0..i16::MAX, 0..i32::MAX, any::<bool>());
    let stamp = fields.prop_map(|(id, epoch, sequence, transactional)| ProducerStamp {
        producer_id: ProducerId(id),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        transactional,
    });
    prop_oneof![Just(ProducerStamp::NONE), stamp]
}

fn build(records: &[Owned], codec: Compression, stamp: ProducerStamp) -> SealedBatch {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), codec);
    for record in records {
        let headers: Vec<_> =
            record.headers.iter().map(|(key, value)| HeaderRef { key, value: value.as_deref() }).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let data = RecordData { timestamp: Timestamp(record.timestamp), key, value, headers: &headers };
        let before = builder.size();
        builder.append(&data).unwrap();
        assert!(builder.size() - before <= BatchBuilder::encoded_size_max(&data));
    }
    builder.seal(stamp, None).unwrap()
}

/// Looks at everything that `bytes` claim to be.
fn read_all(bytes: &[u8]) {
    let mut scratch = Vec::new();
    for batch in Batches::new(bytes).flatten() {
        let _ = batch.verify();
        let _ = batch.control_record();
        if let Ok(records) = batch.unpack(&mut scratch, 1 << 20) {
            for record in records.flatten() {
                assert_eq!(record.headers.len(), record.headers.count());
            }
        }
        assert!(scratch.capacity() <= 1 << 20);
    }
}

/// Nothing is too early or too late.
fn any_time() -> ValidationRules {
    ValidationRules {
        now: Timestamp(0),
        timestamp_type: TimestampType::LogAppendTime,
        timestamp_before_max: std::time::Duration::ZERO,
        timestamp_after_max: std::time::Duration::ZERO,
        key_required: false,
        unpacked_size_max: 1 << 20,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_read_back(
        given in records(),
        codec in codecs(),
        stamp in stamps(),
        base_offset in 0..i64::MAX / 2,
    ) {
        let sealed = build(&given, codec, stamp);
        let max_timestamp = given.iter().map(|record| record.timestamp).max().unwrap_or_default();
        prop_assert_eq!(sealed.header().max_timestamp(), Timestamp(max_timestamp));
        let validated = sealed.view().validate(&any_time(), &mut Vec::new());
        prop_assert_eq!(validated, Ok(Timestamp(max_timestamp.max(-1))));

        let wire = BytesMut::from(sealed.view().bytes());
        let bytes = SealedBatch::from_wire(wire).unwrap().assign(Offset(base_offset), LeaderEpoch(5));
        let view = BatchView::parse(&bytes).unwrap();
        prop_assert_eq!(view.verify(), Ok(()));
        let header = view.header();
        prop_assert_eq!((header.producer_id(), header.producer_epoch()), (stamp.producer_id, stamp.epoch));
        prop_assert_eq!(header.attributes().is_transactional(), stamp.transactional);

        let mut scratch = Vec::new();
        let read: Vec<_> = view.unpack(&mut scratch, 1 << 20).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), given.len());
        prop_assert_eq!(read.last().map(|record| record.offset), Some(header.last_offset()));
        for (offset, (read, given)) in (base_offset..).zip(read.iter().zip(&given)) {
            prop_assert_eq!((read.offset.0, read.timestamp.0), (offset, given.timestamp));
            prop_assert_eq!((read.key, read.value), (given.key.as_deref(), given.value.as_deref()));
            let headers = read.headers.map(|header| (header.key_str().unwrap(), header.value));
            let expected = given.headers.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
            prop_assert!(headers.eq(expected));
        }
    }

    #[test]
    fn any_changed_byte_is_noticed_unless_the_log_itself_sets_it(
        given in records(),
        codec in codecs(),
        position in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut bytes = build(&given, codec, ProducerStamp::NONE).view().bytes().to_vec();
        let position = position.index(bytes.len());
        bytes[position] ^= change;
        let set_by_the_log = position < 8 || (12..16).contains(&position);
        let read = SealedBatch::from_wire(BytesMut::from(&bytes[..]));
        prop_assert_eq!(read.is_ok(), set_by_the_log, "byte {}", position);
    }

    #[test]
    fn damaged_batches_are_errors_and_never_panics(
        given in records(),
        codec in codecs(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = build(&given, codec, ProducerStamp::NONE).view().bytes().to_vec();
        for (position, value) in damage {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        read_all(&bytes);
    }

    #[test]
    fn any_payload_is_safe_to_read(payload in vec(any::<u8>(), 0..400), codec in codecs(), count in any::<i32>()) {
        let mut bytes = build(&[Owned { timestamp: 0, key: None, value: None, headers: vec![] }], codec, ProducerStamp::NONE)
            .view()
            .bytes()[..HEADER_SIZE]
            .to_vec();
        bytes[8..12].copy_from_slice(&i32::try_from(HEADER_SIZE - 12 + payload.len()).unwrap().to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&payload);
        read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_safe_to_walk(bytes in vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn a_cut_log_gives_exactly_its_complete_batches(
        batches in vec(records(), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for records in &batches {
            bytes.extend_from_slice(build(records, Compression::None, ProducerStamp::NONE).view().bytes());
            ends.push(bytes.len());
        }
        let cut = cut.index(bytes.len() + 1);
        let complete = ends.iter().filter(|end| **end <= cut).count() - 1;
        let mut walk = Batches::new(&bytes[..cut]);
        prop_assert_eq!(walk.by_ref().flatten().count(), complete);
        prop_assert_eq!(walk.position(), ends[complete]);
        let last = Batches::new(&bytes[..cut]).last();
        prop_assert_eq!(matches!(last, Some(Err(BatchError::Truncated { .. }))), cut != ends[complete]);
    }
}
