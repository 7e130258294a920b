//! Round trips, bounds and damaged data of all codecs.

use super::*;
use crate::record::{BatchBuilder, BufferPool, ProducerStamp, RecordData, SealedBatch};
use crate::types::Timestamp;

/// Miri is slow: its data is that much smaller.
const SHRUNK: usize = if cfg!(miri) { 64 } else { 1 };

fn codecs() -> impl Iterator<Item = Compression> {
    let all = [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    all.into_iter().filter(Compression::is_testable)
}

fn sealed(codec: Compression, level: Option<i32>, values: &[Vec<u8>]) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(1 << 20).take(4096), codec);
    for value in values {
        let record = RecordData { timestamp: Timestamp(5), key: None, value: Some(value), headers: &[] };
        builder.append(&record).unwrap();
    }
    builder.seal(ProducerStamp::NONE, level).unwrap()
}

fn values_of(batch: &BatchView<'_>, size_max: usize) -> Result<Vec<Vec<u8>>, BatchError> {
    let mut scratch = Vec::new();
    let records = batch.unpack(&mut scratch, size_max)?;
    records.map(|record| record.map(|record| record.value.unwrap_or_default().to_vec())).collect()
}

/// Bytes that no codec makes smaller.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

#[test]
fn every_codec_gives_back_what_it_packed() {
    let sets = [
        vec![b"".to_vec()],
        vec![b"a small value".to_vec(); 3],
        vec![b"the same again and again ".repeat(8); 2000 / SHRUNK],
        vec![vec![0; (3 << 20) / SHRUNK]],
        vec![noise(200_000 / SHRUNK), noise(70_000 / SHRUNK), vec![1; 70_000 / SHRUNK]],
    ];
    for codec in codecs() {
        for values in &sets {
            let batch = sealed(codec, None, values);
            batch.view().verify().unwrap();
            assert_eq!(batch.header().attributes().compression(), Ok(codec));
            assert_eq!(values_of(&batch.view(), 8 << 20).as_ref(), Ok(values), "{codec:?}");
            assert!(matches!(batch.view().records(), Err(BatchError::Inconsistent(_))));
        }
        let plain = sealed(Compression::None, None, &sets[2]).size();
        assert!(sealed(codec, None, &sets[2]).size() < plain / 4, "{codec:?}");
    }
}

#[test]
fn every_level_works_and_beyond_the_ends_counts_as_the_end() {
    let values = vec![b"level ".repeat(20); 200 / SHRUNK];
    for level in [i32::MIN, -5, 0, 1, 6, 9, 17, 22, i32::MAX] {
        for codec in codecs() {
            let batch = sealed(codec, Some(level), &values);
            assert_eq!(values_of(&batch.view(), 1 << 20).as_ref(), Ok(&values), "{codec:?} {level}");
        }
    }
    if cfg!(miri) {
        // So little data does not tell the levels apart.
        return;
    }
    for codec in codecs().filter(|codec| matches!(codec, Compression::Gzip | Compression::Zstd)) {
        let values = vec![noise(64).repeat(3); 300];
        assert!(sealed(codec, Some(9), &values).size() <= sealed(codec, Some(1), &values).size());
    }
}

#[test]
fn the_bound_is_exact_and_memory_stays_within_it() {
    let values = vec![vec![0; 1_500_000 / SHRUNK]];
    let size = sealed(Compression::None, None, &values).view().payload().len();
    for codec in codecs() {
        let batch = sealed(codec, None, &values);
        for size_max in [0, 1, 1000, size / 20, size / 3 * 2, size - 1] {
            let mut scratch = Vec::new();
            let refused = batch.view().unpack(&mut scratch, size_max).err();
            assert_eq!(refused, Some(BatchError::Unpacked(size_max)), "{codec:?}");
            assert!(scratch.capacity() <= size_max, "{codec:?} took {}", scratch.capacity());
        }
        assert_eq!(values_of(&batch.view(), size).as_ref(), Ok(&values), "{codec:?}");
    }
}

#[test]
fn a_scratch_is_used_again_without_leaking_what_was_in_it() {
    let (large, small) = (vec![vec![7; 300_000 / SHRUNK]], vec![vec![8; 10]]);
    let mut scratch = Vec::new();
    for codec in codecs() {
        for values in [&large, &small, &large] {
            let batch = sealed(codec, None, values);
            let read: Vec<_> = batch.view().unpack(&mut scratch, 1 << 20).unwrap().collect();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].as_ref().unwrap().value, Some(values[0].as_slice()));
        }
    }
    assert!(scratch.capacity() < 1 << 20);
    // A larger scratch does not lift the bound.
    let batch = sealed(Compression::Gzip, None, &large);
    assert!(matches!(batch.view().unpack(&mut scratch, 1000), Err(BatchError::Unpacked(1000))));
}

