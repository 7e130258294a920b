//! Batches that other encoders made (`golden/make.py` says how), held against ours byte by byte.

use super::*;
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

const TIME: i64 = 1_700_000_000_000;

macro_rules! golden {
    ($name:literal) => {
        ($name, include_bytes!(concat!("golden/", $name, ".bin")).as_slice())
    };
}

/// A record that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn record(key: Option<&[u8]>, value: Option<&[u8]>) -> Expected {
    Expected {
        timestamp: TIME,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: vec![],
    }
}

impl Expected {
    fn at(self, timestamp: i64) -> Expected {
        Expected { timestamp, ..self }
    }

    fn with_headers(mut self, headers: &[(&str, Option<&[u8]>)]) -> Expected {
        self.headers =
            headers.iter().map(|(key, value)| (key.to_string(), value.map(<[u8]>::to_vec))).collect();
        self
    }
}

/// The twenty records that every codec packs.
fn sample() -> Vec<Expected> {
    let one = |n: i64| {
        let key = format!("key-{n}").into_bytes();
        let value = format!("value {n} of the golden batch, again and again").into_bytes();
        let plain = record((n % 5 != 0).then_some(&key), Some(&value)).at(TIME + 7 * n);
        if n % 4 == 0 { plain.with_headers(&[("n", Some(n.to_string().as_bytes()))]) } else { plain }
    };
    (0..20).map(one).collect()
}

fn encode(records: &[Expected], stamp: ProducerStamp) -> Vec<u8> {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
    for record in records {
        let headers: Vec<_> =
            record.headers.iter().map(|(key, value)| HeaderRef { key, value: value.as_deref() }).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let timestamp = Timestamp(record.timestamp);
        builder.append(&RecordData { timestamp, key, value, headers: &headers }).unwrap();
    }
    builder.seal(stamp, None).unwrap().assign(Offset::ZERO, LeaderEpoch(0)).to_vec()
}

fn decode(bytes: &[u8]) -> Vec<Expected> {
    let batch = BatchView::parse(bytes).unwrap();
    assert_eq!(batch.size(), bytes.len());
    batch.verify().unwrap();
    let mut scratch = Vec::new();
    let records = batch.unpack(&mut scratch, 1 << 20).unwrap().enumerate().map(|(index, record)| {
        let record = record.unwrap();
        assert_eq!(record.offset.0, i64::try_from(index).unwrap());
        let header =
            |header: Header<'_>| (header.key_str().unwrap().to_owned(), header.value.map(<[u8]>::to_vec));
        Expected {
            headers: record.headers.map(header).collect(),
            ..super::golden::record(record.key, record.value).at(record.timestamp.0)
        }
    });
    records.collect()
}

fn same_both_ways((name, bytes): (&str, &[u8]), records: &[Expected], stamp: ProducerStamp) {
    assert_eq!(decode(bytes), records, "{name}");
    assert_eq!(encode(records, stamp), bytes, "{name}");
}

#[test]
fn plain_batches_are_the_same_both_ways() {
    let three = [
        record(Some(b"k1"), Some(b"one")),
        record(Some(b"k2"), Some(b"two")).at(TIME + 1),
        record(Some(b"k1"), Some(b"three")).at(TIME + 150),
    ];
    same_both_ways(golden!("no-headers"), &three, ProducerStamp::NONE);
    let headers: [(&str, Option<&[u8]>); 5] = [
        ("trace", Some(b"abc")),
        ("trace", Some(b"abc")),
        ("trace", None),
        ("", Some(b"")),
        ("größe", Some(b"\xff\x00")),
    ];
    let with_headers = [
        record(Some(b"k"), Some(b"v")).with_headers(&headers),
        record(None, Some(b"w")).with_headers(&[("only", None)]),
    ];
    same_both_ways(golden!("headers"), &with_headers, ProducerStamp::NONE);
    let nulls = [
        record(None, None),
        record(None, Some(b"")),
        record(Some(b""), None),
        record(Some(b"k"), Some(b"")),
        record(Some(b"k"), None),
    ];
    same_both_ways(golden!("nulls"), &nulls, ProducerStamp::NONE);
    let negative = [-5, -1_000_000, 0, 3, -(1 << 62)].map(|timestamp| record(None, Some(b"a")).at(timestamp));
    same_both_ways(golden!("negative-timestamps"), &negative, ProducerStamp::NONE);
    let value: Vec<u8> = (0..70_000).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect();
    same_both_ways(golden!("large"), &[record(Some(b"large"), Some(&value))], ProducerStamp::NONE);
    same_both_ways(golden!("librdkafka-none"), &sample(), ProducerStamp::NONE);
}

#[test]
fn the_producers_stamp_is_the_same_both_ways() {
    let two = [record(None, Some(b"a")), record(None, Some(b"b"))];
    let stamp = |producer_id, epoch, base_sequence, transactional| ProducerStamp {
        producer_id: ProducerId(producer_id),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(base_sequence),
        transactional,
    };
    same_both_ways(golden!("idempotent"), &two, stamp(4242, 7, 1000, false));
    same_both_ways(golden!("transactional"), &two, stamp(1 << 40, 0, 0, true));
}

#[test]
fn control_batches_are_the_same_both_ways() {
    let files = [
        (ControlMarker::Abort, golden!("control-abort")),
        (ControlMarker::Commit, golden!("control-commit")),
    ];
    for (marker, (name, bytes)) in files {
        let record = ControlRecord { marker, coordinator_epoch: 3 };
        let view = BatchView::parse(bytes).unwrap();
        assert_eq!(view.control_record(), Ok(Some(record)), "{name}");
        let ours = SealedBatch::control(record, ProducerId(4242), ProducerEpoch(7), Timestamp(TIME));
        assert_eq!(ours.assign(Offset::ZERO, LeaderEpoch(0)), bytes, "{name}");
    }
}

#[test]
fn every_codec_of_other_clients_is_read() {
    let files = [
        (Compression::Gzip, golden!("gzip")),
        (Compression::Snappy, golden!("snappy")),
        (Compression::Lz4, golden!("lz4")),
        (Compression::Zstd, golden!("zstd")),
        (Compression::Gzip, golden!("librdkafka-gzip")),
        (Compression::Snappy, golden!("librdkafka-snappy")),
        (Compression::Lz4, golden!("librdkafka-lz4")),
        (Compression::Zstd, golden!("librdkafka-zstd")),
    ];
    for (codec, (name, bytes)) in files.into_iter().filter(|(codec, _)| codec.is_testable()) {
        let view = BatchView::parse(bytes).unwrap();
        assert_eq!(view.header().attributes().compression(), Ok(codec), "{name}");
        assert_eq!(decode(bytes), sample(), "{name}");
    }
}

#[test]
fn older_message_formats_are_refused_by_name() {
    let (_, bytes) = golden!("no-headers");
    for magic in [0, 1] {
        let mut old = bytes.to_vec();
        old[16] = magic;
        let error = BatchView::parse(&old).unwrap_err();
        let text =
            format!("message format version {magic} is not supported, only record batches of version 2 are");
        assert_eq!(error.to_string(), text);
    }
}