/// Unpacks `packed` as if it were the payload of a batch.
fn unpack(codec: Compression, packed: &[u8], scratch: &mut Vec<u8>) -> Result<Vec<u8>, UnpackError> {
    let mut sink = Sink::new(scratch, packed.len(), 1 << 30);
    match codec {
        Compression::None => Ok(()),
        Compression::Gzip => gzip::unpack(packed, &mut sink),
        Compression::Snappy => snappy::unpack(packed, &mut sink),
        Compression::Lz4 => lz4::unpack(packed, &mut sink),
        Compression::Zstd => zstd::unpack(packed, &mut sink),
    }?;
    Ok(sink.finish().to_vec())
}

#[test]
fn damaged_data_is_an_error_and_never_a_panic() {
    for codec in codecs() {
        let mut packed = Vec::new();
        pack(codec, None, &b"some text to pack ".repeat(50), &mut packed).unwrap();
        let mut scratch = Vec::new();
        for cut in 0..packed.len() {
            // A cut may pass for an end; the records then miss bytes, which `Records` reports.
            let _ = unpack(codec, &packed[..cut], &mut scratch);
        }
        for position in (0..packed.len()).step_by(if cfg!(miri) { 7 } else { 1 }) {
            for bit in 0..8 {
                let mut damaged = packed.clone();
                damaged[position] ^= 1 << bit;
                let _ = unpack(codec, &damaged, &mut scratch);
            }
        }
        assert!(scratch.capacity() < 4 << 20, "{codec:?} took {}", scratch.capacity());
        assert!(
            matches!(unpack(codec, &[0xff; 40], &mut scratch), Err(UnpackError::Corrupt(_))),
            "{codec:?}"
        );
    }
}

#[test]
fn a_size_that_is_only_claimed_takes_no_memory() {
    let mut scratch = Vec::new();
    // Snappy: 2^30 - 1 bytes from nothing, raw and in a frame.
    let block = [0xff, 0xff, 0xff, 0xff, 0x03, 0, 0];
    assert!(matches!(unpack(Compression::Snappy, &block, &mut scratch), Err(UnpackError::Corrupt(_))));
    let framed = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x07".as_slice(), &block].concat();
    assert!(matches!(unpack(Compression::Snappy, &framed, &mut scratch), Err(UnpackError::Corrupt(_))));
    // A block size beyond what is there.
    let framed = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff".as_slice(), &block].concat();
    assert!(matches!(unpack(Compression::Snappy, &framed, &mut scratch), Err(UnpackError::Corrupt(_))));
    if Compression::Zstd.is_testable() {
        // A frame header with a content size of 1 GiB and a block that is cut short.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x01, 0, 0];
        assert!(unpack(Compression::Zstd, &frame, &mut scratch).is_err());
    }
    assert!(scratch.capacity() <= SINK_SIZE_FIRST, "{}", scratch.capacity());
}

#[test]
fn snappy_is_read_raw_and_from_concatenated_streams() {
    let mut scratch = Vec::new();
    let raw = snap::raw::Encoder::new().compress_vec(b"raw as librdkafka writes it").unwrap();
    assert_eq!(unpack(Compression::Snappy, &raw, &mut scratch).unwrap(), b"raw as librdkafka writes it");
    let mut streams = Vec::new();
    pack(Compression::Snappy, None, b"one ", &mut streams).unwrap();
    pack(Compression::Snappy, None, b"two", &mut streams).unwrap();
    assert_eq!(unpack(Compression::Snappy, &streams, &mut scratch).unwrap(), b"one two");
}

#[test]
fn frames_are_laid_out_as_kafkas_clients_expect() {
    let mut packed = Vec::new();
    pack(Compression::Lz4, None, &[1; 100], &mut packed).unwrap();
    assert_eq!(packed[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    packed.clear();
    pack(Compression::Snappy, None, &[1; 100], &mut packed).unwrap();
    assert_eq!(packed[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    packed.clear();
    pack(Compression::Gzip, None, &[1; 100], &mut packed).unwrap();
    assert_eq!(packed[..3], [0x1f, 0x8b, 8]);
    if Compression::Zstd.is_testable() {
        packed.clear();
        pack(Compression::Zstd, None, &[1; 100], &mut packed).unwrap();
        assert_eq!(packed[..4], [0x28, 0xb5, 0x2f, 0xfd]);
    }
}
